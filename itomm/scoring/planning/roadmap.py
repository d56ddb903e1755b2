"""The roadmap: the cheapest steps to a level, in the order in which they bring most for what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.rules.answer import Verdict
from itomm.rules.model import Model
from itomm.scoring.assessment import LevelRange, ScopeScore
from itomm.scoring.assumptions import assumed
from itomm.scoring.planning.optimum import Aim, cheapest_steps
from itomm.scoring.planning.standing import Rescoring, Standing
from itomm.scoring.planning.steps import Costs, Step, possible_steps
from itomm.scoring.points import NONE

NEXT_BEST_SHOWN = 5


@dataclass(frozen=True)
class PlannedStep:
    """A step in its place: in which phase (from 1), and where the aimed-for part stands after it.

    ``gain`` is by how much the step raises the scope's index at its place; exact.
    """

    step: Step
    phase: int
    gain: Fraction
    level_after: LevelRange


@dataclass(frozen=True)
class NextStep:
    """One step by itself, from where things stand: what it adds to the index, and which levels it lifts."""

    step: Step
    gain: Fraction
    practice_level: int
    level: int


@dataclass(frozen=True)
class Roadmap:
    """The way of one scope to a level, of the whole or of one part.

    ``now`` and ``after`` are the aimed-for part's levels. ``if_known`` is its level should everything that
    is unknown prove to be yes. ``reachable`` is False when no steps lead there. ``in_hand`` are criteria up
    to the level, in the part, that are met already.
    """

    aim: Aim
    now: LevelRange
    after: LevelRange
    reachable: bool
    steps: tuple[PlannedStep, ...]
    in_hand: tuple[str, ...]
    cost: Fraction
    least_cost: Fraction
    costs: Costs
    budget: Fraction | None
    next_best: tuple[NextStep, ...]

    @property
    def phases(self) -> Mapping[int, Sequence[PlannedStep]]:
        """Steps by phase, in order."""
        found: dict[int, list[PlannedStep]] = {}
        for each in self.steps:
            found.setdefault(each.phase, []).append(each)
        return found


def level_of(score: ScopeScore, aim: Aim) -> LevelRange | None:
    """The level of what is aimed for; None when nothing of it applies."""
    if aim.practice is not None:
        return next((each.level for each in score.practices if each.practice == aim.practice), None)
    if aim.area is not None:
        return next((each.level for each in score.areas if each.area == aim.area), None)
    return score.level if score.areas else None


def roadmap(
    standing: Standing,
    aim: Aim,
    costs: Costs,
    *,
    budget: Fraction | None = None,
    next_best: int = NEXT_BEST_SHOWN,
) -> Roadmap:
    """The cheapest way to a level; exact, and the same for the same input.

    Raises:
        ValueError: nothing of the aimed-for part applies to the scope.
    """
    now = level_of(standing.score(), aim)
    if now is None:
        raise ValueError("nothing of it applies")
    steps = possible_steps(standing, costs)
    chosen = () if now.point >= aim.level else cheapest_steps(standing, steps, aim)
    taken = [steps[each] for each in chosen or ()]
    planned = _in_order(standing, taken, aim, budget)
    return Roadmap(
        aim=aim,
        now=now,
        after=planned[-1].level_after if planned else now,
        reachable=chosen is not None,
        steps=tuple(planned),
        in_hand=tuple(_in_hand(standing, aim)),
        cost=sum((each.cost for each in taken), NONE),
        least_cost=sum((each.least_cost for each in taken), NONE),
        costs=costs,
        budget=budget,
        next_best=tuple(_next_best(standing, steps, next_best)),
    )


def practices_aimed_at(model: Model, aim: Aim) -> set[str]:
    """The practices of the aimed-for part."""
    return {
        practice.id
        for practice in model.practices
        if aim.practice in {None, practice.id} and aim.area in {None, practice.area}
    }


def _in_hand(standing: Standing, aim: Aim) -> list[str]:
    inside = practices_aimed_at(standing.model, aim)
    return [
        each.id
        for each in standing.model.criteria
        if each.practice in inside
        and each.level <= aim.level
        and (points := standing.answers[each.id].points) is not None
        and points.point == 1
    ]


class _Gains:
    """What single steps add to the index as things stand, found again only where something changed."""

    def __init__(self, standing: Standing) -> None:
        self._rescoring = Rescoring(standing)
        self._model = standing.model
        score = standing.score()
        self._shares = _shares_of_index(standing.model, score)
        self._known: dict[str, Fraction] = {}

    def of(self, step: Step) -> Fraction:
        """By how much the scope's index grows when the step is taken now."""
        criterion = step.criterion
        if criterion.id not in self._known:
            before = self._rescoring.practice(criterion.practice)
            after = self._rescoring.practice_if(criterion.practice, {criterion.id: assumed(Verdict.YES)})
            grown = after.index.point - before.index.point if before and after else NONE
            self._known[criterion.id] = grown * self._shares.get(criterion.practice, NONE)
        return self._known[criterion.id]

    def take(self, step: Step) -> ScopeScore:
        """Take a step; the scope's score after it."""
        self._rescoring.change({step.criterion.id: assumed(Verdict.YES)})
        for each in self._model.criteria:
            if each.practice == step.criterion.practice:
                self._known.pop(each.id, None)
        return self._rescoring.scope()

    def level_with(self, step: Step) -> int:
        """The level of the step's practice when it is taken now."""
        criterion = step.criterion
        after = self._rescoring.practice_if(criterion.practice, {criterion.id: assumed(Verdict.YES)})
        return after.level.point if after else 0


def _shares_of_index(model: Model, score: ScopeScore) -> Mapping[str, Fraction]:
    """How much of the scope's index each practice's index is."""
    scored = {practice.practice for practice in score.practices}
    areas = {area.area for area in score.areas}
    of_areas = sum((area.weight for area in model.areas if area.id in areas), NONE)
    shares: dict[str, Fraction] = {}
    for area in model.areas:
        inside = [each for each in model.practices if each.area == area.id and each.id in scored]
        of_practices = sum((each.weight for each in inside), NONE)
        shares |= {each.id: area.weight / of_areas * each.weight / of_practices for each in inside}
    return shares


def _in_order(
    standing: Standing, taken: Sequence[Step], aim: Aim, budget: Fraction | None
) -> list[PlannedStep]:
    """Steps in order: what they need first, then by gain for cost, then by level and the questionnaire."""
    gains = _Gains(standing)
    left = {each.criterion.id: each for each in taken}
    phases = _Phases(budget)
    planned: list[PlannedStep] = []
    while left:
        ready = [each for each in left.values() if not any(other in left for other in each.needs)]
        best = min(ready, key=lambda each: (-gains.of(each) / each.cost, each.criterion.level))
        gain = gains.of(best)
        del left[best.criterion.id]
        after = level_of(gains.take(best), aim)
        if after is None:
            raise ValueError("nothing of it applies")
        planned.append(PlannedStep(best, phases.of(best), gain, after))
    return planned


class _Phases:
    """Fills phases with steps in order; a step dearer than the budget has a phase of its own."""

    def __init__(self, budget: Fraction | None) -> None:
        self._budget = budget
        self._number, self._spent = 1, NONE

    def of(self, step: Step) -> int:
        """The phase of the next step."""
        if self._budget is not None and self._spent and self._spent + step.cost > self._budget:
            self._number, self._spent = self._number + 1, NONE
        self._spent += step.cost
        return self._number


def _next_best(standing: Standing, steps: Mapping[str, Step], at_most: int) -> list[NextStep]:
    """The single steps that bring the most for what they cost, as things stand; none that bring nothing."""
    gains = _Gains(standing)
    useful = [each for each in steps.values() if not each.needs and gains.of(each) > 0]
    best = sorted(useful, key=lambda each: (-gains.of(each) / each.cost, each.criterion.level))[:at_most]
    return [
        NextStep(
            step=each,
            gain=gains.of(each),
            practice_level=gains.level_with(each),
            level=standing.answering({each.criterion.id: assumed(Verdict.YES)}).score().level.point,
        )
        for each in best
    ]
