"""GitLab payloads as records: recorded ones with their nulls, and made ones for each rule of the mapping."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.deliveries import delivered_keys, judge
from itomm.collectors.gitlab.delivered import read_merge
from itomm.collectors.gitlab.deployment import deployment, read_delivery
from itomm.collectors.gitlab.job import by_pipeline, job_summaries, pipeline, read_job, security_scans
from itomm.collectors.gitlab.merge_request import merge_request
from itomm.collectors.gitlab.project import Project, is_bot
from itomm.collectors.gitlab.release import release
from itomm.collectors.gitlab.repository import access_grant, branch_protection, iac_definitions, repository
from itomm.collectors.gitlab.vulnerability import vulnerability
from itomm.evidence.observation import Observation, RequestMade
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values

RECORDED = Path(__file__).parents[1] / "data" / "recorded" / "gitlab"
UNTIL = datetime(2026, 11, 1, 6, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def make_project(**payload: Any) -> Project:
    return Project(
        {
            "id": 7,
            "path": "checkout",
            "path_with_namespace": "acme/checkout",
            "default_branch": "main",
            "web_url": "https://gitlab.example/acme/checkout",
            "topics": ["payments"],
            "visibility": "internal",
            **payload,
        },
        RequestMade("GET", "https://gitlab.example/api/v4/projects"),
    )


def checked(found: Observation | None, record_type: str) -> dict[str, Any]:
    """The fields, when they fit the record type."""
    assert found is not None
    assert column_values(record_types()[record_type], found.fields)
    return dict(found.fields)


def test_a_recorded_project_becomes_a_repository() -> None:
    project = Project(recorded("project"), RequestMade("GET", "u"))
    paths = [row["path"] for row in recorded("tree") if row["type"] == "blob"]
    fields = checked(repository(project, paths, recorded("commit"), UNTIL), "repository")
    assert fields["path"] == "diaspora/diaspora-project-site"
    assert fields["active"] is False
    assert fields["has_lockfile"] is None


def test_a_repository_without_commits_is_no_record() -> None:
    assert repository(make_project(), [], {}, UNTIL) is None
    assert (
        repository(make_project(default_branch=None), [], {"created_at": "2026-10-01T00:00:00Z"}, UNTIL)
        is None
    )


def test_an_archived_repository_is_not_active() -> None:
    commit = {"committed_date": "2026-10-31T00:00:00Z"}
    assert checked(repository(make_project(), [], commit, UNTIL), "repository")["active"] is True
    archived = repository(make_project(archived=True), [], commit, UNTIL)
    assert checked(archived, "repository")["active"] is False


def test_services_are_known_by_path_short_path_and_topics() -> None:
    assert make_project().service_keys == ("acme/checkout", "checkout", "payments")


def test_a_recorded_protected_branch_with_people_and_groups_does_not_restrict_pushing() -> None:
    project = make_project(default_branch="develop")
    rules = [recorded("protected-branch")]
    fields = checked(branch_protection(project, rules, [recorded("approval-rule")]), "branch_protection")
    assert fields["push_restricted"] is False
    assert fields["force_push_allowed"] is False
    assert fields["required_approvals"] == 0  # the rule is for another branch


def rule(name: str = "main", push: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": name, "push_access_levels": [{"access_level": push}], "allow_force_push": False, **more}


def test_an_unprotected_branch_is_a_fact() -> None:
    fields = checked(branch_protection(make_project(), [rule("release/*")], []), "branch_protection")
    assert fields["push_restricted"] is False
    assert fields["force_push_allowed"] is True
    assert fields["required_approvals"] == 0


@pytest.mark.parametrize(
    ("rules", "restricted", "force"),
    [
        ([rule()], True, False),
        ([rule("m*")], True, False),
        ([rule(), rule("*", push=30)], False, False),
        ([rule(allow_force_push=True)], True, True),
        ([rule(push_access_levels=[])], False, False),
    ],
)
def test_what_any_matching_rule_grants_is_granted(
    rules: list[dict[str, Any]], restricted: bool, force: bool
) -> None:
    fields = checked(branch_protection(make_project(), rules, []), "branch_protection")
    assert (fields["push_restricted"], fields["force_push_allowed"]) == (restricted, force)


def test_approval_rules_of_other_branches_do_not_count() -> None:
    approvals = [
        {"approvals_required": 2, "protected_branches": [{"name": "release"}]},
        {"approvals_required": 1, "protected_branches": []},
    ]
    fields = checked(branch_protection(make_project(), [rule()], approvals), "branch_protection")
    assert fields["required_approvals"] == 1


@pytest.mark.parametrize("payload", [recorded("merge-request"), *recorded("merge-requests")])
def test_recorded_merge_requests_with_their_nulls_become_records(payload: dict[str, Any]) -> None:
    fields = checked(merge_request(make_project(), payload, recorded("approvals"), []), "merge_request")
    assert set(fields["approvers"]) <= {"root", "ryley"}
    assert fields["author_is_bot"] is False


def request_by(author: str = "ann", **more: Any) -> dict[str, Any]:
    return {
        "iid": 3,
        "title": "Fix OPS-12",
        "author": {"username": author},
        "created_at": "2026-10-01T08:00:00Z",
        "merged_at": "2026-10-02T08:00:00Z",
        "target_branch": "main",
        "source_branch": "fix",
        **more,
    }


def note(author: str, at: str, **more: Any) -> dict[str, Any]:
    return {"author": {"username": author}, "created_at": at, "system": False, **more}


def approved(*names: str) -> dict[str, Any]:
    return {"approved_by": [{"user": {"username": name}} for name in names]}


def test_authors_and_bots_do_not_approve() -> None:
    fields = checked(
        merge_request(make_project(), request_by(), approved("ann", "renovate-bot", "bob"), []),
        "merge_request",
    )
    assert fields["approvers"] == ["bob"]
    assert fields["ticket_keys"] == ["OPS-12"]
    assert fields["target_is_default"] is True


def test_comments_before_the_merge_stand_in_for_approvals() -> None:
    notes = [
        note("cat", "2026-10-01T10:00:00Z"),
        note("ann", "2026-10-01T09:00:00Z"),
        note("dan", "2026-10-03T09:00:00Z"),
        note("eve", "2026-10-01T09:30:00Z", system=True),
        note("project_7_bot", "2026-10-01T09:10:00Z"),
    ]
    fields = checked(merge_request(make_project(), request_by(), approved(), notes), "merge_request")
    assert fields["approvers"] == ["cat"]
    assert fields["first_review_at"] == datetime(2026, 10, 1, 10, tzinfo=UTC)


def test_commenters_are_no_approvers_where_somebody_approved() -> None:
    notes = [note("cat", "2026-10-01T10:00:00Z")]
    fields = checked(merge_request(make_project(), request_by(), approved("bob"), notes), "merge_request")
    assert fields["approvers"] == ["bob"]


def test_a_merge_nobody_looked_at_has_no_approver() -> None:
    fields = checked(merge_request(make_project(), request_by(), approved(), []), "merge_request")
    assert fields["approvers"] == []
    assert fields["first_review_at"] is None


def test_dependency_updates_are_told_by_branch_or_bot() -> None:
    by_branch = request_by(source_branch="renovate/lodash-4.x")
    fields = checked(merge_request(make_project(), by_branch, {}, []), "merge_request")
    assert fields["dependency_update"] is True
    fields = checked(merge_request(make_project(), request_by("renovate-bot"), {}, []), "merge_request")
    assert (fields["dependency_update"], fields["author_is_bot"]) == (True, True)


def test_notes_keep_no_text() -> None:
    notes = [note("cat", "2026-10-01T10:00:00Z", body="the password is hunter2")]
    found = merge_request(make_project(), request_by(), {}, notes)
    assert found is not None
    assert "hunter2" not in repr(found)


def job(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "stage": "test",
        "status": "success",
        "allow_failure": False,
        "created_at": "2026-10-30T10:00:00Z",
        "started_at": "2026-10-30T10:01:00Z",
        "finished_at": "2026-10-30T10:03:00Z",
        "coverage": None,
        "pipeline": {"id": 1, "source": "push"},
        "ref": "main",
        "web_url": "https://gitlab.example/job",
        **more,
    }


def test_a_recorded_job_and_pipeline_become_a_record() -> None:
    jobs = by_pipeline([read_job(recorded("job"))])
    fields = checked(pipeline(make_project(), recorded("pipeline"), jobs[6]), "pipeline")
    assert fields["status"] == "success"
    assert fields["gating_job_kinds"] == ["test"]
    assert fields["finished_at"] == datetime(2016, 8, 11, 11, 32, 35, 145000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created_at", "started_at", "ended"),
    [
        ("2026-10-30T10:00:00Z", "2026-10-30T12:00:00Z", "2026-10-30T10:03:00Z"),  # by hand
        ("2026-10-30T10:00:00Z", "2026-10-30T10:18:00Z", "2026-10-30T12:05:00Z"),  # waited for a runner
        ("2026-10-30T12:00:00Z", "2026-10-30T12:00:00Z", "2026-10-30T12:05:00Z"),  # another try
    ],
)
def test_a_pipeline_has_finished_before_a_person_goes_on_with_it(
    created_at: str, started_at: str, ended: str
) -> None:
    last = job(2, "deploy", created_at=created_at, started_at=started_at, finished_at="2026-10-30T12:05:00Z")
    jobs = [read_job(row) for row in (job(1, "build"), last)]

    fields = checked(pipeline(make_project(), PIPELINE, jobs), "pipeline")

    assert fields["finished_at"] == datetime.fromisoformat(ended)


PIPELINE = {
    "id": 1,
    "sha": "abc",
    "ref": "main",
    "source": "push",
    "status": "success",
    "created_at": "2026-10-30T10:00:00Z",
    "updated_at": "2026-10-30T10:20:00Z",
}


def test_times_that_the_list_leaves_out_are_read_from_the_jobs() -> None:
    jobs = [
        job(1, "build"),
        job(
            2,
            "unit-test",
            started_at="2026-10-30T10:02:00Z",
            finished_at="2026-10-30T10:05:00Z",
            coverage=80.5,
        ),
        job(3, "deploy", started_at="2026-10-30T10:10:00Z", finished_at="2026-10-30T10:11:00Z"),
        job(4, "later", status="manual", started_at=None, finished_at=None),
    ]
    fields = checked(pipeline(make_project(), PIPELINE, [read_job(row) for row in jobs]), "pipeline")
    assert fields["duration_s"] == timedelta(minutes=5)
    assert fields["queued_s"] == timedelta(minutes=1)
    assert fields["finished_at"] == datetime(2026, 10, 30, 10, 11, tzinfo=UTC)
    assert fields["coverage"] == Decimal("0.805")
    assert fields["gating_job_kinds"] == ["build", "deploy", "test"]


def test_a_pipeline_without_jobs_finished_when_it_was_updated() -> None:
    fields = checked(pipeline(make_project(), PIPELINE, []), "pipeline")
    assert fields["finished_at"] == datetime(2026, 10, 30, 10, 20, tzinfo=UTC)
    assert fields["duration_s"] is None


@pytest.mark.parametrize(
    "status", ["waiting_for_resource", "preparing", "manual", "scheduled", "created", None]
)
def test_states_that_still_change_count_as_running(status: str | None) -> None:
    fields = checked(pipeline(make_project(), {**PIPELINE, "status": status}, []), "pipeline")
    assert (fields["status"], fields["finished_at"]) == ("running", None)


def test_a_job_that_may_fail_gates_nothing() -> None:
    jobs = [read_job(job(1, "unit-test", allow_failure=True)), read_job(job(2, "build", status="skipped"))]
    assert checked(pipeline(make_project(), PIPELINE, jobs), "pipeline")["gating_job_kinds"] == []


def test_only_the_last_try_of_a_job_counts() -> None:
    tries = [read_job(job(9, "unit-test")), read_job(job(4, "unit-test", status="failed"))]
    (last,) = by_pipeline(tries)[1]
    assert last.status == "success"


def test_a_merge_request_pipeline_is_not_one_of_the_default_branch() -> None:
    row = {**PIPELINE, "source": "merge_request_event"}
    assert checked(pipeline(make_project(), row, []), "pipeline")["on_default_branch"] is False


def test_scanners_are_told_by_job_name_and_the_last_run_counts() -> None:
    jobs = [
        job(1, "semgrep-sast", pipeline={"id": 1, "source": "merge_request_event"}),
        job(2, "semgrep-sast", status="failed", allow_failure=True),
        job(3, "gemnasium-dependency_scanning"),
        job(4, "secret_detection", status="skipped"),
        job(5, "unit-test"),
        job(6, "kics-iac-sast"),
    ]
    found = {
        one.fields["kind"]: checked(one, "security_scan")
        for one in security_scans(make_project(), map(read_job, jobs))
    }
    assert sorted(map(str, found)) == ["iac", "sast", "sca"]
    assert found["sast"]["last_status"] == "failed"
    assert found["sast"]["blocking"] is False
    assert found["sast"]["on_merge_request"] is True
    assert found["sca"]["on_merge_request"] is False


def test_infrastructure_is_told_from_files_and_jobs() -> None:
    jobs = [read_job(job(1, "terraform-plan")), read_job(job(2, "kics-iac-sast"))]
    paths = ["main.tf", "README.md", "vendor/x/main.tf"]
    (found,) = iac_definitions(make_project(), paths, job_summaries(jobs))
    fields = checked(found, "iac_definition")
    assert (fields["path"], fields["tool"]) == (".", "terraform")
    assert (fields["plan_in_ci"], fields["apply_in_ci"], fields["policy_check"]) == (True, False, "blocking")


def test_a_recorded_deployment_becomes_a_record() -> None:
    delivery = read_delivery(recorded("deployment") | {"status": None})
    assert delivery is not None
    fields = checked(deployment(make_project(), judge([delivery])[0]), "deployment")
    assert (fields["tier"], fields["status"], fields["automated"]) == ("production", "success", True)
    assert fields["commit_at"] == datetime(2016, 8, 11, 13, 28, 26, tzinfo=UTC)


def deployed(number: int, at: str, sha: str, commit_at: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "ref": "main",
        "sha": sha,
        "status": "success",
        "environment": {"id": 1, "name": "production", "tier": "production"},
        "deployable": {
            "name": "deploy",
            "finished_at": f"2026-10-{at}:00Z",
            "commit": {"created_at": f"2026-10-{commit_at or at}:00Z"},
        },
        **more,
    }


def judged(*rows: dict[str, Any]) -> list[tuple[bool, bool]]:
    deliveries = [one for row in rows if (one := read_delivery(row))]
    return [(one.rollback, one.failed_change) for one in judge(deliveries)]


def test_deploying_an_older_commit_rolls_the_one_before_back() -> None:
    rows = [
        deployed(1, "01T10:00", "a"),
        deployed(2, "02T10:00", "b"),
        deployed(3, "02T12:00", "a", "01T10:00"),
    ]
    assert judged(*rows) == [(False, False), (False, True), (True, False)]
    assert judged(*reversed(rows)) == [(False, False), (False, True), (True, False)]


def test_an_older_commit_never_deployed_before_is_a_rollback_too() -> None:
    rows = [deployed(1, "02T10:00", "b"), deployed(2, "02T12:00", "a", "01T10:00")]
    assert judged(*rows) == [(False, True), (True, False)]


def test_deploying_the_same_commit_again_is_no_rollback() -> None:
    assert (
        judged(deployed(1, "01T10:00", "a"), deployed(2, "01T12:00", "a", "01T10:00")) == [(False, False)] * 2
    )


def test_a_hotfix_within_a_day_says_that_the_deployment_failed() -> None:
    soon = deployed(2, "02T09:59", "b", ref="hotfix/1-restore")
    late = deployed(2, "02T10:01", "b", ref="hotfix/1-restore")
    assert judged(deployed(1, "01T10:00", "a"), soon) == [(False, True), (False, False)]
    assert judged(deployed(1, "01T10:00", "a"), late) == [(False, False), (False, False)]


def test_a_failed_deployment_is_a_failed_change_and_does_not_run() -> None:
    rows = [
        deployed(1, "01T10:00", "a"),
        deployed(2, "02T10:00", "b", status="failed"),
        deployed(3, "03T10:00", "a", "01T10:00"),
    ]
    assert judged(*rows) == [(False, False), (False, True), (False, False)]


def test_environments_are_judged_apart() -> None:
    staging: dict[str, Any] = {"environment": {"id": 2, "name": "staging"}}
    rows = [deployed(1, "02T10:00", "b", **staging), deployed(2, "02T12:00", "a", "01T10:00")]
    assert judged(*rows) == [(False, False), (False, False)]


def test_a_deployment_names_the_tickets_of_what_was_merged_since_the_one_before() -> None:
    rows = [
        deployed(1, "01T10:00", "a"),
        deployed(2, "03T10:00", "c"),
        deployed(3, "04T10:00", "d", status="failed"),
        deployed(4, "05T10:00", "e"),
        deployed(5, "06T10:00", "a", "01T10:00"),
    ]
    merges = [
        {"merged_at": f"2026-10-{at}:00Z", "merge_commit_sha": sha, "title": title}
        for at, sha, title in (
            ("01T10:00", "a", "OPS-1"),
            ("02T10:00", "b", "OPS-2"),
            ("03T10:00", "c", "no ticket"),
            ("04T10:00", "d", "OPS-4"),
            ("05T10:00", "e", "OPS-5"),
        )
    ]
    deliveries = [one for row in rows if (one := read_delivery(row))]
    found = delivered_keys(deliveries, [merge for row in merges if (merge := read_merge(row))])
    assert found == {1: ["OPS-1"], 2: ["OPS-2"], 3: ["OPS-4"], 4: ["OPS-5", "OPS-4"], 5: ["OPS-1"]}
    fields = checked(deployment(make_project(), judge(deliveries[:1])[0], found[1]), "deployment")
    assert fields["change_keys"] == ["OPS-1"]


def test_a_merge_request_that_is_not_merged_is_delivered_by_nothing() -> None:
    assert read_merge({"merged_at": None, "title": "OPS-1", "sha": "a"}) is None


@pytest.mark.parametrize("status", ["running", "created", "blocked", "skipped"])
def test_a_deployment_under_way_is_not_read(status: str) -> None:
    assert read_delivery(deployed(1, "01T10:00", "a", status=status)) is None


def test_a_deployment_without_job_is_not_automated() -> None:
    row = deployed(1, "01T10:00", "a", deployable=None, updated_at="2026-10-01T10:00:00Z")
    delivery = read_delivery(row)
    assert delivery is not None
    fields = checked(deployment(make_project(), judge([delivery])[0]), "deployment")
    assert (fields["automated"], fields["commit_at"]) == (False, None)


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("production", "production"),
        ("prod-eu", "production"),
        ("live", "production"),
        ("pre-prod", "staging"),
        ("staging", "staging"),
        ("qa", "testing"),
        ("review/fix-1", "development"),
        ("product-demo", "staging"),
        ("moon", "other"),
    ],
)
def test_tiers_are_told_by_name_where_gitlab_gives_none(name: str, tier: str) -> None:
    delivery = read_delivery(deployed(1, "01T10:00", "a", environment={"id": 1, "name": name}))
    assert delivery is not None
    assert delivery.tier == tier


def test_settings_overrule_the_tier() -> None:
    delivery = read_delivery(deployed(1, "01T10:00", "a"), {"production": "testing"})
    assert delivery is not None
    assert delivery.tier == "testing"


@pytest.mark.parametrize("payload", recorded("releases"))
def test_recorded_releases_become_records(payload: dict[str, Any]) -> None:
    fields = checked(release(make_project(), payload), "release")
    assert fields["notes_chars"] > 0
    assert (fields["sbom"], fields["provenance"]) == (False, False)


def test_what_is_attached_to_a_release_is_told_by_name() -> None:
    links = [
        {"name": "app.cdx.json sbom", "url": "https://x/sbom.json"},
        {"name": "app.tar.gz.sig", "url": "https://x/a.sig"},
        {"name": "build.intoto.jsonl", "url": "https://x/p"},
    ]
    row = {
        "tag_name": "v1",
        "released_at": "2026-10-01T00:00:00Z",
        "description": None,
        "assets": {"links": links},
    }
    fields = checked(release(make_project(), row), "release")
    assert (fields["signed"], fields["sbom"], fields["provenance"], fields["notes_chars"]) == (
        True,
        True,
        True,
        0,
    )


def test_a_release_to_come_is_no_record() -> None:
    row = {"tag_name": "v2", "released_at": "2027-01-01T00:00:00Z", "upcoming_release": True}
    assert release(make_project(), row) is None


def finding(**more: Any) -> dict[str, Any]:
    return {
        "id": 5,
        "title": "SQL injection",
        "state": "detected",
        "severity": "critical",
        "report_type": "dependency_scanning",
        "created_at": "2026-09-01T00:00:00Z",
        "resolved_at": None,
        "dismissed_at": None,
        "confirmed_at": None,
        **more,
    }


def test_an_open_finding_is_neither_fixed_nor_triaged() -> None:
    fields = checked(vulnerability(make_project(), finding()), "vulnerability")
    assert (fields["state"], fields["fixed_at"], fields["triaged_at"]) == ("open", None, None)
    assert fields["kev"] is None
    assert fields["identifier"] == "SQL injection"


def test_a_fixed_finding_has_its_times_and_its_cve() -> None:
    row = finding(
        state="resolved",
        confirmed_at="2026-09-03T00:00:00Z",
        resolved_at="2026-09-10T00:00:00Z",
        identifiers=[{"name": "Gemnasium-1"}, {"external_id": "CVE-2026-1"}],
        severity="Unknown",
        report_type=None,
    )
    fields = checked(vulnerability(make_project(), row), "vulnerability")
    assert fields["fixed_at"] == datetime(2026, 9, 10, tzinfo=UTC)
    assert fields["triaged_at"] == datetime(2026, 9, 3, tzinfo=UTC)
    assert (fields["identifier"], fields["severity"]) == ("CVE-2026-1", "info")


@pytest.mark.parametrize("member", recorded("members"))
def test_recorded_members_become_grants(member: dict[str, Any]) -> None:
    fields = checked(access_grant(make_project(), member, ()), "access_grant")
    assert fields["privileged"] is False
    assert fields["expires_at"] == datetime(2012, 10, 22, 14, 13, 35, tzinfo=UTC)


def test_bots_and_blocked_members_hold_no_grant() -> None:
    member = {"id": 1, "username": "ann", "access_level": 50}
    assert checked(access_grant(make_project(), member, ()), "access_grant")["privileged"] is True
    assert access_grant(make_project(), {**member, "state": "blocked"}, ()) is None
    assert access_grant(make_project(), member, ("ann",)) is None


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"username": "ann"}, False),
        ({"username": "abbott"}, False),
        ({"username": "x", "bot": True}, True),
        ({"username": "project_7_bot_abc"}, True),
        ({"username": "service_account_group_7_deployer", "name": "Deployer (service account)"}, True),
        ({"username": "renovate-bot"}, True),
        (None, False),
    ],
)
def test_bots_are_told_by_mark_or_name(user: object, expected: bool) -> None:
    assert is_bot(user) is expected


def test_a_failed_change_says_since_when_that_is_known() -> None:
    rows = [
        deployed(1, "01T10:00", "a"),
        deployed(2, "02T10:00", "b"),
        deployed(3, "02T12:00", "a", "01T10:00"),
        deployed(4, "04T10:00", "c"),
        deployed(5, "04T11:00", "d", ref="hotfix/1-restore"),
        deployed(6, "06T10:00", "e", status="failed"),
    ]

    deliveries = [one for row in rows if (one := read_delivery(row))]
    since = [one.failed_since for one in judge(deliveries)]

    rolled_back, mended, failed = (datetime(2026, 10, *at, tzinfo=UTC) for at in ((2, 12), (4, 11), (6, 10)))
    assert since == [None, rolled_back, None, mended, None, failed]
