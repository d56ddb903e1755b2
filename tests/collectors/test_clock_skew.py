"""A server's clock is compared with ours, and what a request's duration explains is no skew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from itomm.collectors.conformance import Answer, MisbehavingServer, PretendTime
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.clock_skew import ClockSkew, larger, skew_warning
from itomm.collectors.framework.context import Period, StreamContext
from itomm.config.clock import fixed_clock, system_clock, tells_real_time

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def measured(
    server_says: datetime, *, sent: datetime = NOON, arrived: datetime = NOON, **more: str
) -> int | None:
    skew = ClockSkew(lambda: arrived)
    skew.note({"Date": format_datetime(server_says, usegmt=True), **more}, sent)
    return skew.take()


@pytest.mark.parametrize(
    ("seconds_between", "duration", "skew"),
    [
        (0, 0, 0),
        (300, 0, 300),
        (-300, 0, -299),  # the header leaves out up to a second
        (-1, 0, 0),
        (20, 30, 0),  # written while the request was under way
        (-300, 30, -299),
        (300, 30, 270),
    ],
)
def test_only_what_is_certain_counts(seconds_between: int, duration: int, skew: int) -> None:
    says = NOON + timedelta(seconds=seconds_between)
    assert measured(says, arrived=NOON + timedelta(seconds=duration)) == skew


def test_what_a_cache_kept_or_nobody_can_read_is_not_measured() -> None:
    assert measured(NOON - timedelta(hours=1), Age="3600") is None
    skew = ClockSkew(lambda: NOON)
    for headers in ({}, {"Date": "yesterday"}, {"Date": "Sun, 01 Nov 2026 12:00:00 -0000"}):
        skew.note(headers, NOON)
    assert skew.take() is None


def test_the_largest_is_kept_until_it_is_taken() -> None:
    skew = ClockSkew(lambda: NOON)
    for seconds in (5, -120, 60):
        skew.note({"Date": format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)}, NOON)
    assert skew.take() == -119
    assert skew.take() is None
    assert larger(-119, 60) == -119
    assert larger(None, 60) == 60
    assert larger(60, None) == 60


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, None),
        (60, None),
        (-60, None),
        (61, "0:01:01 ahead of ours"),
        (-7200, "2:00:00 behind ours"),
    ],
)
def test_more_than_a_minute_is_told(seconds: int | None, said: str | None) -> None:
    warning = skew_warning(seconds)
    assert warning is None if said is None else said in str(warning)


def test_a_stream_tells_the_skew_of_its_own_answers(
    server: MisbehavingServer,
    time: PretendTime,
    make_adapter: Callable[..., GuardedAdapter],
    session_of: Callable[[GuardedAdapter], requests.Session],
) -> None:
    date = format_datetime(time.clock() + timedelta(minutes=5), usegmt=True)
    server.on("/ahead", Answer(headers={"Date": date}))
    adapter = make_adapter(skew=ClockSkew(time.clock))
    context = StreamContext(Period(NOON - timedelta(days=1), NOON), adapter)
    session_of(adapter).get(f"{server.url}/ahead")
    restored = StreamContext(Period(NOON - timedelta(days=1), NOON), adapter)
    restored.restore(context.state())
    outcome = restored.outcome(None, NOON, is_state=False, unmapped=0)
    assert outcome.clock_skew_seconds == 300
    assert outcome.complete
    assert "0:05:00 ahead of ours" in outcome.warnings[0]
    following = StreamContext(Period(NOON - timedelta(days=1), NOON), adapter)
    assert following.outcome(None, NOON, is_state=False, unmapped=0).clock_skew_seconds is None


def test_a_clock_that_stands_still_is_compared_with_nobody() -> None:
    assert tells_real_time(system_clock)
    assert not tells_real_time(fixed_clock(NOON))
