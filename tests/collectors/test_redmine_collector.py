"""The Redmine collector over HTTP, against what a real Redmine 5.0.4 answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from itomm.collectors.conformance import (
    Answer,
    Asked,
    MemorySink,
    MisbehavingServer,
    PretendTime,
    contract_faults,
)
from itomm.collectors.conformance.memory_sink import MemoryCollection
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.payload import mapping_of
from itomm.collectors.redmine import RedmineCollector
from itomm.collectors.source import Source
from itomm.config.settings import Service
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

RECORDED = Path(__file__).parents[1] / "data" / "recorded_by_us" / "redmine"
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
OPENED = datetime(2026, 11, 18, 2, tzinfo=UTC)

Read = Callable[..., MemorySink]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def answer(payload: object) -> Answer:
    return Answer(200, json.dumps(payload).encode())


@pytest.fixture
def redmine() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        for path, name in {
            "/users/current.json": "users_current",
            "/issue_statuses.json": "issue_statuses",
            "/trackers.json": "trackers",
            "/enumerations/issue_priorities.json": "issue_priorities",
            "/projects.json": "projects",
            "/roles/6.json": "role_6",
            "/issues/151.json": "issue_151",
            "/issues/154.json": "issue_154",
            "/issues/155.json": "issue_155",
        }.items():
            server.on(path, answer(recorded(name)))
        server.on("/issues.json", answer({**recorded("issues"), "offset": 0, "total_count": 3}))
        yield server


@pytest.fixture
def read(redmine: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> Read:
    def read_streams(*types: str, changed_since: datetime | None = None, **settings: Any) -> MemorySink:
        sink, time = MemorySink(), PretendTime(start=NOW)
        since = {("redmine", one): changed_since for one in types} if changed_since else {}
        assignment = Assignment(
            run=1,
            until=NOW,
            history=timedelta(days=400),
            services=(Service(id="checkout"), Service(id="cart")),
            pseudonym_key=b"redmine" * 3,
            record_types=frozenset(types or ("incident",)),
            continue_from={key: Continuation(at, "c", at - timedelta(days=400)) for key, at in since.items()},
        )
        collect([source(redmine, monkeypatch, **settings)], sink, assignment, time.clock, timing=time.timing)
        return sink

    return read_streams


def source(redmine: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Source:
    monkeypatch.setenv("REDMINE_KEY", "sesame")
    model = RedmineCollector.settings_model
    configured = {"url": redmine.url, "token": "env:REDMINE_KEY", **settings}
    return Source("redmine", RedmineCollector, model.model_validate(configured))


def of(sink: MemorySink, record_type: str = "incident") -> tuple[dict[str, Observation], CollectionOutcome]:
    found: MemoryCollection = sink.of(record_type)
    assert found.outcome is not None
    return {one.source_ref: one for one in found.observations}, found.outcome


def asked(server: MisbehavingServer, path: str) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(url).query) for _, url in server.requests if urlsplit(url).path == path]


def issue(number: int, **more: Any) -> dict[str, Any]:
    """An issue that nobody has touched."""
    return {
        "id": number,
        "project": {"id": 1, "name": "Checkout"},
        "tracker": {"id": 4, "name": "Incident"},
        "status": {"id": 1, "name": "New", "is_closed": False},
        "priority": {"id": 5, "name": "Immediate"},
        "author": {"id": 5, "name": "Ada Secretname"},
        "subject": "s",
        "created_on": "2026-11-01T00:00:00Z",
        "updated_on": "2026-11-01T00:00:00Z",
        **more,
    }


def page(issues: list[dict[str, Any]], total: int, offset: int = 0) -> Answer:
    return answer({"issues": issues, "total_count": total, "offset": offset, "limit": 100})


def test_redmine_keeps_the_contract_under_every_fault() -> None:
    assert (
        contract_faults(RedmineCollector, lambda url: {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN"}) == []
    )


def test_a_reopened_incident_is_told_by_its_journals(read: Read) -> None:
    found, outcome = of(read())
    fields = found["#151"].fields
    assert outcome.complete
    assert fields["created_at"] == OPENED
    assert fields["first_response_at"] == fields["assigned_at"] == OPENED + timedelta(minutes=30)
    assert fields["resolved_at"] == OPENED + timedelta(minutes=150)
    assert (fields["reopened_count"], fields["reassignment_count"]) == (1, 1)
    assert (fields["status"], fields["status_category"]) == ("Closed", "done")
    assert (fields["severity"], fields["major"], fields["priority"]) == (1, True, 3)
    categories = [(one["from_category"], one["to_category"]) for one in _list(fields["transitions"])]
    moves = ["open", "in_progress", "done", "in_progress", "done"]
    assert categories == list(pairwise(moves))


def _list(value: object) -> list[dict[str, Any]]:
    assert isinstance(value, list)
    return value


def test_an_untouched_issue_is_open_without_a_request_of_its_own(
    read: Read, redmine: MisbehavingServer
) -> None:
    found, _ = of(read())
    fields = found["#152"].fields
    assert (fields["status_category"], fields["resolved_at"], fields["due_at"]) == ("open", None, None)
    assert fields["first_response_at"] is None
    assert not asked(redmine, "/issues/152.json")
    assert found["#152"].url == f"{redmine.url}/issues/152"


def test_an_issue_that_was_opened_before_the_window_is_left_out(read: Read) -> None:
    found, _ = of(read())
    assert set(found) == {"#151", "#152"}


def test_open_and_closed_issues_of_the_window_are_asked_for_in_the_order_of_their_ids(
    read: Read, redmine: MisbehavingServer
) -> None:
    read()
    (query,) = asked(redmine, "/issues.json")
    assert (query["status_id"], query["tracker_id"], query["sort"]) == (["*"], ["4"], ["id"])
    assert query["created_on"] == [">=2025-10-19T02:00:00Z"]
    assert "updated_on" not in query
    assert redmine.headers[0]["X-Redmine-API-Key"] == "sesame"


def test_a_later_run_asks_only_for_what_changed(read: Read, redmine: MisbehavingServer) -> None:
    read("incident", changed_since=NOW - timedelta(days=1))
    (query,) = asked(redmine, "/issues.json")
    assert query["updated_on"][0].startswith(">=2026-11-2")


def test_a_problem_names_incidents_and_changes_by_their_trackers(
    read: Read, redmine: MisbehavingServer
) -> None:
    related = [
        {"id": 151, "tracker": {"id": 4, "name": "Incident"}},
        {"id": 155, "tracker": {"id": 5, "name": "Change"}},
    ]
    redmine.on("/issues.json", answer(recorded("problems")), page(related, 2))
    fields = of(read("problem"), "problem")[0]["#154"].fields
    assert (fields["incident_ids"], fields["action_keys"]) == (["#151"], ["#155"])
    assert asked(redmine, "/issues.json")[1]["issue_id"] == ["151,155"]


def test_a_filled_backout_plan_is_told_from_a_missing_field(read: Read, redmine: MisbehavingServer) -> None:
    with_plan = recorded("issue_155")["issue"]
    bare = issue(9, tracker={"id": 5, "name": "Change"})
    empty = issue(
        10,
        tracker={"id": 5, "name": "Change"},
        custom_fields=[{"id": 2, "name": "Backout plan", "value": ""}],
    )
    redmine.on("/issues.json", page([with_plan, bare, empty], 3))
    found, _ = of(read("change"), "change")
    plans = {name: one.fields["backout_plan"] for name, one in found.items()}
    assert plans == {"#155": True, "#9": None, "#10": False}
    assert found["#155"].fields["outcome"] == "unknown"


def test_a_change_names_the_commits_in_its_text_and_keeps_no_more_of_it(
    read: Read, redmine: MisbehavingServer
) -> None:
    commit = "4be1c0ffee" * 4
    change = {"id": 5, "name": "Change"}
    naming = issue(9, tracker=change, description=f"Call Ada, then deploy {commit.upper()}.")
    redmine.on("/issues.json", page([naming, issue(10, tracker=change, subject=commit[:39])], 2))
    outcome = read("change")
    found, _ = of(outcome, "change")
    assert {name: one.fields["deployment_ids"] for name, one in found.items()} == {"#9": [commit], "#10": []}
    assert mapping_of(found["#9"].raw)["commits"] == [commit]
    assert "Ada" not in repr(outcome.collections)


def test_people_and_what_nobody_asked_for_stay_out(read: Read, redmine: MisbehavingServer) -> None:
    secret = {"id": 99, "name": "Home address", "value": "Hidden Lane 1"}
    redmine.on("/issues.json", page([issue(1, custom_fields=[secret], description="Call me")], 1))
    kept = repr(read().collections)
    for words in ("Secretname", "Hidden Lane", "Call me", "/users/5", "sesame"):
        assert words not in kept


def test_pages_are_read_to_their_end(read: Read, redmine: MisbehavingServer) -> None:
    rows = [issue(number) for number in range(1, 251)]
    by_offset = {offset: page(rows[offset : offset + 100], 250, offset) for offset in (0, 100, 200)}
    redmine.on("/issues.json")
    redmine.tool = lambda one: by_offset[int(one.query["offset"])]
    found, outcome = of(read())
    assert outcome.complete
    assert len(found) == 250


def test_fewer_issues_than_announced_are_incomplete(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", page([issue(1)], 2))
    outcome = of(read())[1]
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "announced 2" in outcome.error


LIE = 1_000_000_000


def lying(rows: list[dict[str, Any]]) -> Callable[[Asked], Answer]:
    """Redmine announces very many issues and has these."""
    return lambda one: page(
        rows[int(one.query["offset"]) : int(one.query["offset"]) + 100], LIE, int(one.query["offset"])
    )


@pytest.mark.parametrize("there", [0, 3, 250])
def test_after_an_announcement_that_is_not_kept_few_more_pages_are_asked_for(
    there: int, read: Read, redmine: MisbehavingServer
) -> None:
    redmine.on("/issues.json")
    redmine.tool = lying([issue(number) for number in range(1, there + 1)])
    found, outcome = of(read())
    assert len(found) == there
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "announced 1000000000" in outcome.error
    assert len(asked(redmine, "/issues.json")) <= 20


def test_the_same_issues_on_every_page_are_an_error_and_no_loop(
    read: Read, redmine: MisbehavingServer
) -> None:
    rows = [issue(number) for number in range(1, 101)]
    redmine.on("/issues.json")
    redmine.tool = lambda one: page(rows, LIE, int(one.query["offset"]))
    found, outcome = of(read())
    assert len(found) == 100
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "the same issues again" in outcome.error
    assert len(asked(redmine, "/issues.json")) <= 20


def test_the_same_projects_on_every_page_are_no_loop(read: Read, redmine: MisbehavingServer) -> None:
    listed = recorded("projects")
    redmine.on("/projects.json")
    redmine.tool = lambda one: answer({**listed, "total_count": LIE, "offset": int(one.query["offset"])})
    outcome = of(read())[1]
    assert "the same page token twice" in outcome.error
    assert len(asked(redmine, "/projects.json")) == 2


def test_a_list_without_its_length_is_incomplete(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", answer({"issues": [issue(1)]}))
    assert not of(read())[1].complete


def test_issues_that_vanish_while_they_are_read_make_it_incomplete(
    read: Read, redmine: MisbehavingServer
) -> None:
    rows = [issue(number) for number in range(1, 151)]
    redmine.on("/issues.json", page(rows[:100], 150), page(rows[101:], 149, 100))
    outcome = of(read())[1]
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "deleted or moved" in outcome.error


def test_another_page_than_the_one_asked_for_is_refused(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", page([issue(number) for number in range(1, 101)], 200))
    assert "sent what is behind row 0" in of(read())[1].error


def test_an_issue_deleted_in_between_harms_nothing(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues/151.json", Answer(404, b""))
    found, outcome = of(read())
    assert set(found) == {"#152"}
    assert outcome.complete
    assert "issue 151 was deleted" in outcome.warnings[0]


def test_an_issue_that_says_not_when_it_was_opened_is_missing(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", page([issue(1), {**issue(2), "created_on": None, "updated_on": None}], 2))
    found, outcome = of(read())
    assert list(found) == ["#1"]
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "issue 2 was left out" in outcome.error


def test_an_issue_that_may_not_be_shown_is_missing(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues/151.json", Answer(403, b""))
    assert of(read())[1].reason is UnknownReason.PERMISSION_DENIED


def test_a_wrong_key_is_refused_although_redmine_would_show_something(
    read: Read, redmine: MisbehavingServer
) -> None:
    redmine.on("/users/current.json", Answer(401, b""))
    found, outcome = of(read())
    assert found == {}
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert not asked(redmine, "/issues.json")


@pytest.mark.parametrize(
    ("role", "complete", "said"),
    [
        ({"issues_visibility": "own", "permissions": ["view_issues"]}, False, "issues that it wrote or has"),
        (
            {"issues_visibility": "all", "permissions": ["view_wiki"]},
            False,
            "lacks the permission 'View issues'",
        ),
        ({"issues_visibility": "default", "permissions": ["view_issues"]}, True, "private issues of others"),
    ],
)
def test_what_a_role_hides_is_said(
    role: dict[str, object], complete: bool, said: str, read: Read, redmine: MisbehavingServer
) -> None:
    redmine.on("/roles/6.json", answer({"role": {"id": 6, "name": "Auditor", **role}}))
    outcome = of(read())[1]
    assert outcome.complete is complete
    assert said in outcome.error + " ".join(outcome.warnings)
    assert sorted(outcome.denied) == ([] if complete else ["cart", "checkout"])


def test_an_administrator_sees_all_whatever_his_roles(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/users/current.json", answer({"user": {"id": 1, "login": "admin", "admin": True}}))
    assert of(read())[1].complete
    assert not asked(redmine, "/roles/1.json")


def test_one_project_refused_does_not_stop_the_others(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", Answer(403, b""), page([issue(7)], 1))
    found, outcome = of(read(projects=["cart", "checkout"]))
    assert set(found) == {"#7"}
    assert outcome.denied == ("cart",)
    first, second = asked(redmine, "/issues.json")
    assert (first["project_id"], second["project_id"]) == (["cart"], ["checkout"])
    assert first["subproject_id"] == ["!*"]


def test_a_kind_without_a_tracker_is_not_said_to_be_empty(read: Read) -> None:
    outcome = of(read("risk"), "risk")[1]
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "Redmine has no tracker called Risk" in outcome.error


def test_other_words_are_mapped_by_the_settings(read: Read, redmine: MisbehavingServer) -> None:
    bug = issue(
        3,
        tracker={"id": 1, "name": "Bug"},
        category={"id": 1, "name": "Security"},
        custom_fields=[
            {"id": 4, "name": "Schwere", "value": "2"},
            {"id": 5, "name": "System", "value": "cart"},
        ],
    )
    redmine.on("/issues.json", page([bug], 1))
    sink = read(trackers={"bug": "incident"}, fields={"severity": "schwere", "service": "System"})
    fields = of(sink)[0]["#3"].fields
    assert (fields["severity"], fields["security"], fields["priority"]) == (2, True, 1)
    assert sink.of("incident").service_ids == ["cart"]


def test_a_program_is_no_person_that_responds(read: Read, redmine: MisbehavingServer) -> None:
    found, _ = of(read(automation_accounts=["bob secretname"]))
    fields = found["#151"].fields
    assert fields["first_response_at"] is None  # of the others only the reporter wrote
    assert [one["automated"] for one in _list(fields["transitions"])] == [True, True, False, True]


def test_what_a_program_opened_was_found_by_monitoring(read: Read, redmine: MisbehavingServer) -> None:
    redmine.on("/issues.json", page([issue(1)], 1))
    assert of(read(automation_accounts=["5"]))[0]["#1"].fields["detected_by"] == "monitoring"


def test_one_that_was_opened_and_closed_within_a_second_has_its_history(
    read: Read, redmine: MisbehavingServer
) -> None:
    closed = {"status": {"id": 5, "name": "Closed", "is_closed": True}, "closed_on": "2026-11-01T00:00:00Z"}
    redmine.on("/issues.json", page([issue(8, **closed)], 1))
    redmine.on("/issues/8.json", answer({"issue": issue(8, **closed, journals=[])}))
    fields = of(read())[0]["#8"].fields
    assert fields["resolved_at"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert asked(redmine, "/issues/8.json")


def test_doctor_tells_what_each_project_and_tracker_lacks(
    redmine: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = PretendTime(start=NOW)
    checks = check_source(source(redmine, monkeypatch, projects=["checkout", "nowhere"]), time.clock)
    states = {one.title: str(one.state) for one in checks}
    assert states["Signed in"] == states["Project checkout"] == "ok"
    assert states["Project nowhere"] == "failed"
    assert states["Tracker Risk"] == "warning"


def test_settings_that_name_no_kind_of_ours_are_refused() -> None:
    with pytest.raises(ValueError, match="no such kind: ticket"):
        RedmineCollector.settings_model.model_validate(
            {"url": "http://localhost", "token": "env:X", "trackers": {"Bug": "ticket"}}
        )
    with pytest.raises(ValueError, match="no such field: sevrity"):
        RedmineCollector.settings_model.model_validate(
            {"url": "http://localhost", "token": "env:X", "fields": {"sevrity": "Severity"}}
        )


def test_a_custom_field_that_no_issue_has_is_a_field_that_cannot_be_told(
    read: Read, redmine: MisbehavingServer
) -> None:
    bare, graded = issue(9), issue(10, custom_fields=[{"id": 1, "name": "Severity", "value": ""}])
    redmine.on("/issues.json", page([bare], 1), page([bare, graded], 2), page([], 0))
    without, with_it, nothing = ({each.field: each.why for each in of(read())[1].untold} for _ in range(3))
    assert (
        without["severity"]
        == without["major"]
        == "no ticket has a field called Severity; name yours under fields"
    )
    assert {"severity", "major"}.isdisjoint(with_it)
    assert {"labels", "alert_event_ids", "root_cause_class"} <= with_it.keys()
    assert "severity" not in nothing, "nothing was read that could lack it"
