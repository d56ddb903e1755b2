"""How many requests are under way at once, and how what is left of a rate limit is spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from itomm.collectors.framework.allowance import Allowance, allowance_in
from itomm.collectors.framework.pace import Pace, Ticket

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def pace_of(seconds: Seconds, most: int = 8) -> Pace:
    return Pace(most, seconds)


def entered(pace: Pace) -> Ticket:
    ticket = pace.enter()
    assert ticket is not None
    return ticket


def a_round(pace: Pace, seconds: Seconds, took: float = 0.05) -> None:
    """As many requests as are allowed, all at once, each answered after so long."""
    tickets = [entered(pace) for _ in range(pace.allowed)]
    seconds.now += took
    for ticket in tickets:
        pace.leave(ticket, answered=True, overburdened=False)


def test_few_requests_are_let_through_at_first_and_more_while_answers_come_in_good_time(
    seconds: Seconds,
) -> None:
    pace = pace_of(seconds)
    seen = []
    for _ in range(4):
        seen.append(pace.allowed)
        a_round(pace, seconds)
    assert seen == [2, 4, 8, 8]


def test_nobody_enters_while_as_many_as_allowed_are_under_way(seconds: Seconds) -> None:
    pace = pace_of(seconds, most=1)
    first = entered(pace)
    assert pace.enter() is None
    pace.leave(first, answered=True, overburdened=False)
    entered(pace)


def test_what_is_not_used_does_not_grow(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    for _ in range(20):
        ticket = entered(pace)
        seconds.now += 0.01
        pace.leave(ticket, answered=True, overburdened=False)
    assert pace.allowed == 2


def test_slower_answers_stop_the_growth(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    a_round(pace, seconds, took=0.2)
    a_round(pace, seconds, took=0.41)
    assert pace.allowed == 4
    a_round(pace, seconds, took=0.3)
    assert pace.allowed == 5  # from here on one by one


def test_what_takes_longer_by_its_nature_does_not_stop_the_growth(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    for kind, took in (("branch", 0.05), ("jobs", 0.9)):
        tickets = [pace.enter(kind) for _ in range(pace.allowed)]
        seconds.now += took
        for ticket in tickets:
            assert ticket is not None
            pace.leave(ticket, answered=True, overburdened=False)
    assert pace.allowed == 8


def test_a_server_that_stays_slower_is_asked_more_again_in_the_end(seconds: Seconds) -> None:
    pace = pace_of(seconds, most=4)
    a_round(pace, seconds, took=0.2)
    for _ in range(12):
        a_round(pace, seconds, took=0.7)
    assert pace.allowed == 4


def test_a_refusal_halves_once_for_all_that_were_under_way_together(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    for _ in range(3):
        a_round(pace, seconds)
    tickets = [entered(pace) for _ in range(8)]
    for ticket in tickets:
        pace.leave(ticket, answered=True, overburdened=True)
    assert pace.allowed == 4
    pace.leave(entered(pace), answered=True, overburdened=True)
    assert pace.allowed == 2
    a_round(pace, seconds)
    assert pace.allowed == 3


def test_at_least_one_request_is_always_let_through(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    for _ in range(5):
        pace.leave(entered(pace), answered=False, overburdened=True)
    assert pace.allowed == 1


def test_a_hold_is_one_for_all_and_the_longest_counts(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    pace.hold(30, "after the answer 429")
    pace.hold(5, "after the answer 503")
    assert pace.held() == (30, "after the answer 429")
    seconds.now += 30
    assert pace.held() == (0.0, "")


def test_plenty_left_slows_nothing_down(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    pace.note_allowance(Allowance(remaining=1999, seconds=60, limit=2000))
    assert (pace.held()[0], pace.book()) == (0.0, 0.0)


def test_the_rest_of_an_allowance_is_spread_over_the_time_for_which_it_must_do(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    pace.note_allowance(Allowance(remaining=9, seconds=60, limit=100))
    waits = []
    for _ in range(4):
        due = pace.book()
        waits.append(round(due, 3))
        seconds.now += due
    assert waits == [6.0, 6.0, 6.0, 6.0]
    pace.note_allowance(Allowance(remaining=100, seconds=60, limit=100))
    assert pace.book() == 0.0


def test_a_used_up_allowance_holds_everybody_until_it_is_counted_anew(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    pace.note_allowance(Allowance(remaining=0, seconds=42))
    assert pace.held() == (42, "as its rate limit is used up")


def test_spreading_ends_when_the_limit_is_counted_anew(seconds: Seconds) -> None:
    pace = pace_of(seconds)
    pace.note_allowance(Allowance(remaining=1, seconds=10))
    seconds.now += 10
    assert pace.book() == 0.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"RateLimit-Remaining": "5", "RateLimit-Reset": str(EPOCH + 30), "RateLimit-Limit": "600"},
            Allowance(5, 30, 600),
        ),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "2026-11-01T06:00:20Z"}, Allowance(5, 20)),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "12"}, Allowance(0, 12)),
        (
            {"X-RateLimit-Remaining": "3", "X-RateLimit-Interval-Seconds": "60", "X-RateLimit-Limit": "100"},
            Allowance(3, 60, 100),
        ),
        ({"RateLimit-Remaining": "5"}, None),
        ({"RateLimit-Remaining": "many", "RateLimit-Reset": "12"}, None),
        ({"RateLimit-Remaining": "5", "RateLimit-Reset": str(EPOCH - 30)}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": str(EPOCH + 86_400)}, None),  # a fault, not a limit
        ({}, None),
    ],
)
def test_what_is_left_is_read_in_every_form(headers: dict[str, str], expected: Allowance | None) -> None:
    assert allowance_in(headers, NOW) == expected


def test_a_reset_is_counted_from_the_servers_own_clock() -> None:
    server_now = NOW + timedelta(hours=5)
    headers = {
        "RateLimit-Remaining": "1",
        "RateLimit-Reset": str(int(server_now.timestamp()) + 9),
        "Date": f"{server_now:%a, %d %b %Y %H:%M:%S} GMT",
    }
    assert allowance_in(headers, NOW) == Allowance(1, 9)
