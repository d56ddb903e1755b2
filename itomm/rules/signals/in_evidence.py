"""All signals in the evidence of a snapshot, as of an instant; reads segments only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import datetime

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.rules.signals.earlier import as_read_before, both_readings, columns_of_both, streams
from itomm.rules.signals.looking import Comparing, Looking, columns_compared, columns_looked_at, not_compared
from itomm.rules.signals.suspicion import NotLooked, Suspicion
from itomm.rules.signals.thresholds import Thresholds, thresholds

_MACHINES = "account"


def signals_in(
    snapshot: Snapshot, counted: Collection[str], as_of: datetime
) -> Iterator[Suspicion | NotLooked]:
    """What signals find in the record types that rules count, and what they could not look at."""
    limits = thresholds()
    yield from _known_now(snapshot, counted, as_of, limits)
    yield from _held_against_before(snapshot, counted, as_of, limits)


def before_it_was_altered(snapshot: Snapshot, types: Collection[str], as_of: datetime) -> Snapshot:
    """The snapshot with record types as they were read before, where that can be held against them."""
    wanted = [record_types()[name] for name in sorted(types)]
    return as_read_before(snapshot, streams(snapshot, wanted, as_of, thresholds().lately))


def _known_now(
    snapshot: Snapshot, counted: Collection[str], as_of: datetime, limits: Thresholds
) -> Iterator[Suspicion | NotLooked]:
    columns = columns_looked_at(limits)
    types = columns.keys() & counted
    if not types:
        return
    read = {name: record_types()[name] for name in sorted({*types, _MACHINES})}
    covered = {
        name: {
            each.source: each.covered_from
            for each in snapshot.latest(record_type, as_of)
            if each.complete and each.covered_from is not None
        }
        for name, record_type in read.items()
    }
    with closing(open_evidence(snapshot, read.values(), as_of, columns=columns)) as connection:
        yield from Looking(connection, read.keys(), as_of, covered, limits).found()


def _held_against_before(
    snapshot: Snapshot, counted: Collection[str], as_of: datetime, limits: Thresholds
) -> Iterator[Suspicion | NotLooked]:
    columns = columns_compared(limits)
    types = [record_types()[name] for name in sorted(columns.keys() & counted)]
    every = list(streams(snapshot, types, as_of, limits.lately))
    yield from not_compared(every, limits)
    comparable = [each for each in every if not each.why_not]
    if not comparable:
        return
    both, names = both_readings(snapshot, comparable)
    with closing(open_evidence(both, names, as_of, columns=columns_of_both(columns))) as connection:
        yield from Comparing(connection, comparable, limits).found()
