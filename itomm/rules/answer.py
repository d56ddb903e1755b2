"""What a rule concludes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.rules.parameters import ParameterUsed


class Verdict(StrEnum):
    """The closed set of answers to a criterion."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InferredAnswer:
    """What a rule concluded from evidence.

    ``measured`` and the thresholds are ready to read, with their unit ("2 h 10 min", "83.3 %").
    ``counted`` of ``seen`` records entered the measure; ``matched`` of those satisfied a ratio's condition.
    ``base`` is direct, proxy or weak; ``confidence`` is 0..1 after freshness, sample and coverage.
    ``loosened`` are the parameters that the organisation set looser than the rule's own default.
    """

    verdict: Verdict
    reason: UnknownReason | None
    detail: str
    rule: str
    measured: str | None
    grade_yes: str
    grade_partial: str
    counted: int
    matched: int | None
    seen: int
    minimum_sample: int
    base: str
    confidence: Fraction
    record_types: tuple[str, ...]
    window_days: int | None
    what_would_change_it: str
    loosened: tuple[ParameterUsed, ...] = ()
