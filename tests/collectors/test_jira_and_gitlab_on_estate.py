"""The Jira and GitLab collectors on the stand-in estate: they bring what it holds, also on bad days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import itomm.estate
from itomm.collectors.conformance import MemorySink, PretendTime
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.source import build_source
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate.load(SMALL)


@pytest.fixture
def server(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[EstateServer]:
    monkeypatch.setenv("ESTATE_TOKEN", "estate-token")
    with EstateServer(estate) as running:
        yield running


def run(server: EstateServer, collector: str, path: str, *types: str, **settings: object) -> MemorySink:
    configured = {
        "collector": collector,
        "url": f"{server.url}/{path}",
        "token": "env:ESTATE_TOKEN",
        **settings,
    }
    sink, time = MemorySink(), PretendTime(start=server.estate.as_of)
    assignment = Assignment(
        run=1,
        until=server.estate.as_of,
        history=timedelta(days=400),
        services=(),
        pseudonym_key=b"estate" * 3,
        record_types=frozenset(types) if types else None,
    )
    collect([build_source(path, configured)], sink, assignment, time.clock, timing=time.timing)
    return sink


def jira(server: EstateServer, *types: str) -> MemorySink:
    return run(server, "jira", "jira", *types, user="auditor@acme.example", projects=["OPS", "SEC"])


def gitlab(server: EstateServer, *types: str) -> MemorySink:
    return run(server, "gitlab", "gitlab", *types, groups=["acme"])


def collected(sink: MemorySink, record_type: str) -> tuple[list[Observation], CollectionOutcome]:
    collection = sink.of(record_type)
    assert collection.outcome is not None
    return collection.observations, collection.outcome


def test_cloud_and_data_center_tell_the_same(server: EstateServer) -> None:
    cloud = jira(server)
    data_center = run(server, "jira", "jira-dc", projects=["OPS", "SEC"])
    assert len(cloud.collections) == 10
    for one, other in zip(cloud.collections, data_center.collections, strict=True):
        assert one.outcome is not None
        assert other.outcome is not None
        assert one.outcome.complete, one.outcome.error
        assert other.outcome.complete, other.outcome.error
        assert [row.source_ref for row in one.observations] == [row.source_ref for row in other.observations]
        times = ("created_at", "acknowledged_at", "resolved_at", "reopened_count", "at", "published_at")
        for left, right in zip(one.observations, other.observations, strict=True):
            assert {name: left.fields.get(name) for name in times} == {
                name: right.fields.get(name) for name in times
            }


def test_change_tickets_name_the_commits_that_were_deployed(server: EstateServer) -> None:
    deployed = {row.fields["sha"] for row in collected(gitlab(server, "deployment"), "deployment")[0]}
    data_center = run(server, "jira", "jira-dc", "change", projects=["OPS", "SEC"])
    named = {}
    for edition, sink in (("cloud", jira(server, "change")), ("data center", data_center)):
        changes, _ = collected(sink, "change")
        named[edition] = [ids for row in changes if isinstance(ids := row.fields["deployment_ids"], list)]
        assert changes
        assert [len(commits) for commits in named[edition]] == [1] * len(changes)
        assert deployed & {commit for commits in named[edition] for commit in commits}
        assert "Deployment of" not in repr(sink.collections)
    assert named["cloud"] == named["data center"]


def test_every_stream_of_gitlab_is_complete_and_filled(server: EstateServer) -> None:
    for collection in gitlab(server).collections:
        assert collection.outcome is not None
        assert collection.outcome.complete, collection.outcome.error
        assert collection.observations, collection.record_type


def test_a_collection_gives_the_same_bytes_again(server: EstateServer) -> None:
    first, second = gitlab(server), gitlab(server)
    assert repr(first.of("deployment").observations) == repr(second.of("deployment").observations)
    assert repr(first.of("merge_request").observations) == repr(second.of("merge_request").observations)


def test_no_name_of_a_person_is_handed_on(server: EstateServer) -> None:
    staff = server.estate.company.staff
    people = {word for one in staff for word in (one.name, one.login, one.email, one.account_id)}
    sinks = (jira(server), run(server, "jira", "jira-dc", projects=["OPS"]), gitlab(server))
    handed_on = repr([sink.collections for sink in sinks])
    assert people
    assert not [name for name in people if name in handed_on]


@pytest.mark.parametrize("kind", ["html", "truncated", "not_json", "500", "401", "403", "redirect", "reset"])
def test_a_bad_day_never_looks_complete(server: EstateServer, kind: str) -> None:
    server.faults.add("/jira/rest/api/3/search", kind)
    server.faults.add("/gitlab/api/v4/projects/", kind)
    for sink, record_type in ((jira(server, "incident"), "incident"), (gitlab(server, "release"), "release")):
        found, outcome = collected(sink, record_type)
        assert found == []
        assert not outcome.complete
        assert outcome.error
        assert "estate-token" not in outcome.error


def test_a_page_token_that_comes_again_leaves_the_stream_incomplete(server: EstateServer) -> None:
    server.faults.add("/jira/rest/api/3/search", "repeated_token")
    server.faults.add("/gitlab/api/v4/projects/", "repeated_token")
    assert not collected(jira(server, "change"), "change")[1].complete
    assert not collected(gitlab(server, "pipeline"), "pipeline")[1].complete
    assert len(server.requests) < 100


def test_waiting_as_told_by_a_date_completes_the_stream(server: EstateServer) -> None:
    date = "Sun, 01 Nov 2026 06:00:05 GMT"
    server.faults.add("/jira/rest/api/3/search", "429", times=2, retry_after=date)
    server.faults.add("/gitlab/api/v4/projects/", "429", times=2, retry_after=date)
    assert collected(jira(server, "incident"), "incident")[1].complete
    assert collected(gitlab(server, "release"), "release")[1].complete


def test_one_gitlab_project_denied_leaves_the_others(server: EstateServer) -> None:
    everything = collected(gitlab(server, "deployment"), "deployment")[0]
    denied = str(everything[0].fields["repo_id"])
    number = next(one.id for one in server.estate.company.projects if one.full_path == denied)
    server.faults.add(f"/gitlab/api/v4/projects/{number}/deployments", "403")
    found, outcome = collected(gitlab(server, "deployment"), "deployment")
    assert outcome.denied == (denied,)
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert [one.source_ref for one in found] == [
        one.source_ref for one in everything if one.fields["repo_id"] != denied
    ]
