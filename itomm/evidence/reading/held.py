"""Which records of a stream the store holds, for readings of what changed that look for what is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from itomm.evidence.reading.current_state import CurrentState
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import in_order

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class HeldRecords:
    """What a store holds, to be asked stream by stream: name of the source, record type."""

    snapshot: Snapshot
    until: datetime

    def __call__(self, stream: tuple[str, str]) -> dict[str, datetime]:
        """When each record of a stream occurred, as :func:`held_records` tells it."""
        return held_records(self.snapshot, *stream, self.until)


def held_records(snapshot: Snapshot, source: str, record_type: str, until: datetime) -> dict[str, datetime]:
    """When each record of a source occurred, by its name there; empty for state.

    Args:
        snapshot: what was collected so far.
        source: the name of the source.
        record_type: the name of the record type.
        until: the instant up to which collections count.
    """
    kind = record_types()[record_type]
    if kind.is_state:
        return {}
    only = Snapshot(
        snapshot.folder,
        tuple(each for each in snapshot.of_type(record_type) if each.source == source),
        snapshot.compactions,
    )
    with in_order() as connection:
        current = CurrentState(snapshot.folder, kind, lambda query: connection.execute(query).fetchall())
        queries = [found for each in only.readings(kind, until) if (found := current.query(each)) is not None]
        held: dict[str, datetime] = {}
        for query in queries:
            microseconds = exp.func("epoch_us", exp.column(str(kind.occurred), quoted=True))
            asked = exp.select("source_ref", microseconds).from_(query.subquery("current"))
            for name, at in connection.execute(asked.sql(dialect="duckdb")).fetchall():
                held[name] = _EPOCH + timedelta(microseconds=at)
    return held
