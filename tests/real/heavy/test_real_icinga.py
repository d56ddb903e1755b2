from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.config.clock import system_clock
from itomm.evidence.observation import Observation, UnknownReason
from tests.real.heavy import journey
from tests.real.heavy.icinga import PASSWORD, Icinga

pytestmark = pytest.mark.real_server


def settings(icinga: Icinga, user: str = "auditor", **more: object) -> dict[str, object]:
    return {
        "collector": "icinga",
        "url": icinga.url,
        "user": user,
        "token": "env:ICINGA_PASSWORD",
        "verify": str(icinga.authority),
        **more,
    }


@pytest.fixture(scope="module", autouse=True)
def password(monkeypatch_module: pytest.MonkeyPatch) -> None:
    monkeypatch_module.setenv("ICINGA_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def downtime(icinga: Icinga) -> datetime:
    starts_at = system_clock().replace(microsecond=0) - timedelta(seconds=1)
    icinga.ask(
        "POST",
        "actions/schedule-downtime",
        type="Service",
        filter='service.__name == "cart1!disk"',
        start_time=starts_at.timestamp(),
        end_time=(starts_at + timedelta(hours=1)).timestamp(),
        author="ada",
        comment="The disk is swapped.",
    )
    return starts_at


@pytest.fixture(scope="module")
def monitored(icinga: Icinga, downtime: datetime) -> MemorySink:
    return journey.read(settings(icinga), system_clock())


def by_ref(sink: MemorySink, record_type: str) -> dict[str, Observation]:
    collection = sink.of(record_type)
    assert collection.outcome is not None
    assert collection.outcome.complete
    return {one.source_ref: one for one in collection.observations}


def test_hosts_and_services_are_targets_with_their_state(monitored: MemorySink) -> None:
    health = {name: one.fields["health"] for name, one in by_ref(monitored, "scrape_target").items()}
    assert health == {
        "cart1": "down",
        "cart1!disk": "up",
        "checkout1": "up",
        "checkout1!http": "down",
        "never1": "unknown",
    }


def test_what_was_never_checked_has_no_time_of_a_check(monitored: MemorySink) -> None:
    assert by_ref(monitored, "scrape_target")["never1"].fields["last_scrape_at"] is None


def test_targets_belong_to_the_service_that_a_variable_of_their_host_names(monitored: MemorySink) -> None:
    targets = monitored.of("scrape_target")
    owners = dict(zip((one.source_ref for one in targets.observations), targets.service_ids, strict=True))
    assert (owners["checkout1!http"], owners["cart1!disk"], owners["never1"]) == ("checkout", "cart", None)


def test_checks_that_notify_are_rules_with_their_runbook(monitored: MemorySink) -> None:
    rules = by_ref(monitored, "alert_rule")
    assert set(rules) == {"checkout1!http", "cart1"}
    http = rules["checkout1!http"].fields
    assert http["runbook_url"] == "https://runbooks.example/http"
    assert (http["owner"], http["paging"], http["summary"]) == ("shop", True, True)
    assert http["for_s"] == timedelta(minutes=1)
    assert rules["cart1"].fields["runbook_url"] is None


def test_a_notification_that_reaches_nobody_is_seen_as_such(monitored: MemorySink) -> None:
    routes = {name: one.fields for name, one in by_ref(monitored, "notification_route").items()}
    assert routes["cart1!into-the-void"]["integrations"] == []
    assert routes["cart1!into-the-void"]["paging"] is False
    page = routes["checkout1!http!page"]
    assert (page["receiver"], page["integrations"], page["escalation_levels"]) == (
        "shop-on-call",
        ["pagerduty"],
        2,
    )
    assert routes["checkout1!http!escalate"]["integrations"] == ["pagerduty"]


def test_a_downtime_is_a_silence_and_no_past_is_claimed(monitored: MemorySink, downtime: datetime) -> None:
    (silence,) = by_ref(monitored, "silence").values()
    assert silence.fields["starts_at"] == downtime
    assert silence.fields["duration_s"] == timedelta(hours=1)
    outcome = monitored.of("silence").outcome
    assert outcome is not None
    assert outcome.window_start == outcome.window_end


def test_neither_people_nor_secrets_are_kept(monitored: MemorySink) -> None:
    kept = repr(monitored.collections)
    for secret in ("hunter2", "Secretname", "ada@shop.example", "'ada'", PASSWORD):
        assert secret not in kept


def test_an_account_without_permissions_is_no_empty_monitoring(icinga: Icinga, now: datetime) -> None:
    sink = journey.read(settings(icinga, "blind"), now)  # Icinga answers 404, "No objects found."
    for record_type in ("scrape_target", "alert_rule", "notification_route", "silence"):
        outcome = sink.of(record_type).outcome
        assert outcome is not None
        assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert journey.checks(settings(icinga, "blind"), now)["Host objects"] == "failed"


def test_a_filtered_permission_shows_a_part_and_is_told_so(icinga: Icinga, now: datetime) -> None:
    targets = journey.read(settings(icinga, "narrow"), now).of("scrape_target")
    assert "checkout1!http" not in {one.source_ref for one in targets.observations}
    assert targets.outcome is not None
    assert targets.outcome.reason is UnknownReason.PERMISSION_DENIED


def test_a_certificate_by_an_unknown_authority_is_refused(icinga: Icinga, now: datetime) -> None:
    outcome = journey.read(settings(icinga, verify=True), now).of("scrape_target").outcome
    assert outcome is not None
    assert "verify" in outcome.error


def test_the_whole_way_leads_from_the_answer_to_the_server(icinga: Icinga, tmp_path: Path) -> None:
    source = json.dumps(settings(icinga))
    way = journey.begun(tmp_path, system_clock(), source, {"ICINGA_PASSWORD": PASSWORD})
    collected = way.run("collect")
    assert collected.code == 0, collected.err
    explained = way.explained("SS-KNO-3.1", "checkout")
    assert f"{icinga.url}/v1/objects/services/checkout1!http" in json.dumps(explained)
