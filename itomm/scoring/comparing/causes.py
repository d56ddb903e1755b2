"""The causes of a change, and which of them changed one answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assessment import AnswerInForce, Assessment, CriterionAnswer, View


class Cause(StrEnum):
    """Why something changed, in the order in which changes are switched on."""

    MODEL = "model"
    SETTINGS = "settings"
    RULE = "rule"
    COVERAGE = "coverage"
    EVIDENCE = "evidence"
    TIME = "time"
    OVERRIDE = "override"


_NOT_SEEN = frozenset(
    {
        UnknownReason.NEVER_COLLECTED,
        UnknownReason.COLLECTION_FAILED,
        UnknownReason.PERMISSION_DENIED,
        UnknownReason.INSUFFICIENT_COVERAGE,
        UnknownReason.AWAITING_PERSON,
    }
)
_BY_PEOPLE = frozenset({"person", "override"})


@dataclass(frozen=True)
class Inputs:
    """Which inputs of two assessments are the same."""

    same_evidence: bool
    same_instant: bool

    @classmethod
    def of(cls, before: Assessment, after: Assessment) -> Inputs:
        """Compare what two assessments were made from."""
        return cls(
            same_evidence=before.inputs.get("snapshot") == after.inputs.get("snapshot"),
            same_instant=before.as_of == after.as_of,
        )

    @property
    def without_new_evidence(self) -> Cause:
        """What changed a known answer when no rule did."""
        if not self.same_evidence:
            return Cause.EVIDENCE
        return Cause.SETTINGS if self.same_instant else Cause.TIME


def counts_alike(one: AnswerInForce, other: AnswerInForce) -> bool:
    """Whether two answers count the same at the point; how sure they are may differ."""
    here = one.points.point if one.points else None
    there = other.points.point if other.points else None
    return (one.verdict, here, one.known_share) == (other.verdict, there, other.known_share)


def cause_of_evidence(before: CriterionAnswer, after: CriterionAnswer, inputs: Inputs) -> Cause | None:
    """Why what evidence alone says changed; None when it did not.

    What a rule looks for shows in its name, grades, window and sample. A change of its filter alone does
    not show; then the change is put down to evidence, and comparing with one side's rules tells.
    """
    if counts_alike(before.in_force[View.EVIDENCE], after.in_force[View.EVIDENCE]):
        return None
    old, new = before.inferred, after.inferred
    if old is None or new is None:
        return Cause.COVERAGE if old is new else Cause.RULE
    if _judged_by(old) != _judged_by(new):
        return Cause.RULE
    reasons = {each.reason for each in (old, new) if each.verdict is Verdict.UNKNOWN}
    if UnknownReason.STALE in reasons:
        return Cause.TIME
    if reasons & _NOT_SEEN:
        return Cause.COVERAGE
    return inputs.without_new_evidence


def decided_by_people(answer: CriterionAnswer, view: View) -> AnswerInForce | None:
    """What people decided in place of evidence; None where evidence stands."""
    counts, alone = answer.in_force[view], answer.in_force[View.EVIDENCE]
    by_people = counts.layer in _BY_PEOPLE or not counts_alike(counts, alone)
    return counts if by_people else None


def cause_of_decision(before: CriterionAnswer, after: CriterionAnswer) -> Cause:
    """Why people's decision counts no longer or another one does: time when it only expired."""
    return Cause.TIME if _expired(before, after) or _expired(after, before) else Cause.OVERRIDE


def _expired(one: CriterionAnswer, other: CriterionAnswer) -> bool:
    """Whether what people decided on one side has only run out on the other."""
    active = {each.id for each in one.overrides if each.state == "active"}
    if active:
        return bool(active & {each.id for each in other.overrides if each.state == "expired"})
    return one.stated is not None and other.stated is None and not other.overrides


def _judged_by(answer: InferredAnswer) -> tuple[object, ...]:
    return (
        answer.rule,
        answer.grade_yes,
        answer.grade_partial,
        answer.window_days,
        answer.minimum_sample,
        answer.base,
        answer.record_types,
        answer.loosened,
    )
