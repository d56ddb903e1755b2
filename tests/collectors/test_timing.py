from __future__ import annotations

import threading

import pytest

from itomm.collectors.framework.timing import Cancelled, system_timing


def test_an_interruption_ends_every_wait_at_once() -> None:
    cancelled = threading.Event()
    timing = system_timing(cancelled)
    timing.check()
    threading.Timer(0.02, cancelled.set).start()
    before = timing.monotonic()
    with pytest.raises(Cancelled):
        timing.wait(600)
    assert timing.monotonic() - before < 60
    with pytest.raises(Cancelled):
        timing.check()


def test_chance_is_a_share() -> None:
    assert 0 <= system_timing(threading.Event()).random() < 1
