"""The Merkle leaves of a collection, also where content was replaced since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from itomm.evidence.collection import Collection
from itomm.evidence.letting_go.removals import Removals
from itomm.evidence.segments.merkle import leaf_hash
from itomm.evidence.segments.record_lines import lines_of_segment


def leaves_of(
    folder: Path, collection: Collection, removals: Removals, kept: Mapping[str, Mapping[int, str]]
) -> Iterator[bytes] | None:
    """The leaf hashes of a collection as it was recorded, in order; None when content of it was let go.

    ``kept`` are the leaf hashes of rows that were changed, by the segment that was replaced.

    Raises:
        OSError: a segment cannot be read; while iterating.
    """
    places = [removals.last_place(segment.path, segment.sha256)[0] for segment in collection.segments]
    if any(path in removals.by_path for path in places):
        return None
    replaced = {each.replaced_by: each.path for each in removals.by_path.values()}
    return _leaves(folder, [(path, kept.get(replaced.get(path, ""), {})) for path in places])


def _leaves(folder: Path, places: list[tuple[str, Mapping[int, str]]]) -> Iterator[bytes]:
    for path, kept in places:
        for row, line in enumerate(lines_of_segment(folder / path)):
            known = kept.get(row)
            yield leaf_hash(line) if known is None else bytes.fromhex(known)
