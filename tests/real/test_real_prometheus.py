from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.source import build_source
from itomm.config.clock import fixed_clock
from itomm.config.settings import Service
from itomm.evidence.observation import UnknownReason
from tests.real.history import backup_times, certificate_end, firing_times, first_midnight, past_until
from tests.real.servers import RunningServer


@pytest.fixture(scope="module")
def read(prometheus: RunningServer, now: datetime) -> MemorySink:
    source = build_source("prometheus", {"collector": "prometheus", "url": prometheus.url})
    services = (Service(id="checkout"), Service(id="cart"))
    assignment = Assignment(
        run=1, until=now, history=timedelta(days=60), services=services, pseudonym_key=b"0123456789abcdef"
    )
    sink = MemorySink()
    collect([source], sink, assignment, fixed_clock(now))
    return sink


def test_every_rule_of_kube_prometheus_is_read_with_its_runbook(read: MemorySink) -> None:
    rules = [one for one in read.of("alert_rule").observations if one.fields["group"] != "checkout"]
    assert len(rules) == 139
    assert all(one.fields["runbook_url"] for one in rules)
    assert len({one.source_ref for one in rules}) == 139
    severities = [one.fields["severity"] for one in rules]
    assert [severities.count(each) for each in ("warning", "critical", "info", "none")] == [96, 34, 7, 2]
    assert sum(one.fields["paging"] is True for one in rules) == 34


def test_forecasts_burn_rates_and_saturation_are_told_from_real_expressions(read: MemorySink) -> None:
    rules = read.of("alert_rule").observations
    burning = {one.fields["name"] for one in rules if one.fields["slo_burn"]}
    forecasting = {one.fields["name"] for one in rules if one.fields["forecast"]}
    about = {kind: set[object]() for kind in ("disk", "inode", "cpu", "memory", "connections", "quota")}
    for one in rules:
        saturation = one.fields["saturation"]
        assert isinstance(saturation, list)
        for kind in set(saturation) & set(about):
            about[kind].add(one.fields["name"])
    assert burning == {"KubeAPIErrorBudgetBurn"}
    assert forecasting == {
        "KubePersistentVolumeFillingUp",
        "KubePersistentVolumeInodesFillingUp",
        "NodeClockSkewDetected",
        "NodeFilesystemFilesFillingUp",
        "NodeFilesystemSpaceFillingUp",
        "PrometheusNotificationQueueRunningFull",
    }
    assert {"NodeFilesystemAlmostOutOfSpace", "KubePersistentVolumeFillingUp"} <= about["disk"]
    assert {"NodeFilesystemAlmostOutOfFiles", "KubePersistentVolumeInodesFillingUp"} <= about["inode"]
    assert "NodeFilesystemAlmostOutOfFiles" not in about["disk"]
    assert {"CPUThrottlingHigh", "NodeCPUHighUsage"} <= about["cpu"]
    assert "NodeMemoryHighUtilization" in about["memory"]
    assert "NodeHighNumberConntrackEntriesUsed" in about["connections"]
    assert "KubeQuotaExceeded" in about["quota"]


def test_a_rule_belongs_to_the_service_in_its_labels(read: MemorySink) -> None:
    collection = read.of("alert_rule")
    owners = dict(
        zip((one.fields["name"] for one in collection.observations), collection.service_ids, strict=True)
    )
    assert owners["AlwaysFiring"] == "checkout"
    assert owners["KubeAPIErrorBudgetBurn"] is None
    assert collection.outcome is not None
    assert collection.outcome.unmapped == 139


def test_availability_is_read_for_every_whole_day_of_the_past(read: MemorySink, now: datetime) -> None:
    # The past ends at a full hour, so its last day has at most 23 of 24 hours, whatever the time is now.
    whole = [
        one for one in read.of("uptime_series").observations if float(str(one.fields["samples_ratio"])) > 0.97
    ]
    days = {one.fields["date"]: one.fields for one in whole}
    start = first_midnight(now)
    assert min(map(str, days)) == str(start)
    bad = days[start + timedelta(days=10)]
    assert bad["availability"] == pytest.approx(1 - 6 / 24, abs=0.005)
    good = [fields for day, fields in days.items() if day != start + timedelta(days=10)]
    assert len(good) >= 28
    # A day's samples include the one at its last midnight, so one failed sample may leak into the day before.
    assert all(fields["availability"] == pytest.approx(1, abs=0.005) for fields in good)
    assert all(fields["samples_ratio"] == pytest.approx(1, abs=0.01) for fields in good)


def test_a_history_shorter_than_the_window_is_covered_only_so_far(read: MemorySink, now: datetime) -> None:
    outcome = read.of("uptime_series").outcome
    assert outcome is not None
    assert outcome.complete
    assert outcome.window_start is not None
    asked_from = now - timedelta(days=60)
    assert outcome.window_start > asked_from + timedelta(days=25)
    assert abs(outcome.window_start - first_midnight(now)) <= timedelta(days=1)


def test_each_firing_of_an_alert_is_one_episode(read: MemorySink, now: datetime) -> None:
    past = [one for one in read.of("alert_event").observations if one.fields["rule"] == "CheckoutDown"]
    seen = [(one.fields["started_at"], one.fields["duration_s"], one.fields["paging"]) for one in past]
    # Back-filled series carry no mark for their end, so the last sample shows for five minutes more.
    expected = [(first, last - first + timedelta(minutes=5), True) for first, last in firing_times(now)]
    assert [start for start, _, _ in seen] == [start for start, _, _ in expected]
    for (_, duration, paging), (_, wanted, _) in zip(seen, expected, strict=True):
        assert isinstance(duration, timedelta)
        assert abs(duration - wanted) <= timedelta(minutes=1)
        assert paging is True


def test_memory_is_read_as_used_share(read: MemorySink) -> None:
    memory = [one for one in read.of("capacity_series").observations if one.fields["kind"] == "memory"]
    assert len(memory) >= 29
    assert {one.fields["p95"] for one in memory} == {0.75}
    assert {one.fields["resource"] for one in memory} == {"c1 memory"}


def test_each_nightly_backup_is_one_run(read: MemorySink, now: datetime) -> None:
    runs = sorted(str(one.fields["finished_at"]) for one in read.of("backup_job").observations)
    assert runs == sorted(str(time) for time in backup_times(now))


def test_a_dead_target_is_seen_as_such(read: MemorySink) -> None:
    (target,) = read.of("scrape_target").observations
    assert (target.fields["job"], target.fields["instance"]) == ("checkout", "127.0.0.1:1")
    assert target.fields["health"] in {"down", "unknown"}


def test_asked_and_empty_is_a_complete_answer(read: MemorySink) -> None:
    for record_type in ("slo", "certificate"):  # their last samples are hours old, so there are none now
        collection = read.of(record_type)
        assert collection.observations == []
        assert len(collection.pages) == 1
        assert collection.outcome is not None
        assert collection.outcome.complete


def test_objectives_and_certificates_are_read_as_of_the_instant_of_the_run(
    prometheus: RunningServer, now: datetime
) -> None:
    sink = read_as_of(prometheus, past_until(now), "slo", "certificate")
    (objective,) = sink.of("slo").observations
    assert (objective.fields["objective"], objective.fields["window_days"]) == (0.995, 28)
    assert objective.fields["defined_in"] == "sloth"
    assert sink.of("slo").service_ids == ["checkout"]
    (certificate,) = sink.of("certificate").observations
    assert certificate.fields["endpoint"] == "https://checkout.example/"
    assert certificate.fields["not_after"] == certificate_end(now)


def test_every_page_names_the_request_that_fetched_it(read: MemorySink, prometheus: RunningServer) -> None:
    pages = [page for collection in read.collections for page in collection.pages]
    assert all(page.request.status == 200 for page in pages)
    assert all(page.request.url.startswith(f"{prometheus.url}/api/v1/") for page in pages)
    (uptime, *_) = read.of("uptime_series").pages
    assert "probe_success" in uptime.request.query["query"]


def test_the_retention_of_the_server_shows_as_coverage(prometheus: RunningServer, now: datetime) -> None:
    outcome = read_as_of(prometheus, past_until(now), "backup_job").of("backup_job").outcome
    assert outcome is not None
    assert any("keeps 400 days" in warning for warning in outcome.warnings)


def read_as_of(prometheus: RunningServer, until: datetime, *record_types: str) -> MemorySink:
    source = build_source("prometheus", {"collector": "prometheus", "url": prometheus.url})
    sink = MemorySink()
    assignment = Assignment(
        run=1,
        until=until,
        history=timedelta(days=500),
        services=(Service(id="checkout"),),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset(record_types),
    )
    collect([source], sink, assignment, fixed_clock(until))
    return sink


def test_an_expression_the_server_refuses_leaves_the_stream_incomplete(
    prometheus: RunningServer, now: datetime
) -> None:
    configured = {"collector": "prometheus", "url": prometheus.url, "queries": {"objective": "sum(("}}
    sink = MemorySink()
    assignment = Assignment(
        run=1,
        until=now,
        history=timedelta(days=5),
        services=(),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset({"slo"}),
    )
    collect([build_source("prometheus", configured)], sink, assignment, fixed_clock(now))
    outcome = sink.of("slo").outcome
    assert outcome is not None
    assert not outcome.complete
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "parse error" in outcome.error


def test_doctor_finds_a_healthy_prometheus(prometheus: RunningServer, now: datetime) -> None:
    source = build_source("prometheus", {"collector": "prometheus", "url": prometheus.url})
    checks = check_source(source, fixed_clock(now))
    assert checks[0].state == "ok"
    assert any(check.detail == "140 are loaded" for check in checks)
