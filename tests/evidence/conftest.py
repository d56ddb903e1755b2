from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from itomm.config.secrets import Secret
from itomm.evidence.store import Store
from tests.evidence.team_stores import emptied, new_team_database
from tests.real.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def team_database(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    return new_team_database(postgresql, tmp_path_factory.mktemp("team"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Secret | None:
    """The URL of an empty team store's database; None for the file in the store's folder."""
    if request.param == "sqlite":
        return None
    return emptied(request.getfixturevalue("postgresql"), request.getfixturevalue("team_database"))


@pytest.fixture
def store(tmp_path: Path, database: Secret | None) -> Iterator[Store]:
    """An empty store, once with each kind of database."""
    opened = Store.open(tmp_path / "store", create=True, database=database)
    yield opened
    opened.engine.dispose()
