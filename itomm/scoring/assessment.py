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
from typing import NamedTuple

from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.model import Criterion as CriterionText
from itomm.rules.model import Model as ModelText
from itomm.rules.model import Part as NamedPart
from itomm.rules.signals.suspicion import NotLooked, Signal

__all__ = [
    "AnswerInForce",
    "AreaScore",
    "Assessment",
    "Assumption",
    "Caveat",
    "CaveatRecord",
    "CriterionAnswer",
    "CriterionText",
    "EvidenceRecord",
    "InferredAnswer",
    "Interval",
    "LevelRange",
    "ModelText",
    "NamedPart",
    "NotLooked",
    "OverrideEffect",
    "OverrideInForce",
    "PracticeScore",
    "Reliance",
    "ScopeKind",
    "ScopeResult",
    "ScopeScore",
    "Signal",
    "SourceState",
    "StatedAnswer",
    "TouchedAnswer",
    "UnknownReason",
    "Verdict",
    "View",
]


class View(StrEnum):
    """Which layers count."""

    EVIDENCE = "evidence"
    STATED = "stated"
    OVERRIDES = "overrides"


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
class StatedAnswer:
    """What a person said; ``id`` is empty in assessments of earlier versions."""

    verdict: Verdict
    author: str
    at: datetime
    reason: str
    attachments: tuple[str, ...]
    expires_at: datetime
    confidence: Fraction
    id: str = ""


@dataclass(frozen=True)
class OverrideInForce:
    """An override as it stands at the as-of instant; only ``active`` counts.

    ``renews`` is the override that it goes on with, ``origin`` the reviewed file and commit it came from.
    """

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
    attachments: tuple[str, ...] = ()
    renews: str | None = None
    origin: str | None = None


@dataclass(frozen=True)
class AnswerInForce:
    """What counts under one view.

    ``points`` are None when not applicable. ``known_share`` is the share of weight behind the answer that
    is known: 0 or 1 for one scope, in between for a roll-up. ``layer`` says what decided: rule, person,
    override, roll_up, inherited, assumption or nobody. ``reason`` says why an unknown is unknown.
    """

    verdict: Verdict
    points: Interval | None
    known_share: Fraction
    confidence: Fraction
    layer: str
    reason: UnknownReason | None = None


class CriterionAnswer(NamedTuple):
    """One criterion's answer for one scope: every layer, and what counts under each view.

    ``lapsed`` is what was stated last, when that has expired: it counts no longer. There are as many as
    criteria times scopes; a tuple is made in a third of the time of a frozen data class.
    """

    criterion: str
    inferred: InferredAnswer | None
    stated: StatedAnswer | None
    overrides: tuple[OverrideInForce, ...]
    in_force: Mapping[View, AnswerInForce]
    lapsed: StatedAnswer | None = None


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
class OverrideEffect:
    """What one override moves: level and index of a scope with it, and without it but with all others."""

    override: str
    scope: str
    level_without: LevelRange
    level_with: LevelRange
    index_without: Interval
    index_with: Interval


@dataclass(frozen=True)
class Reliance:
    """How much of a level with overrides rests on people's words; ``part`` is "" for the scope as a whole.

    Shares are of the points that carry the level. ``exceeded`` names the caps, "overrides" or "people", that
    more rests on than may; ``holds`` is then what may be claimed, and else the level itself.
    """

    scope: str
    part: str
    level: LevelRange
    on_overrides: Fraction
    on_stated: Fraction
    most_on_overrides: Fraction | None
    most_on_people: Fraction | None
    exceeded: tuple[str, ...]
    holds: LevelRange


@dataclass(frozen=True)
class CaveatRecord:
    """A record that a caveat is about, what is remarkable about it, and which page brought it."""

    record_type: str
    source: str
    source_ref: str
    url: str
    service: str | None
    collection: str
    page: int
    said: str


@dataclass(frozen=True)
class TouchedAnswer:
    """An answer that counted so many of the records that a caveat is about; 0 where it is about none.

    A record that was altered is among them when it counts, or did before it was altered.
    """

    criterion: str
    scope: str
    records: int


@dataclass(frozen=True)
class Caveat:
    """A sign that evidence may look better than the work behind it. It changes no answer and no number.

    ``because`` gives the reason for the thresholds. ``records`` are the first of ``records_in_all``.
    """

    id: str
    signal: Signal
    text: str
    because: str
    records: tuple[CaveatRecord, ...]
    records_in_all: int
    touches: tuple[TouchedAnswer, ...]


@dataclass(frozen=True)
class Assumption:
    """An answer that is only supposed, of one scope and all that is in it."""

    criterion: str
    scope: str
    verdict: Verdict


@dataclass(frozen=True)
class Assessment:
    """f(snapshot, model, rules, decisions, settings, as-of instant). Scopes: the organisation first.

    With ``assumptions`` it says what would be, and is never recorded. ``not_looked`` is what signs of gaming
    could not be looked for in.
    """

    as_of: datetime
    profile: str
    organisation: str
    inputs: Mapping[str, str]  # snapshot, model, rules, decisions, settings -> SHA-256
    model: ModelText
    scopes: tuple[ScopeResult, ...]
    sources: tuple[SourceState, ...]
    override_effects: tuple[OverrideEffect, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    not_looked: tuple[NotLooked, ...] = ()
    reliances: tuple[Reliance, ...] = ()


@dataclass(frozen=True)
class EvidenceRecord:
    """One record behind an answer, ready to show; ``why_not`` says why it did not count, "" when it did.

    ``caveats`` are the ids of the caveats that are about it.
    """

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
    why_not: str = ""
    caveats: tuple[str, ...] = ()
