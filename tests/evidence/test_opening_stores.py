"""A store that cannot be opened says why, and is left as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode, StoreError, StoreVersionError
from itomm.evidence.catalogue.database import SCHEMA_VERSION
from itomm.evidence.store import Store
from tests.evidence.whole_store import asked, directly, whole_store


def test_there_is_no_store_before_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no store at .* Run 'itomm collect' to make one"):
        Store.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_store_made_by_a_newer_itomm_is_left_alone(tmp_path: Path) -> None:
    whole_store(tmp_path).engine.dispose()
    newer = SCHEMA_VERSION + 1
    directly(
        tmp_path,
        f"UPDATE meta SET value = '{newer}'",  # noqa: S608  of this test
        f"UPDATE alembic_version SET version_num = '{newer:04d}'",  # noqa: S608  of this test
    )
    directly(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / "itomm.db").read_bytes()

    with pytest.raises(
        StoreVersionError, match=rf"has version {newer}; .* up to {SCHEMA_VERSION}\. .* Nothing was changed"
    ) as refused:
        Store.open(tmp_path, create=True)
    assert refused.value.exit_code is ExitCode.INVALID
    assert (tmp_path / "itomm.db").read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path, create: bool) -> None:
    file = tmp_path / "itomm.db"
    file.write_bytes(b"this is no database, however long it may be" * 100)
    before = file.read_bytes()

    with pytest.raises(StoreError, match=r"Cannot open the store at .*: file is not a database"):
        Store.open(tmp_path, create=create)
    assert file.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_database_of_somebody_else_is_told_and_left_alone(tmp_path: Path, create: bool) -> None:
    directly(tmp_path, "CREATE TABLE recipes (name TEXT)")

    with pytest.raises(StoreError, match="is a database, but not an itomm store"):
        Store.open(tmp_path, create=create)
    assert asked(tmp_path, "SELECT name FROM sqlite_master") == [("recipes",)]


def test_a_store_whose_version_cannot_be_read_is_told(tmp_path: Path) -> None:
    whole_store(tmp_path)
    directly(tmp_path, "UPDATE meta SET value = 'two'")
    with pytest.raises(StoreError, match="is a database, but not an itomm store"):
        Store.open(tmp_path)


def test_an_empty_file_is_only_made_a_store_when_asked(tmp_path: Path) -> None:
    (tmp_path / "itomm.db").touch()
    with pytest.raises(StoreError, match=r"There is no store in .*\. Run 'itomm collect'"):
        Store.open(tmp_path)
    assert Store.open(tmp_path, create=True).next_run() == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Cannot make the store at"):
        Store.open(tmp_path / "file" / "store", create=True)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    whole_store(tmp_path).engine.dispose()
    directly(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / "itomm.db"
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(StoreError, match="Cannot open the store"):
        Store.open(tmp_path)


def test_a_store_opens_again_with_what_it_held(tmp_path: Path) -> None:
    whole_store(tmp_path)
    again = Store.open(tmp_path, create=True)
    assert len(again.collections()) == 2
    with closing(sqlite3.connect(tmp_path / "itomm.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
