"""The tutorial works as written: every file, every command, every line that it shows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.door import Door
from tests.journeys.pages import COLUMNS, Command, WrittenFile, as_shown, steps_of

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-rule.md"


@pytest.fixture
def empty_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with a short name, so that lines break where the page shows it."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.chdir(name)
        yield Path(name)
        monkeypatch.undo()


def test_every_command_of_the_tutorial_prints_what_the_page_shows(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, itomm_at_the_door: Door
) -> None:
    monkeypatch.setenv("COLUMNS", COLUMNS)
    ran = 0
    for step in steps_of(PAGE.read_text(encoding="utf-8")):
        if isinstance(step, WrittenFile):
            step.put_into(empty_folder)
            continue
        assert step.arguments[0] == "itomm"
        done = itomm_at_the_door(*step.arguments[1:])
        assert as_shown(done.out + done.err, empty_folder) == step.shown, " ".join(step.arguments)
        ran += 1

    assert ran >= 8


def test_the_tutorial_shows_an_error_tests_mutants_a_score_and_an_answer() -> None:
    commands = [
        " ".join(step.arguments[1:3])
        for step in steps_of(PAGE.read_text(encoding="utf-8"))
        if isinstance(step, Command)
    ]

    assert {"rules lint", "rules test", "score", "explain entries-reviewed"} <= set(commands)
    assert "Did you mean 'tier'?" in PAGE.read_text(encoding="utf-8")
