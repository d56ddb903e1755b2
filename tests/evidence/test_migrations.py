"""A store made by an older itomm comes up with everything in it, and goes back when it can."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from itomm.config.clock import parse_instant
from itomm.config.errors import ExitCode, LockedError, StoreError, StoreVersionError, UsageError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue.database import SCHEMA_VERSION, metadata
from itomm.evidence.catalogue.opening import connected
from itomm.evidence.catalogue.schema_versions import (
    back_up,
    downgrade,
    dump_command,
    migrate,
    upgrade,
    version_of,
)
from itomm.evidence.decisions import all_decisions, propose, record_answer
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import DAY, NOON, collect, finished, known, scan
from tests.evidence.whole_store import an_answer, an_override, asked, directly, whole_store
from tests.real.postgresql import PostgreSQL

KEPT = Path(__file__).parents[1] / "data" / "stores"
TOLD: dict[str, Any] = json.loads((KEPT / "version_1.json").read_text(encoding="utf-8"))
COLUMNS = {
    "security_scan": ("source_ref", "service_id", "asset_ref", "blocking", "source"),
    "vulnerability": ("source_ref", "service_id", "identifier", "severity", "detected_at", "ticket_keys"),
}
Place = tuple[Path, Secret | None]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A copy of a store that the first version wrote."""
    with tarfile.open(KEPT / "version_1.tar.xz") as kept:
        kept.extractall(tmp_path / "older", filter="data")
    return tmp_path / "older"


@pytest.fixture
def of_version_2(tmp_path: Path) -> Path:
    """A copy of a store that the second version wrote."""
    with tarfile.open(KEPT / "version_2.tar.xz") as kept:
        kept.extractall(tmp_path / "second", filter="data")
    return tmp_path / "second"


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Place]:
    """Gives a new empty place for a store at each call."""

    def make() -> Place:
        folder = tmp_path_factory.mktemp("place")
        if request.param == "sqlite":
            return folder, None
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return folder, server.url(server.new_database())

    return make


def fresh(place: Place) -> Place:
    """A store of the newest version, made at once."""
    folder, database = place
    if database:
        upgrade(folder, database=database)
    else:
        Store.open(folder, create=True).engine.dispose()
    return place


def of_version_1(place: Place) -> Place:
    """A store whose tables the first migration made."""
    folder, database = place
    engine = connected(folder, create=True, database=database)
    with engine.begin() as connection:
        migrate(connection, 0, 1)
    engine.dispose()
    return place


def schema_of(place: Place) -> dict[str, object]:
    """Everything that the database enforces: tables, columns, constraints, triggers, functions."""
    folder, database = place
    engine = connected(folder, database=database)
    try:
        with engine.connect() as connection:
            inspector = inspect(connection)
            tables = sorted(inspector.get_table_names())
            return {
                **{table: _table(inspector, table) for table in tables},
                "guards": [tuple(row) for row in connection.execute(text(_GUARDS[engine.dialect.name]))],
            }
    finally:
        engine.dispose()


def _table(inspector: Any, table: str) -> object:
    return {
        "columns": [{**each, "type": repr(each["type"])} for each in inspector.get_columns(table)],
        "primary key": inspector.get_pk_constraint(table),
        "foreign keys": sorted(inspector.get_foreign_keys(table), key=repr),
        "unique": sorted(inspector.get_unique_constraints(table), key=repr),
        "checks": sorted(inspector.get_check_constraints(table), key=repr),
        "indexes": sorted(inspector.get_indexes(table), key=repr),
    }


_GUARDS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": """
        SELECT tgname, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT proname, pg_get_functiondef(oid), NULL FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
}


def test_a_new_store_and_one_that_was_brought_up_are_the_same(new_place: Callable[[], Place]) -> None:
    new, old = fresh(new_place()), of_version_1(new_place())
    before = schema_of(old)
    moved = upgrade(old[0], database=old[1])

    assert (moved.before, moved.after) == (1, SCHEMA_VERSION)
    assert schema_of(old) == schema_of(new)
    assert schema_of(old) != before
    assert len(schema_of(new)) == len(metadata.tables) + 1, "nothing was overlooked"


def test_a_new_store_is_what_the_tables_declare(new_place: Callable[[], Place]) -> None:
    folder, database = fresh(new_place())
    engine = connected(folder, database=database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": None})
        differences = [
            each for each in compare_metadata(context, metadata) if "alembic_version" not in repr(each)
        ]
    engine.dispose()
    assert differences == []


def test_a_store_that_goes_back_is_what_it_was(new_place: Callable[[], Place]) -> None:
    folder, database = of_version_1(new_place())
    before = schema_of((folder, database))
    upgrade(folder, database=database)
    moved = downgrade(folder, 1, database=database)

    assert (moved.before, moved.after) == (SCHEMA_VERSION, 1)
    assert schema_of((folder, database)) == before
    assert version_of(folder, database=database) == 1


def test_both_ways_of_telling_the_version_agree(new_place: Callable[[], Place]) -> None:
    folder, database = of_version_1(new_place())
    engine = connected(folder, database=database)
    told = []
    for move in (lambda: None, lambda: upgrade(folder, database=database), lambda: _back(folder, database)):
        move()
        with engine.connect() as connection:
            old_way = connection.execute(text("SELECT value FROM meta")).scalar_one()
            told.append((old_way, connection.execute(text("SELECT * FROM alembic_version")).scalar_one()))
    engine.dispose()
    assert told == [("1", "0001"), ("4", "0004"), ("1", "0001")]


def _back(folder: Path, database: Secret | None) -> None:
    downgrade(folder, 1, database=database)


def test_a_store_of_the_newest_version_stays_as_it_is(new_place: Callable[[], Place]) -> None:
    folder, database = fresh(new_place())
    before = schema_of((folder, database))
    moved = upgrade(folder, database=database)
    assert (moved.before, moved.after, moved.copy) == (SCHEMA_VERSION, SCHEMA_VERSION, None)
    assert schema_of((folder, database)) == before


@pytest.mark.parametrize("to", [0, -1, SCHEMA_VERSION + 1])
def test_there_is_no_version_before_the_first_or_after_the_newest_to_go_back_to(
    new_place: Callable[[], Place], to: int
) -> None:
    folder, database = fresh(new_place())
    with pytest.raises(
        UsageError, match=f"The store has version {SCHEMA_VERSION}; it cannot go back to {to}"
    ):
        downgrade(folder, to, database=database)


def test_a_store_with_newer_collections_stays_and_says_why(new_place: Callable[[], Place]) -> None:
    folder, database = fresh(new_place())
    whole_store(folder, database).engine.dispose()
    before = schema_of((folder, database))
    with pytest.raises(
        StoreError, match=r"it holds 2 collections that version 3 does not understand. Nothing was changed"
    ):
        downgrade(folder, 1, database=database)
    assert schema_of((folder, database)) == before
    assert version_of(folder, database=database) == SCHEMA_VERSION


def test_a_store_with_newer_kinds_of_rows_stays_and_says_why(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    store.engine.dispose()
    directly(tmp_path, "INSERT INTO ledger VALUES (1, 'at', 'fingerprint', 'ada', '{}', 'x', 'y')")
    with pytest.raises(StoreError, match="it holds 0 collections and 1 other ledger rows"):
        downgrade(tmp_path, 1)


def test_a_migration_that_fails_leaves_everything_as_it_was(new_place: Callable[[], Place]) -> None:
    folder, database = of_version_1(new_place())
    engine = connected(folder, database=database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fingerprints (in_the_way INTEGER)"))
    before = schema_of((folder, database))
    with pytest.raises(StoreError, match="already exists"):
        upgrade(folder, database=database)
    engine.dispose()
    assert schema_of((folder, database)) == before
    assert version_of(folder, database=database) == 1


def test_a_store_is_not_moved_while_a_run_is_under_way(new_place: Callable[[], Place]) -> None:
    folder, database = fresh(new_place())
    store = Store.open(folder, database=database)
    with store.writing("itomm collect"):
        for move in (lambda: upgrade(folder, database=database), lambda: _back(folder, database)):
            with pytest.raises(LockedError, match="in use by 'itomm collect'"):
                move()
    store.engine.dispose()


@pytest.mark.parametrize("create", [True, False])
def test_an_older_store_is_not_opened_but_told_how_to_bring_up(older: Path, create: bool) -> None:
    before = (older / "itomm.db").read_bytes()
    with pytest.raises(
        StoreVersionError, match=r"has version 1; this itomm needs 4. Run 'itomm db upgrade'"
    ) as told:
        Store.open(older, create=create)
    assert told.value.exit_code is ExitCode.INVALID
    assert (older / "itomm.db").read_bytes() == before


@pytest.fixture
def raised(older: Path) -> Iterator[Store]:
    """The older store, brought up."""
    upgrade(older)
    store = Store.open(older)
    yield store
    store.engine.dispose()


def records_of(store: Store) -> dict[str, list[Sequence[object]]]:
    read = {
        name: [known(store, name, NOON + day * DAY, *columns) for day in range(6)]
        for name, columns in COLUMNS.items()
    }
    plain: dict[str, list[Sequence[object]]] = json.loads(
        json.dumps(read, default=lambda each: each.isoformat())
    )
    return plain


def test_an_older_store_verifies_and_holds_what_it_held(raised: Store) -> None:
    found = verify(raised)
    assert (found.faults, found.head) == ((), TOLD["head"])
    assert snapshot_of(raised).digest == TOLD["snapshot"]
    assert all_decisions(raised).digest == TOLD["decisions"]
    assert raised.newest_instant() == parse_instant(TOLD["newest_instant"])
    assert records_of(raised) == TOLD["records"]
    assert [
        raised.raw_record("000003-tool-vulnerability", 1, 1),
        raised.raw_record("000004-tool-security_scan", 2, 0),
    ] == TOLD["raw"]


def test_every_collection_of_an_older_store_says_what_it_said(raised: Store) -> None:
    collections = [json.loads(json.dumps(vars(each), default=_plain)) for each in raised.collections()]
    for found, told in zip(collections, TOLD["collections"], strict=True):
        found["segments"] = [
            {name: each[name] for name in ("path", "rows", "sha256")} for each in found["segments"]
        ]
        assert {name: found[name] for name in told} == told
        assert found["merkle_root"] is None


def _plain(value: Any) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else vars(value)


def test_an_older_store_is_gone_on_with(raised: Store) -> None:
    with raised.writing("collect"):
        collect(raised, "security_scan", {"new": scan("new")}, outcome=finished(5))
    record_answer(raised, an_answer())

    assert verify(raised, records=True).faults == ()
    assert known(raised, "security_scan", NOON + 5 * DAY, "asset_ref") == [("new",)]
    assert records_of(raised)["security_scan"][:5] == TOLD["records"]["security_scan"][:5]
    assert [each.id for each in all_decisions(raised).answers] == ["A1", "A2"]


def test_an_older_store_goes_back_with_everything_in_it(older: Path) -> None:
    tables = ("ledger", "collections", "segments", "requests", "overrides", "override_decisions", "answers")
    rows = {table: asked(older, f"SELECT * FROM {table}") for table in tables}  # noqa: S608  names of tables
    triggers = asked(older, _GUARDS["sqlite"])
    upgrade(older)
    downgrade(older, 1)
    assert {table: asked(older, f"SELECT * FROM {table}") for table in tables} == rows  # noqa: S608  names of tables
    assert asked(older, _GUARDS["sqlite"]) == triggers
    assert version_of(older) == 1


def test_the_first_migration_makes_the_tables_that_the_first_version_made(
    older: Path, tmp_path: Path
) -> None:
    migrated = schema_of(of_version_1((tmp_path / "migrated", None)))
    del migrated["alembic_version"]
    assert migrated == schema_of((older, None))


def test_a_copy_is_made_before_an_older_store_is_brought_up(older: Path) -> None:
    before = asked(older, "SELECT * FROM ledger")
    first = upgrade(older)
    assert first.copy == older / "itomm.db.version-1"
    downgrade(older, 1)
    second = upgrade(older)
    assert second.copy == older / "itomm.db.version-1.2"

    first.copy.replace(older / "itomm.db")
    assert version_of(older) == 1
    assert asked(older, "SELECT * FROM ledger") == before


def test_a_copy_is_taken_in_the_midst_of_a_transaction(tmp_path: Path) -> None:
    store = whole_store(tmp_path / "store")
    with store.engine.connect() as connection:  # nobody commits it
        connection.execute(text("INSERT INTO fingerprints VALUES ('a', 'b', 1)"))
        back_up(store.folder, tmp_path / "copy.db")
    store.engine.dispose()
    (tmp_path / "copy.db").replace(tmp_path / "store" / "itomm.db")
    restored = Store.open(tmp_path / "store")
    assert verify(restored).faults == ()
    restored.engine.dispose()


def test_a_copy_does_not_overwrite_a_file(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).engine.dispose()
    (tmp_path / "copy.db").write_text("dear to me")
    with pytest.raises(UsageError, match=r"There is a file at .*copy.db already"):
        back_up(tmp_path, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "dear to me"


def test_a_copy_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).engine.dispose()
    with pytest.raises(StoreError, match=r"Cannot write .*: No such file or directory"):
        back_up(tmp_path, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(StoreError, match="There is no store at"):
        back_up(tmp_path / "other", tmp_path / "copy.db")


def test_the_command_that_copies_postgresql_does_not_hold_the_password(tmp_path: Path) -> None:
    secret = Secret("postgresql://ada:s3cret@db.example:5432/itomm?password=s3cret")
    engine: Engine = connected(tmp_path, database=secret)
    assert dump_command(engine.url, tmp_path / "a b.dump") == (
        f"pg_dump --format=custom '--file={tmp_path}/a b.dump' postgresql://ada@db.example:5432/itomm"
    )
    engine.dispose()


def test_only_postgresql_has_roles(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).engine.dispose()
    with pytest.raises(UsageError, match="Only a store in PostgreSQL has roles"):
        upgrade(tmp_path, app_role="collector")


def test_a_store_of_a_newer_itomm_is_not_brought_anywhere(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).engine.dispose()
    directly(tmp_path, "UPDATE meta SET value = '5'", "UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(StoreVersionError, match="has version 5; this itomm knows up to 4"):
        upgrade(tmp_path)


def test_a_store_of_version_2_verifies_and_holds_what_it_held(of_version_2: Path) -> None:
    told = json.loads((KEPT / "version_2.json").read_text(encoding="utf-8"))
    moved = upgrade(of_version_2)
    store = Store.open(of_version_2)
    found = verify(store, records=True)

    assert (moved.before, moved.after) == (2, SCHEMA_VERSION)
    assert (found.faults, found.head) == ((), told["head"])
    assert snapshot_of(store).digest == told["snapshot"]
    assert all_decisions(store).digest == told["decisions"]
    propose(store, an_override())
    assert verify(store).faults == ()
    store.engine.dispose()
    assert downgrade(of_version_2, 2).after == 2, "what version 2 can hold goes back"


@pytest.mark.parametrize(
    "newer",
    [{"attachments": ("https://x.example",)}, {"renews": "O1"}, {"origin": "overrides.yaml at 3f2a"}],
)
def test_an_override_that_version_2_cannot_hold_keeps_a_store_from_going_back(
    of_version_2: Path, newer: dict[str, Any]
) -> None:
    upgrade(of_version_2)
    store = Store.open(of_version_2)
    recorded = propose(store, replace(an_override(), **newer))
    assert all_decisions(store).overrides[-1] == recorded
    assert verify(store).faults == ()
    store.engine.dispose()
    with pytest.raises(StoreError, match=r"it holds 1 overrides and 0 tickets .* Nothing was changed"):
        downgrade(of_version_2, 2)
    assert version_of(of_version_2) == SCHEMA_VERSION


def test_a_ticket_keeps_a_store_from_going_back(of_version_2: Path) -> None:
    upgrade(of_version_2)
    directly(of_version_2, "INSERT INTO tickets VALUES ('jira', 'OPS-1', 'url', 'acme', 'A', 'ada', 'at', 1)")
    with pytest.raises(StoreError, match="it holds 0 overrides and 1 tickets"):
        downgrade(of_version_2, 2)
