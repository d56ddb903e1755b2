"""The local git collector on real repositories, some of them hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.conformance import MemorySink, PretendTime, contract_faults
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.local_git import LocalGitCollector
from itomm.collectors.source import Source
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_values

UNTIL = datetime(2026, 11, 1, 6, tzinfo=UTC)


class Repository:
    """A repository under construction; every commit has a fixed author and date."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(
        self, *arguments: str, date: str = "2026-10-01T00:00:00Z", author: str = "Ann <ann@x.example>"
    ) -> str:
        name, _, email = author.rstrip(">").partition(" <")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(
        self, files: Mapping[str, str], *, message: str = "change", day: str = "2026-10-01", **who: str
    ) -> str:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")
            self.git("add", "--", name)
        self.git("commit", "-q", "--allow-empty", "-m", message, date=f"{day}T00:00:00Z", **who)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "handbook")


def source_at(path: Path, **settings: Any) -> Source:
    model = LocalGitCollector.settings_model
    return Source("git", LocalGitCollector, model.model_validate({"path": str(path), **settings}))


def collected(
    path: Path, record_type: str, *, until: datetime = UNTIL, **settings: Any
) -> tuple[list[Observation], CollectionOutcome]:
    sink, time = MemorySink(), PretendTime()
    assignment = Assignment(
        run=1,
        until=until,
        history=timedelta(days=365),
        services=(),
        pseudonym_key=b"git" * 6,
        record_types=frozenset({record_type}),
    )
    named = {"people": "named", **settings}
    collect([source_at(path, **named)], sink, assignment, time.clock, timing=time.timing)
    collection = sink.of(record_type)
    assert collection.outcome is not None
    for one in collection.observations:
        assert column_values(record_types()[record_type], one.fields)
    return collection.observations, collection.outcome


def test_the_declaration_keeps_the_contract() -> None:
    assert contract_faults(LocalGitCollector, lambda url: {"path": url}) == []


def test_commits_tell_people_sizes_paths_and_tickets(repository: Repository) -> None:
    repository.commit({"a b.txt": "1\n2\n", "ünï.txt": "x\n"}, message="OPS-7: start\n\nUTF-8 is no ticket")
    repository.commit({"a b.txt": "1\n"}, author="Renovate Bot <bot@renovate.example>", day="2026-10-02")
    (second, first), outcome = collected(repository.path, "commit")
    assert outcome.complete
    assert first.fields["author"] == "ann@x.example"
    assert first.fields["ticket_keys"] == ["OPS-7"]
    assert (first.fields["insertions"], first.fields["deletions"]) == (3, 0)
    assert first.fields["paths"] == ["a b.txt", "ünï.txt"]
    assert (second.fields["insertions"], second.fields["deletions"]) == (0, 1)
    assert second.fields["is_bot"] is True
    assert first.fields["signed"] is False


def test_mailmap_makes_one_person_of_two_addresses(repository: Repository) -> None:
    repository.commit({".mailmap": "Ann <ann@x.example> <old@x.example>\n"})
    repository.commit({"a": "1"}, author="A <old@x.example>", day="2026-10-02")
    found, _ = collected(repository.path, "commit")
    assert {one.fields["author"] for one in found} == {"ann@x.example"}


def test_people_are_pseudonyms_by_default(repository: Repository) -> None:
    repository.commit({"a": "1"})
    (found,), _ = collected(repository.path, "commit", people="pseudonym")
    assert "ann@x.example" not in repr(found)


def test_nothing_later_than_the_instant_is_read(repository: Repository) -> None:
    early = repository.commit({"docs/a.md": "# A"}, day="2026-09-01")
    repository.commit({"docs/a.md": "# B", "docs/b.md": "# B"}, day="2026-10-01")
    (found,), _ = collected(repository.path, "document", until=datetime(2026, 9, 15, tzinfo=UTC))
    assert found.fields["title"] == "A"
    assert found.fields["updated_at"] == datetime(2026, 9, 1, tzinfo=UTC)
    assert early in found.url


def test_a_repository_shows_its_flags(repository: Repository) -> None:
    files = {
        "README.md": "# x",
        ".gitlab-ci.yml": "plan:\n  script: terraform plan\n",
        "CODEOWNERS": "* @ann",
        "package.json": "{}",
        "package-lock.json": "{}",
        "renovate.json": "{}",
        "infra/main.tf": "",
        "Dockerfile": "FROM x",
    }
    repository.commit(files)
    (found,), outcome = collected(repository.path, "repository")
    assert outcome.complete
    flags = ("has_readme", "has_ci", "has_codeowners", "has_lockfile", "has_iac", "has_dockerfile", "active")
    assert {name: found.fields[name] for name in flags} == dict.fromkeys(flags, True)
    assert found.fields["update_bot"] == "renovate"
    assert found.fields["manifests"] == ["package.json"]
    (definition,), _ = collected(repository.path, "iac_definition")
    assert (definition.fields["path"], definition.fields["tool"]) == ("infra", "terraform")
    assert (definition.fields["plan_in_ci"], definition.fields["apply_in_ci"]) == (True, False)


def test_a_repository_nobody_touched_for_ninety_days_is_not_active(repository: Repository) -> None:
    repository.commit({"a": "1"}, day="2026-08-01")
    (found,), _ = collected(repository.path, "repository")
    assert found.fields["active"] is False
    assert found.fields["has_lockfile"] is None


def test_release_tags_have_date_and_notes(repository: Repository) -> None:
    repository.commit({"a": "1"})
    repository.git("tag", "-a", "v1.2.0", "-m", "New things", date="2026-10-03T00:00:00Z")
    repository.git("tag", "v1.3.0")
    repository.git("tag", "nightly")
    repository.git("tag", "-a", "v2.0.0", "-m", "Later", date="2026-12-03T00:00:00Z")
    found, _ = collected(repository.path, "release")
    by_tag = {one.fields["tag"]: one.fields for one in found}
    assert sorted(map(str, by_tag)) == ["v1.2.0", "v1.3.0"]
    assert by_tag["v1.2.0"]["released_at"] == datetime(2026, 10, 3, tzinfo=UTC)
    assert by_tag["v1.2.0"]["notes_chars"] == len("New things")
    assert by_tag["v1.3.0"]["notes_chars"] == 0
    assert by_tag["v1.2.0"]["signed"] is False


def test_a_document_s_age_is_that_of_its_last_change(repository: Repository) -> None:
    repository.commit(
        {"docs/runbooks/checkout.md": "# Checkout\none two", "docs/README.md": "x"}, day="2026-05-01"
    )
    repository.commit({"other.txt": "x"}, day="2026-10-01")
    (found,), outcome = collected(repository.path, "document")
    assert outcome.complete
    assert found.fields["kind"] == "runbook"
    assert found.fields["updated_at"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert found.fields["words"] == 3
    assert found.service_keys[0] == "checkout"


def test_a_post_mortem_counts_its_authors_and_the_day_it_appeared(repository: Repository) -> None:
    text = "---\nincident: OPS-9\n---\n# OPS-9\n## Timeline\n## Root cause\n## Actions\n- OPS-11\n"
    repository.commit({"postmortems/ops-9.md": text}, day="2026-10-05")
    repository.commit(
        {"postmortems/ops-9.md": text + "more\n"}, day="2026-10-07", author="Bob <bob@x.example>"
    )
    repository.commit(
        {"postmortems/ops-9.md": text + "fmt\n"}, day="2026-10-08", author="pre-commit-ci[bot] <b@x.example>"
    )
    (found,), _ = collected(repository.path, "postmortem")
    assert found.fields["published_at"] == datetime(2026, 10, 5, tzinfo=UTC)
    assert found.fields["participants"] == ["ann@x.example", "bob@x.example"]
    assert found.fields["sections"] == ["actions", "root_cause", "timeline"]
    assert found.fields["action_keys"] == ["OPS-11"]


def test_an_exercise_has_kind_date_and_services(repository: Repository) -> None:
    text = "---\nkind: dr\ndate: 2026-09-12\nservices: [checkout, search]\nrto_actual: 90 min\n---\n"
    repository.commit({"exercises/a.md": text, "exercises/b.md": "no date, no kind"})
    (found,), outcome = collected(repository.path, "exercise")
    assert found.fields["kind"] == "dr"
    assert found.fields["services"] == ["checkout", "search"]
    assert found.fields["rto_actual_s"] == timedelta(minutes=90)
    assert any("b.md" in warning for warning in outcome.warnings)


def merge_branch(repository: Repository, message: str) -> None:
    repository.commit({"a": "1"})
    repository.git("checkout", "-q", "-b", "fix")
    repository.commit({"b": "1"}, day="2026-10-03", author="Bob <bob@x.example>")
    repository.commit({"b": "2"}, day="2026-10-04", author="Bob <bob@x.example>")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "fix", "-m", message, date="2026-10-06T00:00:00Z")


def test_a_merge_tells_author_reviewers_and_times(repository: Repository) -> None:
    trailers = "Reviewed-by: Cat <cat@x.example>\nReviewed-by: Bob <bob@x.example>"
    message = f"Merge branch 'fix' into 'main'\n\nSee merge request x/y!42\n\n{trailers}"
    merge_branch(repository, message)
    (found,), _ = collected(repository.path, "merge_request")
    assert found.fields["iid"] == 42
    assert found.fields["author"] == "bob@x.example"
    assert found.fields["approvers"] == ["cat@x.example"]
    assert found.fields["created_at"] == datetime(2026, 10, 3, tzinfo=UTC)
    assert found.fields["merged_at"] == datetime(2026, 10, 6, tzinfo=UTC)


def test_a_commit_with_a_review_trailer_is_a_reviewed_change(repository: Repository) -> None:
    repository.commit({"a": "1"})
    repository.commit({"a": "2"}, message="Change\n\nApproved-by: Cat <cat@x.example>")
    found, _ = collected(repository.path, "merge_request")
    assert [one.fields["approvers"] for one in found] == [["cat@x.example"]]


def test_a_shallow_clone_is_incomplete_where_history_matters(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"docs/a.md": "# A"}, day="2026-01-01")
    repository.commit({"docs/b.md": "# B"}, day="2026-10-01")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "1", repository.path.as_uri(), str(clone))
    _, outcome = collected(clone, "document")
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "unshallow" in outcome.error
    _, outcome = collected(clone, "repository")
    assert outcome.complete
    time = PretendTime(start=UNTIL)
    checks = check_source(source_at(clone), time.clock, timing=time.timing)
    assert checks[-1].state is CheckState.FAILED


def test_a_clone_reads_its_origin_s_default_branch(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"docs/a.md": "# A"})
    clone = tmp_path / "clone"
    repository.git("clone", "-q", str(repository.path), str(clone))
    repository.git("-C", str(clone), "checkout", "-q", "-b", "mine")
    repository.git("-C", str(clone), "rm", "-q", "docs/a.md")
    repository.git("-C", str(clone), "commit", "-q", "-m", "gone")
    found, _ = collected(clone, "document")
    assert [one.fields["title"] for one in found] == ["A"]
    (own,), _ = collected(clone, "repository")
    assert own.fields["default_branch"] == "main"
    found, _ = collected(clone, "document", branch="mine")
    assert found == []


def test_a_repository_without_commits_is_complete_and_empty(repository: Repository) -> None:
    for stream in LocalGitCollector.streams:
        found, outcome = collected(repository.path, stream.record_type)
        assert found == []
        assert outcome.complete
        assert "no commit" in outcome.warnings[0]


def test_a_bare_repository_is_read(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"docs/a.md": "# A"})
    repository.git("clone", "-q", "--bare", str(repository.path), str(tmp_path / "x.git"))
    found, outcome = collected(tmp_path / "x.git", "document")
    assert len(found) == 1
    assert outcome.complete


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "There is no folder"),
        (lambda path: path.mkdir(), "not the root of a git repository"),
        (lambda path: path.write_text("x"), "There is no folder"),
    ],
)
def test_what_is_no_repository_is_told(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    make(tmp_path / "x")
    _, outcome = collected(tmp_path / "x", "commit")
    assert not outcome.complete
    assert message in outcome.error


def test_a_folder_inside_a_repository_is_not_taken_for_it(repository: Repository) -> None:
    repository.commit({"docs/a.md": "# A"})
    _, outcome = collected(repository.path / "docs", "document")
    assert "not the root of a git repository" in outcome.error


def test_a_branch_that_does_not_exist_is_told(repository: Repository) -> None:
    repository.commit({"a": "1"})
    _, outcome = collected(repository.path, "commit", branch="--output=/tmp/x")
    assert "has no branch" in outcome.error


def sign(repository: Repository) -> None:
    """Put a signature on the newest commit; whose it is nobody can tell."""
    content = repository.git("cat-file", "commit", "HEAD")
    header, _, message = content.partition("\n\n")
    seal = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n wsBc\n -----END PGP SIGNATURE-----"
    (repository.path / ".git" / "signed").write_text(f"{header}\n{seal}\n\n{message}\n", encoding="utf-8")
    sha = repository.git("hash-object", "-t", "commit", "-w", ".git/signed")
    repository.git("update-ref", "HEAD", sha)


def test_a_signature_is_seen_but_not_verified(repository: Repository) -> None:
    repository.commit({"a": "1"})
    sign(repository)
    (found,), _ = collected(repository.path, "commit")
    assert found.fields["signed"] is True


def test_files_that_a_partial_clone_left_out_fail_the_stream(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"docs/a.md": "# A"})
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    address = repository.path.as_uri()
    repository.git("clone", "-q", "--no-checkout", "--filter=blob:none", address, str(clone))
    found, outcome = collected(clone, "document")
    assert found == []
    assert outcome.reason is UnknownReason.COLLECTION_FAILED


def test_nothing_that_a_repository_configures_is_run(repository: Repository, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch '{witness}'\n", encoding="utf-8")
    script.chmod(0o755)
    repository.commit({"docs/a.md": "# A", ".gitattributes": "*.md diff=evil filter=evil\n"})
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.askPass",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.smudge",
        "filter.evil.clean",
        "gpg.program",
        "credential.helper",
    ):
        repository.git("config", key, str(script))
    repository.git("config", "log.showSignature", "true")
    sign(repository)
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "post-checkout", "fsmonitor-watchman"):
        shutil.copy(script, hooks / hook)
    for stream in LocalGitCollector.streams:
        _, outcome = collected(repository.path, stream.record_type)
        assert outcome.complete
    assert not witness.exists()
    repository.git("log", "-1")
    assert witness.exists(), "the trap itself does not work"


def test_reading_changes_nothing_in_the_repository(repository: Repository) -> None:
    repository.commit({"docs/a.md": "# A"})
    before = {path: path.stat().st_mtime_ns for path in sorted(repository.path.rglob("*"))}
    for stream in LocalGitCollector.streams:
        collected(repository.path, stream.record_type)
    assert {path: path.stat().st_mtime_ns for path in sorted(repository.path.rglob("*"))} == before


def test_symbolic_links_and_huge_files_are_no_documents(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "docs").mkdir()
    (tmp_path / "secret.md").write_text("# secret", encoding="utf-8")
    (repository.path / "docs" / "link.md").symlink_to(tmp_path / "secret.md")
    repository.git("add", "docs/link.md")
    repository.commit({"docs/huge.md": "word " * 300_000, "docs/fine.md": "# Fine"})
    found, _ = collected(repository.path, "document")
    assert [one.fields["title"] for one in found] == ["Fine"]


def test_broken_front_matter_is_told_and_the_text_kept(repository: Repository) -> None:
    repository.commit(
        {
            "docs/a.md": "---\nreviewed: 2026-02-31\n---\n# A",
            "docs/b.md": "---\n[" + "[" * 5000 + "\n---\n# B",
        }
    )
    found, outcome = collected(repository.path, "document")
    assert [one.fields["title"] for one in found] == ["A", "B"]
    assert len(outcome.warnings) == 2


def test_strange_messages_and_names_do_not_shift_fields(repository: Repository) -> None:
    message = "subject\n\n0123456789abcdef0123456789abcdef01234567\n1\t2\tfake.txt\n:100644 100644 a b M"
    sha = repository.commit({"tab\tname": "1\n", "new\nline": "2\n"}, message=message)
    (found,), _ = collected(repository.path, "commit")
    assert found.fields["sha"] == sha
    assert found.fields["insertions"] == 2
    assert found.fields["paths"] == ["new\nline", "tab\tname"]


def test_links_lead_to_the_origin_s_pages(repository: Repository) -> None:
    repository.commit({"docs/a.md": "# A"})
    repository.git("remote", "add", "origin", "https://user:secret@gitlab.example/shop/handbook.git")
    (found,), _ = collected(repository.path, "document")
    assert found.url.startswith("https://gitlab.example/shop/handbook/-/blob/")
    assert found.source_ref == "shop/handbook:docs/a.md"
    assert "secret" not in repr(found)
