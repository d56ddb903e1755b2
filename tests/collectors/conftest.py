from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from itomm.collectors.conformance import MisbehavingServer, PretendTime
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.clock_skew import ClockSkew
from itomm.collectors.framework.limits import Limits

MakeAdapter = Callable[..., GuardedAdapter]


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as running:
        yield running


@pytest.fixture
def time() -> PretendTime:
    return PretendTime()


@pytest.fixture
def make_adapter(server: MisbehavingServer, time: PretendTime) -> Iterator[MakeAdapter]:
    made = ExitStack()

    def make(
        cancelled: threading.Event | None = None,
        origin: str = "",
        skew: ClockSkew | None = None,
        **limits: object,
    ) -> GuardedAdapter:
        chosen = {"origin": origin or server.url, "timeout_seconds": (2.0, 2.0), **limits}
        adapter = GuardedAdapter(Limits(**chosen), time.timing(cancelled or threading.Event()), skew)  # type: ignore[arg-type]  # keyword arguments of a test
        return made.enter_context(adapter)

    with made:
        yield make


@pytest.fixture
def session_of() -> Iterator[Callable[[GuardedAdapter], requests.Session]]:
    opened: list[requests.Session] = []

    def session(adapter: GuardedAdapter) -> requests.Session:
        one = requests.Session()
        one.mount("http://", adapter)
        one.mount("https://", adapter)
        opened.append(one)
        return one

    yield session
    for one in opened:
        one.close()
