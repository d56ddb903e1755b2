"""A team store that cannot be opened says why, without the password."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode, StoreError, StoreVersionError, UsageError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue.database import SCHEMA_VERSION
from itomm.evidence.catalogue.schema_versions import upgrade
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import collect, scan
from tests.evidence.team_stores import new_team_database
from tests.real.postgresql import PostgreSQL
from tests.real.servers import free_port


def refusal(folder: Path, url: str, kind: type[Exception]) -> str:
    """What is said when a URL cannot be used; the password is never in it."""
    with pytest.raises(kind) as refused:
        Store.open(folder, create=True, database=Secret(url))
    told = str(refused.value)
    assert "s3cr" not in told + repr(refused.value)
    assert "\n" not in told
    return told


def test_a_store_must_be_made_before_it_is_written(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = postgresql.new_database()
    told = refusal(tmp_path, postgresql.url(name, "itomm", "s3cret").reveal(), StoreError)
    assert told == (
        f"There is no store in postgresql://itomm@127.0.0.1:{postgresql.port}/{name}. "
        "Run 'itomm db upgrade' to make its tables."
    )
    assert postgresql.run(name, "SELECT * FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    port = free_port()
    told = refusal(tmp_path, f"postgresql://ada:s3cret@127.0.0.1:{port}/itomm", StoreError)
    assert told.startswith(
        f"Cannot open the store at postgresql://ada@127.0.0.1:{port}/itomm: connection failed"
    )
    assert "Connection refused" in told


def test_a_database_that_is_not_there_is_told(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.url("nowhere", "itomm", "s3cret").reveal()
    assert 'database "nowhere" does not exist' in refusal(tmp_path, url, StoreError)


def test_a_database_of_somebody_else_is_told_and_left_alone(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = postgresql.new_database()
    postgresql.run(name, "CREATE TABLE recipes (name text)")
    told = refusal(tmp_path, postgresql.url(name).reveal(), StoreError)
    assert told.endswith("is a database, but not an itomm store.")
    assert postgresql.run(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        ("recipes",)
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3cret@host:s3cret/itomm",
        "s3cret",
        "postgresql:/ada:s3cret@host",
        "",
    ],
)
def test_what_is_no_url_is_told_with_an_example(tmp_path: Path, url: str) -> None:
    told = refusal(tmp_path, url, UsageError)
    assert "It looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE" in told


def test_another_kind_of_database_is_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, "mysql://ada:s3cret@host/itomm", UsageError)
    assert "does not begin with postgresql://" in told


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_common_way_of_writing_the_scheme_will_do(
    postgresql: PostgreSQL, team_database: str, tmp_path: Path, scheme: str
) -> None:
    url = postgresql.url(team_database).reveal().replace("postgresql", scheme)
    store = Store.open(tmp_path, database=Secret(url))
    assert store.engine.dialect.name == "postgresql"
    store.engine.dispose()


def test_a_missing_driver_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    told = refusal(tmp_path, "postgresql://ada:s3cret@host/itomm", UsageError)
    assert told.endswith("Install itomm with it: itomm[postgresql].")


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, f"this itomm needs {SCHEMA_VERSION}. Run 'itomm db upgrade'"),
        (SCHEMA_VERSION + 1, f"this itomm knows up to {SCHEMA_VERSION}. Use a newer itomm"),
    ],
)
def test_a_store_of_another_version_is_told(
    postgresql: PostgreSQL, tmp_path: Path, version: int, advice: str
) -> None:
    name = new_team_database(postgresql, tmp_path)
    postgresql.run(name, f"UPDATE meta SET value = '{version}'")  # noqa: S608  of this test
    postgresql.run(name, f"UPDATE alembic_version SET version_num = '{version:04d}'")  # noqa: S608  of this test
    with pytest.raises(StoreVersionError, match=f"has version {version}; {advice}") as refused:
        Store.open(tmp_path, database=postgresql.url(name))
    assert refused.value.exit_code is ExitCode.INVALID


def test_a_store_may_live_in_a_schema_of_its_own(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = postgresql.new_database()
    postgresql.run(name, "CREATE SCHEMA maturity")
    plain = postgresql.url(name).reveal()
    url = Secret(f"{plain}?options=-csearch_path%3Dmaturity")
    upgrade(tmp_path, database=url)
    store = Store.open(tmp_path, database=url)
    with store.writing("itomm collect"):
        collect(store, "security_scan", {"1": scan("shop")})
    assert verify(store).faults == ()
    store.engine.dispose()
    assert postgresql.run(name, "SELECT count(*) FROM maturity.ledger") == [(1,)]


def test_evidence_without_its_database_is_not_made_a_new_store(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    collect(store, "security_scan", {"1": scan("shop")})
    store.engine.dispose()
    (tmp_path / "itomm.db").rename(tmp_path / "elsewhere")
    with pytest.raises(
        StoreError, match=r"holds evidence, but no itomm\.db\. Put the file back from a backup"
    ):
        Store.open(tmp_path, create=True)
    assert not (tmp_path / "itomm.db").exists()
