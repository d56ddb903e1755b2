"""The same evidence as it was read some time before, beside what is known now.

Sources overwrite labels, severities and dates without keeping what stood there. What was read before is
kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from itomm.evidence.collection import Collection
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType
from itomm.rules.signals.asking import EARLIER


@dataclass(frozen=True)
class Stream:
    """The collections of one record type from one source: those read before, and all by the as-of instant."""

    record_type: RecordType
    source: str
    before: tuple[Collection, ...]
    all: tuple[Collection, ...]

    @property
    def why_not(self) -> str:
        """Why the two cannot be held against each other; "" when they can."""
        if len(self.all) < 2:
            return f"{self.source} was read only once, so that there is nothing earlier to hold against it"
        if len(self.before) == len(self.all):
            return f"{self.source} was not read again lately"
        if any(each.let_go for each in self.before):
            return f"what was read of {self.source} before was let go"
        if self.before[-1].asked_digest != self.all[-1].asked_digest:
            return f"{self.source} was asked for something else before, or by another version of itomm"
        return ""

    @property
    def held_before(self) -> bool:
        """Whether there were any records; that there were none is a fact, too."""
        return any(each.segments for each in self.before)

    @property
    def read_through(self) -> tuple[datetime, datetime] | None:
        """From when until when everything was known before; None when something was not."""
        last = self.before[-1]
        if not last.complete or last.covered_from is None:
            return None
        return last.covered_from, last.window_end or last.finished_at


def streams(
    snapshot: Snapshot, types: Iterable[RecordType], as_of: datetime, lately: int
) -> Iterator[Stream]:
    """Every stream of some types, with what was known of it so many days before an instant, or at first."""
    for record_type in types:
        by_source: dict[str, list[Collection]] = {}
        for each in snapshot.of_type(record_type.name):
            if each.finished_at <= as_of:
                by_source.setdefault(each.source, []).append(each)
        for source, found in sorted(by_source.items()):
            since = max(as_of - timedelta(days=lately), found[0].finished_at)
            before = tuple(each for each in found if each.finished_at <= since)
            yield Stream(record_type, source, before, tuple(found))


def both_readings(snapshot: Snapshot, found: Iterable[Stream]) -> tuple[Snapshot, list[RecordType]]:
    """A snapshot in which each type stands twice: as known now and, under another name, as known before."""
    collections: list[Collection] = []
    compactions = list(snapshot.compactions)
    types: dict[str, RecordType] = {}
    for stream in found:
        name = f"{EARLIER}{stream.record_type.name}"
        types[stream.record_type.name] = stream.record_type
        collections += stream.all
        if not stream.held_before:
            continue
        types[name] = replace(stream.record_type, name=name)
        collections += [replace(each, record_type=name) for each in stream.before]
        compactions += [
            replace(each, record_type=name)
            for each in snapshot.compactions
            if (each.source, each.record_type) == (stream.source, stream.record_type.name)
        ]
    return Snapshot(snapshot.folder, tuple(collections), tuple(compactions)), list(types.values())


def as_read_before(snapshot: Snapshot, found: Iterable[Stream]) -> Snapshot:
    """The snapshot with some streams as they were known before."""
    known = {(each.record_type.name, each.source): each.before for each in found if not each.why_not}
    kept = [each for each in snapshot.collections if (each.record_type, each.source) not in known]
    before = [each for stream in known.values() for each in stream]
    return Snapshot(snapshot.folder, (*kept, *before), snapshot.compactions)


def columns_of_both(columns: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """The same columns for the tables of both readings."""
    return {**columns, **{f"{EARLIER}{name}": each for name, each in columns.items()}}
