"""Jira payloads as records: recorded ones with their nulls, and made ones for each rule of the mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.jira.excerpt import excerpt
from itomm.collectors.jira.issue import Issue, read_issue
from itomm.collectors.jira.reading import reading_of
from itomm.collectors.jira.reviews import access_review_fields, postmortem_fields, restore_test_fields
from itomm.collectors.jira.service_levels import service_level_cycles
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site, read_site, words_of
from itomm.collectors.jira.tickets import TICKETS
from itomm.collectors.payload import mapping_of
from itomm.collectors.ticketing.words import severity_of
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values

RECORDED = Path(__file__).parents[1] / "data" / "recorded" / "jira"

STATUSES = [
    {"id": "1", "name": "Neu", "statusCategory": {"key": "new"}},
    {"id": "2", "name": "处理中", "statusCategory": {"key": "indeterminate"}},
    {"id": "3", "name": "Erledigt", "statusCategory": {"key": "done"}},
]

FIELD_NAMES = [
    "Severity",
    "Detected by",
    "Change type",
    "Change risk",
    "Backout plan",
    "Request Type",
    "Origin",
    "Baseline",
    "Result",
    "Reviewed on",
    "Treatment",
    "Accounts reviewed",
    "Time to first response",
    "Time to resolution",
]


def field_id(name: str) -> str:
    return f"customfield_{10_000 + FIELD_NAMES.index(name)}"


def make_site(missing: tuple[str, ...] = (), **settings: Any) -> Site:
    fields = [{"id": field_id(name), "name": name} for name in FIELD_NAMES if name not in missing]
    configured = JiraSettings(url="https://jira.example", token="env:JIRA_TOKEN", **settings)
    return read_site(
        "https://jira.example",
        configured,
        fields=fields,
        statuses=STATUSES,
        priorities=[{"id": str(number), "name": f"P{number}"} for number in (10, 4, 3, 2, 1, 7)],
        issue_types=[{"name": name} for name in configured.issue_types],
    )


def make_issue(
    site: Site | None = None,
    histories: list[dict[str, Any]] | None = None,
    custom: Mapping[str, object] | None = None,
    **fields: Any,
) -> Issue:
    payload = {
        "id": "10001",
        "key": "OPS-1",
        "fields": {
            "summary": "Checkout is slow",
            "issuetype": {"name": "Incident"},
            "project": {"key": "OPS"},
            "status": {"id": "1", "name": "Neu", "statusCategory": {"key": "new"}},
            "labels": [],
            "components": [],
            "created": "2026-10-01T08:00:00.000+0200",
            "updated": "2026-10-01T09:00:00.000+0200",
            **{field_id(name): value for name, value in (custom or {}).items()},
            **fields,
        },
        "changelog": {"histories": histories or []},
    }
    return read_issue(payload, site or make_site())


def moved(at: str, before: str, after: str, by: Mapping[str, Any] | None = None) -> dict[str, Any]:
    item = {"field": "status", "from": before, "fromString": before, "to": after, "toString": after}
    return {"created": at, "author": by or {"accountId": "u1"}, "items": [item]}


def assigned(at: str, before: str | None, after: str | None) -> dict[str, Any]:
    return {
        "created": at,
        "author": {"accountId": "u1"},
        "items": [{"field": "assignee", "from": before, "to": after}],
    }


DONE = {"id": "3", "name": "Erledigt", "statusCategory": {"key": "done"}}


def utc(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("kind", sorted(TICKETS))
@pytest.mark.parametrize("file", ["issue.json", "issues_in_sprint.json"])
def test_recorded_issues_with_their_nulls_become_records_of_every_kind(kind: str, file: str) -> None:
    recorded = json.loads((RECORDED / file).read_text(encoding="utf-8"))
    payload = recorded["issues"][0] if "issues" in recorded else recorded
    site = read_site(
        "https://jira.example",
        JiraSettings(url="https://jira.example", token="env:T"),
        fields=json.loads((RECORDED / "fields.json").read_text(encoding="utf-8")),
        statuses=json.loads((RECORDED / "statuses.json").read_text(encoding="utf-8")),
        priorities=json.loads((RECORDED / "priorities.json").read_text(encoding="utf-8")),
        issue_types=[],
    )
    fields = TICKETS[kind](read_issue(payload, site))
    assert column_values(record_types()[kind], fields)
    assert fields["priority"] == 3
    assert fields["resolved_at"] is None


def test_the_status_is_read_by_category_whatever_its_name() -> None:
    issue = make_issue(status={"id": "2", "name": "处理中", "statusCategory": {"key": "indeterminate"}})
    assert issue.status_category == "in_progress"


def test_a_status_without_category_is_looked_up_by_its_id() -> None:
    assert make_issue(status={"id": "3", "name": "Erledigt"}).status_category == "done"


def test_resolution_is_the_last_entry_into_done_not_the_resolution_date() -> None:
    histories = [
        moved("2026-10-05T10:00:00.000+0000", "2", "3"),
        moved("2026-10-01T10:00:00.000+0000", "1", "2"),
        moved("2026-10-04T10:00:00.000+0000", "3", "2"),
        moved("2026-10-02T10:00:00.000+0000", "2", "3"),
    ]
    issue = make_issue(histories=histories, status=DONE, resolutiondate="2026-10-09T10:00:00.000+0000")
    fields = TICKETS["incident"](issue)
    assert fields["resolved_at"] == utc(5, 10)
    assert fields["restored_at"] == utc(5, 10)
    assert fields["reopened_count"] == 1
    assert fields["acknowledged_at"] == utc(1, 10)


def test_a_move_between_two_done_statuses_does_not_resolve_again() -> None:
    histories = [
        moved("2026-10-02T10:00:00.000+0000", "2", "3"),
        moved("2026-10-08T10:00:00.000+0000", "3", "3"),
    ]
    assert make_issue(histories=histories, status=DONE).resolved_at == utc(2, 10)


def test_a_reopened_issue_is_not_resolved() -> None:
    histories = [
        moved("2026-10-02T10:00:00.000+0000", "1", "3"),
        moved("2026-10-03T10:00:00.000+0000", "3", "2"),
    ]
    issue = make_issue(histories=histories, status={"id": "2"}, resolutiondate="2026-10-02T10:00:00.000+0000")
    assert issue.resolved_at is None
    assert TICKETS["incident"](issue)["reopened_count"] == 1


def test_an_issue_done_without_history_has_its_resolution_date() -> None:
    issue = make_issue(status=DONE, resolutiondate="2026-10-02T10:00:00.000+0000")
    assert issue.resolved_at == utc(2, 10)


def test_an_assignment_before_the_first_move_acknowledges() -> None:
    histories = [
        assigned("2026-10-01T06:05:00.000+0000", None, "u2"),
        moved("2026-10-01T07:00:00.000+0000", "1", "2"),
        assigned("2026-10-01T08:00:00.000+0000", "u2", "u3"),
        assigned("2026-10-01T09:00:00.000+0000", "u3", None),
    ]
    fields = TICKETS["incident"](make_issue(histories=histories))
    assert fields["acknowledged_at"] == utc(1, 6, 5)
    assert fields["reassignment_count"] == 1


def test_the_first_response_is_by_a_person_other_than_the_reporter() -> None:
    histories = [
        moved("2026-10-01T06:10:00.000+0000", "1", "2", {"accountId": "bot", "accountType": "app"}),
        moved("2026-10-01T06:20:00.000+0000", "2", "1", {"accountId": "reporter"}),
        moved("2026-10-01T06:30:00.000+0000", "1", "2", {"accountId": "u9"}),
    ]
    issue = make_issue(histories=histories, reporter={"accountId": "reporter"})
    assert TICKETS["incident"](issue)["first_response_at"] == utc(1, 6, 30)


@pytest.mark.parametrize(
    ("value", "reporter", "expected"),
    [
        ({"value": "Monitoring"}, {"accountId": "u1"}, "monitoring"),
        ({"value": "User"}, {"accountId": "b", "accountType": "app"}, "user"),
        (None, {"accountId": "b", "accountType": "app"}, "monitoring"),
        (None, {"accountId": "u1", "accountType": "atlassian"}, "unknown"),
        (None, None, "unknown"),
        ({"value": "Mond"}, None, "unknown"),
    ],
)
def test_who_detected_an_incident(value: object, reporter: object, expected: str) -> None:
    issue = make_issue(reporter=reporter, custom={"Detected by": value})
    assert TICKETS["incident"](issue)["detected_by"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", 2), ("SEV-1", 1), ("3 - Medium", 3), ("High", 2), ("critical", 1), ("banana", None), (None, None)],
)
def test_severity_is_read_from_numbers_and_words(text: str | None, expected: int | None) -> None:
    assert severity_of(text) == expected


def test_a_priority_is_its_place_in_the_site_s_list_and_at_most_five() -> None:
    assert TICKETS["incident"](make_issue(priority={"id": "10"}))["priority"] == 1
    assert TICKETS["incident"](make_issue(priority={"id": "7"}))["priority"] == 5
    assert TICKETS["incident"](make_issue(priority=None))["priority"] is None


def link(phrase_end: str, key: str, issue_type: str) -> dict[str, Any]:
    return {
        "type": {"inward": "is caused by", "outward": "causes"},
        f"{phrase_end}Issue": {"key": key, "fields": {"issuetype": {"name": issue_type}}},
    }


def test_an_incident_names_the_change_that_caused_it() -> None:
    fields = TICKETS["incident"](make_issue(issuelinks=[link("inward", "OPS-7", "Change")]))
    assert fields["caused_by"] == ["OPS-7"]
    assert fields["links"] == [{"type": "is caused by", "target": "OPS-7"}]


def test_an_incident_does_not_take_what_it_causes_for_its_cause() -> None:
    assert TICKETS["incident"](make_issue(issuelinks=[link("outward", "OPS-7", "Change")]))["caused_by"] == []


def test_services_are_components_then_labels_then_the_project() -> None:
    issue = make_issue(components=[{"name": "checkout"}], labels=["payments"])
    assert issue.service_keys == ("checkout", "payments", "OPS")


def test_a_missing_backout_field_is_unknown_and_an_empty_one_is_a_no() -> None:
    assert TICKETS["change"](make_issue(make_site(missing=("Backout plan",))))["backout_plan"] is None
    assert TICKETS["change"](make_issue(custom={"Backout plan": None}))["backout_plan"] is False
    assert TICKETS["change"](make_issue(custom={"Backout plan": "revert"}))["backout_plan"] is True


@pytest.mark.parametrize(
    ("resolution", "links", "status", "expected"),
    [
        ("Done", [], DONE, "successful"),
        ("Done", [link("outward", "OPS-9", "Incident")], DONE, "failed"),
        ("Rolled back", [link("outward", "OPS-9", "Incident")], DONE, "rolled_back"),
        ("Abgelehnt", [], DONE, "unknown"),
        (None, [], {"id": "1"}, "unknown"),
    ],
)
def test_how_a_change_ended(resolution: str | None, links: list[Any], status: object, expected: str) -> None:
    issue = make_issue(
        resolution={"name": resolution} if resolution else None, issuelinks=links, status=status
    )
    assert TICKETS["change"](issue)["outcome"] == expected


def test_a_change_s_type_and_risk_are_unknown_when_not_said() -> None:
    fields = TICKETS["change"](make_issue(custom={"Change type": {"value": "Emergency"}}))
    assert (fields["change_type"], fields["risk"]) == ("emergency", "unknown")


def test_a_problem_lists_its_incidents() -> None:
    links = [link("inward", "OPS-3", "Incident"), link("inward", "OPS-4", "Task")]
    assert TICKETS["problem"](make_issue(issuelinks=links))["incident_ids"] == ["OPS-3"]


def test_a_request_that_only_automation_moved_is_automated() -> None:
    bot = {"accountId": "b", "accountType": "app"}
    histories = [moved("2026-10-01T07:00:00.000+0000", "1", "3", bot)]
    request = make_issue(
        histories=histories,
        status=DONE,
        custom={"Request Type": {"requestType": {"name": "New laptop"}}},
    )
    fields = TICKETS["service_request"](request)
    assert fields["automated"] is True
    assert fields["request_type"] == "New laptop"
    assert fields["from_catalogue"] is True


def test_a_request_that_a_person_moved_is_not_automated() -> None:
    histories = [moved("2026-10-01T07:00:00.000+0000", "1", "3")]
    fields = TICKETS["service_request"](make_issue(histories=histories, status=DONE))
    assert fields["automated"] is False
    assert fields["from_catalogue"] is False


@pytest.mark.parametrize(
    ("origin", "labels", "expected"),
    [("Retro", [], "retro"), (None, ["post-mortem"], "postmortem"), (None, ["misc"], "other")],
)
def test_where_an_improvement_comes_from(origin: str | None, labels: list[str], expected: str) -> None:
    value = {"value": origin} if origin else None
    issue = make_issue(labels=labels, custom={"Origin": value})
    assert TICKETS["improvement"](issue)["origin"] == expected


def test_a_risk_has_treatment_owner_and_review_date() -> None:
    issue = make_issue(
        assignee={"accountId": "u5"},
        custom={"Treatment": {"value": "Mitigate"}, "Reviewed on": "2026-09-30"},
    )
    fields = TICKETS["risk"](issue)
    assert (fields["treatment"], fields["owner"]) == ("mitigate", "u5")
    assert fields["reviewed_at"] == datetime(2026, 9, 30, tzinfo=UTC)


def test_service_level_clocks_give_one_record_for_each_run() -> None:
    start = {"epochMillis": 1_790_841_600_000}
    stopped = {
        "startTime": start,
        "stopTime": {"epochMillis": 1_790_841_900_000},
        "breached": True,
        "goalDuration": {"millis": 240_000},
        "elapsedTime": {"millis": 300_000},
    }
    ongoing = {**stopped, "breached": False}
    del ongoing["stopTime"]
    issue = make_issue(custom={"Time to resolution": {"completedCycles": [stopped], "ongoingCycle": ongoing}})
    first, second = service_level_cycles(issue)
    assert first.fields["metric"] == "resolution"
    assert first.fields["breached"] is True
    assert first.fields["goal_s"] == timedelta(minutes=4)
    assert first.fields["ticket_kind"] == "incident"
    assert second.fields["stopped_at"] is None
    assert column_values(record_types()["sla_cycle"], first.fields)
    assert column_values(record_types()["sla_cycle"], second.fields)


def test_a_clock_without_goal_or_value_gives_no_record() -> None:
    assert service_level_cycles(make_issue(custom={"Time to resolution": None})) == []
    half = {"completedCycles": [{"startTime": {"epochMillis": 1}, "breached": False}]}
    assert service_level_cycles(make_issue(custom={"Time to resolution": half})) == []


def heading(text: str) -> dict[str, Any]:
    return {"type": "heading", "content": [{"type": "text", "text": text}]}


@pytest.mark.parametrize(
    "description",
    [
        {"type": "doc", "content": [heading("Timeline"), heading("Root cause"), {"type": "paragraph"}]},
        "h2. Timeline\nfoo\nh2. Root cause\nwho knows",
        "## Timeline\nfoo\n## Root cause",
    ],
)
def test_a_post_incident_review_names_its_incident_and_sections(description: object) -> None:
    issue = make_issue(
        issuetype={"name": "Post-incident review"},
        status=DONE,
        resolutiondate="2026-10-06T10:00:00.000+0000",
        description=description,
        issuelinks=[link("outward", "OPS-9", "Incident")],
        reporter={"accountId": "u1"},
        comment={"comments": [{"author": {"accountId": "u2"}}, {"author": {"accountType": "app"}}]},
    )
    fields = postmortem_fields(issue)
    assert fields is not None
    assert fields["incident_key"] == "OPS-9"
    assert fields["sections"] == ["root_cause", "timeline"]
    assert fields["participants"] == ["u1", "u2"]
    assert column_values(record_types()["postmortem"], fields)


DEPLOYED = "4be1c0ffee" * 4
OTHER = "0123456789abcdef0123456789abcdef01234567"


def paragraph(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "doc",
        "content": [{"type": "panel", "content": [{"type": "paragraph", "content": nodes}]}],
    }


def to(address: str) -> list[dict[str, Any]]:
    return [{"type": "strong"}, {"type": "link", "attrs": {"href": address}}]


@pytest.mark.parametrize(
    "description",
    [
        f"Deployment of {DEPLOYED}.",
        f"h2. What\n* commit {{{{{DEPLOYED.upper()}}}}}, as said ({DEPLOYED})",
        f"[the change|https://gitlab.example/a/-/commit/{DEPLOYED}?view=inline]",
        paragraph({"type": "text", "text": f"Deployment of {DEPLOYED}."}),
        paragraph(
            {"type": "text", "text": "this", "marks": to(f"https://gitlab.example/-/commit/{DEPLOYED}")}
        ),
        paragraph({"type": "inlineCard", "attrs": {"url": f"https://gitlab.example/-/commit/{DEPLOYED}"}}),
    ],
)
def test_a_change_names_the_commits_in_its_description(description: object) -> None:
    fields = TICKETS["change"](make_issue(description=description))
    assert fields["deployment_ids"] == [DEPLOYED]
    assert column_values(record_types()["change"], fields)


def test_a_change_names_the_commits_in_its_title_too_each_once() -> None:
    issue = make_issue(summary=f"Deploy {DEPLOYED}", description=f"{OTHER} after {DEPLOYED}, not {OTHER}")
    assert TICKETS["change"](issue)["deployment_ids"] == [OTHER, DEPLOYED]


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        f"Deployment of {DEPLOYED[:39]}, and of {DEPLOYED[:8]}",
        f"The image is sha256:{DEPLOYED}{DEPLOYED[:24]}",
        f"x{DEPLOYED} {DEPLOYED}_1 {DEPLOYED[:39]}g",
        paragraph({"type": "text", "text": DEPLOYED[:20]}, {"type": "text", "text": DEPLOYED[20:]}),
        {"type": "doc", "content": [None, "text", {"content": {"text": DEPLOYED}}, {"attrs": [DEPLOYED]}]},
    ],
)
def test_a_change_that_names_no_whole_commit_names_none(description: object) -> None:
    assert TICKETS["change"](make_issue(description=description))["deployment_ids"] == []


def test_of_a_changes_prose_only_the_commits_are_kept() -> None:
    site = make_site()
    reading = reading_of("change", site, site.settings)
    assert "description" in reading.asked_fields(site)
    assert "description" not in reading_of("incident", site, site.settings).asked_fields(site)
    issue = make_issue(site, description=f"Ask Ada before deploying {DEPLOYED}.")
    (one,) = reading.observe(issue)
    assert mapping_of(one.raw)["commits"] == one.fields["deployment_ids"] == [DEPLOYED]
    assert "Ada" not in repr(one)


def test_an_open_review_is_not_published() -> None:
    assert postmortem_fields(make_issue(issuelinks=[link("outward", "OPS-9", "Incident")])) is None


def test_an_access_review_without_counts_leaves_them_unknown() -> None:
    issue = make_issue(
        status=DONE,
        resolutiondate="2026-10-06T10:00:00.000+0000",
        components=[{"name": "gitlab"}],
        custom={"Accounts reviewed": 42.0},
    )
    fields = access_review_fields(issue)
    assert fields is not None
    assert (fields["system"], fields["reviewed"], fields["revoked"]) == ("gitlab", 42, None)
    assert column_values(record_types()["access_review"], fields)


@pytest.mark.parametrize(
    ("resolution", "expected"), [("Done", "success"), ("Failed", "failed"), ("Partially", "partial")]
)
def test_a_restore_test_ends_as_its_resolution_says(resolution: str, expected: str) -> None:
    issue = make_issue(
        status=DONE, resolutiondate="2026-10-06T10:00:00.000+0000", resolution={"name": resolution}
    )
    fields = restore_test_fields(issue)
    assert fields is not None
    assert fields["outcome"] == expected
    assert column_values(record_types()["restore_test"], fields)


def test_an_unfinished_restore_test_is_no_evidence() -> None:
    assert restore_test_fields(make_issue()) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"value": "High"}, "High"),
        ([{"value": "a"}, {"name": "b"}], "a, b"),
        (
            {"type": "doc", "content": [{"content": [{"text": "restore"}, {"text": "backup"}]}]},
            "restore backup",
        ),
        ({"type": "doc", "content": []}, None),
        (4.0, "4.0"),
        (False, None),
        ("  ", None),
    ],
)
def test_field_values_of_any_type_are_put_in_words(value: object, expected: str | None) -> None:
    assert words_of(value) == expected


def test_unknown_field_names_in_settings_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known are accounts_reviewed"):
        JiraSettings(url="https://jira.example", token="env:T", fields={"severty": "Severity"})


def test_a_site_may_call_things_otherwise() -> None:
    site = make_site(fields={"severity": "Reviewed on"}, issue_types={"Störung": "incident"})
    assert site.present_issue_types("incident") == ["Störung"]
    assert site.kind_of("störung") == "incident"
    assert site.field_ids["severity"] == (field_id("Reviewed on"),)


@pytest.mark.parametrize("kind", sorted(TICKETS))
@pytest.mark.parametrize("file", ["issue.json", "issues_in_sprint.json"])
def test_what_evidence_keeps_of_an_issue_gives_the_same_record_again(kind: str, file: str) -> None:
    recorded = json.loads((RECORDED / file).read_text(encoding="utf-8"))
    payload = recorded["issues"][0] if "issues" in recorded else recorded
    site = make_site()
    kept = excerpt(payload)
    assert len(json.dumps(kept)) < len(json.dumps(payload)) / 2
    histories = kept.pop("histories")
    again = read_issue({**kept, "changelog": {"histories": histories}}, site)
    assert TICKETS[kind](again) == TICKETS[kind](read_issue(payload, site))
