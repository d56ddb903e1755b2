"""What was recorded cannot be changed or removed, not even by SQL from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.evidence.shell import Shell, key_of, shell_of
from tests.evidence.team_stores import new_team_database
from tests.evidence.whole_store import APPEND_ONLY_TABLES, asked, columns_of, directly, whole_store
from tests.real.postgresql import PostgreSQL

ROWS = (
    "INSERT INTO assessments VALUES ('S1', 'as of', 1, 'made', 'verdict', 'path', 'digest', '{}', NULL, 1)",
    "INSERT INTO compactions VALUES ('path', 'tool', 'x', '000001-tool-security_scan', 1, 'd', 'd', '', 1)",
    "INSERT INTO removals VALUES ('path', 'digest', 'rule', 'reason', 'ada', 'at', NULL, NULL, 1)",
    "INSERT INTO signing_keys VALUES ('key', 'PEM', 'at', NULL, NULL, 1)",
    "INSERT INTO fingerprints VALUES ('a.key', 'digest', 1)",
    "INSERT INTO tickets VALUES ('https://jira.example', 'OPS-1', 'url', 'acme', 'A-P-2.1', 'ada', 'at', 1)",
)
OTHER_KEYS = [("ledger", "prev"), ("ledger", "hash"), ("collections", "run")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = whole_store(tmp_path_factory.mktemp("append_only"))
    directly(store.folder, *ROWS)
    return store.folder


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder, database = tmp_path_factory.mktemp("append_only"), None
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        database = server.url(new_team_database(server, folder))
    whole_store(folder, database).engine.dispose()
    opened = shell_of(folder, database)
    opened.run(*ROWS)
    yield opened
    opened.engine.dispose()


def refuses(shell: Shell, table: str, statement: str) -> None:
    """A plain shell is refused, and every row is as it was."""
    before = shell.asked(f"SELECT * FROM {table}")  # noqa: S608  a table's name
    assert before
    with pytest.raises(IntegrityError, match=f"{table} is append-only"):
        shell.run(statement)
    assert shell.asked(f"SELECT * FROM {table}") == before  # noqa: S608  a table's name


def refused(folder: Path, table: str, statement: str) -> None:
    before = asked(folder, f"SELECT * FROM {table}")  # noqa: S608  a table's name
    assert before
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        directly(folder, statement)
    assert asked(folder, f"SELECT * FROM {table}") == before  # noqa: S608  a table's name


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_a_row_cannot_be_updated(shell: Shell, table: str) -> None:
    column = next(iter(shell.columns_of(table)))
    refuses(shell, table, f"UPDATE {table} SET {column} = {column}")  # noqa: S608  names of a table


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_a_row_cannot_be_replaced_by_an_update(folder: Path, table: str) -> None:
    column = next(iter(columns_of(folder, table)))
    refused(folder, table, f"UPDATE OR REPLACE {table} SET {column} = {column}")  # noqa: S608  names of a table


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_a_row_cannot_be_deleted(shell: Shell, table: str) -> None:
    refuses(shell, table, f"DELETE FROM {table}")  # noqa: S608  a table's name


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_a_row_cannot_be_replaced_by_one_with_its_key(folder: Path, table: str) -> None:
    refused(folder, table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")  # noqa: S608  a table


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_a_row_cannot_be_replaced_by_an_upsert(shell: Shell, table: str) -> None:
    column = next(iter(shell.columns_of(table)))
    refuses(
        shell,
        table,
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true LIMIT 1 "  # noqa: S608  names of a table
        f"ON CONFLICT ({key_of(table)}) DO UPDATE SET {column} = excluded.{column}",
    )


@pytest.mark.parametrize("table", [table for table in APPEND_ONLY_TABLES if table != "ledger"])
def test_a_row_cannot_be_replaced_by_one_with_its_hidden_row_number(folder: Path, table: str) -> None:
    columns = columns_of(folder, table)
    new = ", ".join(f"'new {name}'" if kind == "TEXT" else "99" for name, kind in columns.items())
    names = ", ".join(f'"{name}"' for name in columns)
    refused(folder, table, f"INSERT OR REPLACE INTO {table} (rowid, {names}) VALUES (1, {new})")  # noqa: S608  names of the store's own tables


@pytest.mark.parametrize(("table", "kept"), OTHER_KEYS)
def test_a_row_cannot_be_replaced_by_one_with_another_of_its_keys(
    folder: Path, table: str, kept: str
) -> None:
    columns = columns_of(folder, table)
    same = {kept, "source", "record_type"} if table == "collections" else {kept}
    new = ", ".join(
        f'"{name}"' if name in same else f"'new {name}'" if kind == "TEXT" else "99"
        for name, kind in columns.items()
    )
    refused(folder, table, f"INSERT OR REPLACE INTO {table} SELECT {new} FROM {table} LIMIT 1")  # noqa: S608  names of the store's own tables


def decision_by(actor: str, key: str) -> str:
    return (
        "INSERT INTO override_decisions (override, decision, actor, actor_key, reason, at, ledger_seq) "  # noqa: S608  names of the store's own tables
        f"VALUES ('O1', 'approved', '{actor}', '{key}', '', '2026-11-01T12:00:00Z', 1)"
    )


@pytest.mark.parametrize(
    ("actor", "key"),
    [("ada", "ada"), ("ADA", "ADA"), (" Ada ", " Ada "), ("somebody", "ada"), ("ada", "somebody")],
)
def test_the_proposer_cannot_approve_by_sql_either(shell: Shell, actor: str, key: str) -> None:
    with pytest.raises(IntegrityError, match="an override needs a second person to approve it"):
        shell.run(decision_by(actor, key))


def test_an_unknown_decision_is_refused_by_the_database(shell: Shell) -> None:
    with pytest.raises(IntegrityError, match="known_decision"):
        shell.run(decision_by("grace", "grace").replace("'approved'", "'forgotten'"))


def test_a_short_reason_is_refused_by_the_database(shell: Shell) -> None:
    columns = shell.columns_of("overrides")
    values = ", ".join("1" if kind == "INTEGER" else "'short'" for kind in columns.values())
    with pytest.raises(IntegrityError, match="reason_long_enough"):
        shell.run(f"INSERT INTO overrides VALUES ({values})")  # noqa: S608  values made here
