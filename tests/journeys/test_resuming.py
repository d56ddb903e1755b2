"""A collection that was killed goes on at its last complete page, and nobody can tell afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from itomm.cli import collection
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.store import Store
from tests.journeys.door import DAY_OF_ASSESSMENT, Called, Door, configured

ROOT = Path(__file__).parents[2]
SOURCE = ("--source", "jira")

Progress = Callable[[str, str, int, int], None]


def test_killed_at_random_moments_a_collection_ends_as_if_nobody_had() -> None:
    script = ROOT / "bench" / "crash" / "kill_at_random.py"
    done = subprocess.run(
        [sys.executable, script, "--kills", "6", "--seed", "20261122", "--months", "1", "--source", "jira"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] == 6
    assert figures["faults"] == []
    assert figures["resumed_with_pages"] > 0
    assert figures["resumed_with_streams"] > 0


@pytest.fixture
def config(small_estate: Estate, small_server: EstateServer, tmp_path: Path) -> Path:
    return configured(tmp_path, small_estate, small_server)


@pytest.fixture
def interrupted(config: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch) -> Called:
    """A collection in which Ctrl-C was pressed when its second stream was at its first page."""

    def interrupt(_source: str, record_type: str, _pages: int, _records: int) -> None:
        if record_type == "change":
            raise KeyboardInterrupt

    @contextmanager
    def watched(*, quiet: bool) -> Iterator[Progress]:
        yield interrupt

    with monkeypatch.context() as for_a_while:
        for_a_while.setattr(collection, "collecting", watched)
        return itomm_at_the_door("collect", *SOURCE, "--config", config, "--now", DAY_OF_ASSESSMENT)


def runs(config: Path) -> list[int]:
    return sorted({one.run for one in Store.open(config.parent / ".itomm").collections()})


def test_ctrl_c_is_gone_on_with_by_the_next_run(
    interrupted: Called, config: Path, small_server: EstateServer, itomm_at_the_door: Door
) -> None:
    assert interrupted.code == 130
    assert "gone on with" in interrupted.err
    assert itomm_at_the_door("verify", "--config", config).code == 0
    small_server.requests.clear()
    again = itomm_at_the_door("collect", *SOURCE, "--config", config, "--now", DAY_OF_ASSESSMENT)
    assert again.code == 0
    assert "going on with run 1 of 2026-11-01T06:00:00Z" in again.err
    assert "1 streams are done, 1 pages of others are kept" in again.err
    assert "complete, 1 kept" in again.out
    asked = " ".join(target for _, target in small_server.requests)
    assert "Incident" in asked  # the service level clocks of incidents
    assert "Change" not in asked  # its only page is kept
    assert runs(config) == [1]
    assert itomm_at_the_door("verify", "--config", config).code == 0


def test_a_run_that_asks_something_else_begins_anew(
    interrupted: Called, config: Path, itomm_at_the_door: Door
) -> None:
    assert interrupted.code == 130
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("history_days: 130", "history_days: 100"), encoding="utf-8")
    again = itomm_at_the_door("collect", *SOURCE, "--config", config, "--now", DAY_OF_ASSESSMENT)
    assert again.code == 0
    assert "going on" not in again.err
    assert runs(config) == [1, 2]


@pytest.mark.parametrize(
    "instead", [("--afresh", "--now", DAY_OF_ASSESSMENT), ("--now", "2026-11-02T06:00:01Z")]
)
def test_a_run_begins_anew_when_told_so_or_a_day_later(
    interrupted: Called, config: Path, itomm_at_the_door: Door, instead: tuple[str, ...]
) -> None:
    assert interrupted.code == 130
    again = itomm_at_the_door("collect", *SOURCE, "--config", config, *instead)
    assert again.code == 0
    assert "going on" not in again.err
    assert "kept" not in again.out
    assert runs(config) == [1, 2]
    assert list((config.parent / ".itomm").rglob("*.partial")) == []


def test_more_patience_with_the_tool_does_not_mean_another_question(
    interrupted: Called, config: Path, itomm_at_the_door: Door
) -> None:
    assert interrupted.code == 130
    text = config.read_text(encoding="utf-8")
    patient = text.replace("collector: jira", "collector: jira\n    deadline_minutes: 60")
    config.write_text(patient, encoding="utf-8")
    again = itomm_at_the_door("collect", *SOURCE, "--config", config, "--now", DAY_OF_ASSESSMENT)
    assert "going on with run 1" in again.err
