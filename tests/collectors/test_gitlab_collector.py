"""The GitLab collector through the real client, over HTTP, against a scripted instance."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime, contract_faults
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.gitlab import GitLabCollector
from itomm.collectors.source import Source
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

API = "/api/v4"
FORBIDDEN = Answer(403, b'{"message": "403 Forbidden"}')


def answer(payload: object, **headers: str) -> Answer:
    return Answer(200, json.dumps(payload).encode(), headers)


def project(number: int, path: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "path": path.rpartition("/")[2],
        "path_with_namespace": path,
        "default_branch": "main",
        "archived": False,
        "visibility": "private",
        "web_url": f"https://gitlab.example/{path}",
        **more,
    }


@pytest.fixture
def gitlab() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        script_project(server, 1)
        server.on(f"{API}/groups/acme/projects", answer([project(1, "acme/one")]))
        yield server


def script_project(server: MisbehavingServer, number: int) -> None:
    base = f"{API}/projects/{number}"
    empty = answer([])
    for path in ("merge_requests", "pipelines", "jobs", "deployments", "releases", "vulnerabilities"):
        server.on(f"{base}/{path}", empty)
    server.on(f"{base}/members/all", empty)
    server.on(f"{base}/protected_branches", empty)
    server.on(f"{base}/approval_rules", Answer(404, b'{"message": "404 Not Found"}'))
    server.on(f"{base}/repository/commits", answer([{"id": "c", "committed_date": "2026-10-30T00:00:00Z"}]))
    server.on(f"{base}/repository/tree", answer([{"type": "blob", "path": "README.md"}]))


def source_at(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Source:
    monkeypatch.setenv("GITLAB_TOKEN", "sesame")
    configured = {"url": server.url, "token": "env:GITLAB_TOKEN", "groups": ["acme"]}
    model = GitLabCollector.settings_model
    return Source("gitlab", GitLabCollector, model.model_validate({**configured, **settings}))


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
        pseudonym_key=b"gitlab" * 3,
        record_types=frozenset(types) if types else None,
        continue_from={
            key: Continuation(at, "c", at - timedelta(days=400)) for key, at in (changed_since or {}).items()
        },
    )
    collect([source_at(server, monkeypatch, **settings)], sink, assignment, time.clock, timing=time.timing)
    return sink


def collected(sink: MemorySink, record_type: str) -> tuple[list[Observation], CollectionOutcome]:
    collection = sink.of(record_type)
    assert collection.outcome is not None
    return collection.observations, collection.outcome


def queries(server: MisbehavingServer, path: str) -> list[Mapping[str, Sequence[str]]]:
    asked = [urlsplit(target) for _, target in server.requests]
    return [parse_qs(parts.query) for parts in asked if parts.path == f"{API}{path}"]


def merged(number: int, notes: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "iid": number,
        "title": "t",
        "author": {"username": "ann"},
        "created_at": "2026-10-01T08:00:00Z",
        "merged_at": "2026-10-02T08:00:00Z",
        "target_branch": "main",
        "source_branch": "fix",
        "user_notes_count": notes,
        **more,
    }


@pytest.mark.parametrize(
    "scope", [{}, {"groups": ["acme"], "on_call_hours": "always"}, {"projects": ["acme/one"]}]
)
def test_gitlab_keeps_the_contract_under_every_fault(scope: Mapping[str, object]) -> None:
    settings = {"token": "env:ITOMM_CONTRACT_TOKEN", **scope}
    assert contract_faults(GitLabCollector, lambda url: {"url": url, **settings}) == []


def test_every_page_is_read_by_the_next_link_and_never_leads_elsewhere(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = "https://evil.example/api/v4/projects/1/releases?per_page=100&page=2"
    first = [{"tag_name": f"v1.{n}", "released_at": "2026-10-01T00:00:00Z"} for n in range(100)]
    second = [{"tag_name": "v2.0", "released_at": "2026-10-01T00:00:00Z"}]
    gitlab.on(f"{API}/projects/1/releases", answer(first, Link=f'<{elsewhere}>; rel="next"'), answer(second))
    found, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert len(found) == 101
    assert outcome.complete
    assert [query.get("page") for query in queries(gitlab, "/projects/1/releases")] == [None, ["2"]]


def test_pages_without_link_header_are_followed_by_number(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"tag_name": "v1", "released_at": "2026-10-01T00:00:00Z"}
    gitlab.on(
        f"{API}/projects/1/releases",
        answer([row], **{"X-Next-Page": "2"}),
        answer([{**row, "tag_name": "v2"}], **{"X-Next-Page": ""}),
    )
    found, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert [one.fields["tag"] for one in found] == ["v1", "v2"]
    assert outcome.complete


def test_a_next_link_that_comes_again_ends_the_stream_incomplete(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = f'<{gitlab.url}{API}/projects/1/releases?page=2>; rel="next"'
    gitlab.on(f"{API}/projects/1/releases", answer([], Link=again))
    _, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert not outcome.complete
    assert len(queries(gitlab, "/projects/1/releases")) == 2


def test_a_list_of_files_that_goes_round_in_circles_is_not_taken_for_all_of_them(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = f"{API}/projects/1/repository/tree"
    again = f'<{gitlab.url}{tree}?cursor=abc>; rel="next"'
    gitlab.on(tree, answer([{"path": "infra/main.tf", "type": "blob"}], Link=again))
    for kind in ("repository", "iac_definition"):
        found, outcome = collected(run(gitlab, monkeypatch, kind), kind)
        assert found == []
        assert "goes on with a page that was there before" in outcome.error


def test_a_first_run_of_a_small_project_takes_few_requests(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/merge_requests", answer([merged(n, notes=n % 2) for n in range(1, 11)]))
    for number in range(1, 11):
        path = f"{API}/projects/1/merge_requests/{number}"
        approvers = [{"user": {"username": "bob"}}] if number <= 6 else []
        gitlab.on(f"{path}/approvals", answer({"approved_by": approvers}))
        gitlab.on(f"{path}/notes", answer([]))
    sink = run(gitlab, monkeypatch)
    assert all(collection.outcome and collection.outcome.complete for collection in sink.collections)
    assert len(gitlab.requests) == 26  # two of them to GraphQL, which this instance lacks


def test_one_project_refused_does_not_stop_the_others(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/groups/acme/projects", answer([project(2, "acme/two"), project(1, "acme/one")]))
    script_project(gitlab, 2)
    gitlab.on(f"{API}/projects/1/protected_branches", FORBIDDEN)
    found, outcome = collected(run(gitlab, monkeypatch, "branch_protection"), "branch_protection")
    assert [one.source_ref for one in found] == ["acme/two@main"]
    assert outcome.denied == ("acme/one",)
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "role Maintainer" in outcome.error


def test_one_project_that_fails_is_a_failure_and_not_a_denial(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/releases", Answer(500, b'{"message": "500"}'))
    _, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert outcome.denied == ("acme/one",)


def test_a_token_refused_half_way_fails_the_stream(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/releases", Answer(401, b'{"message": "401 Unauthorized"}'))
    _, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "token" in outcome.error


def test_a_group_refused_makes_every_stream_incomplete(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/groups/acme/projects", FORBIDDEN)
    sink = run(gitlab, monkeypatch, "release", "repository")
    for record_type in ("release", "repository"):
        _, outcome = collected(sink, record_type)
        assert outcome.denied == ("acme",)
        assert not outcome.complete


def test_findings_without_ultimate_are_refused_not_empty(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/vulnerabilities", Answer(404, b'{"message": "404 Not Found"}'))
    _, outcome = collected(run(gitlab, monkeypatch, "vulnerability"), "vulnerability")
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "Ultimate" in outcome.error


def test_part_of_a_tree_is_never_taken_for_the_whole(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = f'<{gitlab.url}{API}/projects/1/repository/tree?page_token=x>; rel="next"'
    gitlab.on(f"{API}/projects/1/repository/tree", answer([{"type": "blob", "path": "a"}], Link=link))
    found, outcome = collected(run(gitlab, monkeypatch, "repository", tree_page_limit=1), "repository")
    assert found == []
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "tree_page_limit" in outcome.error


@pytest.mark.parametrize("empty", [{"default_branch": None}, {"empty_repo": True}])
def test_an_empty_repository_is_no_failure(
    empty: Mapping[str, object], gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/groups/acme/projects", answer([project(1, "acme/one", **empty)]))
    found, outcome = collected(run(gitlab, monkeypatch, "repository"), "repository")
    assert found == []
    assert outcome.complete
    assert "acme/one" in outcome.warnings[0]


@pytest.mark.parametrize(
    ("path", "record_type"),
    [("merge_requests", "merge_request"), ("pipelines", "pipeline"), ("vulnerabilities", "vulnerability")],
)
def test_what_says_not_when_it_began_is_missing_and_no_silence(
    path: str, record_type: str, gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/{path}", answer([{"id": 7, "iid": 7, "status": "success"}]))
    found, outcome = collected(run(gitlab, monkeypatch, record_type), record_type)
    assert found == []
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "7" in outcome.error


def test_a_branch_without_any_commit_is_a_contradiction_and_no_fact(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/repository/commits", answer([]))
    found, outcome = collected(run(gitlab, monkeypatch, "repository"), "repository")
    assert [one.source_ref for one in found] == []
    assert outcome.denied == ("acme/one",)
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "no commit" in outcome.error


def test_an_empty_page_before_the_newest_commit_is_not_the_end(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{API}/projects/1/repository/commits"
    link = f'<{gitlab.url}{path}?page=2>; rel="next"'
    gitlab.on(path, answer([], Link=link), answer([{"id": "c", "committed_date": "2026-10-30T00:00:00Z"}]))
    found, outcome = collected(run(gitlab, monkeypatch, "repository"), "repository")
    assert outcome.complete, outcome.error
    assert [one.source_ref for one in found] == ["acme/one"]


def test_what_is_switched_off_is_not_asked_for(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched_off = project(1, "acme/one", releases_access_level="disabled")
    gitlab.on(f"{API}/groups/acme/projects", answer([switched_off]))
    _, outcome = collected(run(gitlab, monkeypatch, "release"), "release")
    assert outcome.complete
    assert queries(gitlab, "/projects/1/releases") == []


def job(number: int, created_at: str, pipeline: int, name: str = "unit-test") -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "stage": "test",
        "status": "success",
        "allow_failure": False,
        "created_at": created_at,
        "started_at": created_at,
        "finished_at": created_at,
        "pipeline": {"id": pipeline, "source": "push"},
    }


def test_jobs_are_read_from_one_list_only_as_far_back_as_needed(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "id": 7,
        "sha": "a",
        "ref": "main",
        "source": "push",
        "status": "success",
        "created_at": "2026-10-30T10:00:00Z",
    }
    gitlab.on(f"{API}/projects/1/pipelines", answer([row]))
    link = f'<{gitlab.url}{API}/projects/1/jobs?id_before=5>; rel="next"'
    jobs = [job(9, "2026-10-30T10:00:00Z", 7), job(8, "2026-10-30T10:00:00Z", 7, "semgrep-sast")]
    old = [job(2, "2026-01-01T00:00:00Z", 1)]
    gitlab.on(f"{API}/projects/1/jobs", answer(jobs, Link=link), answer(old, Link=link))
    sink = run(gitlab, monkeypatch, "pipeline", "security_scan")
    (pipeline,), outcome = collected(sink, "pipeline")
    assert outcome.complete
    assert pipeline.fields["gating_job_kinds"] == ["security_scan", "test"]
    (scan,), outcome = collected(sink, "security_scan")
    assert outcome.complete
    assert scan.fields["kind"] == "sast"
    asked = queries(gitlab, "/projects/1/jobs")
    assert len(asked) == 2
    assert asked[0]["pagination"] == ["keyset"]


def test_a_later_run_asks_for_merge_requests_of_the_whole_history_that_changed(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = merged(1, created_at="2026-01-01T00:00:00Z", merged_at=None)
    never_read = merged(2, created_at="2025-01-01T00:00:00Z", merged_at=None)
    gitlab.on(f"{API}/projects/1/merge_requests", answer([never_read, old]))
    reached = {("gitlab", "merge_request"): datetime(2026, 10, 30, tzinfo=UTC)}
    sink = run(gitlab, monkeypatch, "merge_request", changed_since=reached)
    assert [one.source_ref for one in collected(sink, "merge_request")[0]] == ["acme/one!1"]
    (query,) = queries(gitlab, "/projects/1/merge_requests")
    assert query["updated_after"] == ["2026-10-30T00:00:00+00:00"]
    assert query["created_after"] == ["2025-09-25T00:00:00+00:00"]


def deployed(number: int, at: str, sha: str) -> dict[str, Any]:
    deployable = {"finished_at": at, "commit": {"created_at": at}}
    environment = {"id": 1, "name": "production"}
    return {
        "id": number,
        "sha": sha,
        "status": "success",
        "environment": environment,
        "deployable": deployable,
    }


def test_a_later_run_hands_over_only_deployments_that_may_be_judged_anew(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        deployed(3, "2026-10-31T10:00:00Z", "a"),
        deployed(2, "2026-10-25T10:00:00Z", "b"),
        deployed(1, "2026-10-24T10:00:00Z", "a"),
    ]
    gitlab.on(f"{API}/projects/1/deployments", answer(rows))
    reached = {("gitlab", "deployment"): datetime(2026, 10, 30, tzinfo=UTC)}
    found, outcome = collected(run(gitlab, monkeypatch, "deployment", changed_since=reached), "deployment")
    assert outcome.complete
    assert [one.source_ref for one in found] == ["acme/one/deployments/3", "acme/one/deployments/2"]
    assert found[0].fields["rollback"] is True
    assert found[1].fields["failed_change"] is True


def graphql(**project: Any) -> Answer:
    return answer({"data": {"project": project}})


def run_of_jobs(number: int, *jobs: dict[str, Any], more: bool = False) -> dict[str, Any]:
    listed = {"pageInfo": {"hasNextPage": more}, "nodes": list(jobs)}
    return {"id": f"gid://gitlab/Ci::Pipeline/{number}", "ref": "main", "source": "push", "jobs": listed}


def job_node(number: int, name: str, **more: Any) -> dict[str, Any]:
    at = "2026-10-30T10:00:00Z"
    return {
        "id": f"gid://gitlab/Ci::Build/{number}",
        "name": name,
        "kind": "BUILD",
        "status": "SUCCESS",
        "allowFailure": False,
        "createdAt": at,
        "startedAt": at,
        "finishedAt": "2026-10-30T10:05:00Z",
        "stage": {"name": "test"},
        **more,
    }


def pipeline_row(number: int) -> dict[str, Any]:
    at = "2026-10-30T10:00:00Z"
    return {"id": number, "sha": "a", "ref": "main", "source": "push", "status": "success", "created_at": at}


def test_jobs_come_with_their_pipelines_page_by_page(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/pipelines", answer([pipeline_row(8), pipeline_row(7)]))
    gitlab.on(
        "/api/graphql",
        graphql(
            pipelines={
                "pageInfo": {"hasNextPage": True, "endCursor": "x"},
                "nodes": [
                    run_of_jobs(8, job_node(1, "unit-test"), job_node(2, "trigger-child", kind="BRIDGE"))
                ],
            }
        ),
        graphql(
            pipelines={
                "pageInfo": {"hasNextPage": False, "endCursor": "y"},
                "nodes": [run_of_jobs(7, job_node(3, "semgrep-sast"), more=True)],
            }
        ),
    )
    gitlab.on(f"{API}/projects/1/pipelines/7/jobs", answer([job(3, "2026-10-30T10:00:00Z", 7, "lint")]))
    sink = run(gitlab, monkeypatch, "pipeline", "security_scan")
    found, outcome = collected(sink, "pipeline")
    assert outcome.complete
    assert [repr(one.fields["jobs"]).count("'name'") for one in found] == [1, 1]
    assert "'unit-test'" in repr(found[0].fields["jobs"])
    assert "'lint'" in repr(found[1].fields["jobs"])
    assert found[0].fields["duration_s"] == timedelta(minutes=5)
    assert queries(gitlab, "/projects/1/jobs") == []


def test_a_cursor_that_comes_again_ends_the_stream_incomplete(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/projects/1/pipelines", answer([pipeline_row(7)]))
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "x"}, "nodes": [run_of_jobs(7)]}
    gitlab.on("/api/graphql", graphql(pipelines=page))
    _, outcome = collected(run(gitlab, monkeypatch, "pipeline"), "pipeline")
    assert not outcome.complete
    assert [path for _, path in gitlab.requests].count("/api/graphql") == 2


def test_an_approval_whose_time_graphql_does_not_tell_is_asked_for_by_itself(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = {"username": "bob", "name": "Bob", "bot": False}
    at = "2026-10-01T10:00:00Z"
    said = {"id": "gid://gitlab/Note/1", "system": True, "body": "approved this merge request", "author": bob}
    told = {"pageInfo": {"hasNextPage": False}, "nodes": [{**said, "createdAt": at}]}
    untold = {"pageInfo": {"hasNextPage": True}, "nodes": []}
    gitlab.on(f"{API}/projects/1/merge_requests", answer([merged(1), merged(2)]))
    approved = {"nodes": [bob]}
    nodes = [
        {"iid": "1", "approvedBy": approved, "notes": told},
        {"iid": "2", "approvedBy": approved, "notes": untold},
    ]
    gitlab.on("/api/graphql", graphql(mergeRequests={"nodes": nodes}))
    later = {"approved_by": [{"user": bob, "approved_at": "2026-10-01T12:00:00Z"}]}
    gitlab.on(f"{API}/projects/1/merge_requests/2/approvals", answer(later))
    found, outcome = collected(run(gitlab, monkeypatch, "merge_request"), "merge_request")
    assert outcome.complete
    assert [one.fields["first_review_at"] for one in found] == [
        datetime(2026, 10, 1, 10, tzinfo=UTC),
        datetime(2026, 10, 1, 12, tzinfo=UTC),
    ]
    assert queries(gitlab, "/projects/1/merge_requests/1/approvals") == []


def test_a_scheduled_pipeline_is_found_although_its_project_does_not_look_active(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = project(
        1, "acme/one", last_activity_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z"
    )
    gitlab.on(f"{API}/groups/acme/projects", answer([asleep]))
    gitlab.on(f"{API}/projects/1/pipelines", answer([{**pipeline_row(7), "source": "schedule"}]))
    reached = {("gitlab", "pipeline"): datetime(2026, 10, 30, tzinfo=UTC)}
    found, outcome = collected(run(gitlab, monkeypatch, "pipeline", changed_since=reached), "pipeline")
    assert outcome.complete
    assert [one.fields["trigger"] for one in found] == ["schedule"]


def test_a_project_archived_since_is_asked_once_more(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def archived(number: int, path: str, updated_at: str) -> dict[str, Any]:
        return project(number, path, archived=True, last_activity_at=updated_at, updated_at=updated_at)

    rows = [archived(1, "acme/one", "2026-01-01T00:00:00Z"), archived(2, "acme/two", "2026-10-30T12:00:00Z")]
    gitlab.on(f"{API}/groups/acme/projects", answer(rows))
    script_project(gitlab, 2)
    reached = {("gitlab", "pipeline"): datetime(2026, 10, 30, tzinfo=UTC)}
    _, outcome = collected(run(gitlab, monkeypatch, "pipeline", changed_since=reached), "pipeline")
    assert outcome.complete
    assert outcome.requested == ("acme/one", "acme/two")
    assert queries(gitlab, "/projects/1/pipelines") == []
    assert len(queries(gitlab, "/projects/2/pipelines")) == 1


def test_what_changed_in_a_group_is_asked_for_once_and_otherwise_project_by_project(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/groups/acme/projects", answer([project(1, "acme/one"), project(2, "acme/two")]))
    script_project(gitlab, 2)
    changed = merged(7, project_id=2, merged_at=None, updated_at="2026-10-31T00:00:00Z")
    gitlab.on(f"{API}/groups/acme/merge_requests", answer([changed]))
    reached = {("gitlab", "merge_request"): datetime(2026, 10, 30, tzinfo=UTC)}
    found, outcome = collected(
        run(gitlab, monkeypatch, "merge_request", changed_since=reached), "merge_request"
    )
    assert outcome.complete
    assert outcome.requested == ("acme/one", "acme/two")
    assert [one.source_ref for one in found] == ["acme/two!7"]
    (query,) = queries(gitlab, "/groups/acme/merge_requests")
    assert (query["updated_after"], query["non_archived"]) == (["2026-10-30T00:00:00+00:00"], ["false"])
    assert queries(gitlab, "/projects/2/merge_requests") == []

    gitlab.on(f"{API}/groups/acme/merge_requests", FORBIDDEN)
    gitlab.on(f"{API}/projects/2/merge_requests", answer([changed]))
    again, outcome = collected(
        run(gitlab, monkeypatch, "merge_request", changed_since=reached), "merge_request"
    )
    assert outcome.complete
    assert again == found


LATELY = "2026-11-01T05:30:00Z"
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("asked", "created_at", "active_at", "stands"),
    [
        (("branch_protection", 3), LONG_AGO, LATELY, True),  # activity says nothing of it
        (("branch_protection", 20), LONG_AGO, LONG_AGO, False),  # too old
        (("branch_protection", 3), LATELY, LATELY, False),  # a new project
        (("repository", 3), LONG_AGO, LONG_AGO, True),
        (("repository", 3), LONG_AGO, LATELY, False),
        (("repository", 3), LONG_AGO, "2026-11-01T02:30:00Z", False),  # activity is noted once an hour
        (("security_scan", 3), LONG_AGO, LONG_AGO, False),  # pipelines were not asked for
    ],
)
def test_a_reading_stands_while_it_is_young_and_nothing_shows_that_it_moved(  # noqa: PLR0917  a table
    gitlab: MisbehavingServer,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, int],
    created_at: str,
    active_at: str,
    stands: bool,
) -> None:
    record_type, hours = asked
    row = project(1, "acme/one", created_at=created_at, last_activity_at=active_at)
    gitlab.on(f"{API}/groups/acme/projects", answer([row]))
    source, time = source_at(gitlab, monkeypatch), PretendTime()
    until = time.clock()
    (stream,) = (one for one in GitLabCollector.streams if one.record_type == record_type)
    with GuardedAdapter(source.limits, time.timing(threading.Event())) as adapter:
        context = StreamContext(Period(until - timedelta(days=90), until), adapter)
        collector = GitLabCollector(source.settings)
        assert collector.unchanged(stream, until - timedelta(hours=hours), context) is stands


def test_a_record_leads_to_its_page_and_its_request(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run(gitlab, monkeypatch, "repository").of("repository").pages[0]
    assert page.observations[0].url == "https://gitlab.example/acme/one"
    assert page.request.url == f"{gitlab.url}{API}/projects/1/repository/commits"
    assert gitlab.headers[-1]["PRIVATE-TOKEN"] == "sesame"
    assert "sesame" not in repr(page)


def test_the_check_tells_account_and_what_role_is_missing(
    gitlab: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.on(f"{API}/user", answer({"id": 1, "username": "auditor"}))
    gitlab.on(f"{API}/projects/1/protected_branches", FORBIDDEN)
    time = PretendTime()
    signed_in, branch = check_source(source_at(gitlab, monkeypatch), time.clock, timing=time.timing)
    assert "auditor" in signed_in.detail
    assert branch.state is CheckState.WARNING
    assert "role Maintainer" in branch.remedy


def test_a_dead_instance_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with MisbehavingServer(otherwise=Answer(reset=True)) as server:
        time = PretendTime()
        (check,) = check_source(source_at(server, monkeypatch), time.clock, timing=time.timing)
    assert check.state is CheckState.FAILED
