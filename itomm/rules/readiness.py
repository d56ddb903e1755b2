"""Whether the evidence that a rule needs is there: collected, complete, in date, and covering the window.

An incomplete stream never says "no" and never says "yes": what rests on it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from itomm.config.clock import format_instant
from itomm.config.quantities import Dimension, Quantity, format_quantity
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType
from itomm.rules.rule import Rule
from itomm.rules.untold.silences import Silence, silences_in

Obstacle = tuple[UnknownReason, str]
"""Why nothing can be concluded."""

_MICROSECOND = timedelta(microseconds=1)
EXPIRED_BELOW = Fraction(1, 4)
"""Freshness under which evidence is too old to answer from: two halvings after its time to live."""


@dataclass(frozen=True)
class Readiness:
    """What stands behind an answer.

    ``reason`` is None when everything needed is there. ``freshness`` is 0..1. ``covered`` is the share of
    the time looked back at that the sources cover, of the record type ``least_covered``.
    """

    reason: UnknownReason | None
    detail: str
    freshness: Fraction = Fraction(0)
    covered: Fraction = Fraction(1)
    least_covered: str = ""


@dataclass(frozen=True)
class Doubt:
    """Why nothing is decided about records of a type, although a rule does without a source of them."""

    record_type: str
    reason: UnknownReason
    detail: str


class EvidenceState:
    """Readiness of record types in one snapshot as of one instant.

    ``keys`` gives each service's names by source. A source that fails concerns every service; one that was
    denied parts concerns the services named in those parts, and those that it knows by other names than its
    parts': a ticket of any project may name a component.
    """

    def __init__(
        self, snapshot: Snapshot, as_of: datetime, keys: Mapping[str, Mapping[str, Sequence[str]]]
    ) -> None:
        self._snapshot = snapshot
        self._as_of = as_of.astimezone(UTC)
        self._keys = keys
        self._latest: dict[str, list[Collection]] = {}
        self._silences: dict[str, tuple[Silence, ...]] = {}

    def readiness(self, rule: Rule, service: str | None) -> Readiness:
        """Readiness of a rule for a service, or for the organisation (None).

        A type of which there may be no source counts only where it is read in full: see :meth:`doubts`.
        """
        return self._readiness_of(rule, self._read_in_full(rule), service)

    def doubts(self, rule: Rule) -> tuple[Doubt, ...]:
        """Types of which there may be no source, and there is one that did not deliver all."""
        return tuple(
            Doubt(each.name, *obstacle)
            for each in rule.needed_types
            if each.name in rule.optional_types
            and self._snapshot.of_type(each.name)
            and (obstacle := self._obstacle(rule, each))
        )

    def _obstacle(self, rule: Rule, record_type: RecordType) -> Obstacle | None:
        return obstacle_of(rule, self._readiness_of(rule, (record_type,), None))

    def _read_in_full(self, rule: Rule) -> tuple[RecordType, ...]:
        if not rule.optional_types:
            return rule.needed_types
        return tuple(
            each
            for each in rule.needed_types
            if each.name not in rule.optional_types or self._obstacle(rule, each) is None
        )

    def _readiness_of(self, rule: Rule, types: Sequence[RecordType], service: str | None) -> Readiness:
        freshness = Fraction(1)
        for each in types:
            collections = self._latest_of(each)
            if not collections:
                return self._never(each)
            for collection in collections:
                reason = self._fault(collection, service)
                if reason is not None:
                    return Readiness(reason, _fault_detail(collection))
                if self._needs_what_was_let_go(rule, each, collection):
                    return Readiness(UnknownReason.STALE, collection.let_go)
                freshness = min(freshness, self._freshness(each, collection))
        if freshness < EXPIRED_BELOW:
            return Readiness(UnknownReason.STALE, "the newest collection is too old", freshness)
        covered, least = min(self._covered(rule, types), default=(Fraction(1), ""))
        return Readiness(None, "", freshness, covered, least)

    def silences(self, record_type: RecordType) -> tuple[Silence, ...]:
        """Which sources cannot tell which fields of a record type."""
        if record_type.name not in self._silences:
            self._silences[record_type.name] = silences_in(self._snapshot, record_type, self._as_of)
        return self._silences[record_type.name]

    def sources(self, record_type: RecordType) -> set[str]:
        """The sources that were read for a record type."""
        return {collection.source for collection in self._latest_of(record_type)}

    def _latest_of(self, record_type: RecordType) -> list[Collection]:
        if record_type.name not in self._latest:
            self._latest[record_type.name] = self._snapshot.latest(record_type, self._as_of)
        return self._latest[record_type.name]

    def _never(self, record_type: RecordType) -> Readiness:
        later = self._snapshot.of_type(record_type.name)
        detail = f"no source has delivered {record_type.name} records"
        if later:
            first = format_instant(min(collection.finished_at for collection in later))
            detail = f"{record_type.name} records were first observed at {first}"
        return Readiness(UnknownReason.NEVER_COLLECTED, detail)

    def _fault(self, collection: Collection, service: str | None) -> UnknownReason | None:
        if collection.complete:
            return None
        if service is not None and collection.denied_in_part and not self.denies(collection, service):
            return None
        return collection.reason or UnknownReason.COLLECTION_FAILED

    def denied_in_part(self, rule: Rule) -> list[Collection]:
        """What a rule needs that was denied for some services only; without any, all are equally ready."""
        latest = [collection for each in self._read_in_full(rule) for collection in self._latest_of(each)]
        return [each for each in latest if not each.complete and each.denied_in_part]

    def denies(self, collection: Collection, service: str) -> bool:
        """Whether a collection that was denied in part was denied what may belong to a service."""
        given = self._keys.get(service, {}).get(collection.source) or (service,)
        names = {name.casefold() for name in given}  # services are found in any letter case
        if not names.isdisjoint(part.casefold() for part in collection.denied):
            return True
        parts = {part.casefold() for part in collection.requested}  # empty where a collector names none
        return bool(parts) and not names <= parts

    def _needs_what_was_let_go(self, rule: Rule, record_type: RecordType, collection: Collection) -> bool:
        """Of events, what lies further back than a rule's window may be gone."""
        if not collection.let_go:
            return False
        if record_type.is_state or rule.window_days is None or collection.covered_from is None:
            return True
        return self._as_of - rule.looks_back[record_type.name] < collection.covered_from

    def _freshness(self, record_type: RecordType, collection: Collection) -> Fraction:
        return freshness(self._as_of - collection.finished_at, timedelta(days=record_type.time_to_live_days))

    def _covered(self, rule: Rule, types: Sequence[RecordType]) -> Iterator[tuple[Fraction, str]]:
        """For each record type that the rule looks back at, the share of that time that all sources cover."""
        for each in types:
            back = rule.looks_back.get(each.name, timedelta(0))
            windows = [
                (collection.covered_from, self._covered_to(each, collection))
                for collection in self._latest.get(each.name, ())
                if collection.covered_from is not None
            ]
            if windows and back:
                start = max(self._as_of - back, *(start for start, _ in windows))
                covered = max(timedelta(0), min(end for _, end in windows) - start)
                yield Fraction(covered // _MICROSECOND, back // _MICROSECOND), each.name

    def _covered_to(self, record_type: RecordType, collection: Collection) -> datetime:
        """Up to when a source covers: until now, unless it was last read longer ago than its records live."""
        end = collection.window_end
        if end is None or self._as_of - end <= timedelta(days=record_type.time_to_live_days):
            return self._as_of
        return end


def obstacle_of(rule: Rule, ready: Readiness) -> Obstacle | None:
    """Why a rule cannot be answered from what is there, in a word and in words; None when it can."""
    if ready.reason is not None:
        return ready.reason, ready.detail
    if ready.covered < rule.minimum_coverage:
        share = format_quantity(Quantity(Dimension.SHARE, ready.covered))
        days = rule.looks_back[ready.least_covered].days
        detail = f"{ready.least_covered} covers {share} of the {days} days looked back at"
        return UnknownReason.INSUFFICIENT_COVERAGE, detail
    return None


def freshness(age: timedelta, time_to_live: timedelta) -> Fraction:
    """1 within the time to live, then halving per further time to live; exact to twelve decimals."""
    if age <= time_to_live:
        return Fraction(1)
    overdue = Decimal((age - time_to_live) // _MICROSECOND)
    halvings = overdue / Decimal(time_to_live // _MICROSECOND)
    with localcontext(prec=30):
        return Fraction((Decimal("0.5") ** halvings).quantize(Decimal("1e-12")))


def _fault_detail(collection: Collection) -> str:
    what = f"{collection.record_type} from {collection.source}"
    return f"{what}: {collection.error}" if collection.error else f"{what} is incomplete"
