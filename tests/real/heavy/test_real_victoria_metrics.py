from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.evidence.observation import UnknownReason
from tests.real.heavy import journey
from tests.real.history import backup_times, firing_times, first_midnight
from tests.real.servers import RunningServer

pytestmark = pytest.mark.real_server


@pytest.fixture(scope="module")
def metrics(victoria_metrics: RunningServer, now: datetime) -> MemorySink:
    return journey.read({"collector": "prometheus", "url": victoria_metrics.url}, now, timedelta(days=60))


def test_availability_is_the_same_as_prometheus_tells(metrics: MemorySink, now: datetime) -> None:
    days = {one.fields["date"]: one.fields for one in metrics.of("uptime_series").observations}
    start = first_midnight(now)
    bad = days[start + timedelta(days=10)]
    assert bad["availability"] == pytest.approx(1 - 6 / 24, abs=0.005)
    others = [fields for day, fields in days.items() if day != start + timedelta(days=10)]
    assert len(others) >= 28
    assert all(fields["availability"] == pytest.approx(1, abs=0.005) for fields in others)


def test_each_firing_of_an_alert_is_one_episode(metrics: MemorySink, now: datetime) -> None:
    past = [one for one in metrics.of("alert_event").observations if one.fields["rule"] == "CheckoutDown"]
    assert [one.fields["started_at"] for one in past] == [first for first, _ in firing_times(now)]


def test_each_nightly_backup_is_one_run(metrics: MemorySink, now: datetime) -> None:
    runs = sorted(str(one.fields["finished_at"]) for one in metrics.of("backup_job").observations)
    assert runs == sorted(str(time) for time in backup_times(now))


def test_history_is_covered_only_as_far_as_there_are_samples(metrics: MemorySink, now: datetime) -> None:
    outcome = metrics.of("uptime_series").outcome
    assert outcome is not None
    assert outcome.window_start is not None
    assert abs(outcome.window_start - first_midnight(now)) <= timedelta(days=1)


def test_the_retention_is_read_where_this_server_tells_it(
    victoria_metrics: RunningServer, now: datetime
) -> None:
    asked = {"collector": "prometheus", "url": victoria_metrics.url}
    outcome = journey.read(asked, now, timedelta(days=400)).of("uptime_series").outcome
    assert outcome is not None
    assert "this server keeps 200 days; older history is unknown" in outcome.warnings


@pytest.mark.parametrize("record_type", ["alert_rule", "scrape_target"])
def test_an_empty_list_of_a_server_without_rules_and_targets_is_no_fact(
    record_type: str, metrics: MemorySink
) -> None:
    outcome = metrics.of(record_type).outcome
    assert outcome is not None
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_the_whole_way_leads_from_the_answer_to_the_server(
    victoria_metrics: RunningServer, now: datetime, tmp_path: Path
) -> None:
    source = (
        f'{{collector: prometheus, url: "{victoria_metrics.url}", record_types: [uptime_series, backup_job]}}'
    )
    way = journey.begun(tmp_path, now, source, {})
    collected = way.run("collect")
    assert collected.code == 0, collected.err
    shown = way.run("show", "--output", "json")
    assert shown.code == 0, shown.err
    explained = way.explained("SD-AVC-2.1", "checkout")
    assert explained["answer"]["inferred"]["seen"] > 0
    assert f"{victoria_metrics.url}/graph" in json.dumps(explained)
