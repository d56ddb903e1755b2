"""Where a run goes on: behind a killed one, or behind the newest collection of a stream with a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from itomm.collectors.contract import Stream
from itomm.collectors.framework.asking import asked_of_stream
from itomm.collectors.source import Source
from itomm.config.settings import Service
from itomm.evidence.collection import Collection
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.unfinished import KeptPages, UnfinishedRun

OVERLAP = timedelta(hours=1)
"""What changed so shortly before the last reading is read again: tools index late, and clocks differ."""

StreamKey = tuple[str, str]
"""The name of a source and a record type."""


@dataclass(frozen=True)
class Continuation:
    """An incremental reading: what changed since an instant, behind the collection that read the rest.

    ``since`` is from when on the last whole reading read: what it brought and changed later is read again.
    """

    changed_since: datetime
    collection: str
    since: datetime


@dataclass(frozen=True)
class Resumption:
    """What a killed run had done: streams that were finished, and pages kept of streams under way."""

    finished: Mapping[StreamKey, Collection] = field(default_factory=dict)
    kept: Mapping[StreamKey, KeptPages] = field(default_factory=dict)


def continuations(
    sources: Sequence[Source],
    earlier: Iterable[Collection],
    *,
    services: Sequence[Service],
    history: timedelta,
    until: datetime,
    full_reading_every: timedelta,
) -> dict[StreamKey, Continuation]:
    """The streams of which only what changed need be read.

    A stream is read whole when it has no cursor, when its newest collection was incomplete or asked something
    else, when content behind it was let go, or when its last whole reading is older than
    ``full_reading_every``: deletions show only there.

    Args:
        sources: those that are collected now.
        earlier: the collections of earlier runs, oldest first.
        services: as the run asks them.
        history: as the run asks it.
        until: the instant of the run.
        full_reading_every: the longest time between whole readings.
    """
    known = list(earlier)
    newest: dict[StreamKey, Collection] = {(one.source, one.record_type): one for one in known}
    by_id = {one.id: one for one in known}
    found: dict[StreamKey, Continuation] = {}
    for source in sources:
        for stream in source.streams:
            last = newest.get((source.name, stream.record_type))
            if last is None or not _has_cursor(stream):
                continue
            asked = asked_of_stream(source, stream.record_type, services, history)
            whole = _whole_reading(last, by_id)
            if (
                last.complete
                and not last.let_go
                and last.asked_digest == asked
                and last.window_end is not None
                and whole is not None
                and until - full_reading_every < whole <= until
            ):
                behind = OVERLAP + timedelta(seconds=abs(last.clock_skew_seconds or 0))
                found[source.name, stream.record_type] = Continuation(
                    last.window_end - behind, last.id, whole - history
                )
    return found


def standing(
    sources: Sequence[Source],
    earlier: Iterable[Collection],
    *,
    services: Sequence[Service],
    history: timedelta,
) -> dict[StreamKey, Collection]:
    """The newest readings of streams without a cursor, which stand where their collectors find nothing moved.

    Those that were complete, asked the same, and of which nothing was let go.
    """
    newest = {(one.source, one.record_type): one for one in earlier}
    found: dict[StreamKey, Collection] = {}
    for source in sources:
        for stream in source.streams:
            last = newest.get((source.name, stream.record_type))
            if last is None or _has_cursor(stream):
                continue
            asked = asked_of_stream(source, stream.record_type, services, history)
            if last.complete and not last.let_go and last.asked_digest == asked:
                found[source.name, stream.record_type] = last
    return found


RESUMED_WITHIN = timedelta(hours=24)
"""A killed run older than this is not gone on with: its window would end too long ago."""


def can_be_resumed(unfinished: UnfinishedRun, asked_digest: str, now: datetime) -> bool:
    """Whether a run that asks ``asked_digest`` now should go on with the one that was killed."""
    age = now - unfinished.until
    return unfinished.asked_digest == asked_digest and timedelta() <= age <= RESUMED_WITHIN


def _has_cursor(stream: Stream) -> bool:
    """State is always read whole, whatever the stream says: a newer reading replaces the one before."""
    return stream.cursor_field is not None and not record_types()[stream.record_type].is_state


def _whole_reading(collection: Collection, by_id: Mapping[str, Collection]) -> datetime | None:
    """Up to when the whole reading went that this collection goes on from, itself included."""
    seen = collection
    while seen.continues is not None:
        before = by_id.get(seen.continues)
        if before is None or not before.complete:
            return None
        seen = before
    return seen.window_end
