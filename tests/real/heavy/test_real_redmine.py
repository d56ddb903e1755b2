from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.evidence.observation import Observation, UnknownReason
from tests.real.heavy import journey
from tests.real.heavy.redmine import Redmine

pytestmark = pytest.mark.real_server

DAY = timedelta(days=1)


def settings(redmine: Redmine, **more: object) -> dict[str, object]:
    return {"collector": "redmine", "url": redmine.url, "token": "env:REDMINE_KEY", **more}


@pytest.fixture(scope="module")
def as_account(monkeypatch_module: pytest.MonkeyPatch, redmine: Redmine) -> None:
    monkeypatch_module.setenv("REDMINE_KEY", redmine.keys["auditor"])


@pytest.fixture(scope="module")
def desk(as_account: None, redmine: Redmine, now: datetime) -> MemorySink:
    return journey.read(settings(redmine), now)


def the_record(desk: MemorySink, record_type: str, title: str) -> Observation:
    (found,) = [one for one in desk.of(record_type).observations if one.fields["title"] == title]
    return found


def test_every_issue_of_every_page_is_read_once(desk: MemorySink) -> None:
    incidents = desk.of("incident")
    assert incidents.outcome is not None
    assert incidents.outcome.complete
    assert len(incidents.pages) == 2
    assert len({one.source_ref for one in incidents.observations}) == len(incidents.observations) == 152


def test_a_reopened_incident_counts_from_its_second_closing(desk: MemorySink, now: datetime) -> None:
    fields = the_record(desk, "incident", "Payments fail").fields
    opened = now - 5 * DAY
    assert fields["created_at"] == opened
    assert fields["first_response_at"] == fields["acknowledged_at"] == opened + timedelta(minutes=30)
    assert fields["resolved_at"] == fields["restored_at"] == opened + timedelta(minutes=150)
    assert (fields["reopened_count"], fields["reassignment_count"]) == (1, 1)
    assert (fields["severity"], fields["priority"], fields["major"]) == (1, 3, True)
    assert fields["status_category"] == "done"


def test_an_issue_that_nobody_touched_is_open_and_costs_no_request_of_its_own(
    desk: MemorySink, now: datetime
) -> None:
    fields = the_record(desk, "incident", "Cart is empty").fields
    assert (fields["status_category"], fields["resolved_at"], fields["transitions"]) == ("open", None, [])
    urls = [page.request.url for page in desk.of("incident").pages]
    assert all(url.endswith("/issues.json") for url in urls)


def test_the_window_ends_where_it_was_asked_to(desk: MemorySink) -> None:
    assert "Long ago" not in {one.fields["title"] for one in desk.of("incident").observations}


def test_a_problem_names_its_incidents_and_changes(desk: MemorySink) -> None:
    problem = the_record(desk, "problem", "Payments fail now and then").fields
    incident = the_record(desk, "incident", "Payments fail").fields
    change = the_record(desk, "change", "New payment provider").fields
    assert problem["incident_ids"] == [incident["key"]]
    assert problem["action_keys"] == [change["key"]]
    assert (change["backout_plan"], change["status_category"]) == (True, "done")


def test_issues_belong_to_the_service_of_their_project(desk: MemorySink) -> None:
    incidents = desk.of("incident")
    owners = dict(
        zip((one.fields["title"] for one in incidents.observations), incidents.service_ids, strict=True)
    )
    assert (owners["Payments fail"], owners["Cart is empty"]) == ("checkout", "cart")


def test_no_name_of_a_person_is_kept(desk: MemorySink, redmine: Redmine) -> None:
    kept = repr(desk.collections)
    assert "Secretname" not in kept
    assert "/users/" not in kept
    assert redmine.keys["auditor"] not in kept


def test_a_kind_of_ticket_without_a_tracker_is_not_said_to_be_empty(desk: MemorySink) -> None:
    outcome = desk.of("risk").outcome
    assert outcome is not None
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_a_wrong_key_is_no_empty_service_desk(
    redmine: Redmine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDMINE_KEY", "wrong")  # Redmine shows then what everybody may see: nothing
    outcome = journey.read(settings(redmine), now).of("incident").outcome
    assert outcome is not None
    assert outcome.reason is UnknownReason.PERMISSION_DENIED


def test_an_account_that_sees_only_its_own_issues_is_told_so(
    redmine: Redmine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDMINE_KEY", redmine.keys["narrow"])
    outcome = journey.read(settings(redmine), now).of("incident").outcome
    assert outcome is not None
    assert (outcome.complete, sorted(outcome.denied)) == (False, ["cart", "checkout"])
    assert journey.checks(settings(redmine), now)["Project checkout"] == "failed"


def test_a_project_that_is_not_there_does_not_hide_the_others(
    as_account: None, redmine: Redmine, now: datetime
) -> None:
    found = journey.read(settings(redmine, projects=["cart", "nowhere"]), now).of("incident")
    assert [one.fields["title"] for one in found.observations] == ["Cart is empty"]
    assert found.outcome is not None
    assert (found.outcome.complete, found.outcome.denied) == (False, ("nowhere",))


def test_a_project_is_read_without_its_sub_projects(
    as_account: None, redmine: Redmine, now: datetime
) -> None:
    found = journey.read(settings(redmine, projects=["checkout"]), now).of("incident")
    assert len(found.observations) == 151


def test_the_whole_way_leads_from_the_answer_to_the_issue(
    redmine: Redmine, now: datetime, tmp_path: Path
) -> None:
    kinds = "[incident, problem, change, service_request]"
    source = f'{{collector: redmine, url: "{redmine.url}", token: "env:REDMINE_KEY", record_types: {kinds}}}'
    way = journey.begun(tmp_path, now, source, {"REDMINE_KEY": redmine.keys["auditor"]})
    collected = way.run("collect")
    assert collected.code == 0, collected.err
    explained = way.explained("SS-INC-5.1", "checkout")
    assert explained["answer"]["inferred"]["counted"] == 151
    assert f"{redmine.url}/issues/" in json.dumps(explained)
    again = way.run("collect")
    assert again.code == 0
    assert "     0" in again.out  # nothing changed, so nothing is read again
