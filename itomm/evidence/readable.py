"""What of the collections can still be read after content was let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from itomm.evidence.collection import Collection, Segment
from itomm.evidence.removals import Removal, Removals


def as_readable(
    found: Sequence[Collection], removals: Removals, compacted: frozenset[str] = frozenset()
) -> list[Collection]:
    """Collections, oldest first, with what can still be read of them.

    Segments that were replaced are exchanged for what replaced them, segments that were let go are left out.
    ``let_go`` is said of each collection whose reading stood on something that no other segment says again;
    of events, ``covered_from`` then begins behind it. ``compacted`` are ids of collections whose records a
    compaction holds.
    """
    if not removals:
        return list(found)
    known: dict[str, _Reading] = {}
    for collection in found:
        segments: list[Segment] = []
        gone: list[tuple[Segment, Removal]] = []
        for segment in collection.segments:
            there = removals.in_force(segment.path, segment.sha256)
            if isinstance(there, Removal):
                gone.append((segment, there))
            else:
                segments.append(replace(segment, path=there[0], sha256=there[1]))
        held = collection.id in compacted and collection.id not in removals.lost
        before = known.get(collection.continues or "")
        known[collection.id] = _Reading(
            replace(collection, segments=tuple(segments)), () if held else tuple(gone), before
        )
    return [reading.as_readable() for reading in known.values()]


@dataclass(frozen=True)
class _Reading:
    """A collection, what was let go of it and nobody says again, and the reading that it goes on from."""

    collection: Collection
    gone: tuple[tuple[Segment, Removal], ...]
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
            for segment, removal in reading.gone:
                if replaced_from is None or segment.first_at is None or segment.first_at < replaced_from:
                    return covered_from, (one.finished_at, removal)
            if one.window_start is not None:
                covered_from = min(covered_from or one.window_start, one.window_start)
                if one.complete:
                    replaced_from = min(replaced_from or one.window_start, one.window_start)
            reading = reading.before
        return covered_from, None
