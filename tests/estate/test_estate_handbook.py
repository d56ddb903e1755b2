from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from itomm.config.errors import UsageError
from itomm.estate.estate import Estate


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory, small_estate: Estate) -> Path:
    folder = tmp_path_factory.mktemp("estate") / "operations-handbook"
    small_estate.write_repository(folder)
    return folder


def test_the_same_company_writes_the_same_commits(
    handbook: Path, tmp_path: Path, small_estate: Estate
) -> None:
    small_estate.write_repository(tmp_path / "again")
    words = ("rev-parse", "HEAD", "v1.0", "v4.0")
    assert _git(handbook, *words) == _git(tmp_path / "again", *words)


def test_the_work_tree_is_clean_and_whole(handbook: Path) -> None:
    assert _git(handbook, "status", "--porcelain") == ""
    assert _git(handbook, "fsck", "--strict", "--no-progress") == ""
    files = set(_git(handbook, "ls-files").splitlines())
    assert {
        "CODEOWNERS",
        ".gitlab-ci.yml",
        "docs/runbooks/checkout.md",
        "docs/processes/incident.md",
    } <= files
    assert any(name.startswith("exercises/") for name in files)


def test_post_mortems_name_their_incident_and_have_several_authors(handbook: Path) -> None:
    reviews = sorted((handbook / "postmortems").glob("*.md"))
    assert reviews
    text = reviews[0].read_text(encoding="utf-8")
    assert text.startswith(f"---\nincident: {reviews[0].stem}\n")
    for heading in ("## Timeline", "## Impact", "## Root cause", "## Actions"):
        assert heading in text
    authors = _git(handbook, "log", "--format=%ae", "--", f"postmortems/{reviews[0].name}").splitlines()
    assert len(set(authors)) == 3


def test_some_commits_were_reviewed_and_nobody_reviews_themselves(handbook: Path) -> None:
    shown = _git(handbook, "log", "--format=%ae|%(trailers:key=Reviewed-by,valueonly,separator=%x20)")
    reviewed = [line.split("|") for line in shown.splitlines() if not line.endswith("|")]
    assert reviewed
    assert all(author not in reviewer for author, reviewer in reviewed)


def test_nothing_in_the_history_lies_after_the_instant(handbook: Path, small_estate: Estate) -> None:
    newest = max(int(line) for line in _git(handbook, "log", "--format=%ct").splitlines())
    assert newest <= small_estate.as_of.timestamp()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, small_estate: Estate) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        small_estate.write_repository(tmp_path)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "precious"
