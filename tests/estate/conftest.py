"""A tiny estate, grown once, and a fresh server for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer


@pytest.fixture(scope="session")
def small_estate() -> Estate:
    return Estate.load(HABITS_DIRECTORY / "two_services.yaml")


@pytest.fixture
def estate_server(small_estate: Estate) -> Iterator[EstateServer]:
    with EstateServer(small_estate) as server:
        yield server
