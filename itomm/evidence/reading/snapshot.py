"""Snapshots: the immutable list of collections and segments that an assessment reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from itomm.config.errors import UsageError
from itomm.evidence.canonical import digest
from itomm.evidence.collection import Collection
from itomm.evidence.reading.current_state import Compaction, Readings, is_missed_later
from itomm.evidence.record_types import RecordType
from itomm.evidence.store import Store


@dataclass(frozen=True)
class Snapshot:
    """All collections up to and including one run."""

    folder: Path
    collections: tuple[Collection, ...]
    compactions: tuple[Compaction, ...] = ()

    @property
    def run(self) -> int:
        """The newest run in it; 0 when it is empty."""
        return max((collection.run for collection in self.collections), default=0)

    @property
    def digest(self) -> str:
        """SHA-256 over what was collected and the bytes of every segment."""
        return digest(
            [
                {
                    "id": collection.id,
                    "finished_at": collection.finished_at,
                    "complete": collection.complete,
                    "reason": collection.reason,
                    "window": [collection.window_start, collection.window_end],
                    "denied": collection.denied,
                    "segments": [segment.sha256 for segment in collection.segments],
                    **({"untold": [each.field for each in collection.untold]} if collection.untold else {}),
                }
                for collection in self.collections
            ]
        )

    def of_type(self, record_type: str) -> list[Collection]:
        """Collections of one record type, oldest first."""
        return [collection for collection in self.collections if collection.record_type == record_type]

    def visible(self, record_type: RecordType, as_of: datetime) -> list[Collection]:
        """Collections of a type that may be read as of an instant.

        State is only known from observations made by then. Events carry their own time, so a later
        collection tells of them too.
        """
        found = self.of_type(record_type.name)
        if record_type.is_state:
            return [collection for collection in found if collection.finished_at <= as_of]
        return found

    def readings(self, record_type: RecordType, as_of: datetime) -> list[Readings]:
        """What there is to read of a type as of an instant, of each source by name.

        Events are read from the newest compaction and what came behind it; the records are the same as
        without it.
        """
        by_source: dict[str, list[Collection]] = {}
        for collection in self.visible(record_type, as_of):
            by_source.setdefault(collection.source, []).append(collection)
        return [
            self._behind_base(record_type, source, by_source[source], as_of) for source in sorted(by_source)
        ]

    def _behind_base(
        self, record_type: RecordType, source: str, found: Sequence[Collection], as_of: datetime
    ) -> Readings:
        places = {collection.id: place for place, collection in enumerate(found)}
        bases = [
            compaction
            for compaction in self.compactions
            if (compaction.source, compaction.record_type) == (source, record_type.name)
            and compaction.through in places
        ]
        if record_type.is_state or not bases:
            return Readings(found)
        last = max(places[base.through] for base in bases)
        if is_missed_later(record_type) and not any(each.let_go for each in found[: last + 1]):
            # A compaction has forgotten what was gone when it was made.
            bases = [base for base in bases if found[places[base.through]].finished_at <= as_of]
        if not bases:
            return Readings(found)
        newest = max(bases, key=lambda base: places[base.through])
        place = places[newest.through]
        return Readings(found[place + 1 :], newest, found[place])

    def latest(self, record_type: RecordType, as_of: datetime) -> list[Collection]:
        """The newest visible collection of each source for a type, by source name."""
        newest: dict[str, Collection] = {}
        for collection in self.visible(record_type, as_of):
            newest[collection.source] = collection
        return [newest[source] for source in sorted(newest)]


def snapshot_of(store: Store, named: str | None = None) -> Snapshot:
    """The snapshot called ``named``: a run's number, or the beginning of a digest; default: all.

    Raises:
        UsageError: there is no such snapshot.
    """
    everything = store.collections()
    if named is None:
        return Snapshot(store.folder, tuple(everything), tuple(store.compactions()))
    runs = sorted({collection.run for collection in everything})
    if named.isdecimal() and int(named) in runs:
        return _up_to(store, everything, int(named))
    for run in runs:
        candidate = _up_to(store, everything, run)
        if len(named) >= 8 and candidate.digest.startswith(named):
            return candidate
    known = f"{runs[0]} to {runs[-1]}" if runs else "none yet"
    raise UsageError(f"There is no snapshot '{named}'. Runs in this store: {known}.")


def _up_to(store: Store, everything: Iterable[Collection], run: int) -> Snapshot:
    known = tuple(collection for collection in everything if collection.run <= run)
    return Snapshot(store.folder, known, tuple(store.compactions()))
