from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.real.heavy.icinga import Icinga, start_icinga
from tests.real.heavy.redmine import Redmine, start_redmine
from tests.real.heavy.request_tracker import RequestTracker, start_request_tracker
from tests.real.heavy.victoria_metrics import start_victoria_metrics
from tests.real.servers import RunningServer


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Iterator[Redmine]:
    with start_redmine(tmp_path_factory.mktemp("redmine"), now) as server:
        yield server


@pytest.fixture(scope="session")
def request_tracker(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Iterator[RequestTracker]:
    with start_request_tracker(tmp_path_factory.mktemp("request_tracker"), now) as server:
        yield server


@pytest.fixture(scope="session")
def icinga() -> Iterator[Icinga]:
    with start_icinga() as server:
        yield server


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Iterator[RunningServer]:
    with start_victoria_metrics(tmp_path_factory.mktemp("victoria_metrics"), now) as server:
        yield server
