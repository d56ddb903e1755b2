"""One sentence for each answer: what would change it."""

from __future__ import annotations

from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from itomm.rules.grades import Comparison
from itomm.rules.measures import MeasureKind
from itomm.rules.rule import Rule

_SHARES = frozenset({MeasureKind.RATIO, MeasureKind.SHARE_OF_SERVICES})
_REMEDIES = {
    UnknownReason.NEVER_COLLECTED: "Connect a source that delivers them, or let a person answer.",
    UnknownReason.COLLECTION_FAILED: "Mend the source and collect again; 'itomm doctor' says what is wrong.",
    UnknownReason.PERMISSION_DENIED: "Grant the missing right; 'itomm doctor' names it. Then collect again.",
    UnknownReason.INSUFFICIENT_COVERAGE: "Collect again, from at least {days} days back.",
    UnknownReason.INSUFFICIENT_SAMPLE: "At least {sample} must count; until then a person may answer.",
    UnknownReason.STALE: "Collect again.",
    UnknownReason.AWAITING_PERSON: "Let a person answer with 'itomm answer'.",
}


def what_would_change(
    rule: Rule,
    verdict: Verdict,
    reason: UnknownReason | None,
    value: Fraction | None,
    counted: int,
    *,
    shown: str | None,
) -> str:
    """The smallest change that gives a better answer, or what keeps this one; ``shown`` is the value."""
    if reason is not None:
        return _REMEDIES[reason].format(days=_days_back(rule), sample=rule.minimum_sample)
    if value is None or verdict is Verdict.NOT_APPLICABLE:
        return "Records that count would be measured."
    if verdict is Verdict.YES:
        return f"It stays yes while the measure is {rule.grade.yes.text}."
    wanted = rule.grade.partial if verdict is Verdict.NO and rule.grade.partial else rule.grade.yes
    missed = next((each for each in wanted.comparisons if not each.holds(value)), None)
    steps = _records_short(rule, missed, value, counted) if missed else 0
    if missed and steps:
        moved = value + Fraction(steps if missed.symbol == ">=" else -steps, counted)
        direction = "more" if missed.symbol == ">=" else "fewer"
        needed = "Its one record" if counted == 1 else f"{steps} {direction} of the {counted} counted"
        return f"{needed} satisfying the condition would make it {rule.grade.verdict(moved)}."
    better = Verdict.PARTIAL if wanted is rule.grade.partial else Verdict.YES
    return f"Getting from {shown} to {wanted.text} would make it {better}."


def _days_back(rule: Rule) -> int:
    return max((back.days for back in rule.looks_back.values()), default=0)


def _records_short(rule: Rule, missed: Comparison, value: Fraction, counted: int) -> int:
    """How many counted records would have to change sides; 0 when the measure is no share of them."""
    if rule.measure_kind not in _SHARES or missed.symbol not in {">=", "<="}:
        return 0
    bound = missed.bound.value
    # in whole numbers, which is far quicker than fractions
    distance = (bound.numerator * value.denominator - value.numerator * bound.denominator) * counted
    below = bound.denominator * value.denominator
    steps = -(-distance // below) if missed.symbol == ">=" else -(distance // below)
    return steps if 0 < steps <= counted else 0
