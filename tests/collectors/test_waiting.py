from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.framework.waiting import asked_wait, asks_to_wait, back_off

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "Sun, 01 Nov 2026 06:00:30 GMT"}, 30),
        ({"Retry-After": "Sun, 01 Nov 2026 06:00:30 GMT", "Date": "Sun, 01 Nov 2026 06:00:20 GMT"}, 10),
        ({"Retry-After": "Sun, 01 Nov 2026 05:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "inf"}, None),
        ({"RateLimit-Reset": "1793512860"}, 60),
        ({"RateLimit-Reset": "45"}, 45),
        ({"X-RateLimit-Reset": "2026-11-01T06:01Z"}, 60),
        ({"X-RateLimit-Reset": "2026-11-01T07:01:00+01:00"}, 60),
        ({"Retry-After": "3", "RateLimit-Reset": "1793512860"}, 3),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1793512860"}, 60),
        ({"X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1793512860"}, None),
    ],
)
def test_both_forms_of_retry_after_and_every_form_of_reset_are_read(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "not_now"),
    [
        (429, {}, True),
        (503, {}, True),
        (403, {}, False),
        (403, {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1793512860"}, False),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1793512860"}, True),
        (403, {"Retry-After": "60"}, True),
        (401, {"Retry-After": "60"}, False),
        (200, {"X-RateLimit-Remaining": "0"}, False),
    ],
)
def test_a_used_up_rate_limit_is_told_from_a_lack_of_rights(
    status: int, headers: dict[str, str], not_now: bool
) -> None:
    assert asks_to_wait(status, headers) is not_now


@given(
    st.dictionaries(
        st.sampled_from(["Retry-After", "RateLimit-Reset", "X-RateLimit-Reset", "Date"]), st.text()
    )
)
def test_no_header_whatever_it_holds_breaks_the_wait(headers: dict[str, str]) -> None:
    wait = asked_wait(headers, NOW)
    assert wait is None or wait >= 0


@given(st.integers(1, 60), st.floats(0, 1, exclude_max=True))
def test_back_off_grows_to_a_ceiling_and_never_vanishes(attempt: int, chance: float) -> None:
    assert 0.25 <= back_off(attempt, chance) <= 30
    assert back_off(attempt, chance) <= back_off(attempt + 1, chance)
