"""What could be answered better, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from itomm.rules.model import Criterion
from itomm.scoring.assessment import AnswerInForce
from itomm.scoring.planning.standing import Standing
from itomm.scoring.points import FULL, NONE

EFFORTS = ("S", "M", "L")
DEFAULT_COSTS: Mapping[str, Fraction] = {"S": Fraction(1), "M": Fraction(3), "L": Fraction(8)}
"""Relative cost of a small, a medium and a large effort (content paper, 7.9)."""


class StepKind(StrEnum):
    """What has to be done about an answer."""

    FIND_OUT = "find_out"
    IMPROVE = "improve"
    FIND_OUT_AND_IMPROVE = "find_out_and_improve"


@dataclass(frozen=True)
class Costs:
    """What a step costs, in one unit of the organisation's own: by effort, and for finding out."""

    by_effort: Mapping[str, Fraction] = field(default_factory=lambda: dict(DEFAULT_COSTS))
    find_out: Fraction = Fraction(1)


@dataclass(frozen=True)
class Step:
    """Bringing one criterion to yes.

    ``cost`` is what is planned with: an unknown answer may prove to be no. ``least_cost`` is what it costs
    if all that is unknown proves to be yes. ``needs`` are the criteria that have to be met before, as far as
    they are not.
    """

    criterion: Criterion
    kind: StepKind
    answer: AnswerInForce
    cost: Fraction
    least_cost: Fraction
    needs: tuple[str, ...] = ()


def possible_steps(standing: Standing, costs: Costs) -> Mapping[str, Step]:
    """Every criterion that applies and is not fully met, in the questionnaire's order."""
    return {
        each.id: _step(standing, each, costs)
        for each in standing.model.criteria
        if is_open(standing.answers[each.id])
    }


def is_open(answer: AnswerInForce) -> bool:
    """Whether an answer can be better."""
    return answer.points is not None and answer.points.point < FULL


def _step(standing: Standing, criterion: Criterion, costs: Costs) -> Step:
    answer = standing.answers[criterion.id]
    kind = _kind(answer)
    effort = costs.by_effort[criterion.effort]
    finding_out = NONE if kind is StepKind.IMPROVE else costs.find_out
    return Step(
        criterion=criterion,
        kind=kind,
        answer=answer,
        cost=finding_out + effort,
        least_cost=finding_out if kind is StepKind.FIND_OUT else finding_out + effort,
        needs=tuple(each for each in criterion.depends_on if is_open(standing.answers[each])),
    )


def _kind(answer: AnswerInForce) -> StepKind:
    if answer.known_share == FULL or answer.points is None:
        return StepKind.IMPROVE
    if answer.points.point == answer.known_share:
        return StepKind.FIND_OUT
    return StepKind.FIND_OUT_AND_IMPROVE
