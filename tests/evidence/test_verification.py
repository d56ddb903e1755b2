"""Any single change behind the store's back is found and named; an untouched store is clean."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from itomm.evidence.catalogue.database import metadata
from itomm.evidence.store import Store
from itomm.evidence.trust import verification
from itomm.evidence.trust.verification import Verified, verify
from tests.evidence.stores import collect, files_under, finished, scan
from tests.evidence.whole_store import (
    VERIFIED_TABLES,
    asked,
    columns_of,
    directly,
    whole_store,
    without_triggers,
)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = whole_store(tmp_path_factory.mktemp("untouched"))
    store.engine.dispose()
    directly(store.folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    return store.folder


@pytest.fixture
def copied(untouched: Path, tmp_path: Path) -> Path:
    return shutil.copytree(untouched, tmp_path / "copied")


def verified(folder: Path) -> Verified:
    store = Store.open(folder)
    try:
        return verify(store)
    finally:
        store.engine.dispose()


def segments_of(folder: Path) -> list[Path]:
    return [path for path in files_under(folder) if path.suffix == ".parquet"]


def payloads_of(folder: Path) -> list[Path]:
    return [path for path in files_under(folder) if path.suffix == ".gz"]


def test_an_untouched_store_is_clean(copied: Path) -> None:
    found = verified(copied)
    assert found.faults == ()
    assert (found.ledger_rows, found.segments, found.raw_payloads) == (11, 2, 3)
    assert found.head == asked(copied, "SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1")[0][0]


def test_a_collection_that_ends_meanwhile_is_no_fault(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its segment and payloads lie there when the files are looked at, but were not in the catalogue yet."""
    store = Store.open(copied)
    look = verification._added

    def look_after_a_collection(*arguments: Any) -> Any:
        monkeypatch.setattr(verification, "_added", look)
        collect(store, "security_scan", {"9": scan("new")}, outcome=finished(4))
        return look(*arguments)

    monkeypatch.setattr(verification, "_added", look_after_a_collection)
    found = verify(store)
    assert (found.faults, found.segments) == ((), 3)
    store.engine.dispose()


def test_an_empty_store_is_clean(tmp_path: Path) -> None:
    found = verify(Store.open(tmp_path, create=True))
    assert (found.faults, found.ledger_rows, found.head) == ((), 0, "0" * 64)


@pytest.mark.parametrize("files", [segments_of, payloads_of])
def test_any_flipped_byte_of_a_file_is_found_and_named(
    copied: Path, files: Callable[[Path], list[Path]]
) -> None:
    chance = random.Random(20261101)  # noqa: S311  which byte is flipped need not be a secret
    for path in files(copied):
        whole = path.read_bytes()
        last = len(whole) - 1
        for place in {0, 1, 2, 9, 10, last - 8, last - 4, last, *chance.sample(range(last), 20)}:
            bit = chance.randrange(8)
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            (fault,) = verified(copied).faults
            assert path.name in fault
            assert "was changed" in fault
        path.write_bytes(whole + b"\x00")
        assert len(verified(copied).faults) == 1
        path.write_bytes(whole[:-1])
        assert len(verified(copied).faults) == 1
        path.write_bytes(whole)
    assert verified(copied).faults == ()


@pytest.mark.parametrize("files", [segments_of, payloads_of])
def test_a_removed_file_is_found_and_named(copied: Path, files: Callable[[Path], list[Path]]) -> None:
    removed = files(copied)[0]
    removed.unlink()
    (fault,) = verified(copied).faults
    assert removed.name in fault
    assert "is missing" in fault


def test_an_added_segment_is_found_and_named(copied: Path) -> None:
    first = segments_of(copied)[0]
    shutil.copy(first, first.with_name("000009-tool-security_scan.parquet"))
    (fault,) = verified(copied).faults
    assert fault == (
        "evidence/security_scan/000009-tool-security_scan.parquet: "
        "this segment was added behind the catalogue's back"
    )


def test_exchanged_segments_are_found(copied: Path) -> None:
    one, other = segments_of(copied)
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    assert len(verified(copied).faults) == 2


EVERY_COLUMN = [
    (table, column.name) for table in VERIFIED_TABLES for column in metadata.tables[table].columns
]


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_changed_value_in_any_column_is_found(copied: Path, table: str, column: str) -> None:
    for value in ("'changed'", "NULL", "x'c328'"):
        file = copied / "itomm.db"
        before = file.read_bytes()
        query = f'SELECT max(rowid) FROM {table} WHERE "{column}" IS NOT {value}'  # noqa: S608  names of a table
        ((rowid,),) = asked(copied, query)
        if rowid is None or not _changes(copied, table, column, f"{value} WHERE rowid = {rowid}"):
            continue
        faults = verified(copied).faults
        assert any(table in fault for fault in faults), (value, faults)
        file.write_bytes(before)


@pytest.mark.parametrize("kind", ["collection", "answer", "override_proposed", "override_approved"])
@pytest.mark.parametrize(
    "body", ["{}", "[]", "1", "null", "not JSON", '{"collection": 1, "segment": 1, "pages": 1}']
)
def test_a_ledger_row_of_another_shape_is_found(copied: Path, kind: str, body: str) -> None:
    assert _changes(copied, "ledger", "body", f"'{body}', kind = '{kind}' WHERE seq = 3")
    assert "ledger row 3 was changed" in verified(copied).faults


def _changes(folder: Path, table: str, column: str, change: str) -> bool:
    """Whether the change could be made; some are refused by the database itself, which is as good."""
    statement = f'UPDATE {table} SET "{column}" = {change}'  # noqa: S608  names of a table
    try:
        without_triggers(folder, statement)
    except sqlite3.IntegrityError:
        return False
    directly(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    return True


@pytest.mark.parametrize("table", VERIFIED_TABLES)
def test_a_removed_row_is_found(copied: Path, table: str) -> None:
    without_triggers(copied, f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")  # noqa: S608  names of the store's own tables
    assert verified(copied).faults


@pytest.mark.parametrize("table", VERIFIED_TABLES)
def test_an_added_row_is_found(copied: Path, table: str) -> None:
    new = {
        name: 1 if name == "ledger_seq" else 99 if kind == "INTEGER" else f"a new {name}, long enough"
        for name, kind in columns_of(copied, table).items()
    }
    if table == "override_decisions":
        new["decision"] = "withdrawn"
    values = ", ".join(repr(value) for value in new.values())
    without_triggers(copied, f"INSERT INTO {table} VALUES ({values})")  # noqa: S608  values made here
    assert verified(copied).faults


def test_rows_that_were_exchanged_are_found(copied: Path) -> None:
    without_triggers(
        copied,
        "UPDATE ledger SET seq = 100 WHERE seq = 2",
        "UPDATE ledger SET seq = 2 WHERE seq = 3",
        "UPDATE ledger SET seq = 3 WHERE seq = 100",
    )
    assert verified(copied).faults


def test_what_is_found_says_where_to_look(copied: Path) -> None:
    without_triggers(
        copied, "UPDATE answers SET verdict = 'no'", "UPDATE ledger SET at = 'never' WHERE seq = 1"
    )
    assert set(verified(copied).faults) == {
        "ledger row 1 was changed",
        "a row of table answers was changed or added: A1",
        "a row of table answers was changed or removed: A1",
    }


def test_eighty_random_changes_are_all_found(untouched: Path, tmp_path: Path) -> None:
    chance = random.Random(42)  # noqa: S311  which change is made need not be a secret
    for number in range(80):
        folder = shutil.copytree(untouched, tmp_path / str(number))
        change = chance.choice([_flip, _flip, _remove_file, _change_row, _remove_row])
        told = change(folder, chance)
        assert verified(folder).faults, told
        shutil.rmtree(folder)


def _flip(folder: Path, chance: random.Random) -> str:
    path = chance.choice(segments_of(folder) + payloads_of(folder))
    content = bytearray(path.read_bytes())
    place, mask = chance.randrange(len(content)), chance.randrange(1, 256)
    content[place] ^= mask
    path.write_bytes(content)
    return f"byte {place} of {path.name} by {mask}"


def _remove_file(folder: Path, chance: random.Random) -> str:
    path = chance.choice(segments_of(folder) + payloads_of(folder))
    path.unlink()
    return f"{path.name} removed"


def _change_row(folder: Path, chance: random.Random) -> str:
    table = chance.choice(VERIFIED_TABLES)
    texts = [name for name, kind in columns_of(folder, table).items() if kind == "TEXT"]
    column = chance.choice(texts)
    if column == "decision":
        column = "actor"
    (rowid,) = chance.choice(asked(folder, f"SELECT rowid FROM {table}"))  # noqa: S608  a table's name
    statement = f"UPDATE {table} SET \"{column}\" = coalesce(\"{column}\", '') || ' ' WHERE rowid = {rowid}"  # noqa: S608  names of the store's own tables
    without_triggers(folder, statement)
    return statement


def _remove_row(folder: Path, chance: random.Random) -> str:
    table = chance.choice(VERIFIED_TABLES)
    (rowid,) = chance.choice(asked(folder, f"SELECT rowid FROM {table}"))  # noqa: S608  a table's name
    statement = f"DELETE FROM {table} WHERE rowid = {rowid}"  # noqa: S608  a table's name
    without_triggers(folder, statement)
    return statement
