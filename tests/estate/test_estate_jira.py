from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from jira import JIRA, JIRAError

from itomm.estate.company import company_of
from itomm.estate.company_habits import DEFAULT_HABITS, load_habits
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.estate.jql import JqlError, parse
from itomm.estate.server import EstateServer

ALL = "project in (OPS, SEC) ORDER BY created ASC"


@pytest.fixture
def cloud(estate_server: EstateServer) -> Iterator[JIRA]:
    client: Any = JIRA(
        f"{estate_server.url}/jira", basic_auth=("auditor@acme.example", TOKEN), max_retries=0, timeout=10
    )
    yield client
    client.close()


@pytest.fixture
def data_center(estate_server: EstateServer) -> Iterator[JIRA]:
    client: Any = JIRA(f"{estate_server.url}/jira-dc", token_auth=TOKEN, max_retries=0, timeout=10)
    yield client
    client.close()


def _pages(client: JIRA, jql: str, **more: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    token = None
    while True:
        answer = client.enhanced_search_issues(
            jql, nextPageToken=token, maxResults=100, json_result=True, **more
        )
        assert isinstance(answer, dict)
        rows.extend(answer["issues"])
        token = answer.get("nextPageToken")
        assert answer["isLast"] == (token is None)
        if token is None:
            return rows


def test_cloud_pages_give_every_issue_once(cloud: JIRA, small_estate: Estate) -> None:
    rows = _pages(cloud, ALL, fields=["summary", "status"])
    keys = [row["key"] for row in rows]
    assert len(keys) > 100
    assert keys == [ticket.key for ticket in small_estate.company.tickets]
    assert cloud.approximate_issue_count("project = OPS") == sum(key.startswith("OPS-") for key in keys)
    assert set(rows[0]["fields"]) == {"summary", "status"}


def test_cloud_never_gives_more_than_a_hundred_with_fields_and_no_total(cloud: JIRA) -> None:
    answer = cloud.enhanced_search_issues(ALL, maxResults=500, fields=["summary"], json_result=True)
    assert isinstance(answer, dict)
    assert len(answer["issues"]) == 100
    assert "total" not in answer


def test_the_old_search_of_cloud_is_gone(estate_server: EstateServer) -> None:
    answer = requests.get(
        f"{estate_server.url}/jira/rest/api/3/search",
        params={"jql": ALL},
        auth=("auditor@acme.example", TOKEN),
        timeout=10,
    )
    assert answer.status_code == 410


def test_data_center_pages_by_offset_with_a_total(data_center: JIRA, small_estate: Estate) -> None:
    keys: list[str] = []
    total = None
    while total is None or len(keys) < total:
        answer = data_center.search_issues(ALL, startAt=len(keys), maxResults=60, json_result=True)
        assert isinstance(answer, dict)
        total = answer["total"]
        keys.extend(row["key"] for row in answer["issues"])
    assert keys == [ticket.key for ticket in small_estate.company.tickets]


def test_both_kinds_show_the_same_facts(cloud: JIRA, data_center: JIRA) -> None:
    jql = "issuetype = Incident ORDER BY key"
    there = data_center.search_issues(jql, maxResults=False, json_result=False)
    here = {row["key"]: row for row in _pages(cloud, jql, fields=["*all"])}
    for issue in there:
        fields = here[issue.key]["fields"]
        assert issue.raw["fields"]["created"] == fields["created"]
        assert issue.raw["fields"]["status"]["name"] == fields["status"]["name"]
        assert "accountId" in fields["reporter"]
        assert "accountId" not in issue.raw["fields"]["reporter"]


def test_an_incident_carries_its_custom_fields_links_and_clocks(cloud: JIRA) -> None:
    names = {row["name"]: row["id"] for row in cloud.fields()}
    rows = _pages(cloud, "issuetype = Incident", fields=["*all"])
    fields = [row["fields"] for row in rows]
    detected = {(row[names["Detected by"]] or {}).get("value") for row in fields}
    assert {"Monitoring", "User", None} <= detected
    assert any(row[names["Severity"]] is None for row in fields)
    apps = [row for row in fields if row["reporter"]["accountType"] == "app"]
    assert apps
    caused = [link for row in fields for link in row["issuelinks"] if "inwardIssue" in link]
    assert {link["type"]["inward"] for link in caused} <= {"is caused by", "is reviewed by", "relates to"}
    assert any(link["type"]["inward"] == "is caused by" for link in caused)
    clock = next(row[names["Time to resolution"]] for row in fields if row[names["Time to resolution"]])
    cycle = clock["completedCycles"][0]
    elapsed, goal = cycle["elapsedTime"]["millis"], cycle["goalDuration"]["millis"]
    assert cycle["breached"] == (elapsed > goal)
    assert cycle["stopTime"]["epochMillis"] - cycle["startTime"]["epochMillis"] == elapsed


def test_one_status_has_a_chinese_name_and_all_have_a_category(cloud: JIRA) -> None:
    statuses = [status.raw for status in cloud.statuses()]
    assert any(not status["name"].isascii() for status in statuses)
    assert {status["statusCategory"]["key"] for status in statuses} == {"new", "indeterminate", "done"}


def test_bodies_are_documents_in_version_3_and_text_in_version_2(estate_server: EstateServer) -> None:
    auth = ("auditor@acme.example", TOKEN)
    base = f"{estate_server.url}/jira/rest/api"
    third = requests.get(f"{base}/3/issue/OPS-1", auth=auth, timeout=10).json()
    second = requests.get(f"{base}/2/issue/OPS-1", auth=auth, timeout=10).json()
    assert third["fields"]["description"]["type"] == "doc"
    assert isinstance(second["fields"]["description"], str)


def test_a_changelog_is_paged_and_ends_in_the_present_status(
    estate_server: EstateServer, cloud: JIRA
) -> None:
    ticket = max(estate_server.estate.company.tickets, key=lambda one: len(one.history))
    url = f"{estate_server.url}/jira/rest/api/3/issue/{ticket.key}/changelog"
    seen: list[dict[str, Any]] = []
    while True:
        answer = requests.get(
            url,
            params={"startAt": len(seen), "maxResults": 2},
            auth=("auditor@acme.example", TOKEN),
            timeout=10,
        ).json()
        seen.extend(answer["values"])
        if answer["isLast"]:
            break
    assert len(seen) == answer["total"] == len(ticket.history)
    moves = [item for row in seen for item in row["items"] if item["field"] == "status"]
    assert moves[-1]["toString"] == cloud.issue(ticket.key).fields.status.name


def test_search_shows_at_most_forty_histories_on_cloud_and_all_on_data_center() -> None:
    company = company_of(load_habits(DEFAULT_HABITS))
    assert max(len(ticket.history) for ticket in company.tickets) > 40
    crowded = max(company.tickets, key=lambda ticket: len(ticket.history))
    with EstateServer(Estate(company)) as server:
        here = requests.post(
            f"{server.url}/jira/rest/api/3/search/jql",
            json={"jql": f"key = {crowded.key}", "fields": ["summary"], "expand": "changelog"},
            auth=("auditor@acme.example", TOKEN),
            timeout=10,
        ).json()["issues"][0]["changelog"]
        there = requests.get(
            f"{server.url}/jira-dc/rest/api/2/search",
            params={"jql": f"key = {crowded.key}", "expand": "changelog"},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=10,
        ).json()["issues"][0]["changelog"]
    assert len(here["histories"]) == 40
    assert here["total"] == len(there["histories"]) == len(crowded.history)


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("project = NOPE", "does not exist for the field 'project'"),
        ("issuetype in (Epic)", "does not exist for the field 'issuetype'"),
        ("project = OPS OR project = SEC", "Expecting either 'OR' or 'AND'"),
        ('created >= "yesterday"', "Date value 'yesterday'"),
        ("project in (OPS", r"Expecting '\)'"),
        ("project = OPS ORDER BY mood", "Not able to sort"),
        ("sprint = 4", "Field 'sprint' does not exist"),
        ("project", "ends after 'project'"),
    ],
)
def test_wrong_queries_are_refused_in_the_words_of_jira(cloud: JIRA, jql: str, words: str) -> None:
    with pytest.raises(JIRAError, match=words) as caught:
        cloud.enhanced_search_issues(jql, maxResults=10)
    assert caught.value.status_code == 400


def test_an_unbounded_query_is_refused(cloud: JIRA) -> None:
    with pytest.raises(JIRAError, match="Unbounded"):
        cloud.enhanced_search_issues("", maxResults=10)


def test_a_query_by_date_type_and_label_finds_just_these(small_estate: Estate) -> None:
    company = small_estate.company
    found = parse(
        'project = ops AND type in (Incident, "Service Request") AND updated >= "2026-10-01 00:00"',
        company.as_of,
    ).select(company.tickets)
    assert found
    assert {ticket.kind for ticket in found} == {"Incident", "Service Request"}
    assert all(ticket.updated_at.month >= 10 for ticket in found)
    labelled = parse("labels in (restore-test, access-review)", company.as_of).select(company.tickets)
    assert len(labelled) == 2
    recent = parse("created >= -7d", company.as_of).select(company.tickets)
    assert 0 < len(recent) < len(company.tickets)
    with pytest.raises(JqlError):
        parse("project = OPS AND", company.as_of)


def test_strangers_are_refused_but_may_read_the_server_information(estate_server: EstateServer) -> None:
    base = f"{estate_server.url}/jira/rest/api/3"
    assert requests.get(f"{base}/serverInfo", timeout=10).json()["deploymentType"] == "Cloud"
    assert requests.get(f"{base}/myself", timeout=10).status_code == 401
    assert requests.get(f"{base}/myself", auth=("a@b.example", "wrong"), timeout=10).status_code == 401
    assert (
        requests.get(f"{base}/myself", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).status_code
        == 401
    )
    dc = f"{estate_server.url}/jira-dc/rest/api/2"
    assert requests.get(f"{dc}/serverInfo", timeout=10).json()["deploymentType"] == "Server"
    assert requests.get(f"{dc}/myself", auth=("a@b.example", TOKEN), timeout=10).status_code == 401


def test_a_link_to_an_issue_opens_a_page(estate_server: EstateServer) -> None:
    answer = requests.get(f"{estate_server.url}/jira/browse/OPS-1", timeout=10)
    assert answer.status_code == 200
    assert "OPS-1" in answer.text
