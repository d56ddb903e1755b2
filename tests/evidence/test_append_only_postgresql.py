"""What only PostgreSQL can do cannot change a row either, and the role that collects may do little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, IntegrityConstraintViolation
from sqlalchemy import text

from itomm.config.errors import StoreError
from itomm.evidence.catalogue.schema_versions import downgrade, upgrade
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import collect, scan
from tests.evidence.team_stores import TABLES, new_team_database
from tests.evidence.whole_store import whole_store
from tests.real.postgresql import PostgreSQL


@pytest.fixture(scope="module")
def kept(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with rows, whose owner is no superuser, and a role ``collector`` that may read and add."""
    folder = tmp_path_factory.mktemp("kept")
    name = postgresql.new_database()
    postgresql.run("postgres", "CREATE ROLE keeper LOGIN", "CREATE ROLE collector LOGIN")
    postgresql.run(name, f"ALTER DATABASE {name} OWNER TO keeper")
    upgrade(folder, database=postgresql.url(name, "keeper"), app_role="collector")
    whole_store(folder, postgresql.url(name, "collector")).engine.dispose()
    return name


@pytest.fixture(params=["itomm", "keeper"])
def connection(
    request: pytest.FixtureRequest, postgresql: PostgreSQL, kept: str
) -> Iterator[psycopg.Connection]:
    """The superuser, and the owner of the tables."""
    with psycopg.connect(postgresql.url(kept, request.param).reveal(), autocommit=True) as opened:
        yield opened


@pytest.mark.parametrize("table", TABLES)
def test_a_table_cannot_be_emptied(connection: psycopg.Connection, table: str) -> None:
    with pytest.raises(IntegrityConstraintViolation, match="is append-only"):
        connection.execute(f"TRUNCATE {table} CASCADE".encode())


def test_an_upsert_is_refused_even_where_it_meets_no_row(connection: psycopg.Connection) -> None:
    with pytest.raises(IntegrityConstraintViolation, match="fingerprints is append-only"):
        connection.execute(
            "INSERT INTO fingerprints VALUES ('new', 'x', 1) ON CONFLICT (path) DO UPDATE SET sha256 = 'y'"
        )


def test_a_merge_is_refused(connection: psycopg.Connection) -> None:
    with pytest.raises(IntegrityConstraintViolation, match="answers is append-only"):
        connection.execute(
            "MERGE INTO answers USING (SELECT 'A1' AS id) AS new ON answers.id = new.id "
            "WHEN MATCHED THEN UPDATE SET verdict = 'no'"
        )


def test_a_session_that_plays_a_replica_is_refused(postgresql: PostgreSQL, kept: str) -> None:
    with pytest.raises(IntegrityConstraintViolation, match="ledger is append-only"):
        postgresql.run(kept, "SET session_replication_role = replica", "DELETE FROM ledger")


def test_a_temporary_table_does_not_hide_who_proposed(postgresql: PostgreSQL, kept: str) -> None:
    approval = "INSERT INTO override_decisions VALUES ('O1', 'approved', 'ada', 'ada', '', 'now', 1)"
    with psycopg.connect(postgresql.url(kept, "collector").reveal()) as connection:
        connection.execute("CREATE TEMPORARY TABLE overrides (id text, proposer text, proposer_key text)")
        with pytest.raises(IntegrityConstraintViolation, match="needs a second person"):
            connection.execute(approval)


@pytest.mark.parametrize("table", [*TABLES, "meta", "alembic_version"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD x int"]
)
def test_the_role_that_collects_may_not(
    postgresql: PostgreSQL, kept: str, table: str, statement: str
) -> None:
    with (
        psycopg.connect(postgresql.url(kept, "collector").reveal()) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute(statement.format(table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = '1'",
        "INSERT INTO meta VALUES ('a', 'b')",
        "INSERT INTO alembic_version VALUES ('0009')",
        "UPDATE ledger SET body = ''",
        "ALTER TABLE ledger DISABLE TRIGGER ledger_append_only",
        "DROP FUNCTION refuse_change CASCADE",
        "SET session_replication_role = replica",
    ],
)
def test_the_role_that_collects_may_not_weaken_the_store(
    postgresql: PostgreSQL, kept: str, statement: str
) -> None:
    with (
        psycopg.connect(postgresql.url(kept, "collector").reveal()) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_the_role_that_collects_collects_and_verifies(
    postgresql: PostgreSQL, kept: str, tmp_path: Path
) -> None:
    copied = postgresql.new_database(template=kept)
    store = Store.open(tmp_path, database=postgresql.url(copied, "collector"))
    with store.writing("collect"):
        collect(store, "security_scan", {"1": scan("shop")})
    found = [fault for fault in verify(store).faults if "is missing" not in fault]
    store.engine.dispose()
    assert found == [], "only the files of the copied catalogue are not there"


def test_what_is_refused_is_told_in_one_sentence(postgresql: PostgreSQL, kept: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path, database=postgresql.url(kept, "collector"))
    approval = text("INSERT INTO override_decisions VALUES ('O1', 'approved', 'ada', 'ada', '', 'now', 1)")
    with (
        pytest.raises(StoreError, match=r"written: an override needs a second person to approve it\.$"),
        store.transaction() as connection,
    ):
        connection.execute(approval)
    store.engine.dispose()


def test_a_role_without_rights_is_told(postgresql: PostgreSQL, kept: str, tmp_path: Path) -> None:
    postgresql.run("postgres", "CREATE ROLE stranger LOGIN")
    with pytest.raises(StoreError, match=r"Cannot open the store at .*: permission denied for table meta"):
        Store.open(tmp_path, database=postgresql.url(kept, "stranger"))


def test_a_role_that_may_not_make_tables_is_told(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = postgresql.new_database()
    postgresql.run("postgres", "CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="permission denied for schema public"):
        upgrade(tmp_path, database=postgresql.url(name, "guest"))


def test_a_role_that_is_not_there_is_told_and_nothing_is_made(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = postgresql.new_database()
    with pytest.raises(StoreError, match='role "nobody:x" does not exist'):
        upgrade(tmp_path, database=postgresql.url(name), app_role="nobody:x")
    assert postgresql.run(name, "SELECT * FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_role_that_collects_can_do_so_after_an_upgrade(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = new_team_database(postgresql, tmp_path)
    postgresql.run("postgres", "CREATE ROLE loyal LOGIN")
    upgrade(tmp_path, database=postgresql.url(name), app_role="loyal")
    downgrade(tmp_path, 1, database=postgresql.url(name))
    upgrade(tmp_path, database=postgresql.url(name))
    whole_store(tmp_path, postgresql.url(name, "loyal")).engine.dispose()
    tables = "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'loyal'"
    assert sorted(postgresql.run(name, f"{tables} AND privilege_type = 'INSERT'")) == sorted(
        (table,) for table in TABLES
    )


def test_rights_that_a_role_had_before_are_taken_away(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = new_team_database(postgresql, tmp_path)
    postgresql.run("postgres", "CREATE ROLE mighty LOGIN")
    postgresql.run(name, "GRANT ALL ON ALL TABLES IN SCHEMA public TO mighty")
    upgrade(tmp_path, database=postgresql.url(name), app_role="mighty")
    rights = postgresql.run(
        name,
        "SELECT DISTINCT privilege_type FROM information_schema.table_privileges WHERE grantee = 'mighty'",
    )
    assert sorted(rights) == [("INSERT",), ("SELECT",)]
