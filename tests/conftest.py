from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.postgresql import PostgreSQL, start_postgresql

LONGEST_FILES = (
    "test_wheel",
    "test_truth",
    "test_failing_sources",
    "test_bundle",
    "test_retention_journey",
    "test_incremental",
    "test_resuming",
    "test_forget",
    "test_keys",
    "test_decisions",
    "test_as_of_replay",
    "test_incomplete_evidence",
    "test_timeline",
    "test_team_store",
    "test_same_bytes",
    "test_races",
    "test_migrations",
)
"""Files of few but long tests, the longest first: begun last, one would keep the other worker waiting."""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One private server for all tests of this process."""
    with start_postgresql() as server:
        yield server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; all others stay in their random order."""
    order = {name: place for place, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))
