"""The Icinga collector over HTTP, against what a real Icinga 2.13.6 answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime, contract_faults
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.icinga import IcingaCollector
from itomm.collectors.source import Source
from itomm.config.settings import Service
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

RECORDED = Path(__file__).parents[1] / "data" / "recorded_by_us" / "icinga"
LISTS = ("hosts", "services", "notifications", "users", "downtimes")
ALL = ("scrape_target", "alert_rule", "notification_route", "silence")

Read = Callable[..., MemorySink]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


LAST_CHECK = max(row["attrs"]["last_check"] for row in recorded("services")["results"])
NOW = datetime.fromtimestamp(LAST_CHECK, UTC)


def answer(payload: object) -> Answer:
    return Answer(200, json.dumps(payload).encode())


def changed(name: str, object_name: str, **attributes: object) -> Answer:
    """A recorded list in which one object has other attributes."""
    document = recorded(name)
    (row,) = [row for row in document["results"] if row["name"] == object_name]
    row["attrs"].update(attributes)
    return answer(document)


@pytest.fixture
def icinga() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        server.on("/v1", answer(recorded("about")))
        for name in LISTS:
            server.on(f"/v1/objects/{name}", answer(recorded(name)))
        yield server


@pytest.fixture
def read(icinga: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> Read:
    def read_streams(*types: str, until: datetime = NOW, **settings: Any) -> MemorySink:
        sink, time = MemorySink(), PretendTime(start=until)
        assignment = Assignment(
            run=1,
            until=until,
            history=timedelta(days=30),
            services=(Service(id="checkout"), Service(id="cart")),
            pseudonym_key=b"icinga" * 4,
            record_types=frozenset(types or ALL),
        )
        collect([source(icinga, monkeypatch, **settings)], sink, assignment, time.clock, timing=time.timing)
        return sink

    return read_streams


def source(icinga: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Source:
    monkeypatch.setenv("ICINGA_PASSWORD", "sesame")
    configured = {"url": icinga.url, "user": "auditor", "token": "env:ICINGA_PASSWORD", **settings}
    return Source("icinga", IcingaCollector, IcingaCollector.settings_model.model_validate(configured))


def of(sink: MemorySink, record_type: str) -> tuple[dict[str, Observation], CollectionOutcome]:
    found = sink.of(record_type)
    assert found.outcome is not None
    return {one.source_ref: one for one in found.observations}, found.outcome


def test_icinga_keeps_the_contract_under_every_fault() -> None:
    settings = {"user": "auditor", "token": "env:ITOMM_CONTRACT_TOKEN"}
    assert contract_faults(IcingaCollector, lambda url: {"url": url, **settings}) == []


def test_hosts_and_services_are_targets(read: Read) -> None:
    found, outcome = of(read("scrape_target"), "scrape_target")
    health = {name: one.fields["health"] for name, one in found.items()}
    assert outcome.complete
    assert health == {
        "cart1": "down",
        "cart1!disk": "up",
        "checkout1": "up",
        "checkout1!http": "down",
        "never1": "unknown",
    }
    assert found["never1"].fields["last_scrape_at"] is None
    assert (found["cart1!disk"].fields["job"], found["cart1!disk"].fields["instance"]) == ("disk", "cart1")


@pytest.mark.parametrize(
    ("state", "health"), [(0, "up"), (1, "up"), (2, "down"), (3, "unknown"), (None, "unknown")]
)
def test_states_of_a_service_are_read_by_their_number(
    state: object, health: str, read: Read, icinga: MisbehavingServer
) -> None:
    icinga.on("/v1/objects/services", changed("services", "cart1!disk", state=state))
    assert of(read("scrape_target"), "scrape_target")[0]["cart1!disk"].fields["health"] == health


def test_a_state_whose_successor_is_overdue_is_unknown(read: Read) -> None:
    found, _ = of(read("scrape_target", until=NOW + timedelta(hours=1)), "scrape_target")
    assert {one.fields["health"] for one in found.values()} == {"unknown"}


def test_a_passive_check_is_never_overdue(read: Read, icinga: MisbehavingServer) -> None:
    icinga.on("/v1/objects/services", changed("services", "cart1!disk", enable_active_checks=False))
    found, _ = of(read("scrape_target", until=NOW + timedelta(hours=1)), "scrape_target")
    assert found["cart1!disk"].fields["health"] == "up"


def test_the_service_is_named_by_a_variable_of_the_object_or_its_host(read: Read) -> None:
    targets = read("scrape_target").of("scrape_target")
    owners = dict(zip((one.source_ref for one in targets.observations), targets.service_ids, strict=True))
    assert (owners["checkout1!http"], owners["cart1!disk"], owners["never1"]) == ("checkout", "cart", None)


def test_checks_that_notify_are_alerting_rules(read: Read) -> None:
    rules, outcome = of(read("alert_rule"), "alert_rule")
    assert outcome.complete
    assert set(rules) == {"checkout1!http", "cart1"}
    http = rules["checkout1!http"].fields
    assert (http["name"], http["group"], http["expr"]) == ("http", "checkout1", "always-critical")
    assert http["runbook_url"] == "https://runbooks.example/http"
    assert (http["summary"], http["paging"], http["health"]) == (True, False, "ok")
    assert http["for_s"] == timedelta(seconds=1)
    assert rules["cart1"].fields["runbook_url"] is None


def test_which_commands_wake_somebody_is_set(read: Read) -> None:
    sink = read("alert_rule", "notification_route", paging_commands=["page-someone"])
    assert of(sink, "alert_rule")[0]["checkout1!http"].fields["paging"] is True
    routes, _ = of(sink, "notification_route")
    assert routes["checkout1!http!page"].fields["paging"] is True
    assert routes["cart1!into-the-void"].fields["paging"] is False  # it reaches nobody


def test_a_check_that_may_not_notify_is_no_alerting_rule(read: Read, icinga: MisbehavingServer) -> None:
    icinga.on("/v1/objects/services", changed("services", "checkout1!http", enable_notifications=False))
    assert set(of(read("alert_rule"), "alert_rule")[0]) == {"cart1"}


def test_a_check_that_does_not_work_is_a_rule_in_error(read: Read, icinga: MisbehavingServer) -> None:
    icinga.on("/v1/objects/services", changed("services", "checkout1!http", state=3, check_command="disk"))
    fields = of(read("alert_rule"), "alert_rule")[0]["checkout1!http"].fields
    assert (fields["health"], fields["saturation"]) == ("err", ["disk"])


def test_a_notification_that_reaches_nobody_is_seen_as_such(read: Read) -> None:
    routes, _ = of(read("notification_route"), "notification_route")
    assert routes["cart1!into-the-void"].fields["integrations"] == []
    page = routes["checkout1!http!page"].fields
    assert (page["receiver"], page["integrations"], page["escalation_levels"]) == (
        "shop-on-call",
        ["page-someone"],
        1,
    )
    assert page["matchers"] == ['host="checkout1"', 'service="http"', 'state=~"Critical"', 'type=~"Problem"']


def test_a_user_who_is_switched_off_is_not_reached(read: Read, icinga: MisbehavingServer) -> None:
    icinga.on("/v1/objects/users", changed("users", "ada", enable_notifications=False))
    routes, _ = of(read("notification_route"), "notification_route")
    assert routes["checkout1!http!page"].fields["integrations"] == []


def test_notifications_that_begin_later_are_further_levels(read: Read, icinga: MisbehavingServer) -> None:
    document = recorded("notifications")
    first = next(row for row in document["results"] if row["name"] == "checkout1!http!page")
    later = {**first, "name": "checkout1!http!then", "attrs": {**first["attrs"], "name": "then"}}
    later["attrs"]["times"] = {"begin": 900.0}
    document["results"].append(later)
    icinga.on("/v1/objects/notifications", answer(document))
    routes, _ = of(read("notification_route"), "notification_route")
    assert routes["checkout1!http!page"].fields["escalation_levels"] == 2


def test_a_downtime_is_a_silence_and_covers_no_past(read: Read) -> None:
    silences, outcome = of(read("silence"), "silence")
    (silence,) = silences.values()
    assert silence.fields["comment"] == "disk swap"
    assert silence.fields["duration_s"] == timedelta(hours=1)
    assert outcome.window_start == outcome.window_end == NOW


def test_a_flexible_downtime_lasts_from_when_it_was_triggered(read: Read, icinga: MisbehavingServer) -> None:
    name = recorded("downtimes")["results"][0]["name"]
    triggered = NOW.timestamp() - 60
    icinga.on(
        "/v1/objects/downtimes", changed("downtimes", name, fixed=False, trigger_time=triggered, duration=600)
    )
    (silence,) = of(read("silence"), "silence")[0].values()
    assert (silence.fields["starts_at"], silence.fields["duration_s"]) == (
        NOW - timedelta(minutes=1),
        timedelta(minutes=10),
    )
    icinga.on("/v1/objects/downtimes", changed("downtimes", name, fixed=False, trigger_time=0))
    silences, outcome = of(read("silence"), "silence")
    assert silences == {}
    assert "has not begun" in outcome.warnings[0]


def test_an_account_without_a_permission_is_no_empty_monitoring(
    read: Read, icinga: MisbehavingServer
) -> None:
    icinga.on("/v1", answer(recorded("about_narrow")))
    sink = read()
    for record_type in ALL:
        found, outcome = of(sink, record_type)
        assert found == {}
        assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "objects/query/Host" in of(sink, "scrape_target")[1].error


@pytest.mark.parametrize(
    ("permissions", "complete"),
    [
        (["*"], True),
        (["objects/query/*"], True),
        (["OBJECTS/QUERY/HOST", "objects/query/service"], True),
        (["objects/query/Host", "objects/query/Service (filtered)"], False),
        (["*", "objects/query/Service (filtered)"], False),
    ],
)
def test_permissions_are_patterns_and_a_filter_hides(
    permissions: list[str], complete: bool, read: Read, icinga: MisbehavingServer
) -> None:
    icinga.on("/v1", answer({"results": [{"permissions": permissions, "user": "auditor"}]}))
    assert of(read("scrape_target"), "scrape_target")[1].complete is complete


def test_variables_that_nobody_asked_for_stay_out(read: Read) -> None:
    kept = repr(read().collections)
    for words in ("hunter2", "ada@shop.example", "'ada'", "sesame"):
        assert words not in kept


def test_only_what_is_needed_is_asked_for(read: Read, icinga: MisbehavingServer) -> None:
    read()
    assert len(icinga.requests) == 16
    lists = [url for _, url in icinga.requests if "/objects/" in url]
    assert all("attrs=" in url for url in lists)
    assert sum("attrs=last_check" in url for url in lists) == 4  # states are not asked for to name a service


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ({}, "{url}/v1/objects/services/checkout1!http"),
        (
            {"web_url": "https://i.example/icingaweb2"},
            "https://i.example/icingaweb2/icingadb/service?name=http&host.name=checkout1",
        ),
        (
            {"web_url": "https://i.example/icingaweb2", "web_module": "monitoring"},
            "https://i.example/icingaweb2/monitoring/service/show?host=checkout1&service=http",
        ),
    ],
)
def test_a_record_leads_to_the_page_that_people_open(
    settings: dict[str, str], page: str, read: Read, icinga: MisbehavingServer
) -> None:
    found, _ = of(read("scrape_target", **settings), "scrape_target")
    assert found["checkout1!http"].url == page.format(url=icinga.url)


def test_doctor_names_the_permission_that_is_missing(
    icinga: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = PretendTime(start=NOW)
    icinga.on("/v1", answer(recorded("about_narrow")))
    checks = {one.title: one for one in check_source(source(icinga, monkeypatch), time.clock)}
    assert str(checks["Host objects"].state) == "failed"
    assert "objects/query/Host" in checks["Host objects"].remedy
    assert str(checks["Service objects"].state) == "warning"
