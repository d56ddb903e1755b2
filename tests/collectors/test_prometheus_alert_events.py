from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.prometheus.alert_events import LONGEST_GAP, Episode, alert_event, extend
from itomm.collectors.prometheus.periods import MINUTE, Range, steps_between, whole_days
from itomm.collectors.prometheus.samples import Sample, Series
from itomm.collectors.prometheus.settings import PrometheusSettings

START = datetime(2026, 10, 1, tzinfo=UTC)
LABELS = {"alertname": "Down", "severity": "Page", "service": "checkout"}
SETTINGS = PrometheusSettings(url="https://prometheus.example")


def at(minute: int) -> datetime:
    return START + MINUTE * minute


def firing(*minutes: int) -> list[Series]:
    return [Series(LABELS, tuple(Sample(at(minute), 1) for minute in minutes), {})] if minutes else []


def episodes(minutes: list[int], chunk_points: int, last: int) -> list[tuple[datetime, datetime]]:
    """First and last samples of all episodes, read in chunks."""
    still_open: dict[str, Episode] = {}
    found: list[Episode] = []
    for chunk in Range(START, at(last), MINUTE).chunks(chunk_points):
        inside = [minute for minute in minutes if chunk.first <= at(minute) <= chunk.last]
        found += extend(still_open, firing(*inside), chunk)
    return sorted((one.first, one.last) for one in [*found, *still_open.values()])


def test_samples_without_a_break_are_one_episode() -> None:
    assert episodes([3, 4, 5, 6], 100, 50) == [(at(3), at(6))]


def test_a_gap_of_five_minutes_is_bridged_and_a_longer_one_splits() -> None:
    assert episodes([3, 8], 100, 50) == [(at(3), at(8))]
    assert episodes([3, 9], 100, 50) == [(at(3), at(3)), (at(9), at(9))]


@given(
    minutes=st.lists(st.integers(0, 300), unique=True).map(sorted),
    points=st.integers(6, 400),
)
def test_chunks_never_change_what_is_an_episode(minutes: list[int], points: int) -> None:
    assert episodes(minutes, points, 300) == episodes(minutes, 1000, 300)


@given(st.lists(st.integers(0, 300), unique=True, min_size=1).map(sorted))
def test_episodes_hold_every_sample_once_and_lie_apart(minutes: list[int]) -> None:
    found = episodes(minutes, 50, 300)
    for minute in minutes:
        assert sum(first <= at(minute) <= last for first, last in found) == 1
    assert all(later[0] - earlier[1] > LONGEST_GAP for earlier, later in pairwise(found))


def test_an_episode_that_ended_has_an_end_and_a_duration() -> None:
    steps = Range(START, at(100), MINUTE)
    record = alert_event(Episode(LABELS, "{a}", at(10), at(20)), steps, SETTINGS)
    assert record.fields["started_at"] == at(10)
    assert record.fields["ended_at"] == at(21)
    assert record.fields["duration_s"] == timedelta(minutes=11)
    assert record.fields["paging"] is True
    assert record.service_keys == ("checkout",)
    assert record.url.startswith("https://prometheus.example/graph?g0.expr=ALERTS")


def test_an_alert_that_still_fires_has_no_end() -> None:
    steps = Range(START, at(100), MINUTE)
    record = alert_event(Episode(LABELS, "{a}", at(10), at(100)), steps, SETTINGS)
    assert record.fields["ended_at"] is None
    assert record.fields["duration_s"] is None


def test_the_same_episode_seen_again_is_the_same_record() -> None:
    earlier = alert_event(Episode(LABELS, "{a}", at(10), at(50)), Range(START, at(50), MINUTE), SETTINGS)
    later = alert_event(Episode(LABELS, "{a}", at(10), at(70)), Range(START, at(100), MINUTE), SETTINGS)
    assert earlier.source_ref == later.source_ref


@given(st.integers(0, 5000), st.integers(1, 400))
def test_chunks_leave_no_step_out_and_repeat_none(minutes: int, points: int) -> None:
    whole = Range(START, at(minutes), MINUTE)
    steps = []
    for chunk in whole.chunks(points):
        count = (chunk.last - chunk.first) // MINUTE + 1
        assert count <= points
        steps += [chunk.first + MINUTE * index for index in range(count)]
    assert steps == [at(minute) for minute in range(minutes + 1)]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis wants naive bounds
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_steps_are_aligned_and_whole_days_lie_inside(since: datetime, length: timedelta) -> None:
    until = since + length
    steps = steps_between(since, until, MINUTE)
    assert steps.first >= since
    assert steps.last <= until
    assert (steps.first.second, steps.last.second) == (0, 0)
    days = whole_days(since, until)
    if not days.is_empty:
        assert days.first - timedelta(days=1) >= since
        assert days.last <= until
        assert days.first.hour == days.last.hour == 0
