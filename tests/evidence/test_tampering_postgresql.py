"""Any change that a superuser makes behind a team store's back is found and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.errors import IntegrityError
from sqlalchemy import Integer

from itomm.evidence.catalogue.database import metadata
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.team_stores import TABLES, new_team_database
from tests.evidence.whole_store import VERIFIED_TABLES, whole_store
from tests.real.postgresql import PostgreSQL

EVERY_COLUMN = [
    (table, column.name) for table in VERIFIED_TABLES for column in metadata.tables[table].columns
]


@dataclass(frozen=True)
class Behind:
    """Changes a team store behind its back, and puts back what it changed."""

    server: PostgreSQL
    name: str
    store: Store

    def finds(self, table: str, change: str) -> tuple[str, ...]:
        """What verification finds after a change of a table, which is then taken back."""
        try:
            self._unguarded(table, change)
        except IntegrityError as error:
            return (f"the database itself refuses this for {table}: {error}",)
        faults = verify(self.store).faults
        self._unguarded(
            table,
            f"DELETE FROM {table}",  # noqa: S608  a table's name
            f"INSERT INTO {table} SELECT * FROM kept.{table}",  # noqa: S608  a table's name
        )
        return faults

    def _unguarded(self, table: str, *statements: str) -> None:
        guard = f"{table}_append_only"
        try:
            self.server.run(
                self.name, _NO_FOREIGN_KEYS, f"ALTER TABLE {table} DISABLE TRIGGER {guard}", *statements
            )
        finally:
            self.server.run(self.name, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}")


_NO_FOREIGN_KEYS = "SET session_replication_role = replica"


@pytest.fixture(scope="module")
def behind(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("behind")
    name = new_team_database(postgresql, folder)
    store = whole_store(folder, postgresql.url(name))
    postgresql.run(
        name,
        "CREATE SCHEMA kept",
        *(f"CREATE TABLE kept.{table} AS TABLE {table}" for table in TABLES),
    )
    yield Behind(postgresql, name, store)
    store.engine.dispose()


def last(table: str) -> str:
    return f"ctid = (SELECT max(ctid) FROM {table})"  # noqa: S608  a table's name


def test_what_was_put_back_is_clean(behind: Behind) -> None:
    assert behind.finds("ledger", "DELETE FROM ledger")
    found = verify(behind.store)
    assert (found.faults, found.ledger_rows) == ((), 11)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_changed_value_in_any_column_is_found(behind: Behind, table: str, column: str) -> None:
    ((is_empty,),) = behind.server.run(
        behind.name,
        f'SELECT "{column}" IS NULL FROM {table} WHERE {last(table)}',  # noqa: S608  names of a table
    )
    new = "99" if isinstance(metadata.tables[table].c[column].type, Integer) else "'changed'"
    for value in (new,) if is_empty else (new, "NULL"):
        faults = behind.finds(table, f'UPDATE {table} SET "{column}" = {value} WHERE {last(table)}')  # noqa: S608  names of the store's own tables
        assert any(table in fault for fault in faults), (value, faults)


@pytest.mark.parametrize("table", VERIFIED_TABLES)
def test_a_removed_row_is_found(behind: Behind, table: str) -> None:
    assert behind.finds(table, f"DELETE FROM {table} WHERE {last(table)}")  # noqa: S608  a table's name


@pytest.mark.parametrize("table", VERIFIED_TABLES)
def test_an_added_row_is_found(behind: Behind, table: str) -> None:
    new = [
        "1"
        if column.name == "ledger_seq"
        else "99"
        if isinstance(column.type, Integer)
        else f"'a new {column.name}'"
        for column in metadata.tables[table].columns
    ]
    values = (
        ", ".join(new).replace("'a new decision'", "'withdrawn'").replace("'a new reason'", f"'{'x' * 20}'")
    )
    faults = behind.finds(table, f"INSERT INTO {table} VALUES ({values})")  # noqa: S608  values made here
    assert any(table in fault for fault in faults), faults
    assert not any("refuses" in fault for fault in faults)


def test_files_of_a_team_store_are_checked_too(behind: Behind) -> None:
    segment = next(Path(behind.store.folder).glob("evidence/*/*.parquet"))
    kept = segment.read_bytes()
    segment.write_bytes(kept[:-1])
    (fault,) = verify(behind.store).faults
    segment.write_bytes(kept)
    assert segment.name in fault


@pytest.mark.parametrize(
    ("weaken", "mend"),
    [
        ("DISABLE TRIGGER answers_append_only", "ENABLE ALWAYS TRIGGER answers_append_only"),
        ("ENABLE TRIGGER answers_append_only", "ENABLE ALWAYS TRIGGER answers_append_only"),
    ],
)
def test_a_guard_that_was_taken_off_is_found(behind: Behind, weaken: str, mend: str) -> None:
    behind.server.run(behind.name, f"ALTER TABLE answers {weaken}")
    faults = verify(behind.store).faults
    behind.server.run(behind.name, f"ALTER TABLE answers {mend}")
    (fault,) = faults
    assert fault.startswith("table answers is no longer guarded: its trigger answers_append_only is missing")
