"""The page on connecting a tool works as written, from itomm.yaml to the records behind an answer."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from itomm.collectors.conformance import Answer, MisbehavingServer
from tests.journeys.door import Door
from tests.journeys.pages import COLUMNS, Command, WrittenFile, as_shown, filled_in, steps_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-a-tool-without-code.md"
ADDRESS = "https://desk.example"
DROPPED = datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp()
NOW = ("--now", "2026-11-05T06:00:00Z")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def itomm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    monkeypatch.setenv("DESK_TOKEN", "desk-token-of-this-test")
    monkeypatch.setenv("COLUMNS", COLUMNS)
    return Door(monkeypatch, capsys)


@pytest.fixture
def desk(page: str) -> Iterator[MisbehavingServer]:
    """The desk of the page."""
    with MisbehavingServer() as server:
        for path, body in re.findall(r"<!-- answer: (\S+) -->\n```json\n(.*?)```", page, re.DOTALL):
            server.on(path, Answer(body=body.encode()))
        yield server


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with a short name, so that lines break where the page shows it."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.chdir(name)
        yield Path(name)
        monkeypatch.undo()


@pytest.fixture
def workspace(page: str, desk: MisbehavingServer, folder: Path) -> Path:
    """The folder of the page, with its files, and the desk where it really listens."""
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```csv\n(.*?)```", page, re.DOTALL):
        WrittenFile(name, text, added=False).put_into(folder)
        os.utime(folder / name, (DROPPED, DROPPED))
    for step in steps_of(page):
        if isinstance(step, WrittenFile):
            sent = step.text.replace(ADDRESS + "\n", desk.url + "\n")
            WrittenFile(step.name, sent, added=False).put_into(folder)
    return folder


def test_every_command_of_the_page_prints_what_it_shows(
    page: str, workspace: Path, desk: MisbehavingServer, itomm: Door
) -> None:
    printed: list[str] = []

    def print_step(step: WrittenFile | Command) -> str:
        if isinstance(step, Command):
            done = itomm(*step.arguments[1:])
            printed.append(as_shown((done.out + done.err).replace(desk.url, ADDRESS), workspace))
            return printed[-1]
        return ""

    assert filled_in(page, print_step) == page
    explained = printed[-1]
    assert f"{ADDRESS}/tickets/4711" in explained
    assert "/drop/incidents-2026-10.csv?modified=2026-11-02T08:00:00Z&sha256=" in explained
    assert "emuster" not in "".join(printed)


def test_last_months_file_alone_is_not_taken_for_a_quarter(page: str, workspace: Path, itomm: Door) -> None:
    for month in ("08", "09"):
        (workspace / "drop" / f"incidents-2026-{month}.csv").unlink()

    assert itomm("collect", *NOW).code == 0

    answer = itomm("explain", "SS-INC-4.2", "--service", "shop", *NOW, "--output", "json").document
    inferred = answer["answer"]["inferred"]
    assert (inferred["verdict"], inferred["reason"]) == ("unknown", "insufficient_coverage")
    assert inferred["detail"] in page


def test_a_row_that_cannot_be_read_is_told_as_the_page_says(page: str, workspace: Path, itomm: Door) -> None:
    dropped = workspace / "drop" / "incidents-2026-10.csv"
    dropped.write_text(
        dropped.read_text(encoding="utf-8").replace("07.10.2026 14:00", "31.02.2026 14:00"), encoding="utf-8"
    )

    done = itomm("collect", *NOW)

    assert done.code == 3
    (said,) = re.findall(r"desk-export: incident incomplete\..*?%H:%M\.", page, re.DOTALL)
    assert " ".join(said.split()) in " ".join(done.out.split())


def test_the_second_run_asks_the_desk_for_what_changed(
    workspace: Path, desk: MisbehavingServer, itomm: Door
) -> None:
    itomm("collect", *NOW)
    itomm("collect", "--now", "2026-11-06T06:00:00Z")
    first, second = (asked.query for asked in desk.asked)
    assert first == {"after": "2026-08-07"}
    assert second == {"after": "2026-08-07", "changed_after": "2026-11-05"}
