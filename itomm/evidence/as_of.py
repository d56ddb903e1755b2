"""Evidence as it stood at an instant, as tables of an in-memory DuckDB that can reach nothing else.

Reading as of T hides records that occurred after T, and empties later fields whose time lies after T.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

import duckdb
from sqlglot import exp

from itomm.config.errors import VerificationError
from itomm.evidence.collection import Collection
from itomm.evidence.columns import column_types
from itomm.evidence.masking import instant_literal, masked_columns
from itomm.evidence.record_types import RecordType, record_types
from itomm.evidence.segments import parquet_rows
from itomm.evidence.snapshot import Snapshot

MEMORY_LIMIT = "2GB"


def open_evidence(
    snapshot: Snapshot, types: Iterable[RecordType], as_of: datetime
) -> duckdb.DuckDBPyConnection:
    """Load the given record types as of an instant; one table each, named like the type.

    Raises:
        VerificationError: a segment that the catalogue lists is missing or unreadable.
    """
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    by_name = {record_type.name: record_type for record_type in types}
    for _, record_type in sorted(by_name.items()):
        create_table(connection, record_type)
        try:
            _Loader(connection, snapshot, record_type, as_of).load()
        except duckdb.Error as error:
            connection.close()
            raise VerificationError(
                f"The stored evidence of type {record_type.name} cannot be read: "
                f"{str(error).splitlines()[0]} Run 'itomm verify'."
            ) from None
    lock_down(connection)
    return connection


def create_table(connection: duckdb.DuckDBPyConnection, record_type: RecordType) -> None:
    """An empty table for a record type, with its provenance columns; replaces one that is there."""
    connection.execute(_creating(record_type.name))


@cache
def _creating(name: str) -> str:
    columns = [
        exp.ColumnDef(
            this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind, dialect="duckdb")
        )
        for column, kind in column_types(record_types()[name]).items()
    ]
    table = exp.Schema(this=exp.table_(name, quoted=True), expressions=columns)
    return exp.Create(this=table, kind="TABLE", replace=True).sql(dialect="duckdb")


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """The second wall behind the expression allow-list: no files, no network, no more settings."""
    for setting in (
        "enable_external_access = false",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


class _Loader:
    """Loads what a snapshot holds of one record type, as of one instant."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: Snapshot,
        record_type: RecordType,
        as_of: datetime,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._type = record_type
        self._as_of = as_of

    def load(self) -> None:
        """Load every source's part."""
        by_source: dict[str, list[Collection]] = {}
        for collection in self._snapshot.visible(self._type, self._as_of):
            by_source.setdefault(collection.source, []).append(collection)
        for source in sorted(by_source):
            reading = self._current_state if self._type.is_state else self._events
            rows = reading(by_source[source])
            if rows is not None:
                known = exp.select(*masked_columns(self._type, self._as_of)).from_(rows.subquery("versions"))
                self._connection.execute(exp.insert(known, _table(self._type)).sql(dialect="duckdb"))

    def _current_state(self, collections: Sequence[Collection]) -> exp.Query | None:
        """State is what the newest whole observation says; what it no longer shows is gone.

        One that was only denied named parts is whole for all others.
        """
        whole = [each for each in collections if each.complete or each.denied_in_part]
        return _newest(_union([part for collection in whole[-1:] for part in self._parts(collection)]))

    def _events(self, collections: Sequence[Collection]) -> exp.Query | None:
        """The newest version of each event; a newer whole reading replaces all that it covers."""
        occurred = exp.column(str(self._type.occurred), quoted=True)
        parts: list[exp.Select] = []
        covered_from: datetime | None = None
        for collection in reversed(collections):
            for part in self._parts(collection):
                part.where(occurred <= instant_literal(self._as_of), copy=False)
                if covered_from is not None:
                    part.where(occurred < instant_literal(covered_from), copy=False)
                parts.append(part)
            if collection.complete and collection.window_start is not None:
                covered_from = min(covered_from or collection.window_start, collection.window_start)
        return _newest(_union(parts))

    def _parts(self, collection: Collection) -> Iterator[exp.Select]:
        """A collection's segments with today's columns; what a segment was written without is null."""
        for segment in collection.segments:
            rows = parquet_rows([self._snapshot.folder / segment.path])
            schema = exp.func("parquet_schema", *[each.copy() for each in rows.find_all(exp.Literal)])
            listed = self._connection.execute(exp.select("name").from_(schema).sql(dialect="duckdb"))
            written = {name for (name,) in listed.fetchall()}
            columns = [
                exp.column(name, quoted=True)
                if name in written
                else exp.alias_(exp.cast(exp.Null(), kind), name, quoted=True)
                for name, kind in column_types(self._type).items()
            ]
            yield exp.select(*columns).from_(rows)


def _union(parts: Sequence[exp.Select]) -> exp.Query | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)


def _newest(versions: exp.Query | None) -> exp.Query | None:
    """Each record once, as it was read last: pages that shift while they are read repeat records."""
    if versions is None:
        return None
    last_read = [
        exp.Ordered(this=exp.column(name, quoted=True), desc=True)
        for name in ("collection", "page", "position")
    ]
    newest = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column("evidence_id")],
        order=exp.Order(expressions=last_read),
    )
    return exp.select(exp.Star()).from_(versions.subquery("seen")).qualify(newest.eq(1))


def _table(record_type: RecordType) -> exp.Table:
    return exp.table_(record_type.name, quoted=True)
