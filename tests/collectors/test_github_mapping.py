"""GitHub payloads as records, one rule of the mapping after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.deliveries import judge
from itomm.collectors.github.alert import CODE_SCANNING, DEPENDABOT, SECRET_SCANNING, AlertKind, vulnerability
from itomm.collectors.github.branch_protection import branch_protection
from itomm.collectors.github.deployment import deployment, read_delivery
from itomm.collectors.github.pull_request import pull_request
from itomm.collectors.github.release import release
from itomm.collectors.github.repository import access_grant, read_contents, repository_record
from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.security_scan import Feature, security_scans
from itomm.collectors.github.workflow_job import Job, read_job
from itomm.collectors.github.workflow_run import pipeline, telling_first
from itomm.evidence.observation import Observation, RequestMade
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values
from tests.collectors.github_stand_in import StandInRepository, account, deployed, job, pull, reviews, run

REQUEST = RequestMade("GET", "https://api.github.com/orgs/acme/repos")
UNTIL = datetime(2026, 11, 1, 6, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def repository(**more: Any) -> Repository:
    return Repository(StandInRepository("acme/one", more).payload(), REQUEST)


def checked(found: Observation | None, record_type: str) -> dict[str, Any]:
    """The fields, when they fit the record type."""
    assert found is not None
    assert column_values(record_types()[record_type], found.fields)
    return dict(found.fields)


def test_a_repository_is_known_by_its_names_and_topics() -> None:
    one = repository(topics=["payments"])
    assert one.service_keys == ("acme/one", "one", "payments")


def test_a_repository_with_a_young_commit_is_active_unless_it_is_archived() -> None:
    contents = read_contents(["README.md", "go.mod", "go.sum", ".github/dependabot.yml"], REQUEST)
    commit = {"commit": {"committer": {"date": "2026-10-30T00:00:00Z"}}}
    fields = checked(repository_record(repository(), contents, commit, UNTIL), "repository")
    assert fields["active"] is True
    assert fields["has_lockfile"] is True
    assert fields["update_bot"] == "dependabot"
    archived = checked(repository_record(repository(archived=True), contents, commit, UNTIL), "repository")
    assert archived["active"] is False


@pytest.mark.parametrize(
    ("more", "visibility"),
    [
        ({}, "private"),
        ({"visibility": "internal"}, "internal"),
        ({"visibility": None, "private": False}, "public"),
    ],
)
def test_who_sees_a_repository_is_told_also_by_an_old_server(more: dict[str, Any], visibility: str) -> None:
    commit = {"commit": {"committer": {"date": "2026-10-30T00:00:00Z"}}}
    found = repository_record(repository(**more), read_contents([], REQUEST), commit, UNTIL)
    assert checked(found, "repository")["visibility"] == visibility


def protected(classic: dict[str, Any] | None = None, *rules: dict[str, Any]) -> dict[str, Any]:
    return checked(branch_protection(repository(), "main", classic, rules), "branch_protection")


def test_a_branch_that_nothing_protects_is_a_fact() -> None:
    fields = protected()
    assert fields["push_restricted"] is False
    assert fields["force_push_allowed"] is True
    assert fields["required_approvals"] == 0
    assert fields["applies_to_admins"] is None


def test_classic_protection_says_who_is_bound_and_how() -> None:
    fields = protected(
        {
            "required_pull_request_reviews": {
                "required_approving_review_count": 2,
                "require_code_owner_reviews": True,
            },
            "required_status_checks": {"contexts": [], "checks": [{"context": "test"}]},
            "enforce_admins": {"enabled": False},
            "allow_force_pushes": {"enabled": False},
        }
    )
    assert fields["push_restricted"] is True
    assert fields["force_push_allowed"] is False
    assert fields["required_approvals"] == 2
    assert fields["code_owner_required"] is True
    assert fields["status_checks_required"] is True
    assert fields["applies_to_admins"] is False


def test_protection_that_somebody_may_go_past_lets_somebody_push() -> None:
    allowed = {"bypass_pull_request_allowances": {"users": [], "teams": [{"slug": "release"}], "apps": []}}
    assert protected({"required_pull_request_reviews": allowed})["push_restricted"] is False


@pytest.mark.parametrize(
    ("classic", "restricted"),
    [
        ({}, False),
        ({"required_pull_request_reviews": {}}, True),
        ({"lock_branch": {"enabled": True}}, True),
        ({"restrictions": {"users": [], "teams": [], "apps": []}}, True),
        ({"restrictions": {"users": [{"login": "ann"}], "teams": [], "apps": []}}, False),
        ({"required_status_checks": {"contexts": ["test"]}}, False),
    ],
)
def test_nobody_pushes_directly_only_where_nobody_is_let(classic: dict[str, Any], restricted: bool) -> None:
    assert protected(classic)["push_restricted"] is restricted


def test_no_account_that_protection_lists_is_kept() -> None:
    classic = {"restrictions": {"users": [{"login": "ann"}], "teams": [], "apps": []}, "url": "u"}
    found = branch_protection(repository(), "main", classic, ())
    assert found.raw == {"protection": {"restrictions": {"users": 1, "teams": 0, "apps": 0}}, "rules": []}


def test_rulesets_and_classic_protection_hold_side_by_side_and_the_stricter_wins() -> None:
    wanted = {"required_approving_review_count": 1, "require_code_owner_review": True}
    fields = protected(
        {"required_pull_request_reviews": {"required_approving_review_count": 2}, "enforce_admins": {}},
        {"type": "pull_request", "parameters": wanted},
        {"type": "non_fast_forward"},
        {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "test"}]}},
    )
    assert fields["required_approvals"] == 2
    assert fields["code_owner_required"] is True
    assert fields["status_checks_required"] is True
    assert fields["force_push_allowed"] is False
    assert fields["applies_to_admins"] is None  # who may go past a ruleset is not shown


def reviewed(*given: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    return checked(pull_request(repository(), pull(1, reviews=reviews(*given), **more)), "merge_request")


def test_an_approval_counts_when_it_came_from_another_person_before_the_merge() -> None:
    fields = reviewed(
        ("ann", "APPROVED", "2026-10-01T09:00:00Z"),
        ("renovate[bot]", "APPROVED", "2026-10-01T10:00:00Z"),
        ("bob", "COMMENTED", "2026-10-01T11:00:00Z"),
        ("bob", "APPROVED", "2026-10-01T12:00:00Z"),
        ("eve", "APPROVED", "2026-10-03T12:00:00Z"),
    )
    assert fields["approvers"] == ["bob"]
    assert fields["reviewers"] == ["bob"]
    assert fields["first_review_at"] == at("2026-10-01T11:00:00")


@pytest.mark.parametrize("later", ["CHANGES_REQUESTED", "DISMISSED"])
def test_an_approval_that_was_taken_back_does_not_count(later: str) -> None:
    given = (("bob", "APPROVED", "2026-10-01T12:00:00Z"), ("bob", later, "2026-10-01T13:00:00Z"))
    assert reviewed(*given)["approvers"] == []


def test_a_comment_after_an_approval_takes_nothing_back() -> None:
    given = (("bob", "APPROVED", "2026-10-01T12:00:00Z"), ("bob", "COMMENTED", "2026-10-01T13:00:00Z"))
    assert reviewed(*given)["approvers"] == ["bob"]


def test_a_comment_of_another_person_is_a_first_look_and_no_review() -> None:
    comments = {"nodes": [{"author": account("bob"), "createdAt": "2026-10-01T09:00:00Z"}]}
    fields = reviewed(comments=comments)
    assert fields["first_review_at"] == at("2026-10-01T09:00:00")
    assert fields["reviewers"] == []


def test_what_a_deleted_account_opened_is_kept_under_the_name_that_github_shows() -> None:
    assert reviewed(author=None)["author"] == "ghost"


def test_a_pull_request_says_what_it_changes_and_where() -> None:
    fields = reviewed(title="OPS-1", body="closes OPS-2", headRefName="dependabot/npm", baseRefName="release")
    assert fields["ticket_keys"] == ["OPS-1", "OPS-2"]
    assert fields["dependency_update"] is True
    assert fields["target_is_default"] is False
    assert fields["merge_sha"] == "merge1"
    assert fields["first_commit_at"] == at("2026-09-30T08:00:00")
    assert fields["size_lines"] is None
    assert fields["pipeline_status"] is None


def jobs_of(one: dict[str, Any], *jobs: dict[str, Any]) -> list[Job]:
    return [read_job(each, one) for each in jobs]


def test_a_run_is_a_pipeline_with_what_its_jobs_checked() -> None:
    one = run(1, run_started_at="2026-10-30T10:00:00Z")
    jobs = jobs_of(one, job("unit tests"), job("lint", "failure"), job("deploy", "skipped"))
    fields = checked(pipeline(repository(), one, jobs), "pipeline")
    assert fields["gating_job_kinds"] == ["test"]  # the run passed although lint failed: lint stops nothing
    assert [each["allow_failure"] for each in fields["jobs"]] == [False, True, False]
    assert fields["duration_s"] == timedelta(minutes=2)
    assert fields["queued_s"] == timedelta(minutes=1)
    assert fields["finished_at"] == at("2026-10-30T10:03:00")
    assert fields["on_default_branch"] is True


def test_without_its_jobs_it_is_unknown_what_a_run_checked() -> None:
    fields = checked(pipeline(repository(), run(1), None), "pipeline")
    assert fields["jobs"] is None
    assert fields["gating_job_kinds"] is None
    assert fields["duration_s"] is None


@pytest.mark.parametrize(
    ("status", "conclusion", "read"),
    [
        ("completed", "success", "success"),
        ("completed", "neutral", "success"),
        ("completed", "timed_out", "failed"),
        ("completed", "startup_failure", "failed"),
        ("completed", "cancelled", "canceled"),
        ("completed", "action_required", "skipped"),
        ("in_progress", None, "running"),
        ("waiting", None, "running"),
        ("completed", "something_new", "running"),
    ],
)
def test_every_conclusion_is_read(status: str, conclusion: str | None, read: str) -> None:
    one = run(1, status=status, conclusion=conclusion)
    fields = checked(pipeline(repository(), one, None), "pipeline")
    assert fields["status"] == read
    assert (fields["finished_at"] is None) is (read == "running")


def test_a_pull_request_from_a_forks_main_branch_is_none_of_ours() -> None:
    fields = checked(pipeline(repository(), run(1, event="pull_request"), None), "pipeline")
    assert fields["trigger"] == "merge_request"
    assert fields["on_default_branch"] is False


def test_a_job_whose_name_says_little_is_known_by_its_workflow() -> None:
    (one,) = jobs_of(run(1, name="Tests"), job("3.12 on ubuntu"))
    assert one.kind == "test"


def test_the_newest_run_of_each_workflow_and_occasion_tells_first() -> None:
    runs = [run(4), run(3), run(2, event="pull_request"), run(1, workflow_id=6)]
    assert [each["id"] for each in telling_first(runs)] == [4, 2, 1, 3]


def delivered(*states: str, **more: Any) -> dict[str, Any]:
    payload = deployed(1, "2026-10-30T10:00:00Z", "a", *states, **more)
    read = read_delivery(payload, 0)
    assert read is not None
    (judged,) = judge([read])
    return checked(deployment(repository(), judged, (), manual_gate=False), "deployment")


@pytest.mark.parametrize(
    ("state", "status"), [("SUCCESS", "success"), ("FAILURE", "failed"), ("ERROR", "failed")]
)
def test_a_deployment_ends_as_its_last_report_says(state: str, status: str) -> None:
    fields = delivered("IN_PROGRESS", state)
    assert fields["status"] == status
    assert fields["failed_change"] is (status == "failed")


def test_a_deployment_that_another_one_replaced_has_still_succeeded() -> None:
    assert delivered("SUCCESS", "INACTIVE")["status"] == "success"


def test_a_deployment_without_a_report_of_its_end_is_no_record_yet() -> None:
    assert read_delivery(deployed(1, "2026-10-30T10:00:00Z", "a", "QUEUED", "INACTIVE"), 0) is None


@pytest.mark.parametrize(
    ("more", "automated"),
    [({}, False), ({"creator": account("github-actions[bot]")}, True), ({"creator": account("ann")}, False)],
)
def test_a_machine_deployed_where_it_signed_in_as_one(more: dict[str, Any], automated: bool) -> None:
    assert delivered(**more)["automated"] is automated


def test_a_deployment_is_told_by_its_node_where_its_number_outgrew_the_field() -> None:
    payload = deployed(1, "2026-10-30T10:00:00Z", "a", databaseId=None, id="DE_kw")
    read = read_delivery(payload, 0)
    assert read is not None
    (judged,) = judge([read])
    found = deployment(repository(), judged, (), manual_gate=False)
    assert found.source_ref == "acme/one/deployments/DE_kw"


def test_a_release_shows_what_is_attached_to_it() -> None:
    assets = [{"name": "app.spdx.json"}, {"name": "app.tar.gz.sig"}, {"name": "multiple.intoto.jsonl"}]
    payload = {"tag_name": "v1", "published_at": "2026-10-01T00:00:00Z", "body": "Fixes", "assets": assets}
    fields = checked(release(repository(), payload), "release")
    assert (fields["sbom"], fields["signed"], fields["provenance"]) == (True, True, True)
    assert fields["notes_chars"] == 5
    assert release(repository(), {**payload, "draft": True}) is None


def finding(kind: AlertKind, **alert: Any) -> dict[str, Any]:
    alert = {"number": 1, "created_at": "2026-10-01T00:00:00Z", "state": "open", **alert}
    return checked(vulnerability(repository(), kind, alert), "vulnerability")


def test_a_vulnerable_dependency_is_known_by_its_cve() -> None:
    fields = finding(
        DEPENDABOT,
        security_advisory={"ghsa_id": "GHSA-1", "cve_id": "CVE-2026-1", "severity": "high"},
        security_vulnerability={"severity": "critical", "first_patched_version": {"identifier": "2.0"}},
        assignees=[{"login": "ann"}],
    )
    assert fields["identifier"] == "CVE-2026-1"
    assert fields["severity"] == "critical"
    assert fields["fix_available"] is True
    assert fields["assignee"] == "ann"
    assert fields["triaged_at"] is None
    assert fields["kev"] is None


def test_an_alert_that_github_closed_on_its_own_is_dismissed() -> None:
    fields = finding(DEPENDABOT, state="auto_dismissed", auto_dismissed_at="2026-10-02T00:00:00Z")
    assert fields["state"] == "dismissed"
    assert fields["dismiss_reason"] == "auto_dismissed"
    assert fields["triaged_at"] == fields["dismissed_at"] == at("2026-10-02T00:00:00")


@pytest.mark.parametrize(
    ("tool", "rule", "category", "severity"),
    [
        ("CodeQL", {"id": "py/sql", "security_severity_level": "high"}, "code", "high"),
        ("CodeQL", {"id": "py/unused", "severity": "note"}, "code", "low"),
        ("Semgrep", {"id": "x", "severity": "error"}, "code", "high"),
        ("Trivy", {"id": "CVE-2026-2", "security_severity_level": "medium"}, "container", "medium"),
        ("osv-scanner", {"id": "GHSA-x", "severity": "warning"}, "dependency", "medium"),
        ("checkov", {"id": "CKV_1", "severity": None}, "infrastructure", "info"),
    ],
)
def test_code_scanning_is_told_apart_by_tool_and_rule(
    tool: str, rule: dict[str, Any], category: str, severity: str
) -> None:
    fields = finding(CODE_SCANNING, tool={"name": tool}, rule=rule)
    assert (fields["category"], fields["severity"]) == (category, severity)


@pytest.mark.parametrize(
    ("alert", "state"),
    [
        ({}, "open"),
        ({"state": "resolved", "resolution": "revoked"}, "fixed"),
        ({"state": "resolved", "resolution": "wont_fix"}, "dismissed"),
    ],
)
def test_a_leaked_secret_is_fixed_only_when_it_was_revoked(alert: dict[str, Any], state: str) -> None:
    fields = finding(SECRET_SCANNING, secret_type="aws", resolved_at="2026-10-02T00:00:00Z", **alert)
    assert fields["state"] == state
    assert (fields["fixed_at"] is not None) is (state == "fixed")
    assert (fields["dismissed_at"] is not None) is (state == "dismissed")


def test_the_secret_itself_is_never_kept() -> None:
    alert = {"number": 1, "created_at": "2026-10-01T00:00:00Z", "secret": "hunter2", "secret_type": "aws"}
    assert "hunter2" not in repr(vulnerability(repository(), SECRET_SCANNING, alert))


def scans(
    *analyses: dict[str, Any],
    features: tuple[Feature, Feature] = (Feature.UNTOLD, Feature.UNTOLD),
    results_required: bool = False,
    **more: Any,
) -> dict[str, dict[str, Any]]:
    found = security_scans(repository(**more), features, analyses, (), results_required=results_required)
    return {str(one.fields["kind"]): checked(one, "security_scan") for one in found}


def analysis(tool: str, when: str, ref: str = "refs/heads/main", error: str = "") -> dict[str, Any]:
    return {"id": 1, "tool": {"name": tool}, "created_at": when, "ref": ref, "error": error}


def test_the_last_analysis_of_a_scanner_says_when_it_ran_and_how_it_went() -> None:
    found = scans(
        analysis("CodeQL", "2026-10-30T00:00:00Z", error="out of memory"),
        analysis("CodeQL", "2026-10-29T00:00:00Z", ref="refs/pull/7/merge"),
        analysis("Trivy", "2026-10-28T00:00:00Z"),
        results_required=True,
    )
    assert found["sast"]["last_run_at"] == at("2026-10-30T00:00:00")
    assert found["sast"]["last_status"] == "failed"
    assert found["sast"]["on_merge_request"] is True
    assert found["sast"]["blocking"] is True
    assert found["container"]["on_merge_request"] is False


def test_a_scanner_of_which_nothing_is_known_is_no_record() -> None:
    assert scans() == {}


def test_refusing_secrets_when_they_are_pushed_stops_everything_behind() -> None:
    settings = {"secret_scanning_push_protection": {"status": "enabled"}}
    found = scans(features=(Feature.OFF, Feature.ON), security_and_analysis=settings)
    assert found["secret"]["blocking"] is True
    assert found["sca"]["enabled"] is False


@pytest.mark.parametrize(
    ("permissions", "privileged"),
    [({"push": True}, False), ({"maintain": True}, True), ({"admin": True}, True)],
)
def test_who_may_change_the_repository_is_privileged(permissions: dict[str, bool], privileged: bool) -> None:
    row = {"id": 5, "login": "ann", "type": "User", "permissions": permissions}
    fields = checked(access_grant(repository(), row, ()), "access_grant")
    assert fields["privileged"] is privileged
    assert access_grant(repository(), {**row, "type": "Bot"}, ()) is None
    assert access_grant(repository(), row, ("ann",)) is None
