"""The result of an assessment, as plain data. Everything that people see is drawn from this.

Three views stand side by side and are never merged: on evidence alone, with stated answers, and with
overrides. Numbers are exact fractions; rounding happens once, where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from itomm.evidence.observation import UnknownReason


class View(StrEnum):
    """Which layers count."""

    EVIDENCE = "evidence"
    STATED = "stated"
    OVERRIDES = "overrides"


class Verdict(StrEnum):
    """The closed set of answers to a criterion."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class ScopeKind(StrEnum):
    """What is assessed."""

    ORGANISATION = "organisation"
    GROUP = "group"
    SERVICE = "service"


@dataclass(frozen=True)
class Interval:
    """Lower bound, point and upper bound of one number."""

    low: Fraction
    point: Fraction
    high: Fraction


@dataclass(frozen=True)
class LevelRange:
    """A level with its bounds. ``rated`` is False (NR) when too little is known to publish the point."""

    low: int
    point: int
    high: int
    rated: bool


@dataclass(frozen=True)
class InferredAnswer:
    """What a rule concluded from evidence.

    ``measured`` and the thresholds are ready to read, with their unit ("2 h 10 min", "83.3 %").
    ``counted`` of ``seen`` records entered the measure; ``matched`` of those satisfied a ratio's condition.
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
    base: str  # direct | proxy | weak
    confidence: Fraction
    record_types: tuple[str, ...]
    window_days: int | None
    what_would_change_it: str


@dataclass(frozen=True)
class StatedAnswer:
    """What a person said."""

    verdict: Verdict
    author: str
    at: datetime
    reason: str
    attachments: tuple[str, ...]
    expires_at: datetime
    confidence: Fraction


@dataclass(frozen=True)
class OverrideInForce:
    """An override as it stands at the as-of instant; only ``active`` counts."""

    id: str
    state: str  # proposed | active | rejected | withdrawn | expired | superseded | drifted
    kind: str
    verdict: Verdict
    reason: str
    proposer: str
    approver: str | None
    effective_from: datetime
    expires_at: datetime
    saw_verdict: Verdict
    saw_measured: str | None


@dataclass(frozen=True)
class AnswerInForce:
    """What counts under one view.

    ``points`` are None when not applicable. ``known_share`` is the share of weight behind the answer that
    is known: 0 or 1 for one scope, in between for a roll-up. ``layer`` says what decided: rule, person,
    override, roll_up, inherited or nobody.
    """

    verdict: Verdict
    points: Interval | None
    known_share: Fraction
    confidence: Fraction
    layer: str


@dataclass(frozen=True)
class CriterionAnswer:
    """One criterion's answer for one scope: every layer, and what counts under each view."""

    criterion: str
    inferred: InferredAnswer | None
    stated: StatedAnswer | None
    overrides: tuple[OverrideInForce, ...]
    in_force: Mapping[View, AnswerInForce]


@dataclass(frozen=True)
class PracticeScore:
    """A practice under one view. ``held_back_by`` lists the criteria that keep it from the next level."""

    practice: str
    level: LevelRange
    index: Interval
    known_share: Fraction
    confidence: Fraction
    held_back_by: tuple[str, ...]


@dataclass(frozen=True)
class AreaScore:
    """An area under one view."""

    area: str
    level: LevelRange
    index: Interval
    known_share: Fraction
    confidence: Fraction


@dataclass(frozen=True)
class ScopeScore:
    """A scope under one view."""

    level: LevelRange
    index: Interval
    known_share: Fraction
    confidence: Fraction
    areas: tuple[AreaScore, ...]
    practices: tuple[PracticeScore, ...]


@dataclass(frozen=True)
class ScopeResult:
    """All results for one scope: organisation, group or service."""

    id: str
    name: str
    kind: ScopeKind
    weight: Fraction
    tier: int | None
    owner: str | None
    parent: str | None
    views: Mapping[View, ScopeScore]
    answers: tuple[CriterionAnswer, ...]


@dataclass(frozen=True)
class SourceState:
    """The latest collection of one record type from one source, at the as-of instant."""

    source: str
    collector: str
    record_type: str
    finished_at: datetime
    complete: bool
    reason: UnknownReason | None
    error: str
    records: int
    window_start: datetime | None
    window_end: datetime | None
    denied: tuple[str, ...]


@dataclass(frozen=True)
class CriterionText:
    """What the questionnaire says of a criterion; copied in so that a result stands alone."""

    id: str
    area: str
    practice: str
    level: int
    weight: Fraction
    mandatory: bool
    dimension: str
    mode: str
    title: str
    question: str
    why: str
    advice: str
    effort: str
    rubric: Mapping[str, str]
    references: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class NamedPart:
    """An area or a practice of the questionnaire; ``area`` is empty for an area itself."""

    id: str
    name: str
    weight: Fraction
    purpose: str
    area: str = ""


@dataclass(frozen=True)
class ModelText:
    """What the questionnaire is and how it is laid out."""

    id: str
    title: str
    version: str
    levels: Mapping[int, str]
    areas: tuple[NamedPart, ...]
    practices: tuple[NamedPart, ...]
    criteria: tuple[CriterionText, ...]


@dataclass(frozen=True)
class Assessment:
    """f(snapshot, model, rules, decisions, settings, as-of instant). Scopes: the organisation first."""

    as_of: datetime
    profile: str
    organisation: str
    inputs: Mapping[str, str]  # snapshot, model, rules, decisions, settings -> SHA-256
    model: ModelText
    scopes: tuple[ScopeResult, ...]
    sources: tuple[SourceState, ...]


@dataclass(frozen=True)
class EvidenceRecord:
    """One record behind an answer, ready to show."""

    source: str
    record_type: str
    source_ref: str
    url: str
    service: str | None
    collected_at: datetime
    counted: bool
    matched: bool | None
    fields: Mapping[str, str]
    request: str
