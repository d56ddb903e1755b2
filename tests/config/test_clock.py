"""Instants are read and written in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.config.clock import fixed_clock, format_instant, parse_instant, system_clock
from itomm.config.errors import UsageError

instants = st.datetimes(
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))]
    ),
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  hypothesis adds the offset
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001  hypothesis adds the offset
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T06:00:00Z", "2026-11-22T06:00:00Z"),
        ("2026-11-22T06:00:00z", "2026-11-22T06:00:00Z"),
        (" 2026-11-22T06:00:00+01:00 ", "2026-11-22T05:00:00Z"),
        ("2026-11-22T06:00:00.5-02:30", "2026-11-22T08:30:00.500000Z"),
        ("2026-11-22 06:00Z", "2026-11-22T06:00:00Z"),
    ],
)
def test_an_instant_is_read_as_utc(text: str, written: str) -> None:
    assert format_instant(parse_instant(text)) == written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not an instant"),
        ("yesterday", "is not an instant"),
        ("2026-13-01", "is not an instant"),
        ("2026-02-30", "is not an instant"),
        ("1793491200", "is not an instant"),
        ("2026-11-22T06:00:00", "has no offset"),
        ("0001-01-01T00:00:00+01:00", "outside the years 1 to 9999"),
        ("9999-12-31T23:59:59-01:00", "outside the years 1 to 9999"),
    ],
)
def test_what_is_no_instant_is_a_usage_error(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_instant(text)


@given(instants)
def test_an_instant_survives_the_round_trip(instant: datetime) -> None:
    assert parse_instant(format_instant(instant)) == instant


def test_a_fixed_clock_stands_still_in_utc() -> None:
    clock = fixed_clock(datetime.fromisoformat("2026-11-22T06:00:00+01:00"))
    assert clock() == clock() == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert clock().tzinfo is UTC
    with pytest.raises(ValueError, match="offset"):
        fixed_clock(datetime(2026, 11, 22))  # noqa: DTZ001  a naive time is what must be refused


def test_the_system_clock_knows_its_offset() -> None:
    assert system_clock().tzinfo is UTC
