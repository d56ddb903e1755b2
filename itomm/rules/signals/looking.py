"""Looks for every signal in evidence as of an instant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import PROVENANCE_COLUMNS
from itomm.rules.limits import reason_of
from itomm.rules.signals import own_work
from itomm.rules.signals.asking import Question, rows
from itomm.rules.signals.back_dated import back_dated, told_late
from itomm.rules.signals.bulk_closing import bulk_closed, closed_by_nobody, closings, dismissals
from itomm.rules.signals.burst import (
    burst,
    bursts,
    by_period,
    earlier_periods,
    lately,
    refreshed,
    too_short,
    touched_lately,
)
from itomm.rules.signals.changed import recorded_late, relabelled
from itomm.rules.signals.earlier import Stream
from itomm.rules.signals.suspicion import NotLooked, Signal, Suspicion
from itomm.rules.signals.thresholds import Thresholds

Found = Iterator[Suspicion | NotLooked]
_MACHINES = "SELECT DISTINCT login FROM records_of_type WHERE kind <> 'human' ORDER BY login"
_TICKET = frozenset({"transitions", "reporter", "status_category", "resolved_at", "created_at"})


@dataclass(frozen=True)
class Looking:
    """What is looked at: tables of ``types`` in a connection, as of an instant.

    ``covered`` says by record type and source since when all events are known.
    """

    connection: duckdb.DuckDBPyConnection
    types: Collection[str]
    as_of: datetime
    covered: Mapping[str, Mapping[str, datetime]]
    limits: Thresholds

    def found(self) -> Found:
        """Everything that the signals over single readings find, and what they could not look at."""
        yield from or_not_looked(Signal.BULK_CLOSING, self._closed_in_bulk())
        yield from or_not_looked(Signal.BACK_DATED, self._back_dated())
        yield from or_not_looked(Signal.BURST, self._bursts())
        yield from or_not_looked(Signal.BURST, self._refreshed())
        yield from or_not_looked(Signal.OWN_WORK, self._own_work())

    def _closed_in_bulk(self) -> Found:
        limits = self.limits.bulk_closing
        machines = self._machines()
        for kind in limits.kinds:
            if kind in self.types:
                yield from bulk_closed(closings(self.connection, kind, machines, limits), limits)
                yield from closed_by_nobody(self.connection, kind)
        if "vulnerability" in self.types:
            dismissed = self.limits.bulk_dismissal
            yield from bulk_closed(dismissals(self.connection, dismissed), dismissed)

    def _machines(self) -> frozenset[str]:
        """Accounts that a source says are no person's."""
        if "account" not in self.types:
            return frozenset()
        return frozenset(row["login"] for row in rows(self.connection, Question(_MACHINES, "account")))

    def _back_dated(self) -> Found:
        for pair in self.limits.back_dated.pairs:
            if pair.record_type in self.types:
                early, totals = told_late(self.connection, pair, self.as_of)
                yield from back_dated(early, totals, pair, self.limits.back_dated)

    def _bursts(self) -> Found:
        limits = self.limits.burst
        for activity in limits.activities:
            if activity.record_type not in self.types:
                continue
            counts = by_period(self.connection, activity, self.as_of, limits.days)
            covered = self.covered.get(activity.record_type, {})
            earlier = earlier_periods(covered, self.as_of, limits.days)
            for place in bursts(counts, earlier, limits):
                done = lately(self.connection, activity, place, self.as_of, limits.days)
                words = place.text(activity)
                yield burst(done, counts[place], earlier[place.source], words, limits)
            yield from too_short(counts, earlier, activity, limits)

    def _refreshed(self) -> Found:
        limits = self.limits.refreshed
        for activity in limits.activities:
            if activity.record_type in self.types:
                counts = by_period(self.connection, activity, self.as_of, limits.days)
                for place in refreshed(counts, limits):
                    done = lately(self.connection, activity, place, self.as_of, limits.days)
                    yield touched_lately(done, counts[place], place.text(activity), limits)

    def _own_work(self) -> Found:
        limits = self.limits.own_work
        for kind in limits.closed:
            if kind in self.types:
                yield from own_work.alone(own_work.closed(self.connection, kind), kind, limits)
        if "change" in self.types:
            approved = own_work.approved(self.connection)
            yield from own_work.approved_own(approved, limits)
            yield from own_work.approved_by_nobody(approved)


@dataclass(frozen=True)
class Comparing:
    """What is held against what was read before: both, in one connection."""

    connection: duckdb.DuckDBPyConnection
    streams: Sequence[Stream]
    limits: Thresholds

    def found(self) -> Found:
        """Everything that the signals over two readings find."""
        for stream in self.streams:
            name = stream.record_type.name
            if name in self.limits.recorded_late.kinds:
                late = recorded_late(self.connection, stream, self.limits.recorded_late)
                yield from or_not_looked(Signal.RECORDED_LATE, late, name)
            if name in self.limits.relabelled.fields:
                altered = relabelled(self.connection, stream, self.limits.relabelled)
                yield from or_not_looked(Signal.RELABELLED, altered, name)


def or_not_looked(signal: Signal, found: Found, subject: str = "all records") -> Found:
    """What a signal finds; evidence that it cannot read is no reason not to assess."""
    try:
        yield from found
    except duckdb.Error as error:
        yield NotLooked(signal, subject, f"the question to the evidence failed: {reason_of(error)}")


def not_compared(found: Iterable[Stream], limits: Thresholds) -> Iterator[NotLooked]:
    """Streams of which nothing earlier can be held against what is known now."""
    for stream in found:
        name = stream.record_type.name
        if why := stream.why_not:
            if name in limits.recorded_late.kinds:
                yield NotLooked(Signal.RECORDED_LATE, name, why)
            if name in limits.relabelled.fields:
                yield NotLooked(Signal.RELABELLED, name, why)


def columns_compared(limits: Thresholds) -> Mapping[str, frozenset[str]]:
    """By record type, the columns that signals over two readings read."""
    wanted: dict[str, set[str]] = {}
    for name in limits.recorded_late.kinds:
        wanted[name] = {str(record_types()[name].occurred)}
    for name, fields in limits.relabelled.fields.items():
        wanted.setdefault(name, set()).update({*fields, limits.relabelled.closing_of(name)})
    return {name: frozenset({*columns, *PROVENANCE_COLUMNS}) for name, columns in wanted.items()}


def columns_looked_at(limits: Thresholds) -> Mapping[str, frozenset[str]]:
    """By record type, the columns that signals read."""
    wanted: dict[str, set[str]] = {}
    for kind in limits.bulk_closing.kinds:
        wanted.setdefault(kind, set()).update(_TICKET)
    for pair in limits.back_dated.pairs:
        narrowing = {"change_type", "is_bot"} if pair.where else set()
        wanted.setdefault(pair.record_type, set()).update({pair.happened, pair.recorded, *narrowing})
    for activity in (*limits.burst.activities, *limits.refreshed.activities):
        wanted.setdefault(activity.record_type, set()).add(activity.at)
    wanted.setdefault("change", set()).add("approvals")
    wanted.setdefault("vulnerability", set()).add("dismissed_at")
    wanted["account"] = {"login", "kind"}
    return {name: frozenset({*columns, *PROVENANCE_COLUMNS}) for name, columns in wanted.items()}
