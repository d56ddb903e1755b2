from __future__ import annotations

from typing import Any

import gitlab
import pytest
import requests

from itomm.estate.estate import Estate
from itomm.estate.gitlab_paging import LazyRows, listing
from itomm.estate.http_exchange import TOKEN, request_of
from itomm.estate.repositories import Project
from itomm.estate.server import EstateServer


@pytest.fixture
def client(estate_server: EstateServer) -> gitlab.Gitlab:
    return gitlab.Gitlab(f"{estate_server.url}/gitlab", private_token=TOKEN, timeout=10)


def _model(estate: Estate, path: str) -> Project:
    return next(project for project in estate.company.projects if project.path == path)


def test_the_token_belongs_to_an_auditor(client: gitlab.Gitlab) -> None:
    client.auth()
    assert client.user is not None
    assert client.user.username == "auditor"
    assert client.version()[0].startswith("18.")


def test_wrong_tokens_are_refused(estate_server: EstateServer) -> None:
    stranger = gitlab.Gitlab(f"{estate_server.url}/gitlab", private_token="wrong", timeout=10)
    with pytest.raises(gitlab.GitlabAuthenticationError, match="401"):
        stranger.auth()


def test_projects_are_found_by_group_by_number_and_by_path(client: gitlab.Gitlab) -> None:
    paths = [project.path_with_namespace for project in client.projects.list(iterator=True)]
    assert paths == ["acme/checkout", "acme/legacy-erp", "acme/platform-iac", "acme/old-storefront"]
    group = client.groups.get("acme").projects.list(iterator=True, archived=False, include_subgroups=True)
    assert [project.path for project in group] == ["checkout", "legacy-erp", "platform-iac"]
    assert client.projects.get("acme/checkout").id == client.projects.get(11).id == 11
    with pytest.raises(gitlab.GitlabGetError, match="404"):
        client.projects.get("acme/nothing")


@pytest.mark.parametrize("paging", [{}, {"pagination": "keyset", "order_by": "id", "sort": "asc"}])
def test_both_ways_to_page_give_every_row_once(
    client: gitlab.Gitlab, small_estate: Estate, paging: dict[str, str]
) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    model = _model(small_estate, "checkout")
    jobs = [job.id for job in project.jobs.list(iterator=True, per_page=100, **paging)]
    assert sorted(jobs) == sorted(job.id for run in model.pipelines for job in run.jobs)
    assert len(jobs) > 300
    requests_seen = project.mergerequests.list(iterator=True, per_page=30, **paging)
    assert sorted(one.iid for one in requests_seen) == [one.iid for one in model.merge_requests]


def test_job_ids_grow_with_time(client: gitlab.Gitlab) -> None:
    jobs = client.projects.get("acme/checkout", lazy=True).jobs.list(get_all=True, per_page=100)
    created = [job.created_at for job in jobs]
    assert created == sorted(created, reverse=True)
    assert {"pipeline", "allow_failure", "stage", "finished_at", "duration"} <= set(jobs[0].attributes)


def test_totals_are_left_out_above_ten_thousand_rows() -> None:
    request = request_of("GET", "/gitlab/api/v4/projects/1/jobs?per_page=100", {"host": "h"}, b"")
    many = LazyRows(range(10_001), lambda index: {"id": index})
    few = LazyRows(range(10_000), lambda index: {"id": index})
    assert "X-Total" not in listing(many, request, {}).headers
    assert 'rel="last"' not in listing(many, request, {}).headers["Link"]
    assert listing(few, request, {}).headers["X-Total"] == "10000"


def test_pages_carry_the_headers_of_gitlab(estate_server: EstateServer) -> None:
    answer = requests.get(
        f"{estate_server.url}/gitlab/api/v4/projects/11/merge_requests?per_page=20&page=2",
        headers={"PRIVATE-TOKEN": TOKEN},
        timeout=10,
    )
    assert answer.headers["X-Page"] == "2"
    assert answer.headers["X-Next-Page"] == "3"
    assert set(answer.links) == {"first", "last", "next", "prev"}
    assert int(answer.headers["RateLimit-Reset"]) > 1_700_000_000


def test_lists_can_be_narrowed_by_time_and_state(client: gitlab.Gitlab, small_estate: Estate) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    model = _model(small_estate, "checkout")
    since = "2026-10-01T00:00:00Z"
    merged = project.mergerequests.list(get_all=True, state="merged", updated_after=since)
    expected = [
        one for one in model.merge_requests if one.merged_at is not None and one.updated_at.month >= 10
    ]
    assert sorted(one.iid for one in merged) == [one.iid for one in expected]
    runs = project.pipelines.list(get_all=True, updated_after=since, ref="main")
    assert runs
    assert all(run.updated_at >= since and run.ref == "main" for run in runs)
    shipped = project.deployments.list(
        get_all=True, environment="production", order_by="updated_at", sort="asc", updated_after=since
    )
    assert shipped
    assert [one.updated_at for one in shipped] == sorted(one.updated_at for one in shipped)
    assert {one.environment["tier"] for one in shipped} == {"production"}


def test_a_pipeline_list_is_brief_and_its_detail_is_not(client: gitlab.Gitlab) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    brief = project.pipelines.list(per_page=1, page=2, get_all=False)[0]
    assert "duration" not in brief.attributes
    detail = project.pipelines.get(brief.id)
    assert detail.duration > 0
    assert float(detail.coverage) > 0
    assert {job.pipeline["id"] for job in detail.jobs.list(get_all=True)} == {brief.id}


def test_approvals_name_others_than_the_author(client: gitlab.Gitlab, small_estate: Estate) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    model = next(one for one in _model(small_estate, "checkout").merge_requests if one.approvers)
    request = project.mergerequests.get(model.iid)
    approved = request.approvals.get().approved_by
    assert [row["user"]["username"] for row in approved] == [person.login for person in model.approvers]
    assert request.author["username"] not in {row["user"]["username"] for row in approved}
    notes = request.notes.list(get_all=True)
    assert any(note.system for note in notes)


def test_bots_open_merge_requests_without_saying_so(client: gitlab.Gitlab) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    updates = [
        one for one in project.mergerequests.list(get_all=True) if one.author["username"] == "renovate-bot"
    ]
    assert updates
    assert all(one.source_branch.startswith("renovate/") for one in updates)
    assert "bot" not in updates[0].author
    assert client.users.get(updates[0].author["id"]).bot is True


def test_a_fast_forward_merge_has_no_merge_commit_and_a_merge_commit_is_named(client: gitlab.Gitlab) -> None:
    straight = client.projects.get("acme/checkout", lazy=True).mergerequests.list(
        state="merged", get_all=False
    )
    assert {one.merge_commit_sha for one in straight} == {None}
    knotted = client.projects.get("acme/legacy-erp", lazy=True).mergerequests.list(
        state="merged", get_all=False
    )
    assert None not in {one.merge_commit_sha for one in knotted}


def test_deployments_by_hand_have_no_deployable(client: gitlab.Gitlab) -> None:
    by_hand = client.projects.get("acme/legacy-erp", lazy=True).deployments.list(get_all=True)
    assert {one.deployable for one in by_hand} == {None}
    by_job = client.projects.get("acme/checkout", lazy=True).deployments.list(get_all=True)
    assert all(one.deployable["commit"]["id"] == one.sha for one in by_job)


def test_files_tree_and_protection_tell_how_a_repository_is_set_up(client: gitlab.Gitlab) -> None:
    project = client.projects.get("acme/checkout", lazy=True)
    tree = {row["path"] for row in project.repository_tree(recursive=True, get_all=True)}
    assert {"CODEOWNERS", ".gitlab-ci.yml", "package-lock.json", "deploy/chart/Chart.yaml"} <= tree
    raw = project.files.raw(".gitlab-ci.yml", ref="main")
    assert isinstance(raw, bytes)
    assert b"semgrep-sast" in raw
    assert b"backstage" in project.files.get("catalog-info.yaml", ref="main").decode()
    with pytest.raises(gitlab.GitlabGetError, match="404"):
        project.files.get("missing.txt", ref="main")
    rule = project.protectedbranches.get("main")
    assert rule.push_access_levels[0]["access_level"] == 0
    assert rule.allow_force_push is False
    assert client.projects.get("acme/legacy-erp", lazy=True).protectedbranches.list(get_all=True) == []


def test_findings_members_and_releases_are_served(estate_server: EstateServer, small_estate: Estate) -> None:
    def get(path: str) -> Any:
        url = f"{estate_server.url}/gitlab/api/v4/projects/acme%2Fcheckout/{path}"
        return requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).json()

    findings = get("vulnerabilities?per_page=100")
    assert len(findings) == len(_model(small_estate, "checkout").findings)
    assert {row["state"] for row in findings} <= {"detected", "confirmed", "resolved", "dismissed"}
    assert all(row["identifiers"][0]["name"] for row in findings)
    assert {row["access_level"] for row in get("members/all")} == {30, 40, 50}
    assert any(link["name"] == "sbom.spdx.json" for link in get("releases")[0]["assets"]["links"])
    assert get("approval_rules")[0]["approvals_required"] == 1
    assert [row["name"] for row in get("environments")] == ["production", "staging"]
