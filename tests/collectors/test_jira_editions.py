"""Jira Cloud and Data Center 8 to 11, in any language, hardened, or with fields of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, MemorySink, PretendTime
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.jira.connection import address_for_people
from itomm.collectors.jira.settings import JiraSettings
from itomm.estate.http_exchange import TOKEN
from itomm.estate.tickets import Ticket
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason
from tests.collectors.jira_stand_in import HISTORY, JiraStandIn, company, first_of, many

UNTIL = company().as_of
INCIDENT = first_of("Incident", company().tickets)
HTML = Answer(
    401, b"<html><head><title>Unauthorized (401)</title></head></html>", {"Content-Type": "text/html"}
)
Found = tuple[list[Observation], CollectionOutcome]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTATE_TOKEN", TOKEN)


def read(
    jira: JiraStandIn,
    record_type: str = "incident",
    *,
    changed_since: datetime | None = None,
    **settings: Any,
) -> Found:
    sink, time, key = MemorySink(), PretendTime(start=UNTIL), ("jira", record_type)
    going_on = {key: Continuation(changed_since, "c", UNTIL - HISTORY)} if changed_since else {}
    assignment = Assignment(
        run=1,
        until=UNTIL,
        history=HISTORY,
        services=(),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset({record_type}),
        continue_from=going_on,
    )
    with jira.listening() as server:
        source = jira.source(server.url, **{"projects": ["OPS"], **settings})
        collect([source], sink, assignment, time.clock, timing=time.timing)
    outcome = sink.of(record_type).outcome
    assert outcome is not None
    return sink.of(record_type).observations, outcome


def with_history(entries: int) -> Ticket:
    return replace(INCIDENT, history=INCIDENT.history * (entries // len(INCIDENT.history) + 1))


@pytest.mark.parametrize(
    "shown",
    [
        {"baseUrl": "https://jira.example", "deploymentType": "Server"},
        {"version": "8.20.30", "baseUrl": "https://jira.example"},
        {"serverTitle": "Jira", "versionNumbers": [11, 0, 0]},
    ],
)
def test_a_data_center_that_hides_its_version_is_read(shown: Mapping[str, object]) -> None:
    jira = JiraStandIn("jira-dc")
    jira.altered["/serverInfo"] = lambda _: shown
    found, outcome = read(jira)
    assert outcome.complete, outcome.error
    assert found


def opened_at(address: object) -> Callable[[Any], Any]:
    return lambda payload: {**payload, "baseUrl": address}


def links_of(found: Sequence[Observation]) -> set[str]:
    return {str(one.url).rpartition("/browse/")[0] for one in found}


@pytest.mark.parametrize("path", ["jira", "jira-dc"])
def test_another_base_url_is_warned_of_and_never_asked(path: str) -> None:
    jira = JiraStandIn(path)
    jira.altered["/serverInfo"] = opened_at("https://evil.example/jira/")
    found, outcome = read(jira)  # the adapter refuses every other host: complete says that none was asked
    assert outcome.complete, outcome.error
    assert links_of(found) == {"https://evil.example/jira"}
    (warning,) = [one for one in outcome.warnings if "web_url" in one]
    assert "evil.example" in warning
    assert {one.base for one in jira.asked} == {jira.asked[0].base}


def test_a_base_url_on_the_same_host_is_followed_without_a_word() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/serverInfo"] = opened_at("https://127.0.0.1/tickets")
    found, outcome = read(jira)
    assert links_of(found) == {"https://127.0.0.1/tickets"}
    assert not [one for one in outcome.warnings if "web_url" in one]


def test_where_people_open_jira_may_be_said_by_the_settings() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/serverInfo"] = opened_at("https://evil.example")
    found, outcome = read(jira, web_url="https://tickets.acme.example/")
    assert links_of(found) == {"https://tickets.acme.example"}
    assert not [one for one in outcome.warnings if "web_url" in one]


@pytest.mark.parametrize(
    "told",
    [
        "javascript:alert(1)//",
        "file:///etc/passwd",
        "//x",
        "https://a:b@127.0.0.1",
        "http://[",
        "https://x/?a",
    ],
)
def test_what_is_no_web_address_is_no_base_url(told: str) -> None:
    settings = JiraSettings(url="https://jira.example/jira", token="env:JIRA_TOKEN")
    address, doubt = address_for_people(told, settings)
    assert address == "https://jira.example/jira"
    assert "no web address" in doubt


def test_a_site_read_by_the_gateway_of_its_maker_is_opened_at_its_own_address() -> None:
    settings = JiraSettings(url="https://api.atlassian.com/ex/jira/1-2-3", token="env:JIRA_TOKEN")
    assert address_for_people("https://acme.atlassian.net", settings) == ("https://acme.atlassian.net", "")
    assert address_for_people("https://acme.atlassian.net.evil.example", settings)[1]


def test_doctor_tells_of_another_base_url() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/serverInfo"] = opened_at("https://evil.example")
    with jira.listening() as server:
        time = PretendTime(start=UNTIL)
        checks = check_source(jira.source(server.url), time.clock, timing=time.timing)
    (told,) = [one for one in checks if one.title == "Links to issues"]
    assert told.state is CheckState.WARNING


def test_what_tells_nothing_of_a_jira_is_none() -> None:
    jira = JiraStandIn("jira-dc")
    jira.altered["/serverInfo"] = lambda _: {"application": "wiki"}
    _, outcome = read(jira)
    assert "not as Jira does" in outcome.error


@pytest.mark.parametrize("place", ["/serverInfo", "/field", "/search"])
def test_a_token_that_is_refused_with_a_web_page_is_told_without_the_page(place: str) -> None:
    jira = JiraStandIn("jira-dc")
    jira.altered[place] = lambda _: HTML
    found, outcome = read(jira)
    assert found == []
    assert not outcome.complete
    assert "401" in outcome.error
    assert "<" not in outcome.error


def test_a_refusal_in_a_web_page_is_told_without_the_page() -> None:
    jira = JiraStandIn("jira-dc")
    jira.altered["/search"] = lambda _: Answer(403, HTML.body, HTML.headers)
    _, outcome = read(jira)
    assert (outcome.reason, outcome.denied) == (UnknownReason.PERMISSION_DENIED, ("OPS",))
    assert "<" not in outcome.error


@pytest.mark.parametrize("kind", ["Problem", "Improvement"])
def test_what_takes_long_is_read_however_long_ago_it_was_opened(kind: str) -> None:
    one = replace(INCIDENT, kind=kind, created_at=UNTIL - HISTORY - timedelta(days=90))
    found, outcome = read(JiraStandIn("jira", [one]), kind.lower())
    assert outcome.complete, outcome.error
    assert [each.source_ref for each in found] == [one.key]


def test_projects_count_as_asked_for_also_where_the_first_search_in_all_of_them_fails() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/search/jql"] = lambda _: Answer(401, b"{}")
    _, outcome = read(jira, projects=["OPS", "SEC"])
    assert outcome.requested == ("OPS", "SEC")


@pytest.mark.parametrize("path", ["jira", "jira-dc"])
@pytest.mark.parametrize("record_type", ["incident", "risk", "postmortem", "sla_cycle", "access_review"])
def test_a_source_kept_to_one_project_asks_for_no_other(path: str, record_type: str) -> None:
    jira = JiraStandIn(path)
    for changed_since in (None, UNTIL - timedelta(days=3)):
        _, outcome = read(jira, record_type, changed_since=changed_since)
        assert outcome.requested == ("OPS",)
    questions = [one.text.replace("\\", "") for one in jira.asked if "jql" in one.text]
    assert questions
    assert [text for text in questions if 'project = "OPS"' not in text] == []
    assert {one.path.rpartition("/")[2] for one in jira.asked} & {"project", "projects"} == set()


def test_a_project_that_is_counted_but_not_shown_is_refused_by_name() -> None:
    jira = JiraStandIn("jira", many(100))
    jira.altered["/search/jql"] = lambda _: Answer(403, b'{"errorMessages": ["no"]}')
    _, outcome = read(jira)
    assert (outcome.reason, outcome.denied) == (UnknownReason.PERMISSION_DENIED, ("OPS",))


def test_a_site_in_chinese_is_read_by_category_and_by_its_issue_types() -> None:
    jira = JiraStandIn("jira")

    def translated(value: Any) -> Any:
        if isinstance(value, list):
            return [translated(one) for one in value]
        if isinstance(value, dict):
            return {name: "事件" if one == "Incident" else translated(one) for name, one in value.items()}
        return {"Resolved": "已解决", "Closed": "已关闭", "In Progress": "处理中"}.get(value, value)

    for place in ("/issuetype", "/status"):
        jira.altered[place] = translated
    answer = jira.answer

    def understanding(asked: Any) -> Answer:
        given = answer(replace(asked, target=asked.target.replace("%E4%BA%8B%E4%BB%B6", "Incident")))
        return replace(given, body=translated_text(given.body)) if "/search/jql" in asked.target else given

    def translated_text(body: bytes) -> bytes:
        return body.replace(b'"Closed"', '"已关闭"'.encode()).replace(b'"Resolved"', '"已解决"'.encode())

    jira.answer = understanding  # type: ignore[method-assign]  # it understands a query in Chinese
    found, outcome = read(jira, issue_types={"事件": "incident"})
    plain, _ = read(JiraStandIn("jira"))
    assert outcome.complete, outcome.error
    assert {one.fields["status"] for one in found} >= {"已关闭"}
    told = ("key", "status_category", "resolved_at", "reopened_count", "acknowledged_at")
    assert [[one.fields[name] for name in told] for one in found] == [
        [one.fields[name] for name in told] for one in plain
    ]


def test_of_two_fields_with_one_name_the_one_that_says_something_counts() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/field"] = lambda rows: [{"id": "customfield_9", "name": "Severity"}, *rows]
    found, _ = read(jira)
    plain, _ = read(JiraStandIn("jira"))
    assert [one.fields["severity"] for one in found] == [one.fields["severity"] for one in plain]
    assert any(one.fields["severity"] for one in found)
    assert any("customfield_9" in one.target for one in jira.asked)


@pytest.mark.parametrize("name", ["customfield_10031", "severity"])
def test_a_field_may_be_named_by_its_id_or_its_untranslated_name(name: str) -> None:
    jira = JiraStandIn("jira")
    jira.altered["/field"] = lambda rows: [
        {**row, "name": "严重性", "untranslatedName": "Severity"} if row["name"] == "Severity" else row
        for row in rows
    ]
    found, _ = read(jira, fields={"severity": name})
    assert any(one.fields["severity"] for one in found)


@pytest.mark.parametrize("status", [404, 403, 405, 503])
def test_a_site_without_histories_at_once_is_asked_issue_by_issue(status: int) -> None:
    jira = JiraStandIn("jira", [with_history(120)])
    plain, _ = read(jira)
    jira.altered["/changelog/bulkfetch"] = lambda _: Answer(status, b"{}")
    found, outcome = read(jira)
    assert outcome.complete, outcome.error
    assert found[0].fields == plain[0].fields
    assert len([one for one in jira.asked if one.path.endswith(f"/{INCIDENT.key}/changelog")]) == 2


@pytest.mark.parametrize("path", ["/changelog/bulkfetch", "/search/approximate-count"])
def test_a_question_that_is_posted_is_asked_again_after_a_broken_connection(path: str) -> None:
    jira = JiraStandIn("jira", [with_history(60)])
    plain, _ = read(jira)
    sent = [one.path for one in jira.asked]
    jira.asked.clear()
    broken = [Answer(reset=True)]
    jira.altered[path] = lambda payload: broken.pop() if broken else payload
    found, outcome = read(jira)
    assert outcome.complete, outcome.error
    assert [one.fields for one in found] == [one.fields for one in plain]
    again = [one.path for one in jira.asked]
    assert len(again) == len(sent) + 1
    assert set(again) == set(sent)


def test_histories_at_once_may_be_dated_in_milliseconds() -> None:
    jira = JiraStandIn("jira", [with_history(60)])
    plain, _ = read(jira)

    def in_milliseconds(payload: Any) -> Any:
        for log in payload["issueChangeLogs"]:
            for entry in log["changeHistories"]:
                entry["created"] = int(datetime.fromisoformat(entry["created"]).timestamp() * 1000)
        return payload

    jira.altered["/changelog/bulkfetch"] = in_milliseconds
    found, _ = read(jira)
    assert found[0].fields == plain[0].fields


def test_an_issue_that_is_left_out_of_histories_at_once_is_asked_for_by_itself() -> None:
    jira = JiraStandIn("jira", [with_history(60)])
    jira.altered["/changelog/bulkfetch"] = lambda _: {"issueChangeLogs": []}
    found, outcome = read(jira)
    assert outcome.complete, outcome.error
    assert isinstance(found[0].fields["transitions"], list)
    assert len(found[0].fields["transitions"]) > 40


def test_the_time_zone_of_the_account_decides_how_far_back_is_asked() -> None:
    jira = JiraStandIn("jira")
    jira.altered["/myself"] = lambda row: {**row, "timeZone": "Asia/Shanghai"}
    since = datetime(2026, 10, 31, 12, tzinfo=UTC)
    read(jira, changed_since=since)
    assert 'updated >= "2026-10-31 19:00"' in jira.searches()[0]  # 20:00 there, less an hour
    jira.altered["/myself"] = lambda row: {**row, "timeZone": "Mars/Olympus"}
    jira.asked.clear()
    read(jira, changed_since=since)
    assert 'updated >= "2026-10-30 21:00"' in jira.searches()[0]


def clock(**cycle: object) -> dict[str, object]:
    times: dict[str, object] = {
        "startTime": {"epochMillis": int((UNTIL - timedelta(hours=5)).timestamp() * 1000)},
        "goalDuration": {"millis": 4 * 3_600_000},
        "elapsedTime": {"millis": 5 * 3_600_000},
    }
    return {**times, **cycle}


@pytest.mark.parametrize(
    ("field", "breached", "stopped"),
    [
        ({"ongoingCycle": clock(breached=False, paused=True)}, False, False),
        ({"ongoingCycle": clock(breached=True, paused=False)}, True, False),
        ({"ongoingCycle": clock()}, True, False),  # not said: five hours are more than four
        (
            {"completedCycles": [clock(breached=True, stopTime={"epochMillis": 1_793_500_000_000})]},
            True,
            True,
        ),
        ({"completedCycles": [clock(breached=False, stopTime={"epochMillis": 0})]}, False, False),
        ({"ongoingCycle": clock(startTime={"epochMillis": 0})}, None, None),
        ({"errorMessage": "The metric is no longer there."}, None, None),
    ],
)
def test_a_clock_runs_pauses_ends_or_says_nothing(
    field: Mapping[str, object], breached: bool | None, stopped: bool | None
) -> None:
    jira = JiraStandIn("jira", many(1))

    def clocked(payload: Any) -> Any:
        for one in payload["issues"]:
            one["fields"]["customfield_10072"] = field
        return payload

    jira.altered["/search/jql"] = clocked
    found, outcome = read(jira, "sla_cycle")
    assert outcome.complete, outcome.error
    told = [(one.fields["breached"], one.fields["stopped_at"] is not None) for one in found]
    assert told == ([] if breached is None else [(breached, stopped)])


def test_a_later_run_reads_the_clocks_that_have_not_ended_though_nobody_touched_the_ticket() -> None:
    left = next(
        one for one in company().tickets if one.clocks and one.updated_at < UNTIL - timedelta(days=30)
    )
    running = replace(left, clocks=tuple(replace(one, stopped_at=None) for one in left.clocks))
    jira = JiraStandIn("jira", [running if one is left else one for one in company().tickets])
    found, outcome = read(jira, "sla_cycle", changed_since=UNTIL - timedelta(minutes=1))
    assert outcome.complete, outcome.error
    assert left.key in {one.fields["ticket_key"] for one in found}
    assert len(found) < len(read(jira, "sla_cycle")[0]) / 2


def test_without_the_functions_of_clocks_a_later_run_reads_all() -> None:
    jira = JiraStandIn("jira")
    whole, _ = read(jira, "sla_cycle")
    answer = jira.answer

    def without_functions(asked: Any) -> Answer:
        if "running()" in asked.text:
            return Answer(400, b'{"errorMessages": ["Unable to find JQL function \'running()\'."]}')
        return answer(asked)

    jira.answer = without_functions  # type: ignore[method-assign]  # service management was taken away
    found, outcome = read(jira, "sla_cycle", changed_since=UNTIL - timedelta(minutes=1))
    assert outcome.complete, outcome.error
    assert [one.source_ref for one in found] == [one.source_ref for one in whole]


@pytest.mark.parametrize("path", ["jira", "jira-dc"])
def test_an_issue_without_its_time_of_creation_is_missing_and_no_silence(path: str) -> None:
    def undated(payload: Any) -> Any:
        payload["issues"][0]["fields"].pop("created")
        return payload

    jira = JiraStandIn(path)
    jira.altered["/search/jql" if path == "jira" else "/search"] = lambda payload: (
        undated(payload) if payload.get("issues") else payload
    )
    found, outcome = read(jira)
    assert found
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "OPS-" in outcome.error
    assert "not said when it began" in outcome.error
