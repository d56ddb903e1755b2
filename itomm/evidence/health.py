"""The health of collected evidence: is it fresh, whole, without gaps, and still permitted?

Pure functions over collections. What there is nothing to compare with gives no warning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from itomm.config.clock import format_instant
from itomm.config.settings import HealthSettings
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason
from itomm.evidence.record_types import record_types

LISTED = 3
"""Streams that a finding names; the others are counted."""

QUIET_FACTOR = 4
"""A stream is quiet when its newest record is so many times as old as it ever was before. Own judgement."""

Count = Callable[[Collection, datetime, datetime], int]
"""How many different records of a collection occurred from one instant up to another."""


class FindingState(StrEnum):
    """How a finding ended; a warning is something to look at, a failure something to mend."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``remedy`` says what to do, "" when nothing is."""

    title: str
    state: FindingState
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Stream:
    """All collections of one record type from one source, oldest first; at least one."""

    source: str
    record_type: str
    collections: tuple[Collection, ...]

    def __str__(self) -> str:
        return f"{self.source} {self.record_type}"

    @property
    def newest(self) -> Collection:
        """The newest collection, whole or not."""
        return self.collections[-1]

    @property
    def read(self) -> list[Collection]:
        """Collections that read all but what they were refused in parts, oldest first."""
        return [each for each in self.collections if each.complete or each.denied_in_part]

    @property
    def is_state(self) -> bool:
        """Whether each reading replaces the one before."""
        return record_types()[self.record_type].is_state


def streams_of(collections: Sequence[Collection]) -> list[Stream]:
    """Collections by source and record type, of known types and connected tools, in order of both names."""
    found: dict[tuple[str, str], list[Collection]] = defaultdict(list)
    for each in collections:
        if each.record_type in record_types():
            found[(each.source, each.record_type)].append(each)
    read = [key for key in sorted(found) if found[key][-1].reason is not UnknownReason.NEVER_COLLECTED]
    return [Stream(*key, tuple(found[key])) for key in read]


def stream_findings(
    streams: Sequence[Stream], now: datetime, limits: HealthSettings, count: Count
) -> list[Finding]:
    """Everything that can be told of the streams at ``now``; one finding for each question."""
    told = [
        ("evidence is fresh", _stale(streams, now), "Run 'itomm collect'."),
        ("events keep coming", _quiet(streams), "See whether the tool is still in use."),
        ("populations hold", _shrunk(streams, limits, count), "See what the source no longer shows."),
        ("covered time has no gaps", _gaps(streams), "Collect with --full, and more often."),
        ("permissions hold", _lost_permissions(streams), "Give the token back what it may read."),
        ("streams do not keep failing", _failing(streams, limits), "See 'itomm collect' for why."),
        ("content is there", _let_go(streams), "Run 'itomm collect --full'."),
        ("every collection has a Merkle root", _without_root(streams), _OLDER),
        ("clocks agree", _skewed(streams, limits), "Set both clocks by NTP."),
    ]
    return [_finding(title, list(found), remedy, len(streams)) for title, found, remedy in told]


_OLDER = "Version 1 made none; their files are still checked by digest. Nothing to do."


def _finding(title: str, found: Sequence[str], remedy: str, streams: int) -> Finding:
    if not found:
        return Finding(title, FindingState.OK, f"{streams} streams")
    return Finding(title, FindingState.WARNING, listed(found), remedy)


def listed(parts: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f"; and {len(parts) - LISTED} more" if len(parts) > LISTED else ""
    return "; ".join(parts[:LISTED]) + more


def _stale(streams: Sequence[Stream], now: datetime) -> Iterator[str]:
    for stream in streams:
        allowed = timedelta(days=record_types()[stream.record_type].time_to_live_days)
        if not stream.read:
            yield f"{stream} was never read whole"
        elif now - stream.read[-1].finished_at > allowed:
            yield f"{stream}: {(now - stream.read[-1].finished_at).days} days old, good for {allowed.days}"


def _quiet(streams: Sequence[Stream]) -> Iterator[str]:
    """Event streams in which nothing new was found for much longer than ever before."""
    for stream in streams:
        silences = {} if stream.is_state else _silences(stream)
        if len(silences) < 2:
            continue
        last = max(silences)
        allowed = timedelta(days=record_types()[stream.record_type].time_to_live_days)
        usual = max(allowed, *(silence for at, silence in silences.items() if at != last))
        if silences[last] > QUIET_FACTOR * usual:
            yield f"{stream}: nothing newer than {format_instant(last)[:10]}, which is unusual"


def _silences(stream: Stream) -> dict[datetime, timedelta]:
    """How old each event grew to be while it was the newest one known, at the readings made meanwhile."""
    silences: dict[datetime, timedelta] = {}
    last: datetime | None = None
    for each in stream.read:
        seen = [part.last_at for part in each.segments if part.last_at is not None]
        last = max([*seen, *([last] if last else [])], default=None)
        if last is not None:
            silences[last] = max(each.finished_at - last, silences.get(last, timedelta()))
    return silences


def _shrunk(streams: Sequence[Stream], limits: HealthSettings, count: Count) -> Iterator[str]:
    """Streams whose newest whole reading found far fewer records than the one before that asked the same."""
    for stream in streams:
        whole = [each for each in stream.collections if each.complete and each.continues is None]
        if len(whole) < 2 or whole[-1] is not stream.newest:
            continue
        now = whole[-1]
        before = next((each for each in reversed(whole[:-1]) if _asked_the_same(each, now)), None)
        if before is None or before.let_go or now.let_go:
            continue
        had, has = _populations(stream, before, now, count)
        lost = had - has
        if lost >= limits.shrinking_records and lost >= limits.shrinking_share * had:
            yield f"{stream}: {has:,} records, {had:,} on {format_instant(before.finished_at)[:10]}"


def _asked_the_same(one: Collection, other: Collection) -> bool:
    return one.asked_digest == other.asked_digest and set(one.requested) == set(other.requested)


def _populations(stream: Stream, before: Collection, now: Collection, count: Count) -> tuple[int, int]:
    """Records of two readings; of events, those in the time that both cover."""
    if stream.is_state:
        return _distinct(before), _distinct(now)
    windows = (before.window_start, now.window_start, before.window_end, now.window_end)
    starts = [each for each in windows[:2] if each is not None]
    ends = [each for each in windows[2:] if each is not None]
    if len(starts) < 2 or len(ends) < 2 or max(starts) >= min(ends):
        return 0, 0
    return count(before, max(starts), min(ends)), count(now, max(starts), min(ends))


def _distinct(collection: Collection) -> int:
    return sum(
        part.rows if part.distinct_records is None else part.distinct_records for part in collection.segments
    )


def _gaps(streams: Sequence[Stream]) -> Iterator[str]:
    """Times between the first and the last event reading that no complete reading covers."""
    for stream in streams:
        windows = sorted(
            (each.covered_from or each.window_start, each.window_end)
            for each in stream.collections
            if each.complete and each.window_start is not None and each.window_end is not None
        )
        reached: datetime | None = None
        for start, end in windows:
            if reached is not None and start > reached:
                yield f"{stream}: {format_instant(reached)} to {format_instant(start)}"
            reached = max(reached or end, end)


def _lost_permissions(streams: Sequence[Stream]) -> Iterator[str]:
    """What the newest collection was refused or no longer asked for, and the last whole one was not."""
    for stream in streams:
        now, earlier = stream.newest, [each for each in stream.collections[:-1] if each.complete]
        if not earlier:
            continue
        before = earlier[-1]
        refused = sorted(set(now.denied) - set(before.denied))
        if refused:
            yield f"{stream}: now refused {listed(refused)}"
        elif now.reason is UnknownReason.PERMISSION_DENIED and not now.denied:
            yield f"{stream}: now refused"
        gone = sorted(set(before.requested) - set(now.requested))
        if gone and before.asked_digest == now.asked_digest and now.complete:
            yield f"{stream}: the source no longer shows {listed(gone)}"


def _failing(streams: Sequence[Stream], limits: HealthSettings) -> Iterator[str]:
    for stream in streams:
        running = 0
        for each in reversed(stream.collections):
            if each.complete or each.denied_in_part:
                break
            running += 1
        if running >= limits.failures_in_a_row:
            yield f"{stream}: incomplete {running} times running"


def _let_go(streams: Sequence[Stream]) -> Iterator[str]:
    return (f"{stream}: {stream.newest.let_go}" for stream in streams if stream.newest.let_go)


def _without_root(streams: Sequence[Stream]) -> Iterator[str]:
    for stream in streams:
        number = sum(each.merkle_root is None for each in stream.collections)
        if number:
            yield f"{stream}: {number} without"


def _skewed(streams: Sequence[Stream], limits: HealthSettings) -> Iterator[str]:
    """Sources whose clock was off in their newest run, by the worst of it."""
    newest_run: dict[str, int] = {}
    for stream in streams:
        newest_run[stream.source] = max(stream.newest.run, newest_run.get(stream.source, 0))
    worst: dict[str, int] = {}
    for stream in streams:
        skew = stream.newest.clock_skew_seconds
        if skew is not None and stream.newest.run == newest_run[stream.source]:
            worst[stream.source] = max(worst.get(stream.source, 0), skew, key=abs)
    for source, skew in worst.items():
        if abs(skew) > limits.clock_skew_seconds:
            yield f"{source} is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} this machine"
