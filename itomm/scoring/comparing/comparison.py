"""Two assessments of one scope, and what each change did to the difference of their levels.

Every change is switched on by itself, once in a defined order (by cause as :class:`Cause` lists them, then
by the criterion's id) and once in the reverse order. What it does to the index and the level is the mean of
both. So the changes sum exactly to the difference, and comparing the other way round gives the same with the
other sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.rules.model import Model
from itomm.scoring.assessment import AnswerInForce, Assessment, ScopeResult, ScopeScore, View
from itomm.scoring.comparing.causes import Cause
from itomm.scoring.comparing.hybrids import Hybrids
from itomm.scoring.levels import Rules
from itomm.scoring.planning.standing import Rescoring, Standing
from itomm.scoring.points import NONE
from itomm.scoring.profiles import PROFILES

_OF_THE_WHOLE = (Cause.MODEL, Cause.SETTINGS)


@dataclass(frozen=True)
class Change:
    """One change, and by how much it moved index and level; exact.

    ``criterion`` is None for a change of the model or the settings. ``services`` are those whose answers
    changed, where they are rolled up.
    """

    cause: Cause
    criterion: str | None
    index: Fraction
    level: Fraction
    before: AnswerInForce | None = None
    after: AnswerInForce | None = None
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """How one scope stands in two assessments under one view, and why it differs.

    ``unlike`` names what differs besides evidence and decisions: model, rules, settings, profile.
    """

    before: Assessment
    after: Assessment
    scopes: tuple[ScopeResult, ScopeResult]
    view: View
    scores: tuple[ScopeScore, ScopeScore]
    changes: tuple[Change, ...]
    unlike: tuple[str, ...]

    @property
    def index(self) -> Fraction:
        """The difference of the index; exactly the sum of all changes'."""
        return self.scores[1].index.point - self.scores[0].index.point

    @property
    def level(self) -> int:
        """The difference of the level; exactly the sum of all changes'."""
        return self.scores[1].level.point - self.scores[0].level.point


_Switch = tuple[Cause, str | None]
_Moved = tuple[Fraction, Fraction]  # index, level


def compare(
    before: Assessment, after: Assessment, scopes: tuple[ScopeResult, ScopeResult], view: View
) -> Comparison:
    """Compare one scope of two assessments; the same inputs give the same result on every machine."""
    hybrids = Hybrids(before, after, scopes, view)
    path = _Path(before, after, hybrids)
    switches = _switches(before, after, hybrids)
    forth, back = path.along(switches), path.along(switches[::-1])
    start, end = path.scored(frozenset()), path.scored(frozenset(switches))
    changes = [_change(each, _mean(forth[each], back[each]), hybrids) for each in switches]
    return Comparison(
        before=before,
        after=after,
        scopes=scopes,
        view=view,
        scores=(start, end),
        changes=tuple(changes),
        unlike=tuple(_unlike(before, after)),
    )


def _switches(before: Assessment, after: Assessment, hybrids: Hybrids) -> list[_Switch]:
    """All changes in their order."""
    both = sorted(before.model.by_id.keys() & after.model.by_id.keys())
    causes = {criterion: hybrids.causes(criterion) for criterion in both}
    found: list[_Switch] = []
    if _shape(before.model) != _shape(after.model):
        found.append((Cause.MODEL, None))
    if before.profile != after.profile or any(Cause.SETTINGS in each for each in causes.values()):
        found.append((Cause.SETTINGS, None))
    for cause in Cause:
        if cause not in _OF_THE_WHOLE:
            found += [(cause, criterion) for criterion in both if cause in causes[criterion]]
    return found


def _shape(model: Model) -> object:
    """What scoring reads of a model; texts may differ."""
    return (
        sorted(model.levels),
        sorted((area.id, area.weight) for area in model.areas),
        sorted((practice.id, practice.area, practice.weight) for practice in model.practices),
        sorted(
            (each.id, each.area, each.practice, each.level, each.weight, each.mandatory)
            for each in model.criteria
        ),
    )


class _Path:
    """Scores a scope with some changes switched on."""

    def __init__(self, before: Assessment, after: Assessment, hybrids: Hybrids) -> None:
        self._before, self._after, self._hybrids = before, after, hybrids

    def along(self, switches: Sequence[_Switch]) -> dict[_Switch, _Moved]:
        """What each change does to index and level when it is switched on in this order."""
        on: set[_Switch] = set()
        rescoring = self._begin(frozenset())
        last = rescoring.scope()
        moved: dict[_Switch, _Moved] = {}
        for switch in switches:
            on.add(switch)
            criterion = switch[1]
            if criterion is None:
                rescoring = self._begin(frozenset(on))
            elif criterion in rescoring.answers:
                rescoring.change({criterion: self._answer(criterion, frozenset(on))})
            now = rescoring.scope()
            level = Fraction(now.level.point - last.level.point)
            moved[switch] = (now.index.point - last.index.point, level)
            last = now
        return moved

    def scored(self, on: frozenset[_Switch]) -> ScopeScore:
        """The score with these changes switched on."""
        return self._begin(on).scope()

    def _begin(self, on: frozenset[_Switch]) -> Rescoring:
        model = (self._after if (Cause.MODEL, None) in on else self._before).model
        profile = (self._after if (Cause.SETTINGS, None) in on else self._before).profile
        answers = {each.id: self._answer(each.id, on) for each in model.criteria}
        rules = Rules(sorted(model.levels), PROFILES[profile], NONE)
        return Rescoring(Standing(model, rules, answers))

    def _answer(self, criterion: str, on: frozenset[_Switch]) -> AnswerInForce:
        causes = {cause for cause, where in on if where in {criterion, None}}
        return self._hybrids.answer(criterion, causes)


def _mean(one: _Moved, other: _Moved) -> _Moved:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _change(switch: _Switch, moved: _Moved, hybrids: Hybrids) -> Change:
    cause, criterion = switch
    if criterion is None:
        return Change(cause, None, *moved)
    return Change(
        cause,
        criterion,
        *moved,
        before=hybrids.answer(criterion, set()),
        after=hybrids.answer(criterion, hybrids.causes(criterion)),
        services=hybrids.changed_services(criterion, cause),
    )


def _unlike(before: Assessment, after: Assessment) -> Iterator[str]:
    for name in ("model", "rules", "settings"):
        if before.inputs.get(name) != after.inputs.get(name):
            yield name
    if before.profile != after.profile:
        yield "profile"
