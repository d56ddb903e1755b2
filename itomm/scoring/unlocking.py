"""Which conventions the evidence shows, and what those that it does not show would let be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.rules.answer import Verdict
from itomm.rules.conventions import Convention, answered_by
from itomm.rules.rule import Rule
from itomm.scoring.assessment import Assessment, ScopeKind, View
from itomm.scoring.levels import Rules
from itomm.scoring.review_queue import Reach


@dataclass(frozen=True)
class ConventionFound:
    """A convention as the evidence shows it.

    Attributes:
        convention: what to keep.
        records: how many records show it.
        answers: the criteria whose rules rest on it.
        unlocks: those of them that are unknown for the organisation now.
        gain: how far its index would move between no and yes in all that it unlocks.
    """

    convention: Convention
    records: int
    answers: tuple[str, ...]
    unlocks: tuple[str, ...]
    gain: Fraction


def conventions_found(
    assessment: Assessment,
    rules: Rules,
    rule_set: Sequence[Rule],
    records: Mapping[str, int],
    conventions: Sequence[Convention],
) -> list[ConventionFound]:
    """Every convention; first those that are not kept, the one that would bring the most first."""
    top = next(scope for scope in assessment.scopes if scope.kind is ScopeKind.ORGANISATION)
    reach = Reach(assessment, top, rules)
    unknown = {
        answer.criterion
        for answer in top.answers
        if answer.in_force[View.EVIDENCE].verdict is Verdict.UNKNOWN
    }
    found = []
    for each in conventions:
        answers = answered_by(each, rule_set, assessment.as_of)
        unlocks = [criterion for criterion in answers if criterion in unknown]
        gain = sum((reach.of(criterion)[0] for criterion in unlocks), Fraction(0))
        found.append(ConventionFound(each, records[each.name], tuple(answers), tuple(unlocks), gain))
    return sorted(found, key=lambda one: (one.records > 0, -one.gain, one.convention.name))
