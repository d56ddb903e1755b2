"""What a source warns of is said once, after the table of what was collected."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.journeys.door import Door

CONFIGURATION = """
organisation: {id: acme, name: ACME}
sources:
  code: {collector: local_git, path: code}
"""
NOW = "2026-11-01T06:00:00Z"


@pytest.fixture
def itomm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(monkeypatch, capsys)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path / "code"], check=True)
    written = tmp_path / "itomm.yaml"
    written.write_text(CONFIGURATION, encoding="utf-8")
    return written


def said(text: str) -> str:
    return " ".join(text.split())


def test_a_warning_of_all_streams_is_said_once(itomm: Door, config: Path) -> None:
    collected = itomm("collect", "--config", config, "--now", NOW)
    assert collected.code == 0
    warning = "code has no commit up to 2026-11-01."
    assert said(collected.out).count(warning) == 1
    assert f"{warning} (" not in said(collected.out)


def test_of_many_warnings_a_few_are_shown_and_the_others_counted(itomm: Door, config: Path) -> None:
    folder = config.parent / "code"
    (folder / "docs").mkdir()
    for number in range(8):
        (folder / "docs" / f"page{number}.md").write_text("---\n: [\n---\n# x\n", encoding="utf-8")
    author = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.test"]
    subprocess.run(["git", "-C", folder, "add", "--all"], check=True)
    commit = ["git", "-C", str(folder), *author, "commit", "--quiet", "--message", "x", "--date", NOW]
    subprocess.run(commit, check=True, env={"GIT_COMMITTER_DATE": NOW, "PATH": "/usr/bin:/bin"})
    text = said(itomm("collect", "--config", config, "--now", NOW).out)
    assert "code: docs/page0.md:" in text
    assert "(document)" in text
    assert "more warnings." in text
    assert text.count("docs/page") <= 5
