"""Which single answers move a level, and how many answers it takes to change one; both exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from itomm.rules.answer import Verdict
from itomm.rules.model import Criterion
from itomm.scoring.assessment import AnswerInForce, ScopeScore
from itomm.scoring.assumptions import assumed
from itomm.scoring.levels import AREA_WEIGHT_AT_LEVEL
from itomm.scoring.planning.cover import Part, cheapest
from itomm.scoring.planning.optimum import Aim, cheapest_steps
from itomm.scoring.planning.roadmap import level_of
from itomm.scoring.planning.standing import Rescoring, Standing
from itomm.scoring.planning.steps import Step, StepKind, is_open
from itomm.scoring.points import FULL, NONE
from itomm.scoring.profiles import Bar


@dataclass(frozen=True)
class Move:
    """What one other answer to one criterion would do; levels before and after, of all that it is part of."""

    criterion: Criterion
    answer: AnswerInForce
    to: Verdict
    practice: tuple[int, int]
    area: tuple[int, int]
    level: tuple[int, int]

    @property
    def moves_anything(self) -> bool:
        """Whether a level changes at all."""
        return any(one != other for one, other in (self.practice, self.area, self.level))


@dataclass(frozen=True)
class Robustness:
    """The fewest answers that would raise a level, and that would lower it; empty where nothing can.

    Raising means to yes, lowering means to no. ``level`` is the level as it stands.
    """

    aim: Aim
    level: int
    to_raise: tuple[str, ...]
    to_lower: tuple[str, ...]

    @property
    def fewest(self) -> int | None:
        """The smallest number of answers that would change the level; None where none would."""
        sizes = [len(each) for each in (self.to_raise, self.to_lower) if each]
        return min(sizes, default=None)


def moves(standing: Standing) -> list[Move]:
    """Every other answer to a single criterion that changes a level, in the questionnaire's order."""
    rescoring = Rescoring(standing)
    return [each for criterion in standing.model.criteria for each in moves_of(rescoring, criterion)]


def moves_of(rescoring: Rescoring, criterion: Criterion) -> Iterator[Move]:
    """The other answers to one criterion that change a level; what counts is left as it was."""
    answer = rescoring.answers[criterion.id]
    if answer.points is None:
        return
    before = rescoring.scope()
    for verdict in (Verdict.YES, Verdict.PARTIAL, Verdict.NO):
        if verdict is not answer.verdict or answer.known_share < FULL:
            rescoring.change({criterion.id: assumed(verdict)})
            found = _move(criterion, answer, verdict, before, rescoring.scope())
            rescoring.change({criterion.id: answer})
            if found.moves_anything:
                yield found


def _move(
    criterion: Criterion, answer: AnswerInForce, to: Verdict, before: ScopeScore, after: ScopeScore
) -> Move:
    def levels(aim: Aim) -> tuple[int, int]:
        was, now = level_of(before, aim), level_of(after, aim)
        return (was.point if was else 0), (now.point if now else 0)

    return Move(
        criterion,
        answer,
        to,
        practice=levels(Aim(0, practice=criterion.practice)),
        area=levels(Aim(0, area=criterion.area)),
        level=levels(Aim(0)),
    )


def robustness(standing: Standing, aim: Aim) -> Robustness | None:
    """How many answers a level hangs on; None where nothing of it applies. The aim's level is not read."""
    now = level_of(standing.score(), aim)
    if now is None:
        return None
    levels = list(standing.rules.levels)
    following = next((each for each in levels if each > now.point), None)
    to_raise: tuple[str, ...] | None = ()
    if following is not None:
        each_once = {
            criterion.id: Step(
                criterion, StepKind.IMPROVE, standing.answers[criterion.id], Fraction(1), Fraction(1)
            )
            for criterion in standing.model.criteria
            if is_open(standing.answers[criterion.id])
        }
        to_raise = cheapest_steps(standing, each_once, Aim(following, aim.practice, aim.area))
    lowering = _Lowering(standing)
    return Robustness(aim, now.point, to_raise or (), lowering.of(aim, now.point) or ())


class _Lowering:
    """The fewest answers that, turned to no, take a level away."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._levels = list(standing.rules.levels)

    def of(self, aim: Aim, level: int) -> tuple[str, ...] | None:
        """Of the aimed-for part; None when the level cannot be lowered."""
        if level == self._levels[0]:
            return None
        if aim.practice is not None:
            return self._practice(aim.practice, level)
        areas = [each.id for each in self._standing.model.areas if aim.area in {None, each.id}]
        return _fewest([self._area(area, level) for area in areas])

    def _area(self, area: str, level: int) -> tuple[str, ...] | None:
        """By one practice that falls two levels below, or by practices of more weight than may be below."""
        below = self._levels[self._levels.index(level) - 1]
        practices = [
            each for each in self._standing.model.practices if each.area == area and self._applies(each.id)
        ]
        ways = [self._practice(each.id, below) for each in practices] if below > self._levels[0] else []
        score = {each.practice: each.level.point for each in self._standing.score().practices}
        at_level = [each for each in practices if score[each.id] >= level]
        total = sum((each.weight for each in practices), NONE)
        reaching = sum((each.weight for each in at_level), NONE)
        spare = reaching - AREA_WEIGHT_AT_LEVEL * total
        scale = lcm(spare.denominator, *(each.weight.denominator for each in practices))
        falls = {each.id: fall for each in at_level if (fall := self._practice(each.id, level)) is not None}
        room = len(at_level)
        parts = [
            Part(int(each.weight * scale), (len(falls[each.id]) << room) + (1 << place))
            for place, each in enumerate(at_level)
            if each.id in falls
        ]
        key = cheapest(parts, int(spare * scale) + 1) if practices else None
        if key is not None:
            fallen = [each.id for place, each in enumerate(at_level) if key >> place & 1]
            ways.append(tuple(answer for practice in fallen for answer in falls[practice]))
        return _fewest(ways)

    def _practice(self, practice: str, level: int) -> tuple[str, ...] | None:
        """By one of the levels up to this one that no longer reaches its bar, or is blocked."""
        profile = self._standing.rules.profile
        return _fewest(
            [
                self._level(practice, each, profile.at_target if each == level else profile.below)
                for each in self._levels[1:]
                if each <= level
            ]
        )

    def _level(self, practice: str, level: int, bar: Bar) -> tuple[str, ...] | None:
        """The heaviest losses first, until the bar is missed; one mandatory criterion is enough."""
        criteria = [
            each
            for each in self._standing.criteria_of[practice]
            if each.level == level and self._standing.answers[each.id].points is not None
        ]
        losses = sorted(
            ((each.weight * self._points(each.id), each) for each in criteria if self._points(each.id)),
            key=lambda loss: (-loss[0], loss[1].id),
        )
        blocking = next((each.id for _, each in losses if each.mandatory), None)
        if blocking is not None:
            return (blocking,)
        total = sum((each.weight for each in criteria), NONE)
        got = sum((loss for loss, _ in losses), NONE)
        turned: list[str] = []
        for loss, each in losses:
            got -= loss
            turned.append(each.id)
            if not bar.reached(got / total):
                return tuple(turned)
        return None

    def _applies(self, practice: str) -> bool:
        answers = self._standing.answers
        return any(answers[each.id].points is not None for each in self._standing.criteria_of[practice])

    def _points(self, criterion: str) -> Fraction:
        points = self._standing.answers[criterion].points
        return points.point if points else NONE


def _fewest(ways: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    return min((each for each in ways if each is not None), key=len, default=None)
