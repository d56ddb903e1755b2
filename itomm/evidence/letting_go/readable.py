"""What of the collections can still be read after content was let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from itomm.evidence.catalogue.database import compactions
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.letting_go.removals import Removal, Removals


@dataclass(frozen=True)
class Packed:
    """A compaction as it was recorded: ``through`` is the id of the newest collection in it."""

    path: str
    sha256: str
    through: str
    ledger_seq: int


def packed_in(connection: Connection) -> list[Packed]:
    """All compactions, oldest first."""
    rows = connection.execute(select(compactions).order_by(compactions.c.ledger_seq)).all()
    return [Packed(row.path, row.sha256, row.through, row.ledger_seq) for row in rows]


def as_readable(
    found: Sequence[Collection], removals: Removals, packed: Sequence[Packed] = ()
) -> list[Collection]:
    """Collections, oldest first, with what can still be read of them.

    Segments that were replaced are exchanged for what replaced them, segments that were let go are left out.
    ``let_go`` is said of each collection whose reading stood on something that no other segment says again;
    of events, ``covered_from`` then begins behind it. ``packed`` are all, oldest first; a collection is
    read from the newest one that does not go beyond it.
    """
    if not removals:
        return list(found)
    held = held_by(found, removals, packed)
    bases: dict[tuple[str, str], frozenset[str]] = {}
    known: dict[str, _Reading] = {}
    for collection in found:
        stream = (collection.source, collection.record_type)
        bases[stream] = held.get(collection.id, bases.get(stream, frozenset()))
        segments: list[Segment] = []
        gone: list[tuple[Segment, Removal]] = []
        for segment in collection.segments:
            there = removals.in_force(segment.path, segment.sha256)
            if isinstance(there, Removal):
                gone.append((segment, there))
            else:
                segments.append(replace(segment, path=there[0], sha256=there[1]))
        known[collection.id] = _Reading(
            replace(collection, segments=tuple(segments)),
            tuple(gone),
            bases[stream],
            known.get(collection.continues or ""),
        )
    return [reading.as_readable() for reading in known.values()]


def held_by(
    found: Sequence[Collection], removals: Removals, packed: Sequence[Packed]
) -> Mapping[str, frozenset[str]]:
    """The ids of collections whose records a compaction holds that can still be read, by its newest one's id.

    A compaction holds what was there when it was made, and what the one before it held.
    """
    streams = {each.id: (each.source, each.record_type) for each in found}
    in_order: dict[tuple[str, str], list[Collection]] = {}
    for each in found:
        in_order.setdefault(streams[each.id], []).append(each)
    before: dict[tuple[str, str], tuple[Packed, frozenset[str]]] = {}
    held: dict[str, frozenset[str]] = {}
    for one in packed:
        stream = streams[one.through]
        older, inherited = before.get(stream, (None, frozenset[str]()))
        if older is not None and _gone_before(removals, [(older.path, older.sha256)], one.ledger_seq):
            inherited = frozenset()
        inside: set[str] = set()
        for each in in_order[stream]:
            files = [(segment.path, segment.sha256) for segment in each.segments]
            if each.id in inherited or not _gone_before(removals, files, one.ledger_seq):
                inside.add(each.id)
            if each.id == one.through:
                break
        before[stream] = (one, frozenset(inside))
        if not isinstance(removals.in_force(one.path, one.sha256), Removal):
            held[one.through] = frozenset(inside) - removals.lost
    return held


def _gone_before(removals: Removals, files: Sequence[tuple[str, str]], ledger_seq: int) -> bool:
    found = [removals.in_force(path, sha256) for path, sha256 in files]
    return any(isinstance(each, Removal) and each.ledger_seq < ledger_seq for each in found)


@dataclass(frozen=True)
class _Reading:
    """A collection, what was let go of it, what a compaction holds, and the reading that it goes on from."""

    collection: Collection
    gone: tuple[tuple[Segment, Removal], ...]
    held: frozenset[str]
    before: _Reading | None

    def as_readable(self) -> Collection:
        covered_from, removal = self._covered()
        if removal is None:
            return self.collection
        return replace(
            self.collection,
            covered_from=covered_from,
            let_go=f"what was read on {removal[0]:%Y-%m-%d} was {removal[1].words}",
        )

    def _covered(self) -> tuple[datetime | None, tuple[datetime, Removal] | None]:
        """From when on the chain covers without a gap, and what ended it.

        A newer complete reading replaces all events since the beginning of its window, so what it says
        again is no loss.
        """
        covered_from = self.collection.window_end
        replaced_from: datetime | None = None
        reading: _Reading | None = self
        while reading is not None:
            one = reading.collection
            for segment, removal in () if one.id in self.held else reading.gone:
                if replaced_from is None or segment.first_at is None or segment.first_at < replaced_from:
                    return covered_from, (one.finished_at, removal)
            if one.window_start is not None:
                covered_from = min(covered_from or one.window_start, one.window_start)
                if one.complete:
                    replaced_from = min(replaced_from or one.window_start, one.window_start)
            reading = reading.before
        return covered_from, None
