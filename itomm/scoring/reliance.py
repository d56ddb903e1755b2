"""How much of a level rests on people's words, and what holds where more does than may.

What rests on overrides is the points that a level would lack without them; what rests on stated answers, the
points that it would lack on evidence alone. Levels stay as they are computed: a cap that changed them would
let a better answer lower a level. So what may be claimed stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

from itomm.config.settings import OverrideSettings
from itomm.rules.model import Criterion, Model, Part
from itomm.scoring.assessment import CriterionAnswer, LevelRange, Reliance, ScopeResult, ScopeScore, View
from itomm.scoring.levels import level_range, mean

NOTHING = Fraction(0)
_WITHOUT = {"overrides": View.STATED, "people": View.EVIDENCE}
"""What is left to claim when a cap is exceeded."""


@dataclass(frozen=True)
class Caps:
    """Which share of a level may rest on overrides, and on all people's words together; None caps nothing."""

    overrides: Fraction | None = None
    people: Fraction | None = None

    @classmethod
    def of(cls, settings: OverrideSettings) -> Caps:
        """The caps of a policy."""
        return cls(_share(settings.most_on_overrides), _share(settings.most_on_people))

    def exceeded_by(self, overrides: Fraction, stated: Fraction) -> Iterator[str]:
        """The names of the caps that are exceeded."""
        if self.overrides is not None and overrides > self.overrides:
            yield "overrides"
        if self.people is not None and overrides + stated > self.people:
            yield "people"


def reliances(model: Model, scopes: Sequence[ScopeResult], caps: Caps) -> Iterator[Reliance]:
    """For each scope, area and practice of which any level rests on people's words, how much of it does."""
    for scope in scopes:
        if scope.views[View.OVERRIDES] is not scope.views[View.EVIDENCE]:
            yield from _OfScope(model, scope, caps).all()


@dataclass(frozen=True)
class _Given:
    """Points of one criterion, or of several together: all, those by stated answers, those by overrides."""

    points: Fraction = NOTHING
    stated: Fraction = NOTHING
    overrides: Fraction = NOTHING

    def __add__(self, other: _Given) -> _Given:
        return _Given(
            self.points + other.points, self.stated + other.stated, self.overrides + other.overrides
        )

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """Of stated answers, and of overrides."""
        if not self.points:
            return NOTHING, NOTHING
        return self.stated / self.points, self.overrides / self.points


class _OfScope:
    """One scope: what rests on whom, for the whole and its parts."""

    def __init__(self, model: Model, scope: ScopeResult, caps: Caps) -> None:
        self._model, self._scope, self._caps = model, scope, caps
        self._by_practice: dict[str, list[tuple[Criterion, _Given]]] = {}
        for criterion, answer in zip(model.criteria, scope.answers, strict=True):
            given = _given(criterion, answer)
            self._by_practice.setdefault(criterion.practice, []).append((criterion, given))

    def all(self) -> Iterator[Reliance]:
        """The whole first, then areas, then practices; where nothing rests on people, nothing is told."""
        whole = {view: score.level for view, score in self._scope.views.items()}
        yield from self._reliance("", whole, partial(self._mean_of, self._model.areas, self._area))
        for area in self._model.areas:
            levels = self._levels(partial(_area_level, area.id))
            yield from self._reliance(area.id, levels, partial(self._area, area))
        for practice in self._model.practices:
            levels = self._levels(partial(_practice_level, practice.id))
            yield from self._reliance(practice.id, levels, partial(self._practice, practice))

    def _levels(self, of: Callable[[ScopeScore], LevelRange | None]) -> Mapping[View, LevelRange] | None:
        """A part's level under each view; where one does not have the part, as with overrides."""
        standing = of(self._scope.views[View.OVERRIDES])
        if standing is None:
            return None
        return {view: of(score) or standing for view, score in self._scope.views.items()}

    def _reliance(
        self,
        part: str,
        levels: Mapping[View, LevelRange] | None,
        shares_at: Callable[[int], tuple[Fraction, Fraction]],
    ) -> Iterator[Reliance]:
        if levels is None:
            return
        standing = levels[View.OVERRIDES]
        stated, overrides = shares_at(standing.point)
        if not stated and not overrides:
            return
        exceeded = tuple(self._caps.exceeded_by(overrides, stated))
        holds = standing
        for cap in exceeded:
            holds = _lower(holds, levels[_WITHOUT[cap]])
        yield Reliance(
            scope=self._scope.id,
            part=part,
            level=standing,
            on_overrides=overrides,
            on_stated=stated,
            most_on_overrides=self._caps.overrides,
            most_on_people=self._caps.people,
            exceeded=exceeded,
            holds=holds,
        )

    def _practice(self, practice: Part, level: int) -> tuple[Fraction, Fraction]:
        """The shares of a practice's points at the levels up to one."""
        criteria = self._by_practice.get(practice.id, ())
        return sum((given for criterion, given in criteria if criterion.level <= level), _Given()).shares

    def _area(self, area: Part, level: int) -> tuple[Fraction, Fraction]:
        practices = [each for each in self._model.practices if each.area == area.id]
        return self._mean_of(practices, self._practice, level)

    def _mean_of(
        self, parts: Sequence[Part], shares: Callable[[Part, int], tuple[Fraction, Fraction]], level: int
    ) -> tuple[Fraction, Fraction]:
        """The weighted mean over the parts that were scored, as levels are rolled up."""
        score = self._scope.views[View.OVERRIDES]
        scored = {each.practice for each in score.practices} | {each.area for each in score.areas}
        counted = [part for part in parts if part.id in scored]
        found = [shares(part, level) for part in counted]
        weights = [part.weight for part in counted]
        return mean(weights, [stated for stated, _ in found]), mean(weights, [each for _, each in found])


def _given(criterion: Criterion, answer: CriterionAnswer) -> _Given:
    """Who gave a criterion its points; one that people took out gives those that it would lack."""
    evidence, stated, overrides = (_points(answer, view) for view in View)
    if overrides is None:
        missing = NOTHING if stated is None else criterion.weight * (1 - stated)
        return _Given(missing, overrides=missing)
    by_overrides = max(overrides - (stated or NOTHING), NOTHING)
    by_stated = min(max((stated or NOTHING) - (evidence or NOTHING), NOTHING), overrides - by_overrides)
    return _Given(criterion.weight * overrides, criterion.weight * by_stated, criterion.weight * by_overrides)


def _points(answer: CriterionAnswer, view: View) -> Fraction | None:
    points = answer.in_force[view].points
    return None if points is None else points.point


def _area_level(area: str, score: ScopeScore) -> LevelRange | None:
    return next((each.level for each in score.areas if each.area == area), None)


def _practice_level(practice: str, score: ScopeScore) -> LevelRange | None:
    return next((each.level for each in score.practices if each.practice == practice), None)


def _lower(one: LevelRange, other: LevelRange) -> LevelRange:
    """What both allow."""
    return level_range(
        min(one.low, other.low),
        min(one.point, other.point),
        min(one.high, other.high),
        rated=one.rated and other.rated,
    )


def _share(written: Decimal | None) -> Fraction | None:
    return None if written is None else Fraction(written)
