"""The sources of the fault matrix: each built-in collector with a tool that is well. One entry a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import itomm.estate
from itomm.collectors.conformance import Answer, Asked, HealthyTool, Paging, Tool
from itomm.collectors.conformance.trial import Subject
from itomm.collectors.discovery import load_collector
from itomm.estate.alertmanager_api import AlertmanagerApi
from itomm.estate.estate import Estate
from itomm.estate.gitlab_api import GitLabApi
from itomm.estate.http_exchange import TOKEN, Request, Response, request_of
from itomm.estate.jira_cloud import JiraCloudApi
from itomm.estate.jira_data_center import JiraDataCenterApi
from itomm.estate.prometheus_api import PrometheusApi
from tests.collectors import backstage_stand_in, icinga_stand_in, redmine_stand_in, request_tracker_stand_in
from tests.collectors.github_stand_in import GitHubStandIn, StandInRepository, pull, reviews
from tests.collectors.invented_desk import incidents, usual_desk

LINK = Paging(("page", "cursor", "id_before", "id_after"), "per_page", key="X-Next-Page")
"""As GitLab and GitHub page."""


class EstateApi(Protocol):
    """One of the estate's tools."""

    def answer(self, request: Request) -> Response:
        """The response to one request."""


@dataclass(frozen=True)
class MatrixSource:
    """One column of the matrix.

    Attributes:
        collector: the name by which it is registered.
        path: what follows the host in the source's address.
        settings: further settings.
        streams: two or three that together ask in every way the collector knows.
        tool: makes the healthy tool.
    """

    collector: str
    path: str
    settings: Mapping[str, object]
    streams: tuple[str, ...]
    tool: Callable[[], HealthyTool]


@cache
def estate() -> Estate:
    return Estate.load(Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml")


def estate_tool(
    api: EstateApi, scopes: Mapping[str, str] | None = None, paging: Paging | None = None
) -> HealthyTool:
    def answer(asked: Asked) -> Answer:
        request = request_of(asked.method, asked.target, asked.headers, asked.body)
        given = api.answer(replace(request, base=asked.base))
        return Answer(given.status, given.body, {"Content-Type": given.content_type, **given.headers})

    return HealthyTool(
        remembering(answer), scopes=scopes or {}, paging=paging, until=estate().as_of, token=TOKEN
    )


def remembering(tool: Tool) -> Tool:
    """The same tool, asked once for each request: it always answers the same."""
    known: dict[tuple[str, str, str, bytes, str], Answer] = {}

    def answer(asked: Asked) -> Answer:
        key = (asked.method, asked.base, asked.target, asked.body, asked.headers.get("authorization", ""))
        if key not in known:
            known[key] = tool(asked)
        return known[key]

    return answer


def _gitlab() -> HealthyTool:
    company = estate().company
    scopes = {project.full_path: f"/projects/{project.id}/" for project in company.projects}
    return estate_tool(GitLabApi(company), scopes, LINK)


def _jira(api: EstateApi, paging: Paging) -> HealthyTool:
    return estate_tool(api, {"OPS": '"OPS"', "SEC": '"SEC"'}, paging)


def _jira_cloud() -> HealthyTool:
    paging = Paging(("nextPageToken",), "maxResults", "issues", "token", "nextPageToken", "isLast")
    return _jira(JiraCloudApi(estate().company), paging)


def _jira_data_center() -> HealthyTool:
    paging = Paging(("startAt",), "maxResults", "issues", "total", "total")
    return _jira(JiraDataCenterApi(estate().company), paging)


def _github() -> HealthyTool:
    released = [
        {"id": n, "tag_name": f"v{n}", "published_at": f"2026-10-{n:02}T10:00:00Z", "draft": False}
        for n in range(1, 6)
    ]
    repositories = [
        StandInRepository(
            f"acme/{name}",
            pulls=[
                pull(n, reviews=reviews(("bob", "APPROVED", "2026-10-01T09:00:00Z"))) for n in range(1, 4)
            ],
            releases=released,
        )
        for name in ("one", "two")
    ]
    scopes = {f"acme/{name}": f"/repos/acme/{name}/" for name in ("one", "two")}
    return HealthyTool(GitHubStandIn(repositories).answer, scopes=scopes, paging=replace(LINK, key=""))


def _gitlab_topics() -> HealthyTool:
    return estate_tool(GitLabApi(estate().company), paging=LINK)


def _github_topics() -> HealthyTool:
    tagged = [
        StandInRepository(f"acme/{name}", more={"topics": [f"service-{name}", "tier-1"]})
        for name in ("one", "two", "three")
    ]
    return HealthyTool(GitHubStandIn(tagged).answer, paging=replace(LINK, key=""))


def _backstage() -> HealthyTool:
    """Without faults of paging: its cursor is all of a request, so that none tells the first page."""
    return HealthyTool(backstage_stand_in.answer)


def _invented_desk() -> HealthyTool:
    paging = Paging(("after",), "limit", "data.tickets", "token", "meta.next")
    return HealthyTool(usual_desk(), scopes={"NET": "/queues/NET/", "OPS": "/queues/OPS/"}, paging=paging)


def _redmine() -> HealthyTool:
    paging = Paging(("offset",), "limit", "issues", "total", "total_count")
    scopes = {"shop": "project_id=shop", "desk": "project_id=desk"}
    return HealthyTool(redmine_stand_in.answer, scopes=scopes, paging=paging)


def _request_tracker() -> HealthyTool:
    scopes = {name: f"Queue = {number}" for name, number in request_tracker_stand_in.QUEUES.items()}
    return HealthyTool(request_tracker_stand_in.answer, scopes=scopes)


SOURCES: Mapping[str, MatrixSource] = {
    "Prometheus": MatrixSource(
        "prometheus",
        "/prometheus",
        {},
        ("alert_rule", "uptime_series"),
        lambda: estate_tool(PrometheusApi(estate().company)),
    ),
    "Alertmanager": MatrixSource(
        "alertmanager",
        "/alertmanager",
        {},
        ("silence", "notification_route"),
        lambda: estate_tool(AlertmanagerApi(estate().company)),
    ),
    "Jira Cloud": MatrixSource(
        "jira",
        "/jira",
        {"user": "auditor@acme.example", "projects": ["OPS", "SEC"]},
        ("incident", "postmortem"),
        _jira_cloud,
    ),
    "Jira DC": MatrixSource(
        "jira", "/jira-dc", {"projects": ["OPS", "SEC"]}, ("incident", "postmortem"), _jira_data_center
    ),
    "GitLab": MatrixSource(
        "gitlab", "/gitlab", {"groups": ["acme"]}, ("repository", "merge_request", "release"), _gitlab
    ),
    "GitHub": MatrixSource(
        "github",
        "",
        {"repositories": ["acme/one", "acme/two"]},
        ("repository", "merge_request", "release"),
        _github,
    ),
    "Redmine": MatrixSource("redmine", "", {"projects": ["shop", "desk"]}, ("incident", "change"), _redmine),
    "RT": MatrixSource(
        "request_tracker",
        "",
        {"queues": dict.fromkeys(request_tracker_stand_in.QUEUES, "incident")},
        ("incident",),
        _request_tracker,
    ),
    "Icinga": MatrixSource(
        "icinga",
        "",
        {"user": "auditor"},
        ("scrape_target", "notification_route", "silence"),
        lambda: HealthyTool(icinga_stand_in.answer),
    ),
    "http_json": MatrixSource(
        "http_json", "", {"records": {"incident": incidents()}}, ("incident",), _invented_desk
    ),
    "Backstage": MatrixSource("backstage", "", {}, ("service",), _backstage),
    "GitLab topics": MatrixSource(
        "gitlab_topics", "/gitlab", {"groups": ["acme"], "service_prefix": ""}, ("service",), _gitlab_topics
    ),
    "GitHub topics": MatrixSource(
        "github_topics", "", {"organisations": ["acme"]}, ("service",), _github_topics
    ),
    "Prometheus labels": MatrixSource(
        "prometheus_labels",
        "/prometheus",
        {"label": "job"},
        ("service",),
        lambda: estate_tool(PrometheusApi(estate().company)),
    ),
}


@cache
def subject(name: str) -> Subject:
    """A source with its healthy reading, made once a process."""
    source = SOURCES[name]
    return Subject(
        load_collector(source.collector),
        lambda url: {"url": f"{url}{source.path}", "token": "env:ITOMM_CONTRACT_TOKEN", **source.settings},
        source.tool(),
        streams=source.streams,
    )
