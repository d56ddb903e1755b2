"""What people should look at first is listed first, with what it moves and what to do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Door
from tests.journeys.test_decisions import APPROVED, EXPIRES, a_no, proposed, scored

pytestmark = pytest.mark.usefixtures("answers_found_once")


def queue(door: Door, config: Path, *more: str) -> list[dict[str, Any]]:
    done = door("review", "--config", config, "--output", "json", *more)
    assert done.code == 0, done.err
    items: list[dict[str, Any]] = done.document["items"]
    return items


def first(items: list[dict[str, Any]]) -> tuple[str, str | None]:
    return items[0]["kind"], items[0]["override"]


def test_decisions_that_wait_drift_or_end_come_before_answers(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    without = queue(itomm_at_the_door, workspace)
    assert {each["kind"] for each in without} <= {"unknown_blocks", "unknown", "weak"}
    assert without
    criterion = a_no(scored(itomm_at_the_door, workspace))
    proposed(itomm_at_the_door, workspace, criterion)
    waiting = queue(itomm_at_the_door, workspace)
    assert first(waiting) == ("proposed", "O1")
    assert waiting[0]["do"] == "itomm override approve O1 (or reject)"
    assert waiting[1:] == without

    itomm_at_the_door("override", "approve", "O1", "--by", "bob", "--now", APPROVED, "--config", workspace)
    assert queue(itomm_at_the_door, workspace) == without, "an override in force is nothing to look at"
    assert first(queue(itomm_at_the_door, workspace, "--soon", "30")) == ("expiring", "O1")
    assert first(queue(itomm_at_the_door, workspace, "--as-of", EXPIRES)) == ("expired", "O1")
    drifted = queue(itomm_at_the_door, workspace, "--as-of", "2026-11-20T08:00:00Z")
    assert first(drifted) == ("drifted", "O1")
    assert drifted[0]["why"] == "evidence says no longer no, which it was to replace"


def test_answers_come_by_what_they_move_and_how_little_they_rest_on(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    items = queue(itomm_at_the_door, workspace)
    kinds = ["unknown_blocks", "unknown", "weak"]
    assert [each["kind"] for each in items] == sorted((each["kind"] for each in items), key=kinds.index)
    for kind in kinds:
        order = [
            (each["moves_level"], Fraction(each["effect"]) * Fraction(each["uncertainty"]))
            for each in items
            if each["kind"] == kind
        ]
        assert order == sorted(order, reverse=True)


def test_a_table_of_the_queue_fits_a_terminal(
    workspace: Path, itomm_at_the_door: Door, monkeypatch: Any
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = itomm_at_the_door("review", "--config", workspace)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "more; --all lists them." in done.out
    everything = itomm_at_the_door("review", "--config", workspace, "--all").out
    assert "--all" not in everything
    csv = itomm_at_the_door("review", "--config", workspace, "--output", "csv").out
    assert csv.startswith("kind,scope,criterion,override,effect,moves_level,uncertainty,why,do\n")
