"""One sentence for each answer: what would change it."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from itomm.config.quantities import Dimension, Quantity, format_quantity
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from itomm.rules.grades import Threshold
from itomm.rules.rule import Rule

_REMEDIES = {
    UnknownReason.NEVER_COLLECTED: "Connect a source that delivers {types} records, or let a person answer.",
    UnknownReason.COLLECTION_FAILED: "Mend the source and collect again; 'itomm doctor' says what is wrong.",
    UnknownReason.PERMISSION_DENIED: "Grant the missing right; 'itomm doctor' names it. Then collect again.",
    UnknownReason.INSUFFICIENT_COVERAGE: "Keep the source's history for at least {days} days.",
    UnknownReason.INSUFFICIENT_SAMPLE: "At least {sample} must count; until then a person may answer.",
    UnknownReason.STALE: "Collect again.",
    UnknownReason.AWAITING_PERSON: "Let a person answer with 'itomm answer'.",
}


def what_would_change(
    rule: Rule, verdict: Verdict, reason: UnknownReason | None, value: Fraction | None, counted: int
) -> str:
    """The smallest change that gives a better answer, or what keeps this one."""
    if reason is not None:
        return _REMEDIES[reason].format(
            types=rule.record_type.name, days=rule.window_days or 0, sample=rule.minimum_sample
        )
    if value is None or verdict is Verdict.NOT_APPLICABLE:
        return "Records that count would be measured."
    if verdict is Verdict.YES:
        return f"It stays yes while the measure is {rule.grade.yes.text}."
    wanted = rule.grade.partial if verdict is Verdict.NO and rule.grade.partial else rule.grade.yes
    better = Verdict.PARTIAL if wanted is rule.grade.partial else Verdict.YES
    return f"{_needed(rule, wanted, value, counted)} would make it {better}."


def _needed(rule: Rule, wanted: Threshold, value: Fraction, counted: int) -> str:
    missed = next((each for each in wanted.comparisons if not each.holds(value)), None)
    if missed is None:
        return f"A measure of {wanted.text}"
    if rule.dimension is Dimension.SHARE and counted and missed.symbol in {">=", "<="} and value >= 0:
        matching = value * counted
        bound = missed.bound.value * counted
        steps = ceil(bound - matching) if missed.symbol == ">=" else ceil(matching - bound)
        if 0 < steps <= counted:
            direction = "more" if missed.symbol == ">=" else "fewer"
            return f"{steps} {direction} of the {counted} counted"
    now = format_quantity(Quantity(rule.dimension, value))
    return f"Getting from {now} to {wanted.text}"
