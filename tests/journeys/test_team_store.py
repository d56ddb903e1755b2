"""A team keeps its catalogue in PostgreSQL; and everybody brings a store to another version, or copies it."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.catalogue.database import SCHEMA_VERSION
from tests.journeys.door import DAY_OF_ASSESSMENT, Door, assessed, configured
from tests.real.postgresql import PostgreSQL

VARIABLE = "ITOMM_DATABASE_URL"
OLDER_STORE = Path(__file__).parents[1] / "data" / "stores" / "version_1.tar.xz"
DECISION = ("SS-PRB-2.1", "yes", "--by", "ada", "--reason", "Seen on site.", "--now", DAY_OF_ASSESSMENT)


def of_a_team(config: Path, reference: str = f"env:{VARIABLE}") -> Path:
    """Add the database to a configuration."""
    text = config.read_text(encoding="utf-8")
    assert "store:" not in text
    config.write_text(f"{text}\nstore: {{path: .itomm, database: '{reference}'}}\n", encoding="utf-8")
    return config


@dataclass(frozen=True)
class Team:
    """A configuration, and the URLs of its empty database for its owner and for the role that collects."""

    config: Path
    owner: str
    collector: str


@pytest.fixture
def team(small_estate: Estate, small_server: EstateServer, postgresql: PostgreSQL, tmp_path: Path) -> Team:
    name = postgresql.new_database()
    postgresql.run("postgres", "CREATE ROLE gatherer LOGIN")
    return Team(
        of_a_team(configured(tmp_path, small_estate, small_server)),
        postgresql.url(name).reveal(),
        postgresql.url(name, "gatherer", "s3cret").reveal(),
    )


def test_a_team_store_gives_the_same_answers_as_a_store_of_ones_own(
    team: Team, collected_once: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, team.collector)
    refused = itomm_at_the_door("collect", "--config", team.config)
    assert refused.code == ExitCode.INCOMPLETE
    assert "Run 'itomm db upgrade' to make its tables" in refused.err

    monkeypatch.setenv(VARIABLE, team.owner)
    made = itomm_at_the_door("db", "upgrade", "--app-role", "gatherer", "--config", team.config)
    assert (made.code, f"The tables of version {SCHEMA_VERSION} were made." in made.out) == (0, True), (
        made.err
    )

    monkeypatch.setenv(VARIABLE, team.collector)
    theirs = assessed(team.config, "--output", "json")
    assert theirs.code == 0, theirs.err
    ours = itomm_at_the_door("score", "--config", collected_once / "itomm.yaml", "--output", "json")
    for part in ("verdict", "scopes"):
        assert theirs.document[part] == ours.document[part]
    assert not (team.config.parent / ".itomm" / "itomm.db").exists()

    for command in ("answer", *DECISION), ("verify",), ("db", "version"):
        said = itomm_at_the_door(*command, "--config", team.config)
        assert said.code == 0, said.err
    copying = itomm_at_the_door("db", "backup", "--config", team.config)
    place = team.owner.replace("itomm@", "gatherer@")
    assert f"pg_dump --format=custom --file=itomm.dump {place}" in copying.out.splitlines()


def test_a_database_whose_reference_leads_nowhere_is_told(
    small_estate: Estate, small_server: EstateServer, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    config = of_a_team(configured(tmp_path, small_estate, small_server), "env:NOT_SET_ANYWHERE")
    said = itomm_at_the_door("score", "--config", config)
    assert said.code == ExitCode.USAGE
    assert "The environment variable NOT_SET_ANYWHERE is not set" in said.err


def test_a_password_in_the_configuration_is_refused_and_not_repeated(
    small_estate: Estate, small_server: EstateServer, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    config = of_a_team(configured(tmp_path, small_estate, small_server), "postgresql://ada:s3cret@host/itomm")
    said = itomm_at_the_door("score", "--config", config)
    assert said.code == ExitCode.INVALID
    assert "refer to it: env:ITOMM_DATABASE_URL" in said.err
    assert "s3cret" not in said.err


@pytest.fixture
def older(tmp_path: Path) -> Path:
    with tarfile.open(OLDER_STORE) as kept:
        kept.extractall(tmp_path / "older", filter="data")
    return tmp_path / "older"


def test_an_older_store_is_brought_up_when_asked_and_back(older: Path, itomm_at_the_door: Door) -> None:
    for command in ("verify",), ("collect", "--config", "nowhere.yaml"):
        refused = itomm_at_the_door(*command, "--store", older)
        assert refused.code == ExitCode.INVALID
    assert itomm_at_the_door("db", "version", "--store", older).out == (
        f"The store has version 1; this itomm needs {SCHEMA_VERSION}. Run 'itomm db upgrade'.\n"
    )

    raised = itomm_at_the_door("db", "upgrade", "--store", older)
    assert raised.code == 0, raised.err
    assert f"The store went from version 1 to {SCHEMA_VERSION}." in raised.out
    assert "itomm.db.version-1" in raised.out.replace("\n", "")
    assert itomm_at_the_door("verify", "--store", older).code == 0
    again = itomm_at_the_door("db", "upgrade", "--store", older)
    assert f"has version {SCHEMA_VERSION} already; nothing was changed" in again.out

    assert itomm_at_the_door("db", "downgrade", "--to", "1", "--store", older).code == 0
    assert itomm_at_the_door("db", "version", "--store", older).out.startswith("The store has version 1;")


def test_a_store_is_copied_and_the_copy_is_whole(
    workspace: Path, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    copied = itomm_at_the_door("db", "backup", "--to", tmp_path / "copy.db", "--config", workspace)
    assert copied.code == 0, copied.err
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = copy.execute("SELECT count(*) FROM ledger").fetchone()
    with closing(sqlite3.connect(workspace.parent / ".itomm" / "itomm.db")) as store:
        assert store.execute("SELECT count(*) FROM ledger").fetchone() == rows


def test_a_copy_needs_a_name(workspace: Path, itomm_at_the_door: Door) -> None:
    said = itomm_at_the_door("db", "backup", "--config", workspace)
    assert said.code == ExitCode.USAGE
    assert "Name the copy with --to FILE" in said.err
