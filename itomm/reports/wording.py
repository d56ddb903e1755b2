"""Words and numbers as people read them. Exact fractions are rounded here, once, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.scoring.assessment import InferredAnswer, LevelRange, ScopeKind, Verdict, View

NOT_RATED = "NR"
EN_DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NOTHING = EN_DASH
# research/itomm_content.md, `low_confidence_below`: below it a yes or no weighs only half in the bounds.
LOW_CONFIDENCE = Fraction(6, 10)

VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.YES: "Met",
    Verdict.PARTIAL: "Partly met",
    Verdict.NO: "Not met",
    Verdict.UNKNOWN: "Unknown",
    Verdict.NOT_APPLICABLE: "Not applicable",
}

VERDICT_SYMBOLS: Mapping[Verdict, str] = {
    Verdict.YES: "✓",
    Verdict.PARTIAL: "◐",
    Verdict.NO: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.NOT_APPLICABLE: EN_DASH,
}

VIEW_TITLES: Mapping[View, str] = {
    View.EVIDENCE: "On evidence alone",
    View.STATED: "With stated answers",
    View.OVERRIDES: "With overrides",
}

REASON_WORDS: Mapping[UnknownReason, str] = {
    UnknownReason.NEVER_COLLECTED: "never collected",
    UnknownReason.COLLECTION_FAILED: "collection failed",
    UnknownReason.PERMISSION_DENIED: "permission denied",
    UnknownReason.INSUFFICIENT_COVERAGE: "coverage too small",
    UnknownReason.INSUFFICIENT_SAMPLE: "too few records",
    UnknownReason.STALE: "evidence too old",
    UnknownReason.AWAITING_PERSON: "waiting for a person",
}

REASON_SENTENCES: Mapping[UnknownReason, str] = {
    UnknownReason.NEVER_COLLECTED: "What would answer this was never collected.",
    UnknownReason.COLLECTION_FAILED: "The collection behind this failed or was cut short.",
    UnknownReason.PERMISSION_DENIED: "The source refused access to what this needs.",
    UnknownReason.INSUFFICIENT_COVERAGE: "The source covers too little of the time or scope asked for.",
    UnknownReason.INSUFFICIENT_SAMPLE: "There are too few records to judge by.",
    UnknownReason.STALE: "The evidence is too old to count.",
    UnknownReason.AWAITING_PERSON: "No rule answers this, so a person has to.",
}

REASON_REMEDIES: Mapping[UnknownReason, str] = {
    UnknownReason.NEVER_COLLECTED: "Connect a source that holds such records, then run `itomm collect`.",
    UnknownReason.COLLECTION_FAILED: "Run `itomm doctor` to see why, mend the source, and collect again.",
    UnknownReason.PERMISSION_DENIED: "Grant the collector's account read access to it, and collect again.",
    UnknownReason.INSUFFICIENT_COVERAGE: "Keep the source's history for longer, or add the parts left out.",
    UnknownReason.INSUFFICIENT_SAMPLE: "Wait for more records, or let a person answer with `itomm answer`.",
    UnknownReason.STALE: "Collect again.",
    UnknownReason.AWAITING_PERSON: "Answer it with `itomm answer`, best with an attachment.",
}

LAYER_WORDS: Mapping[str, str] = {
    "rule": "evidence",
    "person": "a person",
    "override": "an override",
    "roll_up": "the services' answers, by weight",
    "inherited": "the organisation's answer",
    "assumption": "an assumption",
    "nobody": "nobody",
}

CONFIDENCE_BASE_WORDS: Mapping[str, str] = {
    "direct": "direct: the record is the fact",
    "proxy": "proxy: the record stands for the fact",
    "weak": "weak: the record hints at the fact",
}

OVERRIDE_KIND_WORDS: Mapping[str, str] = {
    "evidence_wrong": "the evidence is wrong",
    "compensating_control": "compensating control",
    "accepted_risk": "accepted risk",
    "not_applicable": "not applicable",
    "context": "context the evidence lacks",
}

OVERRIDE_STATE_WORDS: Mapping[str, str] = {
    "proposed": "proposed: does not count until approved",
    "active": "active: counts",
    "rejected": "rejected: does not count",
    "withdrawn": "withdrawn: does not count",
    "expired": "expired: no longer counts",
    "superseded": "superseded by a later override: no longer counts",
    "drifted": "drifted: the evidence has moved since; no longer counts",
}

EFFORT_WORDS: Mapping[str, str] = {"S": "small effort", "M": "medium effort", "L": "large effort"}

SCOPE_KIND_WORDS: Mapping[ScopeKind, str] = {
    ScopeKind.ORGANISATION: "organisation",
    ScopeKind.GROUP: "group",
    ScopeKind.SERVICE: "service",
}


def counted_text(inferred: InferredAnswer) -> str:
    """How many records counted of those seen; a query's rows, which may be more than its records, alone."""
    if inferred.counted > inferred.seen:
        return f"{inferred.counted} rows of the rule's query"
    return f"{inferred.counted} of {inferred.seen}"


def words_for(vocabulary: Mapping[str, str], word: str) -> str:
    """The vocabulary's words, or the word itself with underscores as spaces."""
    return vocabulary.get(word, word.replace("_", " "))


def level_text(level: LevelRange) -> str:
    """The level's number, or NR when too little is known to publish it."""
    return str(level.point) if level.rated else NOT_RATED


def level_bounds_text(level: LevelRange) -> str:
    """Both bounds, or the one number when they agree."""
    return bounds_text(str(level.low), str(level.high))


def level_name(level: int, levels: Mapping[int, str]) -> str:
    """A level's short name: what the questionnaire writes before the colon, or an empty text."""
    return levels.get(level, "").partition(":")[0].strip()


def bounds_text(low: str, high: str) -> str:
    """Two bounds as people read them, after rounding."""
    return low if low == high else f"{low}{EN_DASH}{high}"


def index_text(value: Fraction) -> str:
    """A non-negative number to two decimals, half to even."""
    hundredths = round(value * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def share_text(share: Fraction) -> str:
    """A share of one in whole percent; 0 % and 100 % only when exactly so."""
    percent = round(share * 100)
    if percent == 0 and share > 0:
        return "under 1 %"
    if percent == 100 and share < 1:
        return "over 99 %"
    return f"{percent} %"


def weight_text(weight: Fraction) -> str:
    """A weight without needless zeros."""
    return index_text(weight).rstrip("0").rstrip(".")


def confidence_text(confidence: Fraction) -> str:
    """Confidence from 0.00 to 1.00, marked where it is low."""
    return f"{index_text(confidence)} (low)" if confidence < LOW_CONFIDENCE else index_text(confidence)


def count_text(count: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{count} {one if count == 1 else many}"


def instant_text(instant: datetime) -> str:
    """An instant in UTC to the minute: ``2026-11-22 06:00 UTC``."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day_text(instant: datetime) -> str:
    """The UTC day of an instant."""
    return f"{instant.astimezone(UTC):%Y-%m-%d}"
