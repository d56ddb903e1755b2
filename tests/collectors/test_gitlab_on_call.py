"""On-call schedules of GitLab, over HTTP; answers are written after GitLab's GraphQL reference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.gitlab.on_call import LOOKED_AHEAD, Shift, coverage_of
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.source import Source, build_source
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason
from itomm.evidence.record_types import record_types

NOW = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
PREMIUM = {"approvals_before_merge": 0}
WHOLE = {"pageInfo": {"hasNextPage": False}}
Row = dict[str, Any]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingServer]:
    monkeypatch.setenv("GITLAB_TOKEN", "sesame")
    with MisbehavingServer() as running:
        tell(running, listed())
        yield running


def tell(server: MisbehavingServer, *payloads: object) -> None:
    server.on("/api/v4/groups/acme/projects", *(Answer(200, json.dumps(one).encode()) for one in payloads))


def listed(**more: object) -> list[Row]:
    one = {"id": 1, "path_with_namespace": "acme/shop", "path": "shop", "default_branch": "main"}
    return [{**one, "web_url": "https://gitlab.example/acme/shop", **more}]


def shift(day: int, person: str, *, hours: float = 24) -> Row:
    start = NOW + timedelta(days=day)
    end = start + timedelta(hours=hours)
    user = {"user": {"username": person}}
    return {"startsAt": start.isoformat(), "endsAt": end.isoformat(), "participant": user}


def schedule(*shifts: Row, more: bool = False, timezone: str = "Europe/Berlin") -> Row:
    paged = {"pageInfo": {"hasNextPage": more}, "nodes": list(shifts)}
    rotations = {**WHOLE, "nodes": [{"name": "first", "shifts": paged}]}
    return {"iid": "1", "name": "web", "timezone": timezone, "rotations": rotations}


def policy(*steps: tuple[int, str | None]) -> Row:
    rules = [
        {"elapsedTimeSeconds": after, "oncallSchedule": {"iid": iid} if iid else None} for after, iid in steps
    ]
    return {"name": "page", "rules": rules}


def answered(*schedules: Row, policies: tuple[Row, ...] = (), role: bool = True) -> Answer:
    found = {
        "userPermissions": {"createLabel": role},
        "incidentManagementOncallSchedules": {**WHOLE, "nodes": list(schedules)},
        "incidentManagementEscalationPolicies": {**WHOLE, "nodes": list(policies)},
    }
    return Answer(200, json.dumps({"data": {"project": found}}).encode())


def source(server: MisbehavingServer, **settings: object) -> Source:
    configured = {"collector": "gitlab", "url": server.url, "token": "env:GITLAB_TOKEN", "groups": ["acme"]}
    return build_source("gitlab", {**configured, "on_call_hours": "always", **settings})


def read(server: MisbehavingServer, **settings: object) -> tuple[list[Observation], CollectionOutcome]:
    sink, time = MemorySink(), PretendTime(start=NOW)
    assignment = Assignment(
        run=1,
        until=NOW,
        history=timedelta(days=90),
        services=(),
        pseudonym_key=b"gitlab" * 3,
        record_types=frozenset({"on_call_schedule"}),
    )
    collect([source(server, **settings)], sink, assignment, time.clock, timing=time.timing)
    outcome = sink.of("on_call_schedule").outcome
    assert outcome is not None
    return sink.of("on_call_schedule").observations, outcome


def test_a_schedule_is_told_by_its_shifts_and_policies(server: MisbehavingServer) -> None:
    rota = schedule(*(shift(day, ("ann", "bob", "cem")[day % 3]) for day in range(21)))
    server.on(
        "/api/graphql", answered(rota, policies=(policy((0, "1"), (600, "1"), (600, None), (1200, "9")),))
    )
    (found,), outcome = read(server)
    assert outcome.complete, outcome.error
    assert found.fields == {
        "team": "web",
        "services": [],
        "participants": 3,
        "levels": 3,
        "coverage": Decimal("0.75"),
    }
    assert set(found.fields) <= set(record_types()["on_call_schedule"].fields)
    assert found.service_keys == ("acme/shop", "shop")
    assert found.url == "https://gitlab.example/acme/shop/-/oncall_schedules"
    assert "ann" not in repr(found.raw)


def test_what_pages_nobody_has_no_level(server: MisbehavingServer) -> None:
    server.on("/api/graphql", answered(schedule(shift(0, "ann")), policies=(policy((0, "9")),)))
    assert read(server)[0][0].fields["levels"] == 0


def test_one_question_a_project_is_enough_and_asks_for_what_is_to_come(server: MisbehavingServer) -> None:
    server.on("/api/graphql", answered(schedule(shift(0, "ann"))))
    read(server)
    (asked,) = [one for one in server.asked if one.path == "/api/graphql"]
    variables = json.loads(asked.body)["variables"]
    assert datetime.fromisoformat(variables["start"]) == NOW
    assert datetime.fromisoformat(variables["end"]) == NOW + LOOKED_AHEAD


@pytest.mark.parametrize(
    ("keys", "role", "complete"),
    [(PREMIUM, True, True), (PREMIUM, False, False), ({}, True, False)],
)
def test_no_schedule_is_a_fact_only_where_the_account_would_see_one(
    keys: Mapping[str, object],
    role: bool,
    complete: bool,
    server: MisbehavingServer,
) -> None:
    tell(server, listed(**keys))
    server.on("/api/graphql", answered(role=role))
    found, outcome = read(server)
    assert found == []
    assert outcome.complete is complete
    if not complete:
        assert outcome.reason is UnknownReason.PERMISSION_DENIED
        assert "Premium" in outcome.error


def test_a_gitlab_without_schedules_is_asked_once_and_says_what_it_lacks(server: MisbehavingServer) -> None:
    two = [*listed(), {**listed()[0], "id": 2, "path_with_namespace": "acme/zoo"}]
    tell(server, two)
    message = "Field 'incidentManagementOncallSchedules' doesn't exist on type 'Project'"
    server.on("/api/graphql", Answer(200, json.dumps({"errors": [{"message": message}]}).encode()))
    found, outcome = read(server, max_concurrency=1)
    assert found == []
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "Premium" in outcome.error
    assert len([one for one in server.asked if one.path == "/api/graphql"]) == 1


@pytest.mark.parametrize(
    ("graphql", "reason"),
    [
        (Answer(404, b"{}"), UnknownReason.PERMISSION_DENIED),
        (Answer(200, b"<html>"), UnknownReason.COLLECTION_FAILED),
        (Answer(200, b'{"data": {"project": null}}'), UnknownReason.COLLECTION_FAILED),
        (Answer(200, b'{"errors": [{"message": "Timeout"}]}'), UnknownReason.COLLECTION_FAILED),
        (answered(schedule(shift(0, "ann"), more=True)), UnknownReason.INSUFFICIENT_COVERAGE),
    ],
)
def test_what_graphql_does_not_tell_is_incomplete_and_no_empty_fact(
    graphql: Answer, reason: UnknownReason, server: MisbehavingServer
) -> None:
    server.on("/api/graphql", graphql)
    outcome = read(server)[1]
    assert outcome.reason is reason
    assert outcome.error


def test_one_project_that_is_not_told_does_not_stop_the_others(server: MisbehavingServer) -> None:
    tell(server, [*listed(), {**listed()[0], "id": 2, "path_with_namespace": "acme/zoo"}])
    server.on(
        "/api/graphql", Answer(200, b'{"data": {"project": null}}'), answered(schedule(shift(0, "ann")))
    )
    found, outcome = read(server, max_concurrency=1)
    assert [one.source_ref for one in found] == ["acme/zoo/oncall_schedules/1"]
    assert outcome.denied == ("acme/shop",)


def test_an_unknown_time_zone_leaves_the_schedule_out_and_says_so(server: MisbehavingServer) -> None:
    server.on("/api/graphql", answered(schedule(shift(0, "ann"), timezone="Mars/Olympus")))
    found, outcome = read(server, on_call_hours="08:00-18:00")
    assert found == []
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "time zone" in outcome.error


def test_archived_projects_and_those_without_monitoring_are_not_asked(server: MisbehavingServer) -> None:
    tell(server, [*listed(archived=True), {**listed(monitor_access_level="disabled")[0], "id": 2}])
    found, outcome = read(server)
    assert (found, outcome.complete) == ([], True)
    assert not [one for one in server.asked if one.path == "/api/graphql"]


def test_schedules_are_read_only_where_the_settings_say_which_hours_count(server: MisbehavingServer) -> None:
    offered = [one.record_type for one in source(server, on_call_hours=None).streams]
    assert "on_call_schedule" not in offered
    assert "on_call_schedule" in [one.record_type for one in source(server).streams]


@pytest.mark.parametrize("hours", ["8-18", "18:00-08:00", "08:00-24:01", "25:00-26:00", "Always", ""])
def test_hours_that_mean_nothing_are_refused(hours: str) -> None:
    with pytest.raises(ValidationError, match="08:00-18:00"):
        GitLabSettings(url="https://g.example", token="env:T", on_call_hours=hours)


def hours_on(day: int, start: float, end: float, person: str = "ann") -> Shift:
    begin = NOW + timedelta(days=day)
    return Shift(begin + timedelta(hours=start), begin + timedelta(hours=end), person)


@pytest.mark.parametrize(
    ("shifts", "hours", "zone", "share"),
    [
        ([], "always", "UTC", "0"),
        ([hours_on(0, 0, 24 * 28)], "always", "UTC", "1"),
        ([hours_on(-5, 0, 24 * 99)], "always", "Mars/Olympus", "1"),  # the whole day needs no zone
        ([hours_on(0, 0, 24 * 7), hours_on(0, 12, 24 * 7, "bob")], "always", "UTC", "0.25"),  # two at once
        ([hours_on(day, 8, 18) for day in range(28)], "08:00-18:00", "UTC", "1"),
        ([hours_on(day, 8, 13) for day in range(28)], "08:00-18:00", "UTC", "0.5"),
        ([hours_on(day, 7, 17) for day in range(28)], "08:00-18:00", "Europe/Berlin", "1"),
        ([hours_on(day, 8, 18) for day in (5, 6, 12, 13)], "08:00-18:00", "UTC", "0"),  # weekends
        ([hours_on(day, 0, 24) for day in range(28)], "00:00-24:00", "UTC", "1"),
    ],
)
def test_coverage_is_the_share_of_the_needed_hours_with_somebody_on_call(
    shifts: list[Shift], hours: str, zone: str, share: str
) -> None:
    assert coverage_of(shifts, NOW, hours, zone) == Decimal(share)


def test_working_hours_follow_summer_time() -> None:
    before = datetime(2026, 3, 23, tzinfo=UTC)  # clocks go forward on the 29th
    shifts = [
        Shift(start, start + timedelta(hours=10), "ann")
        for day in range(28)
        for start in [before + timedelta(days=day, hours=7 if day < 6 else 6)]
    ]
    assert coverage_of(shifts, before, "08:00-18:00", "Europe/Berlin") == 1
