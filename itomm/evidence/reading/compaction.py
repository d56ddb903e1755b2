"""Compaction: one segment that says the same as all collections of events of one source so far.

Without it, reading would get slower with every collection. Its rows are in order of services. What was
compacted stays as it was, until a retention rule lets it go; the ledger records what a compaction was made
from.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection
from sqlglot import exp

from itomm.config.clock import format_instant
from itomm.config.errors import StoreError
from itomm.evidence.canonical import digest
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import compactions
from itomm.evidence.collection import Collection
from itomm.evidence.reading.current_state import Compaction, CurrentState, Readings
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.evidence.segments.segment_files import described, marker_of, write_rows

READINGS_BEHIND_A_BASE = 8
"""Collections behind the newest compaction after which the next one is made."""

_ACTOR = "itomm"
_ORDER = ("service_id", "source_ref")
"""Service by service, so that one of them is found without reading the others; references are unique."""


class CompactedStore(Protocol):
    """What compaction needs of the store."""

    @property
    def folder(self) -> Path:
        """Where segments go."""

    def collections(self) -> list[Collection]:
        """All collections, oldest first."""

    def compactions(self) -> list[Compaction]:
        """All compactions, oldest first."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A database transaction; raises StoreError when the database refuses."""


def overdue(collections: Sequence[Collection], compactions: Sequence[Compaction]) -> list[Readings]:
    """What is to be compacted: events of one source and type, whole, when enough came behind the base."""
    streams: dict[tuple[str, str], list[Collection]] = {}
    for collection in collections:
        if collection.record_type in record_types() and not record_types()[collection.record_type].is_state:
            streams.setdefault((collection.source, collection.record_type), []).append(collection)
    due: list[Readings] = []
    for stream, found in sorted(streams.items()):
        bases = {each.through: each for each in compactions if (each.source, each.record_type) == stream}
        newest = max((place for place, each in enumerate(found) if each.id in bases), default=-1)
        behind = found[newest + 1 :]
        if len(behind) >= READINGS_BEHIND_A_BASE:
            due.append(Readings(behind, bases[found[newest].id] if newest >= 0 else None))
    return due


def compact(store: CompactedStore) -> list[str]:
    """Compact what is overdue; the paths of the new segments. Only while nobody else writes.

    Raises:
        StoreError: it could not be written; then nothing changed.
    """
    made: list[str] = []
    for readings in overdue(store.collections(), store.compactions()):
        try:
            made += _compacted(store, readings)
        except OSError as error:
            raise StoreError(
                f"The store at {store.folder} could not be compacted: {error.strerror}. "
                "Nothing stored is lost; free some space, and the next run tries again."
            ) from None
    return made


def _compacted(store: CompactedStore, readings: Readings) -> list[str]:
    newest = readings.collections[-1]
    record_type = record_types()[newest.record_type]
    path = f"evidence/{record_type.name}/{newest.id}.compacted.parquet"
    target = store.folder / path
    marker = marker_of(target)
    with connect() as connection:
        current = CurrentState(store.folder, record_type, lambda query: connection.execute(query).fetchall())
        query = current.query(readings)
        if query is None:
            return []
    marker.touch()
    by_service = [exp.Ordered(this=exp.column(name), desc=False, nulls_first=False) for name in _ORDER]
    try:
        rows = exp.select(exp.Star()).from_(query.subquery("current")).order_by(*by_service)
        write_rows(rows, target)
    except OSError:
        marker.unlink()
        raise
    written = described(target, path, record_type)
    inputs = [readings.base.sha256] if readings.base else []
    inputs += [segment.sha256 for each in readings.collections for segment in each.segments]
    values = {
        "path": path,
        "source": newest.source,
        "record_type": record_type.name,
        "through": newest.id,
        "rows": written.rows,
        "sha256": written.sha256,
        "inputs_digest": digest(inputs),
        "at": format_instant(newest.finished_at),
    }
    with store.transaction() as connection:
        seq = ledger.append(connection, at=newest.finished_at, kind="compaction", actor=_ACTOR, body=values)
        connection.execute(compactions.insert().values(**values, ledger_seq=seq))
    marker.unlink(missing_ok=True)
    return [path]
