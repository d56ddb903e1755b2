from __future__ import annotations

import json
import urllib.request
from datetime import datetime, timedelta

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.source import build_source
from itomm.config.clock import fixed_clock, format_instant, system_clock
from itomm.config.settings import Service
from tests.real.servers import RunningServer, wait_for


@pytest.fixture(scope="module")
def read(alertmanager: RunningServer) -> MemorySink:
    now = system_clock().replace(microsecond=0)
    begins = now + timedelta(seconds=30)  # Alertmanager refuses silences that begin in the past
    silence = {
        "matchers": [
            {"name": "service", "value": "checkout", "isRegex": False, "isEqual": True},
            {"name": "severity", "value": "page", "isRegex": False, "isEqual": True},
        ],
        "startsAt": format_instant(begins),
        "endsAt": format_instant(begins + timedelta(hours=2)),
        "createdBy": "Ada Lovelace",
        "comment": "Planned work, ask ada@example.com",
    }
    request = urllib.request.Request(  # noqa: S310  a loopback address of ours
        f"{alertmanager.url}/api/v2/silences",
        data=json.dumps(silence).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  a loopback address of ours
        assert answer.status == 200
    later = now + timedelta(minutes=5)
    source = build_source("alertmanager", {"collector": "alertmanager", "url": alertmanager.url})
    assignment = Assignment(
        run=1,
        until=later,
        history=timedelta(days=90),
        services=(Service(id="checkout"),),
        pseudonym_key=b"0123456789abcdef",
    )
    sink = MemorySink()
    collect([source], sink, assignment, fixed_clock(later))
    return sink


def test_the_route_tree_is_read_with_what_each_node_reaches(read: MemorySink) -> None:
    collection = read.of("notification_route")
    seen = [
        (one.fields["receiver"], one.fields["matchers"], one.fields["integrations"], one.fields["paging"])
        for one in collection.observations
    ]
    on_call = ['service="checkout"', 'severity="page"']  # Alertmanager itself puts them in this order
    assert seen == [
        ("nobody", [], [], False),
        ("shop-on-call", on_call, ["pagerduty"], True),
        ("shop-chat", [*on_call, 'team="shop"'], ["slack", "webhook"], False),
        ("nobody", ['service=~"cart|catalogue"'], [], False),
    ]
    assert collection.service_ids == [None, "checkout", "checkout", None]
    assert collection.outcome is not None
    assert collection.outcome.complete


def test_no_secret_of_the_configuration_is_kept(read: MemorySink) -> None:
    kept = repr(read.collections)
    assert "verysecret" not in kept
    assert "0123456789abcdef0123456789abcdef" not in kept


def test_a_silence_is_read_and_its_author_is_a_pseudonym(read: MemorySink) -> None:
    collection = read.of("silence")
    (silence,) = collection.observations
    assert str(silence.fields["created_by"]).startswith("person-")
    assert silence.fields["duration_s"] == timedelta(hours=2)
    assert collection.service_ids == ["checkout"]
    assert "Ada" not in repr(silence)
    assert "ada@example.com" not in repr(silence)


def test_silences_are_covered_only_as_long_as_alertmanager_remembers_them(read: MemorySink) -> None:
    outcome = read.of("silence").outcome
    assert outcome is not None
    assert outcome.window_start is not None
    assert outcome.window_end is not None
    assert outcome.window_end - outcome.window_start == timedelta(hours=120)


def test_an_alert_of_the_real_prometheus_reaches_the_route_that_was_read(
    prometheus: RunningServer, alertmanager: RunningServer, read: MemorySink
) -> None:
    assert prometheus.url
    text = wait_for(f"{alertmanager.url}/api/v2/alerts", lambda answer: "AlwaysFiring" in answer)
    (alert,) = [one for one in json.loads(text) if one["labels"]["alertname"] == "AlwaysFiring"]
    (chat,) = [
        one for one in read.of("notification_route").observations if one.fields["receiver"] == "shop-chat"
    ]
    assert [receiver["name"] for receiver in alert["receivers"]] == [chat.fields["receiver"]]
    assert alert["annotations"]["runbook_url"] == "https://runbooks.example/always"


def test_doctor_finds_a_healthy_alertmanager(alertmanager: RunningServer, now: datetime) -> None:
    source = build_source("alertmanager", {"collector": "alertmanager", "url": alertmanager.url})
    checks = check_source(source, fixed_clock(now))
    assert [check.state for check in checks] == ["ok", "ok"]
    assert checks[1].detail == "4 routes"
