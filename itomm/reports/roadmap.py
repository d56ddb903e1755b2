"""A roadmap as a JSON document, as CSV and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from itomm import __version__
from itomm.reports.document import plain
from itomm.reports.sensitivity import distance_document
from itomm.reports.verdict import assumptions_clause
from itomm.reports.wording import (
    EFFORT_WORDS,
    EN_DASH,
    REASON_REMEDIES,
    level_text,
    weight_text,
    words_for,
)
from itomm.scoring.assessment import (
    Assessment,
    CriterionAnswer,
    ScopeKind,
    ScopeResult,
    Verdict,
    View,
)
from itomm.scoring.planning.distance import distance_of
from itomm.scoring.planning.roadmap import NextStep, PlannedStep, Roadmap
from itomm.scoring.planning.steps import Step, StepKind

SCHEMA = "itomm/roadmap/1"
CSV_HEADINGS = (
    "phase",
    "order",
    "criterion",
    "title",
    "practice",
    "level",
    "mandatory",
    "kind",
    "answer",
    "effort",
    "cost",
    "least_cost",
    "gain",
    "level_after",
    "needs",
    "falling_short",
    "advice",
)
STEP_WORDS: Mapping[StepKind, str] = {
    StepKind.FIND_OUT: "find out",
    StepKind.IMPROVE: "improve",
    StepKind.FIND_OUT_AND_IMPROVE: "find out, improve",
}


@dataclass(frozen=True)
class RoadmapShown:
    """A roadmap with the assessment it starts from, the scope and the view."""

    roadmap: Roadmap
    assessment: Assessment
    scope: ScopeResult
    view: View

    @property
    def part(self) -> str:
        """The id of the practice or area aimed at; empty for the whole."""
        aim = self.roadmap.aim
        return aim.practice or aim.area or ""

    def answer(self, step: Step) -> CriterionAnswer:
        """All layers of the answer that a step is about."""
        return next(each for each in self.scope.answers if each.criterion == step.criterion.id)

    def falling_short(self, step: Step) -> list[str]:
        """The services below the scope that do not fully meet the step's criterion, in their order."""
        if self.scope.kind is ScopeKind.SERVICE or step.answer.layer != "roll_up":
            return []
        return [
            scope.id
            for scope in self.assessment.scopes
            if scope.kind is ScopeKind.SERVICE
            and (self.scope.kind is ScopeKind.ORGANISATION or scope.parent == self.scope.id)
            and any(
                (points := answer.in_force[self.view].points) is not None and points.point < 1
                for answer in scope.answers
                if answer.criterion == step.criterion.id
            )
        ]


def roadmap_document(shown: RoadmapShown) -> dict[str, Any]:
    """The whole roadmap as plain data; fractions rounded once, to six decimals."""
    found, assessment = shown.roadmap, shown.assessment
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "organisation": assessment.organisation,
        "as_of": plain(assessment.as_of),
        "profile": assessment.profile,
        "inputs": plain(assessment.inputs),
        **({"assumptions": plain(assessment.assumptions)} if assessment.assumptions else {}),
        "view": shown.view.value,
        "scope": {"id": shown.scope.id, "name": shown.scope.name, "kind": shown.scope.kind.value},
        "part": shown.part or None,
        "target": found.aim.level,
        "reachable": found.reachable,
        "summary": summary(shown),
        "level": plain(found.now),
        "level_after": plain(found.after),
        "cost": plain(found.cost),
        "least_cost": plain(found.least_cost),
        "costs": {**plain(found.costs.by_effort), "find_out": plain(found.costs.find_out)},
        "budget": plain(found.budget),
        "in_hand": list(found.in_hand),
        "steps": [_planned(shown, each, order) for order, each in enumerate(found.steps, start=1)],
        "phases": [
            {
                "phase": phase,
                "steps": [each.step.criterion.id for each in steps],
                "cost": plain(_sum(each.step.cost for each in steps)),
                "level_after": plain(steps[-1].level_after),
            }
            for phase, steps in found.phases.items()
        ],
        "next_best": [_next(shown, each) for each in found.next_best],
    }


def csv_rows(shown: RoadmapShown) -> Iterator[tuple[str, ...]]:
    """A row for each step."""
    for order, planned in enumerate(shown.roadmap.steps, start=1):
        step = planned.step
        yield (
            str(planned.phase),
            str(order),
            step.criterion.id,
            step.criterion.title,
            step.criterion.practice,
            str(step.criterion.level),
            "yes" if step.criterion.mandatory else "no",
            step.kind.value,
            step.answer.verdict.value,
            step.criterion.effort,
            weight_text(step.cost),
            weight_text(step.least_cost),
            f"{float(planned.gain):.4f}",
            str(planned.level_after.point),
            " ".join(step.needs),
            " ".join(shown.falling_short(step)),
            step.criterion.advice,
        )


def summary(shown: RoadmapShown) -> str:
    """The roadmap in one or two sentences."""
    if shown.assessment.assumptions:
        return f"{assumptions_clause(shown.assessment)} {_summary(shown)}"
    return _summary(shown)


def _summary(shown: RoadmapShown) -> str:
    found = shown.roadmap
    name = " ".join(filter(None, (shown.scope.name, shown.part)))
    at, target = found.now.point, found.aim.level
    if at >= target:
        return f"{name} is at level {at} already."
    if not found.reachable:
        return f"No steps bring {name} to level {target}."
    number = len(found.steps)
    steps = "1 step brings" if number == 1 else f"{number} steps bring"
    said = f"{steps} {name} from level {at} to {target}, at a cost of {weight_text(found.cost)}"
    unknown = sum(each.step.kind is not StepKind.IMPROVE for each in found.steps)
    if found.least_cost < found.cost:
        said += f", or {weight_text(found.least_cost)} if what is unknown proves to be met"
    said += "; no cheaper set of steps does."
    if unknown:
        said += f" {unknown} of them {'begins' if unknown == 1 else 'begin'} with finding out."
    if not found.after.rated:
        said += " Too much else stays unknown for the level to be published (NR); find out more."
    return said


def what_to_do(shown: RoadmapShown, step: Step) -> str:
    """What a step asks for, in a sentence or two: first what to find out, then the questionnaire's advice."""
    said = []
    reason = step.answer.reason
    if step.kind is not StepKind.IMPROVE:
        said.append(REASON_REMEDIES[reason] if reason else "Find out what is unknown first.")
    if step.kind is not StepKind.FIND_OUT:
        said.append(step.criterion.advice)
        distance = distance_of(shown.answer(step).inferred)
        if distance is not None:
            said.append(f"Measured: {distance.standing}; {distance.short}." if distance.short else "")
    short = shown.falling_short(step)
    if short and step.kind is not StepKind.FIND_OUT:
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        said.append(f"Short of it: {', '.join(short[:5])}{more}.")
    return " ".join(filter(None, said))


def step_rows(shown: RoadmapShown) -> Iterator[tuple[str, ...]]:
    """A row for each step, for a table."""
    for order, planned in enumerate(shown.roadmap.steps, start=1):
        step = planned.step
        yield (
            str(order),
            step.criterion.id,
            f"{step.criterion.title}{' (mandatory)' if step.criterion.mandatory else ''}",
            STEP_WORDS[step.kind],
            cost_text(step),
            level_text(planned.level_after),
        )


def next_rows(shown: RoadmapShown) -> Iterator[tuple[str, ...]]:
    """A row for each of the next best steps, for a table."""
    for each in shown.roadmap.next_best:
        yield (
            each.step.criterion.id,
            each.step.criterion.title,
            STEP_WORDS[each.step.kind],
            cost_text(each.step),
            f"+{float(each.gain):.3f}",
        )


def cost_text(step: Step) -> str:
    """What a step costs, and at least."""
    if step.least_cost < step.cost:
        return f"{weight_text(step.least_cost)}{EN_DASH}{weight_text(step.cost)}"
    return weight_text(step.cost)


def costs_text(shown: RoadmapShown) -> str:
    """The prices that were reckoned with."""
    costs = shown.roadmap.costs
    efforts = ", ".join(
        f"{words_for(EFFORT_WORDS, effort)} {weight_text(cost)}" for effort, cost in costs.by_effort.items()
    )
    return f"Costs: {efforts}, finding out {weight_text(costs.find_out)}."


def _planned(shown: RoadmapShown, planned: PlannedStep, order: int) -> dict[str, Any]:
    return {
        "order": order,
        "phase": planned.phase,
        **_step(shown, planned.step),
        "gain": plain(planned.gain),
        "level_after": plain(planned.level_after),
    }


def _next(shown: RoadmapShown, found: NextStep) -> dict[str, Any]:
    return {
        **_step(shown, found.step),
        "gain": plain(found.gain),
        "practice_level_after": found.practice_level,
        "level_after": found.level,
    }


def _step(shown: RoadmapShown, step: Step) -> dict[str, Any]:
    criterion, inferred = step.criterion, shown.answer(step).inferred
    return {
        "criterion": criterion.id,
        "title": criterion.title,
        "practice": criterion.practice,
        "area": criterion.area,
        "level": criterion.level,
        "mandatory": criterion.mandatory,
        "kind": step.kind.value,
        "answer": step.answer.verdict.value,
        "to": Verdict.YES.value,
        "reason": plain(step.answer.reason),
        "points": plain(step.answer.points.point) if step.answer.points else None,
        "known_share": plain(step.answer.known_share),
        "measured": inferred.measured if inferred else None,
        "would_change_it": inferred.what_would_change_it if inferred else "",
        "distance": distance_document(inferred),
        "effort": criterion.effort,
        "cost": plain(step.cost),
        "least_cost": plain(step.least_cost),
        "needs": list(step.needs),
        "falling_short": shown.falling_short(step),
        "to_do": what_to_do(shown, step),
    }


def _sum(costs: Iterator[Fraction] | Sequence[Fraction]) -> Fraction:
    return sum(costs, Fraction(0))
