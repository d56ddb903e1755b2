"""What GitLab is asked, and that few requests bring the same as many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import itomm.estate
from itomm.collectors.conformance import MemorySink, PretendTime
from itomm.collectors.framework.continuing import continuations, standing
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source, build_source
from itomm.estate import gitlab_api, gitlab_graphql
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import Request, Response, json_response
from itomm.estate.repositories import MergeRequest
from itomm.estate.server import EstateServer
from itomm.evidence.collection import Collection
from itomm.evidence.store import Store

SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
HISTORY = timedelta(days=400)
STATE = (
    "repository",
    "branch_protection",
    "release",
    "vulnerability",
    "security_scan",
    "iac_definition",
    "access_grant",
)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate.load(SMALL)


@pytest.fixture
def server(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[EstateServer]:
    monkeypatch.setenv("ESTATE_TOKEN", "estate-token")
    with EstateServer(estate) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path, create=True)
    yield opened
    opened.engine.dispose()


def gitlab(server: EstateServer, **settings: object) -> Source:
    configured = {
        "collector": "gitlab",
        "url": f"{server.url}/gitlab",
        "token": "env:ESTATE_TOKEN",
        "groups": ["acme"],
        **settings,
    }
    return build_source("gitlab", configured)


def run(
    source: Source, sink: object, until: datetime, earlier: list[Collection] | None = None, number: int = 1
) -> dict[str, StreamResult]:
    known = earlier or []
    assignment = Assignment(
        run=number,
        until=until,
        history=HISTORY,
        services=(),
        pseudonym_key=b"0123456789abcdef",
        continue_from=continuations(
            [source],
            known,
            services=(),
            history=HISTORY,
            until=until,
            full_reading_every=timedelta(days=7),
        ),
        standing=standing([source], known, services=(), history=HISTORY),
    )
    time = PretendTime(start=until)
    results = collect([source], sink, assignment, time.clock, timing=time.timing)  # type: ignore[arg-type]  # a store is a sink, too
    return {result.record_type: result for result in results}


def runs(
    server: EstateServer, store: Store, *hours: float, **settings: object
) -> tuple[dict[str, StreamResult], dict[str, StreamResult]]:
    """A first run at the estate's instant, and one so many hours later; what the later one asked stays."""
    source, until = gitlab(server, **settings), server.estate.as_of
    with store.writing("a test"):
        first = run(source, store, until)
        server.requests.clear()
        earlier = store.collections()
        second = run(source, store, until + timedelta(hours=hours[0]), earlier, 2)
    return first, second


def paths(server: EstateServer) -> Counter[str]:
    return Counter(re.sub(r"/\d+", "/:id", target.split("?")[0]) for _, target in server.requests)


def told(sink: MemorySink) -> dict[str, list[object]]:
    """What was read but for ``first_commit_at``, which only GraphQL tells."""
    return {
        one.record_type: [
            (each.source_ref, {**each.fields, "first_commit_at": None}, each.url, each.service_keys)
            for each in one.observations
        ]
        for one in sink.collections
    }


def untold(result: StreamResult) -> list[str]:
    return [one.field for one in result.outcome.untold]


def test_a_first_run_takes_at_most_half_of_what_a_scorecard_takes(server: EstateServer) -> None:
    results = run(gitlab(server), MemorySink(), server.estate.as_of)
    projects = len(server.estate.company.projects)
    assert all(result.outcome.complete for result in results.values())
    assert sum(result.requests for result in results.values()) == len(server.requests)
    assert len(server.requests) <= 35 * projects


def test_a_second_run_with_nothing_changed_takes_two_requests_a_project_and_leaves_state_its_age(
    server: EstateServer, store: Store
) -> None:
    first, second = runs(server, store, 3)
    projects = len(server.estate.company.projects)
    asked = paths(server)
    probes = sum(count for path, count in asked.items() if "/projects/:id/" in path)
    assert probes <= 2 * projects
    assert len(server.requests) == probes + 2  # the list of projects, and that of merge requests
    assert {name for name, result in second.items() if result.kept} == set(STATE)
    assert all(result.outcome.complete for result in second.values())
    for name in STATE:
        assert second[name].outcome.finished_at == first[name].outcome.finished_at
    newest = {one.record_type: one for one in store.collections()}
    assert {name: newest[name].run for name in STATE} == dict.fromkeys(STATE, 1)
    assert newest["pipeline"].run == 2


def test_state_is_read_again_when_it_is_as_old_as_the_settings_allow(
    server: EstateServer, store: Store
) -> None:
    _, second = runs(server, store, 20, record_types=["branch_protection", "pipeline"])
    assert [name for name, result in second.items() if result.kept] == []


def test_without_graphql_the_same_is_read_by_more_requests(server: EstateServer) -> None:
    by_graphql, by_rest = MemorySink(), MemorySink()
    results = run(gitlab(server), by_graphql, server.estate.as_of)
    assert "first_commit_at" not in untold(results["merge_request"])
    few = len(server.requests)
    server.faults.add("/gitlab/api/graphql", "404")
    server.requests.clear()
    results = run(gitlab(server), by_rest, server.estate.as_of)
    assert all(result.outcome.complete for result in results.values())
    assert told(by_rest) == told(by_graphql)
    assert len(server.requests) > few
    assert "first_commit_at" in untold(results["merge_request"])


def test_the_first_commit_of_a_merged_request_costs_no_request_of_its_own(server: EstateServer) -> None:
    sink = MemorySink()
    requests: dict[str, MergeRequest] = {}
    for project in server.estate.company.projects:
        requests |= {f"{project.full_path}!{one.iid}": one for one in project.merge_requests}
    run(gitlab(server, record_types=["merge_request"]), sink, server.estate.as_of)
    read = sink.of("merge_request").observations
    assert {one.source_ref for one in read if one.fields["first_commit_at"]} == {
        one.source_ref for one in read if one.fields["merged_at"]
    }
    for one in read:
        if one.fields["merged_at"]:
            read_at = one.fields["first_commit_at"]
            assert isinstance(read_at, datetime)
            assert abs(read_at - requests[one.source_ref].first_commit_at) < timedelta(seconds=1)
    assert not [target for target in paths(server) if target.endswith("/commits")]


def test_a_gitlab_that_knows_no_commits_of_merge_requests_is_asked_without_them(
    server: EstateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, older = MemorySink(), MemorySink()
    source = gitlab(server, record_types=["merge_request"], max_concurrency=1)
    run(source, usual, server.estate.as_of)
    few = len(server.requests)
    server.requests.clear()
    answer = gitlab_graphql.graphql

    def of_an_older_one(request: Request, *others: Any, **more: Any) -> Response:
        if "commits(" in str(request.json().get("query")):
            message = "Field 'commits' doesn't exist on type 'MergeRequest'"
            return json_response({"errors": [{"message": message}]})
        return answer(request, *others, **more)

    monkeypatch.setattr(gitlab_api, "graphql", of_an_older_one)
    results = run(source, older, server.estate.as_of)
    assert results["merge_request"].outcome.complete
    assert told(older) == told(usual)
    assert untold(results["merge_request"]) == ["first_commit_at", "pipeline_status", "size_lines"]
    assert len(server.requests) == few + 1


@pytest.mark.parametrize("kind", ["html", "truncated"])
def test_whatever_graphql_does_nothing_is_lost(server: EstateServer, kind: str) -> None:
    undisturbed, disturbed = MemorySink(), MemorySink()
    kept = ["merge_request", "security_scan"]
    run(gitlab(server, record_types=kept), undisturbed, server.estate.as_of)
    server.faults.add("/gitlab/api/graphql", kind)
    results = run(gitlab(server, record_types=kept), disturbed, server.estate.as_of)
    assert all(result.outcome.complete for result in results.values())
    assert told(disturbed) == told(undisturbed)
