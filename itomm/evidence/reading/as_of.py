"""Evidence as it stood at an instant, as tables of an in-memory DuckDB that can reach nothing else.

Reading as of T hides records that occurred after T, and empties later fields whose time lies after T.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

import duckdb
from sqlglot import exp

from itomm.config.errors import VerificationError
from itomm.evidence.reading.current_state import CurrentState
from itomm.evidence.reading.masking import instant_literal, masked_columns, newest_occurrence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType, record_types
from itomm.evidence.segments.columns import column_types
from itomm.evidence.segments.duckdb_connection import connect

MOST_ROWS_IN_MEMORY = 1_000_000
"""Rows of one type up to which they are loaded once, rather than read from their segments by each query."""


def open_evidence(
    snapshot: Snapshot,
    types: Iterable[RecordType],
    as_of: datetime,
    *,
    most_rows: int = MOST_ROWS_IN_MEMORY,
    columns: Mapping[str, Collection[str]] | None = None,
) -> duckdb.DuckDBPyConnection:
    """The given record types as of an instant; one table each, named like the type.

    A type of more than ``most_rows`` rows is read from its segments each time, so that memory stays flat.
    ``columns`` names by type the only columns that somebody is going to read; default: all.

    Raises:
        VerificationError: a segment that the catalogue lists is missing or unreadable.
    """
    connection = connect()
    readable: list[str] = []
    by_name = {record_type.name: record_type for record_type in types}
    for _, record_type in sorted(by_name.items()):
        try:
            only = None if columns is None else columns.get(record_type.name)
            readable += _Loader(connection, snapshot, record_type, as_of, only).load(most_rows=most_rows)
        except duckdb.Error as error:
            connection.close()
            raise VerificationError(
                f"The stored evidence of type {record_type.name} cannot be read: "
                f"{str(error).splitlines()[0]} Run 'itomm verify'."
            ) from None
    lock_down(connection, readable)
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


def lock_down(connection: duckdb.DuckDBPyConnection, readable: Sequence[str] = ()) -> None:
    """The second wall behind the expression allow-list: no network, no settings, only ``readable`` files."""
    if readable:
        paths = exp.Array(expressions=[exp.Literal.string(path) for path in readable])
        connection.execute(f"SET allowed_paths = {paths.sql(dialect='duckdb')}")
    for setting in (
        "enable_external_access = false",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


class _Loader:
    """Brings what a snapshot holds of one record type, as of one instant, into a connection."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: Snapshot,
        record_type: RecordType,
        as_of: datetime,
        columns: Collection[str] | None,
    ) -> None:
        self._connection = connection
        self._type = record_type
        self._as_of = as_of
        self._readings = snapshot.readings(record_type, as_of)
        self._current = CurrentState(
            snapshot.folder, record_type, lambda query: connection.execute(query).fetchall()
        )
        self._folder = snapshot.folder
        self._columns = columns

    def load(self, *, most_rows: int) -> list[str]:
        """Make the type's table, or a view of its segments when these hold more than ``most_rows``.

        Returns:
            The files that must stay readable: those of a view.
        """
        found = [self._current.query(each, self._as_of) for each in self._readings]
        queries = [query for query in found if query is not None]
        if not queries:
            create_table(self._connection, self._type)
            return []
        stays = sum(each.rows for each in self._readings) > most_rows
        known = [self._known(query) for query in queries]
        whole = known[0] if len(known) == 1 else exp.union(*known, distinct=False)
        making = exp.Create(
            this=_table(self._type), kind="VIEW" if stays else "TABLE", replace=True, expression=whole
        )
        self._connection.execute(making.sql(dialect="duckdb"))
        if not stays:
            return []
        return [str(self._folder / path) for each in self._readings for path in each.files]

    def _known(self, rows: exp.Query) -> exp.Select:
        columns = [
            column
            for column in masked_columns(self._type, self._as_of)
            if self._columns is None or column.alias_or_name in self._columns
        ]
        known = exp.select(*columns).from_(rows.subquery("versions"))
        if self._type.occurred is None:
            return known
        occurred = exp.column(self._type.occurred, quoted=True)
        return known.where(occurred <= instant_literal(newest_occurrence(self._type, self._as_of)))


def _table(record_type: RecordType) -> exp.Table:
    return exp.table_(record_type.name, quoted=True)
