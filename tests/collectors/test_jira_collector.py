"""The Jira collector through the real client, over HTTP, against a scripted site."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.jira import JiraCollector
from itomm.collectors.source import Source
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

SEARCH = "/rest/api/3/search/jql"
TIME = PretendTime()


def answer(payload: object) -> Answer:
    return Answer(200, json.dumps(payload).encode())


def issue(number: int, histories: int = 0, **fields: Any) -> dict[str, Any]:
    entries = [
        {
            "created": f"2026-10-20T{10 + index // 60:02}:{index % 60:02}:00.000+0000",
            "author": {"accountId": "u1"},
            "items": [{"field": "status", "from": "1", "to": "2" if index == 0 else "1"}],
        }
        for index in range(histories)
    ]
    return {
        "id": str(10_000 + number),
        "key": f"OPS-{number}",
        "fields": {
            "summary": "s",
            "issuetype": {"name": "Incident"},
            "status": {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
            "created": "2026-10-20T08:00:00.000+0000",
            "updated": "2026-10-20T09:00:00.000+0000",
            **fields,
        },
        "changelog": {"startAt": 0, "maxResults": histories, "total": histories, "histories": entries},
    }


@pytest.fixture
def site() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        script_vocabulary(server, "3", "Cloud")
        yield server


@pytest.fixture
def data_center() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        script_vocabulary(server, "2", "Server")
        yield server


def script_vocabulary(server: MisbehavingServer, version: str, deployment: str) -> None:
    information = {"versionNumbers": [9, 12, 0], "deploymentType": deployment, "baseUrl": server.url}
    server.on("/rest/api/2/serverInfo", answer(information))
    base = f"/rest/api/{version}"
    server.on(f"{base}/field", answer([{"id": "customfield_1", "name": "Severity", "clauseNames": ["sev"]}]))
    statuses = [
        {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
        {"id": "2", "name": "Doing", "statusCategory": {"key": "indeterminate"}},
    ]
    server.on(f"{base}/status", answer(statuses))
    server.on(f"{base}/priority", answer([{"id": "1", "name": "High"}]))
    server.on(f"{base}/issuetype", answer([{"name": "Incident"}, {"name": "Change"}]))
    server.on(f"{base}/myself", answer({"displayName": "Auditor"}))


def source_at(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Source:
    monkeypatch.setenv("JIRA_TOKEN", "sesame")
    configured = {"url": server.url, "user": "a@b.example", "token": "env:JIRA_TOKEN", "projects": ["OPS"]}
    model = JiraCollector.settings_model
    return Source("jira", JiraCollector, model.model_validate({**configured, **settings}))


def run(
    server: MisbehavingServer,
    monkeypatch: pytest.MonkeyPatch,
    *types: str,
    changed_since: Mapping[tuple[str, str], datetime] | None = None,
    **settings: Any,
) -> MemorySink:
    sink, time = MemorySink(), PretendTime()
    assignment = Assignment(
        run=1,
        until=time.clock(),
        history=timedelta(days=90),
        services=(),
        pseudonym_key=b"jira" * 4,
        record_types=frozenset(types or ("incident",)),
        continue_from={
            key: Continuation(at, "c", at - timedelta(days=400)) for key, at in (changed_since or {}).items()
        },
    )
    collect([source_at(server, monkeypatch, **settings)], sink, assignment, time.clock, timing=time.timing)
    return sink


def collected(sink: MemorySink, record_type: str = "incident") -> tuple[list[Observation], CollectionOutcome]:
    collection = sink.of(record_type)
    assert collection.outcome is not None
    return collection.observations, collection.outcome


def queries(server: MisbehavingServer, path: str) -> list[Mapping[str, Sequence[str]]]:
    return [
        parse_qs(urlsplit(target).query) for _, target in server.requests if urlsplit(target).path == path
    ]


def test_jira_keeps_the_contract_under_every_fault() -> None:
    assert contract_faults(JiraCollector, lambda url: {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN"}) == []


def test_cloud_gives_more_than_one_hundred_issues(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [
        {"issues": [issue(n) for n in range(1, 101)], "nextPageToken": "t1"},
        {"issues": [issue(n) for n in range(101, 201)], "nextPageToken": "t2", "isLast": False},
        {"issues": [issue(n) for n in range(201, 251)], "isLast": True},
    ]
    site.on(SEARCH, *map(answer, pages))
    found, outcome = collected(run(site, monkeypatch))
    assert len({one.source_ref for one in found}) == 250
    assert outcome.complete
    assert [query.get("nextPageToken") for query in queries(site, SEARCH)] == [None, ["t1"], ["t2"]]


def test_only_named_fields_are_asked_for(site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    site.on(SEARCH, answer({"issues": [], "isLast": True}))
    run(site, monkeypatch)
    asked = queries(site, SEARCH)[0]
    assert "*all" not in asked["fields"]
    assert {"summary", "status", "customfield_1"} <= set(asked["fields"])
    assert asked["expand"] == ["changelog"]
    jql = asked["jql"][0]
    assert jql.startswith('project = "OPS" AND issuetype in ("Incident") AND created >= "2026-08-02 15:00"')


def test_a_page_token_that_comes_again_ends_the_stream_incomplete(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, answer({"issues": [issue(1)], "nextPageToken": "again"}))
    found, outcome = collected(run(site, monkeypatch))
    assert len(queries(site, SEARCH)) == 2
    assert found
    assert not outcome.complete
    assert "twice" in outcome.error


def test_pages_that_announce_more_without_a_token_are_incomplete(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, answer({"issues": [issue(1)], "isLast": False}))
    _, outcome = collected(run(site, monkeypatch))
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_a_history_that_cloud_cuts_at_forty_is_fetched_whole(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = issue(1, histories=150)
    entries = whole["changelog"]["histories"]
    cut = {**whole, "changelog": {"maxResults": 40, "total": 40, "histories": entries[-40:]}}
    site.on(SEARCH, answer({"issues": [cut], "isLast": True}))
    site.on(
        "/rest/api/3/issue/OPS-1/changelog",
        answer({"startAt": 0, "total": 150, "isLast": False, "values": entries[:100]}),
        answer({"startAt": 100, "total": 150, "isLast": True, "values": entries[100:]}),
    )
    (found,), outcome = collected(run(site, monkeypatch))
    assert outcome.complete
    transitions = found.fields["transitions"]
    assert isinstance(transitions, list)
    assert len(transitions) == 150
    assert str(found.fields["acknowledged_at"]) == "2026-10-20 10:00:00+00:00"


def test_a_short_history_costs_no_further_request(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, answer({"issues": [issue(1, histories=39)], "isLast": True}))
    _, outcome = collected(run(site, monkeypatch))
    assert outcome.complete
    assert not [target for _, target in site.requests if "/changelog" in target]


def test_a_history_that_stays_short_makes_the_stream_incomplete(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = issue(1, histories=3)
    cut["changelog"]["total"] = 9
    site.on(SEARCH, answer({"issues": [cut], "isLast": True}))
    site.on("/rest/api/3/issue/OPS-1/changelog", answer({"total": 9, "isLast": True, "values": []}))
    _, outcome = collected(run(site, monkeypatch))
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "OPS-1" in outcome.error


def test_one_project_refused_does_not_stop_the_others(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"{\"errorMessages\": [\"The value 'SEC' does not exist for the field 'project'.\"]}"

    def asked(request: Asked) -> Answer:
        if '"SEC"' in request.text:
            return Answer(400, refusal)
        return answer({"issues": [issue(1)], "isLast": True})

    site.tool = asked
    found, outcome = collected(run(site, monkeypatch, projects=["SEC", "OPS"]))
    assert [one.source_ref for one in found] == ["OPS-1"]
    assert outcome.denied == ("SEC",)
    assert outcome.requested == ("SEC", "OPS")
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "does not exist for the field" in outcome.error


def test_a_retry_after_date_is_waited_for(site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    date = {"Retry-After": "Sun, 01 Nov 2026 06:00:20 GMT", "Date": "Sun, 01 Nov 2026 06:00:00 GMT"}
    site.on(SEARCH, Answer(429, b"{}", date), answer({"issues": [issue(1)], "isLast": True}))
    found, outcome = collected(run(site, monkeypatch))
    assert outcome.complete
    assert len(found) == 1


def test_a_sign_in_page_is_told_as_such_and_not_logged(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.on(SEARCH, Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}))
    found, outcome = collected(run(site, monkeypatch))
    assert found == []
    assert not outcome.complete
    assert "web page" in outcome.error
    assert "Sign in" not in caplog.text


def test_a_kind_that_the_site_does_not_have_is_not_an_empty_fact(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, outcome = collected(run(site, monkeypatch, "problem"), "problem")
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "issue_types" in outcome.error
    assert queries(site, SEARCH) == []


def test_asked_and_empty_is_complete(site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    site.on(SEARCH, answer({"issues": [], "isLast": True}))
    found, outcome = collected(run(site, monkeypatch))
    assert found == []
    assert outcome.complete
    assert any("Detected by" in warning for warning in outcome.warnings)


def test_issues_outside_the_window_are_left_out(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues = [
        issue(1, created="2026-08-03T05:59:00.000+0000"),
        issue(2, created="2026-08-03T06:01:00.000+0000"),
        issue(3, created="2026-11-01T06:00:01.000+0000"),
    ]
    site.on(SEARCH, answer({"issues": issues, "isLast": True}))
    found, _ = collected(run(site, monkeypatch))
    assert [one.source_ref for one in found] == ["OPS-2"]


def test_a_record_leads_to_its_page_and_its_request(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, answer({"issues": [issue(1)], "isLast": True}))
    page = run(site, monkeypatch).of("incident").pages[0]
    assert page.observations[0].url == f"{site.url}/browse/OPS-1"
    assert page.request.url == f"{site.url}{SEARCH}"
    assert page.request.status == 200
    assert "issuetype" in page.request.query["jql"]


def test_the_vocabulary_is_read_once_for_all_streams(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, answer({"issues": [], "isLast": True}))
    run(site, monkeypatch, "incident", "change", "sla_cycle", "access_review", "restore_test")
    asked = [urlsplit(target).path for _, target in site.requests]
    assert asked.count("/rest/api/2/serverInfo") == 1
    assert asked.count("/rest/api/3/status") == 1
    assert len(asked) == 6 + 2 * 5  # the kind of Jira, its vocabulary, the zone; a count and a page a stream


def test_labels_choose_access_reviews(site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    site.on(SEARCH, answer({"issues": [], "isLast": True}))
    run(site, monkeypatch, "access_review")
    assert 'labels in ("access-review")' in queries(site, SEARCH)[0]["jql"][0]


def test_data_center_is_paged_by_offset_with_a_bearer_token(
    data_center: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [
        {"startAt": 0, "total": 150, "issues": []},  # how many there are
        {"startAt": 0, "total": 150, "issues": [issue(n) for n in range(1, 101)]},
        {"startAt": 100, "total": 150, "issues": [issue(n) for n in range(101, 151)]},
    ]
    data_center.on("/rest/api/2/search", *map(answer, pages))
    found, outcome = collected(run(data_center, monkeypatch, user=None))
    assert len(found) == 150
    assert outcome.complete
    asked = queries(data_center, "/rest/api/2/search")
    assert [query.get("startAt", ["counted"]) for query in asked] == [["counted"], ["0"], ["100"]]
    assert data_center.headers[-1]["authorization"] == "Bearer sesame"


def test_data_center_that_sends_less_than_announced_is_incomplete(
    data_center: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [{"total": 3, "issues": []}, {"total": 3, "issues": [issue(1)]}, {"total": 3, "issues": []}]
    data_center.on("/rest/api/2/search", *map(answer, pages))
    _, outcome = collected(run(data_center, monkeypatch))
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "announced 3" in outcome.error


def test_a_first_page_that_comes_again_is_no_second_page(
    data_center: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {"startAt": 0, "total": 4, "issues": [issue(1), issue(2)]}
    data_center.on("/rest/api/2/search", answer(first))
    _, outcome = collected(run(data_center, monkeypatch))
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "asked for what follows row 2 and sent what follows row 0" in outcome.error


def test_a_later_run_asks_for_what_changed_of_the_whole_history(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = issue(1, created="2026-01-01T00:00:00.000+0000")
    never_read = issue(2, created="2025-09-24T23:00:00.000+0000")
    site.on(SEARCH, answer({"issues": [never_read, old], "isLast": True}))
    reached = datetime(2026, 10, 30, tzinfo=UTC)
    found, _ = collected(run(site, monkeypatch, changed_since={("jira", "incident"): reached}))
    assert [one.source_ref for one in found] == ["OPS-1"]
    jql = queries(site, SEARCH)[0]["jql"][0]
    assert 'updated >= "2026-10-29 09:00"' in jql
    assert 'created >= "2025-09-24 09:00"' in jql


def test_risks_are_read_however_old_they_are(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on("/rest/api/3/issuetype", answer([{"name": "Risk"}]))
    site.on(SEARCH, answer({"issues": [issue(1, created="2020-01-01T00:00:00.000+0000")], "isLast": True}))
    found, outcome = collected(run(site, monkeypatch, "risk"), "risk")
    assert outcome.complete
    assert len(found) == 1
    assert "created >=" not in queries(site, SEARCH)[0]["jql"][0]


def test_projects_are_found_when_none_is_configured(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(
        "/rest/api/3/project/search",
        answer({"values": [{"key": "OPS"}], "isLast": False}),
        answer({"values": [{"key": "SEC"}], "isLast": True}),
    )
    site.on(SEARCH, answer({"issues": [], "isLast": True}))
    _, outcome = collected(run(site, monkeypatch, projects=[]))
    assert outcome.requested == ("OPS", "SEC")


def test_the_check_tells_account_projects_and_missing_words(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on(SEARCH, Answer(403, b"{}"), answer({"issues": [], "isLast": True}))
    checks = check_source(
        source_at(site, monkeypatch, projects=["SEC", "OPS"]), TIME.clock, timing=TIME.timing
    )
    by_title = {check.title: check for check in checks}
    assert by_title["Signed in"].detail == "Jira Cloud as Auditor"
    assert by_title["Project SEC"].state is CheckState.FAILED
    assert "Browse Projects" in by_title["Project SEC"].remedy
    assert by_title["Project OPS"].state is CheckState.OK
    assert by_title["Issue type Risk"].state is CheckState.WARNING
    assert "Detected by" in by_title["Fields"].detail


def test_a_custom_field_that_the_site_lacks_is_a_field_that_cannot_be_told(
    site: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.on("/rest/api/3/search/jql", answer({"issues": [issue(1)]}))
    _, outcome = collected(run(site, monkeypatch))
    told = {each.field: each.why for each in outcome.untold}
    assert told["root_cause_class"] == "Jira has no field called Root cause class; name yours under fields"
    assert told["alert_event_ids"] == ""
    assert {"severity", "major", "resolved_at", "labels"}.isdisjoint(told)
