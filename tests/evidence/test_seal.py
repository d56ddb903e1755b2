"""Bytes of the database file that belong to no row cannot change unseen; nobody is alarmed for nothing."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from itomm.config.errors import StoreError, VerificationError
from itomm.evidence.catalogue.database import SCHEMA_VERSION
from itomm.evidence.catalogue.opening import DATABASE_FILE
from itomm.evidence.catalogue.seal import BLOCK_BYTES, break_seal, seal_of
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import collect, finished, scan
from tests.evidence.whole_store import asked, directly, whole_store, without_triggers
from tests.journeys.door import Door


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = whole_store(tmp_path_factory.mktemp("sealed"))
    with store.writing("collect"):
        collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(2))
    store.engine.dispose()
    return store.folder


@pytest.fixture
def itomm_at_the_door(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(monkeypatch, capsys)


@pytest.fixture
def copied(sealed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed, tmp_path / "copied")


def faults_of(folder: Path) -> tuple[str, ...]:
    store = Store.open(folder)
    try:
        return verify(store).faults
    finally:
        store.engine.dispose()


def flipped(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << place % 8
    path.write_bytes(content)


def places_in(path: Path) -> Iterator[int]:
    chance = random.Random(7)  # noqa: S311  which byte is flipped need not be a secret
    size = path.stat().st_size
    yield from (0, 18, 24, 27, 60, 92, 95, 96, 99, size - 1)
    yield from chance.sample(range(100, size), 40)


def test_a_store_is_sealed_whenever_somebody_wrote(copied: Path) -> None:
    assert seal_of(copied / DATABASE_FILE).exists()
    assert faults_of(copied) == ()


def test_any_flipped_byte_of_the_database_file_is_found(copied: Path) -> None:
    database = copied / DATABASE_FILE
    whole = database.read_bytes()
    for place in places_in(database):
        flipped(database, place)
        try:
            found = faults_of(copied)
        except (StoreError, VerificationError) as error:
            found = (str(error),)
        assert found, place
        assert any(DATABASE_FILE in fault or "ledger row" in fault or "table" in fault for fault in found)
        database.write_bytes(whole)


def test_a_byte_in_no_row_is_named_by_its_block(copied: Path) -> None:
    database = copied / DATABASE_FILE
    with closing(sqlite3.connect(database)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = database.read_bytes()
    free = next(
        place for place in range(size, len(content) - 64, size) if not any(content[place + 48 : place + 64])
    )
    flipped(database, free + 50)
    first = (free + 50) // BLOCK_BYTES * BLOCK_BYTES
    assert faults_of(copied) == (
        f"itomm.db: something in bytes {first} to {first + BLOCK_BYTES - 1} was changed",
    )


def test_any_flipped_byte_of_the_seal_is_found(copied: Path) -> None:
    seal = seal_of(copied / DATABASE_FILE)
    whole = seal.read_bytes()
    for place in range(0, len(whole), 7):
        flipped(seal, place)
        assert faults_of(copied) == ("itomm.db.seal: this seal was changed",)
        seal.write_bytes(whole)


def test_a_ledger_whose_newest_rows_were_cut_off_is_found(copied: Path) -> None:
    newest = asked(copied, "SELECT max(seq) FROM ledger")[0][0]
    without_triggers(
        copied,
        f"DELETE FROM segments WHERE collection IN (SELECT id FROM collections WHERE ledger_seq = {newest})",  # noqa: S608  of this test
        f"DELETE FROM requests WHERE collection IN (SELECT id FROM collections WHERE ledger_seq = {newest})",  # noqa: S608  of this test
        f"DELETE FROM collections WHERE ledger_seq = {newest}",  # noqa: S608  of this test
        f"DELETE FROM ledger WHERE seq = {newest}",  # noqa: S608  of this test
    )
    assert f"ledger row {newest}, at which itomm.db was sealed, was removed or changed" in faults_of(copied)


@pytest.mark.parametrize("trigger", ["ledger_no_update", "answers_no_replace", "override_second_person"])
def test_a_guard_that_is_gone_or_does_nothing_is_found(copied: Path, trigger: str) -> None:
    ((table,),) = asked(copied, f"SELECT tbl_name FROM sqlite_master WHERE name = '{trigger}'")  # noqa: S608  of this test
    told = f"table {table} is no longer guarded: its trigger {trigger} is missing or was changed"
    directly(copied, f"DROP TRIGGER {trigger}")
    assert told in faults_of(copied)
    directly(copied, f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} BEGIN SELECT 1; END")
    assert told in faults_of(copied)


def test_a_changed_version_is_found(copied: Path) -> None:
    directly(copied, "UPDATE meta SET value = '1'")
    with pytest.raises(
        StoreError, match=f"table meta says version 1, table alembic_version says {SCHEMA_VERSION:04d}"
    ):
        Store.open(copied)


def test_a_run_that_was_killed_raises_no_alarm(copied: Path) -> None:
    """What it wrote is in the ledger, but not sealed; whoever writes next seals again."""
    before = seal_of(copied / DATABASE_FILE).read_bytes()
    store = Store.open(copied)
    collect(store, "security_scan", {"1": scan("till")}, outcome=finished(3))
    store.engine.dispose()
    seal_of(copied / DATABASE_FILE).write_bytes(before)
    assert faults_of(copied) == ()
    with Store.open(copied).writing("collect"):
        pass
    assert seal_of(copied / DATABASE_FILE).read_bytes() != before
    assert faults_of(copied) == ()


def test_a_store_that_was_never_sealed_raises_no_alarm(copied: Path) -> None:
    break_seal(copied / DATABASE_FILE)
    assert faults_of(copied) == ()


def test_reading_does_not_break_the_seal(copied: Path) -> None:
    store = Store.open(copied)
    assert store.collections()
    assert store.newest_instant() is not None
    store.engine.dispose()
    assert faults_of(copied) == ()


def test_verify_tells_a_changed_version_from_a_newer_itomm(copied: Path, itomm_at_the_door: Door) -> None:
    directly(copied, "UPDATE meta SET value = '9'")
    told = itomm_at_the_door("verify", "--store", copied)
    said = f"table meta says version 9, table alembic_version says {SCHEMA_VERSION:04d}"
    assert (told.code, said in told.err) == (4, True)
    directly(copied, "UPDATE alembic_version SET version_num = '0009'")
    told = itomm_at_the_door("verify", "--store", copied)
    assert (told.code, "Use a newer itomm" in told.err) == (5, True)


def test_verify_calls_a_damaged_database_what_it_is(copied: Path, itomm_at_the_door: Door) -> None:
    flipped(copied / DATABASE_FILE, 0)
    told = itomm_at_the_door("verify", "--store", copied)
    assert (told.code, "itomm.db" in told.err) == (4, True)
