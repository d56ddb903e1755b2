"""Where the store is; a database's password stands elsewhere, and is never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from itomm.config.errors import InvalidInputError, UsageError
from itomm.config.settings import Configuration, load_configuration


def load(folder: Path, store: str) -> Configuration:
    file = folder / "itomm.yaml"
    file.write_text(f"organisation: {{id: acme, name: Acme}}\nstore: {store}\n", encoding="utf-8")
    return load_configuration(file)


def test_a_store_is_a_folder_when_nothing_else_is_said(tmp_path: Path) -> None:
    configuration = load(tmp_path, "{}")
    assert configuration.store_path == tmp_path / ".itomm"
    assert configuration.store_database is None


def test_a_database_is_found_where_the_reference_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("URL_OF_THE_TEST", "postgresql://ada:s3cret@host/itomm")
    database = load(tmp_path, "{path: shared, database: env:URL_OF_THE_TEST}").store_database
    assert database is not None
    assert database.reveal() == "postgresql://ada:s3cret@host/itomm"
    assert "s3cret" not in repr(database)


def test_a_reference_that_leads_nowhere_is_told_when_it_is_needed(tmp_path: Path) -> None:
    configuration = load(tmp_path, "{database: env:NOT_SET_ANYWHERE}")
    with pytest.raises(UsageError, match="NOT_SET_ANYWHERE is not set"):
        assert configuration.store_database


@pytest.mark.parametrize(
    "url", ["postgresql://host/itomm", "postgresql://ada@host:5432/itomm", "postgresql:///itomm"]
)
def test_a_url_without_a_password_may_stand_there(tmp_path: Path, url: str) -> None:
    database = load(tmp_path, f"{{database: '{url}'}}").store_database
    assert database is not None
    assert database.reveal() == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3cret@host/itomm",
        "postgresql://ada:s3cret%40x@host/itomm",
        "postgresql://ada:s3c@ret@host/itomm",
        "postgresql://ada:s3c/ret@host/itomm",
        "postgresql://:s3cret@host/itomm",
        "postgresql://host/itomm?password=s3cret",
        "postgresql://ada@host/itomm?user=ada&password=s3cret",
        "postgres://ada:s3cret@host/itomm",
        "host=db password=s3cret",
        "s3cret",
        "",
    ],
)
def test_a_password_may_not_stand_there_and_is_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load(tmp_path, f"{{database: '{url}'}}")
    told = str(refused.value)
    assert "itomm.yaml:2:9: store.database: a database URL with a password may not stand here" in told
    assert "refer to it: env:ITOMM_DATABASE_URL" in told
    assert "s3c" not in told
