"""Letting content go: what is left scores the same, and what rested on the rest is unknown."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Door

LATER = "2027-01-15T00:00:00Z"
FIRST_DAY = "2026-11-01T12:00:00Z"
RULES = """
retention:
  - {name: raw-30, content: raw, keep_days: 30}
  - {name: again, content: superseded, keep_days: 60}
"""


@pytest.fixture
def twice(collected_twice: Path, tmp_path: Path) -> Path:
    """A copy of it, free to be changed; the configuration's path."""
    config = Path(shutil.copytree(collected_twice, tmp_path / "twice")) / "itomm.yaml"
    config.write_text(config.read_text(encoding="utf-8") + RULES, encoding="utf-8")
    return config


def answers(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for scope in document["scopes"]:
        for answer in scope["answers"]:
            if answer["inferred"]:
                yield (scope["id"], answer["criterion"]), answer["inferred"]


def indices(document: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """Lower bound, point and upper bound of every scope's index under every view, in order."""
    found = []
    for scope in document["scopes"]:
        for _, view in sorted(scope["views"].items()):
            index = view["index"]
            found.append((index["low"], index["point"], index["high"]))
    return found


def test_showing_changes_nothing_and_applying_needs_somebody(itomm_at_the_door: Door, twice: Path) -> None:
    before = sorted(path for path in twice.parent.rglob("*") if path.is_file())
    shown = itomm_at_the_door("retention", "show", "--config", twice, "--now", LATER, "--output", "json")
    assert shown.code == 0
    expired = shown.document["expired"]
    assert {each["rule"] for each in expired} == {"raw-30", "again"}
    assert all(os.path.getsize(twice.parent / ".itomm" / each["path"]) == each["bytes"] for each in expired)
    assert sorted(path for path in twice.parent.rglob("*") if path.is_file()) == before
    assert itomm_at_the_door("retention", "apply", "--config", twice).code == 2
    assert itomm_at_the_door("retention", "apply", "--by", " ", "--config", twice).code == 2


def test_what_is_left_scores_the_same_and_the_rest_is_unknown(itomm_at_the_door: Door, twice: Path) -> None:
    def scored(*more: str) -> dict[str, Any]:
        return itomm_at_the_door("score", "--config", twice, "--output", "json", *more).document

    now, past = scored(), scored("--as-of", FIRST_DAY)

    applied = itomm_at_the_door("retention", "apply", "--by", "ada", "--config", twice, "--now", LATER)

    assert (applied.code, "Let go" in applied.out) == (0, True)
    assert itomm_at_the_door("verify", "--config", twice).code == 0
    again = scored()
    assert again["inputs"].pop("snapshot") != now["inputs"].pop("snapshot")  # other files hold the same
    not_looked = again.pop("not_looked")
    assert any("let go" in each["why"] for each in not_looked)
    assert now.pop("not_looked") != not_looked
    assert again == now
    poorer = scored("--as-of", FIRST_DAY)
    before, after = dict(answers(past)), dict(answers(poorer))
    changed = {place for place in before if before[place]["verdict"] != after[place]["verdict"]}
    assert changed
    assert {after[place]["verdict"] for place in changed} == {"unknown"}
    assert {after[place]["reason"] for place in changed} == {"stale"}
    told = after[min(changed)]["detail"]
    assert told.startswith("what was read on 2026-11-01 was let go on 2027-01-15 by again (ada): ")
    for had, has in zip(indices(past), indices(poorer), strict=True):
        assert has[0] <= had[0] <= had[2] <= has[2]
        assert has[1] <= had[1]


def test_an_auditor_is_told_why_a_raw_payload_is_gone(itomm_at_the_door: Door, twice: Path) -> None:
    itomm_at_the_door(
        "retention", "apply", "--by", "ada", "--reason", "Our rule.", "--config", twice, "--now", LATER
    )
    explained = itomm_at_the_door("explain", "SD-REL-2.1", "--config", twice, "--output", "json").document
    requests = {record["request"] for record in explained["records"]}
    assert requests
    assert all(
        request.endswith("(raw payload let go on 2027-01-15 by raw-30 (ada): Our rule.)")
        for request in requests
    )


def test_a_second_time_nothing_goes(itomm_at_the_door: Door, twice: Path) -> None:
    arguments = ("retention", "apply", "--by", "ada", "--config", twice, "--now", LATER)
    itomm_at_the_door(*arguments)
    again = itomm_at_the_door(*arguments)
    assert (again.code, "Let go" in again.out) == (0, False)


def test_without_rules_it_says_that_everything_is_kept(itomm_at_the_door: Door, workspace: Path) -> None:
    shown = itomm_at_the_door("retention", "show", "--config", workspace)
    assert (shown.code, "everything is kept" in " ".join(shown.out.split())) == (0, True)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[{name: a, content: raw, keep_days: 1, record_types: [isue]}]", "no record type 'isue'"),
        ("[{name: forget, content: raw, keep_days: 1}]", "the name 'forget' is taken"),
        ("[{name: a, content: raw, keep_days: 1}, {name: a, content: raw, keep_days: 2}]", "'a' is taken"),
        ("[{name: a, content: everything, keep_days: 1}]", "content"),
        ("[{name: a, content: raw, keep_days: -1}]", "keep_days"),
    ],
)
def test_a_wrong_rule_is_named(itomm_at_the_door: Door, workspace: Path, written: str, told: str) -> None:
    workspace.write_text(workspace.read_text(encoding="utf-8") + f"retention: {written}\n", encoding="utf-8")
    shown = itomm_at_the_door("retention", "show", "--config", workspace)
    assert (shown.code, told in shown.err) == (5, True), shown.err
