"""Markdown, links and file names, apart from git."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.local_git.documents import Text, document, exercise, postmortem, sort_paths
from itomm.collectors.local_git.front_matter import read_markdown
from itomm.collectors.local_git.history import Touch
from itomm.collectors.local_git.links import read_origin
from itomm.collectors.local_git.settings import LocalGitSettings
from itomm.collectors.repository_contents import (
    content_flags,
    infrastructure_definitions,
    is_bot_name,
    job_kind,
    scanner_kind,
    ticket_keys,
)

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
TOUCHED = (Touch("a" * 40, datetime(2026, 10, 1, tzinfo=UTC), "Ann", "ann@x.example"),)


def text(path: str, content: str, touches: tuple[Touch, ...] = TOUCHED) -> Text:
    return Text("handbook", path, read_markdown(content), touches, "https://x.example", ("handbook",))


def document_fields(path: str, content: str) -> dict[str, object]:
    found = document(text(path, content), UNTIL)
    assert found is not None
    return dict(found.fields)


@pytest.mark.parametrize(
    ("path", "content", "kind", "topic"),
    [
        ("docs/runbooks/checkout.md", "# Checkout", "runbook", None),
        ("docs/policies/access.md", "# Access", "policy", "access"),
        ("docs/plans/continuity.md", "# Plan", "plan", "continuity"),
        ("docs/plans/p1.md", "---\ntopic: security_incident\n---\n# Plan", "plan", "security incident"),
        ("docs/processes/incident.md", "# Handling", "process", "incident"),
        ("docs/security-incident-plan.md", "# X", "plan", "security incident"),
        ("docs/x.md", "---\nkind: report\n---\n# Capacity in May", "report", "capacity"),
        ("docs/x.md", "---\nkind: novel\n---\n# Misc", "other", None),
        ("docs/2026/disaster-recovery.md", "# DR", "other", "continuity"),
    ],
)
def test_kind_and_topic_come_from_front_matter_folder_or_name(
    path: str, content: str, kind: str, topic: str | None
) -> None:
    fields = document_fields(path, content)
    assert (fields["kind"], fields["topic"]) == (kind, topic)


def test_files_are_sorted_by_the_folders_they_lie_in() -> None:
    paths = [
        "docs/a.md",
        "README.md",
        "docs/README.md",
        "src/x.md",
        "runbooks/b.MD",
        "docs/postmortems/1.md",
        "exercises/2.md",
        "docs/pic.png",
    ]
    folders = LocalGitSettings(path=Path("x")).document_folders
    documents, postmortems, exercises = sort_paths(paths, folders)
    assert documents == ["docs/a.md", "runbooks/b.MD"]
    assert postmortems == ["docs/postmortems/1.md"]
    assert exercises == ["exercises/2.md"]


def test_a_review_in_the_future_has_not_happened() -> None:
    ahead = document_fields("docs/a.md", "---\nreviewed: 2027-01-01\n---\n")
    done = document_fields("docs/a.md", "---\nreviewed: 2026-05-01\n---\n")
    assert ahead["reviewed_at"] is None
    assert done["reviewed_at"] == datetime(2026, 5, 1, tzinfo=UTC)


def test_services_of_a_document_come_first_among_its_keys() -> None:
    found = text("docs/a.md", "---\nservices: [checkout, search]\n---\n")
    assert found.services == ["checkout", "search"]
    assert found.service_keys == ("checkout", "search", "a", "handbook")
    assert text("docs/a.md", "---\nservice: checkout\n---\n").services == ["checkout"]


def test_headings_in_code_blocks_are_none() -> None:
    markdown = read_markdown("# One\n```\n# not\n```\nTwo\n===\n## Three ##\n")
    assert markdown.headings == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    "content",
    ["---\n[not, a, mapping]\n---\nbody", "---\na: b: c\n---\nbody", "---\n" + "x" * 10_001 + "\n---\nbody"],
)
def test_front_matter_that_cannot_be_read_leaves_the_body(content: str) -> None:
    markdown = read_markdown(content)
    assert markdown.fault
    assert markdown.body.strip() == "body"
    assert markdown.attributes == {}


def test_a_file_without_end_of_front_matter_is_all_body() -> None:
    markdown = read_markdown("---\ntitle: x\nand so on")
    assert markdown.fault == ""
    assert markdown.words == 5


def test_windows_line_ends_and_byte_order_marks_do_not_matter() -> None:
    assert read_markdown("\ufeff---\r\ntitle: A\r\n---\r\nx").text("title") == "A"


def test_durations_need_a_unit() -> None:
    markdown = read_markdown("---\nrto: 4 h\nrto_actual: 90\n---\n")
    assert markdown.duration("rto") == timedelta(hours=4)
    assert markdown.duration("rto_actual") is None


def test_a_post_mortem_without_incident_or_date_is_none() -> None:
    assert postmortem(text("postmortems/a.md", "# What happened"), UNTIL) is None
    assert postmortem(text("postmortems/a.md", "# OPS-1", touches=()), UNTIL) is None
    later = "---\nincident: OPS-1\npublished: 2026-12-01\n---\n"
    assert postmortem(text("postmortems/a.md", later), UNTIL) is None


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("exercises/2026-09-12-game-day-checkout.md", "", "game_day"),
        ("exercises/2026-09-12.md", "---\nkind: tabletop\n---\n", "incident"),
        ("exercises/2026-09-12.md", "# Disaster recovery of the database", "dr"),
        ("exercises/2026-09-12-phishing.md", "", "security"),
        ("exercises/2026-09-12-party.md", "", None),
        ("exercises/game-day.md", "", None),
        ("exercises/2027-09-12-game-day.md", "", None),
    ],
)
def test_the_kind_and_date_of_an_exercise(path: str, content: str, kind: str | None) -> None:
    found = exercise(text(path, content), UNTIL)
    assert (found.fields["kind"] if found else None) == kind


@pytest.mark.parametrize(
    ("origin", "name", "commit"),
    [
        ("https://gitlab.com/a/b.git", "a/b", "https://gitlab.com/a/b/-/commit/c1"),
        ("git@github.com:a/b.git", "a/b", "https://github.com/a/b/commit/c1"),
        ("ssh://git@gitlab.x.example:2222/g/s/b.git", "g/s/b", "https://gitlab.x.example/g/s/b/-/commit/c1"),
        ("https://t:p@gitlab.x.example:8443/a/b", "a/b", "https://gitlab.x.example:8443/a/b/-/commit/c1"),
        ("https://bitbucket.org/a/b", "a/b", "https://bitbucket.org/a/b/commits/c1"),
        ("https://git.example/a/b.git", "a/b", "file:///repo#c1"),
        ("/srv/git/b.git", None, "file:///repo#c1"),
        ("file:///srv/git/b.git", None, "file:///repo#c1"),
        (None, None, "file:///repo#c1"),
        ("javascript://gitlab/%0aalert(1)", None, "file:///repo#c1"),
        ("https://[bad", None, "file:///repo#c1"),
    ],
)
def test_commit_links_follow_the_origin(origin: str | None, name: str | None, commit: str) -> None:
    links = read_origin(origin, Path("/repo"))
    assert links.name == name
    assert links.commit("c1") == commit


def test_the_settings_name_the_forge_of_an_unknown_host() -> None:
    links = read_origin("https://git.example/a/b.git", Path("/repo"), "gitea")
    assert links.file("docs/ä b.md", "c1") == "https://git.example/a/b/src/commit/c1/docs/%C3%A4%20b.md"


def test_a_lock_file_must_stand_beside_its_manifest_or_at_the_root() -> None:
    assert content_flags(["package.json", "yarn.lock"]).has_lockfile is True
    assert content_flags(["web/package.json", "yarn.lock"]).has_lockfile is True
    assert content_flags(["package.json", "web/yarn.lock"]).has_lockfile is False
    assert content_flags(["package.json", "go.mod", "go.sum"]).has_lockfile is False
    assert content_flags(["main.c"]).has_lockfile is None


def test_what_is_vendored_does_not_count() -> None:
    flags = content_flags(["node_modules/x/package.json", "vendor/y/main.tf", "testdata/Dockerfile"])
    assert flags.manifests == ()
    assert not flags.has_iac
    assert not flags.has_dockerfile


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["infra/main.tf", "infra/modules/db/main.tf"], {"infra": "terraform"}),
        (["charts/web/Chart.yaml", "charts/web/templates/x.yaml"], {"charts/web": "helm"}),
        (["k8s/deploy.yaml"], {"k8s": "kubernetes"}),
        (["site.yml"], {".": "ansible"}),
        (["docs/website.yml"], {}),
        (["a/main.tf", "ab/main.tf"], {"a": "terraform", "ab": "terraform"}),
    ],
)
def test_folders_that_describe_infrastructure(paths: list[str], expected: dict[str, str]) -> None:
    assert infrastructure_definitions(paths) == expected


@pytest.mark.parametrize(
    ("name", "stage", "kind"),
    [
        ("semgrep-sast", "test", "security_scan"),
        ("unit-test", "build", "test"),
        ("pytest 3.12", "check", "test"),
        ("terraform-plan", "plan", "iac_plan"),
        ("terraform_apply", "deploy", "iac_apply"),
        ("plan", "x", "iac_plan"),
        ("deploy-production", "deploy", "deploy"),
        ("rollback", "", "deploy"),
        ("eslint", "test", "lint"),
        ("compile", "test", "build"),
        ("job-7", "test", "test"),
        ("job-7", "misc", "other"),
        ("conftest", "test", "policy"),
    ],
)
def test_what_a_job_does(name: str, stage: str, kind: str) -> None:
    assert job_kind(name, stage) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("semgrep-sast", "sast"),
        ("gemnasium-python-dependency_scanning", "sca"),
        ("secret_detection", "secret"),
        ("gitleaks", "secret"),
        ("container_scanning", "container"),
        ("trivy", "container"),
        ("trivy_config", "iac"),
        ("kics-iac-sast", "iac"),
        ("dast", "dast"),
        ("pip_audit", "sca"),
        ("unit-test", None),
        ("publish-secrets-docs", None),
    ],
)
def test_what_a_job_scans(name: str, kind: str | None) -> None:
    assert scanner_kind(name) == kind


def test_standards_are_no_tickets() -> None:
    assert ticket_keys("OPS-1 and UTF-8, SHA-256, CVE-2026-1, OPS-1, WEB-22", None) == ["OPS-1", "WEB-22"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dependabot[bot]", True), ("release-bot", True), ("Abbot", False), ("Bottler", False), (None, False)],
)
def test_bots_by_name(name: str | None, expected: bool) -> None:
    assert is_bot_name(name) is expected
