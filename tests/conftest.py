from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.postgresql import PostgreSQL, start_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One private server for all tests of this process."""
    with start_postgresql() as server:
        yield server
