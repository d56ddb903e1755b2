"""A questionnaire of another shape: levels 0 to 3, three areas, its own ids; the same commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from itomm.rules.pack import load_packs, shipped_packs
from itomm.rules.rule_tests import run_rule_tests
from tests.journeys.door import Door


@pytest.fixture
def second_model(workspace: Path) -> Path:
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\nrules:\n  packs: [oncall-check]\n", encoding="utf-8")
    return workspace


def test_it_has_another_number_of_levels_and_areas_than_the_first() -> None:
    first, second = load_packs(["itomm"]).model, load_packs(["oncall-check"]).model

    assert sorted(second.levels) == [0, 1, 2, 3]
    assert len(second.levels) != len(first.levels)
    assert len(second.areas) != len(first.areas)
    assert {"itomm", "oncall-check"} <= set(shipped_packs())


def test_its_rules_answer_their_tests_as_expected() -> None:
    results = list(run_rule_tests(load_packs(["oncall-check"]).rules))

    assert len(results) >= 40
    assert [(each.place, each.faults) for each in results if each.faults] == []


def test_it_is_scored_on_its_own_levels(second_model: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("score", "--config", second_model, "--output", "json")

    assert done.code == 0
    document = done.document
    assert sorted(map(int, document["model"]["levels"])) == [0, 1, 2, 3]
    organisation = next(each for each in document["scopes"] if each["kind"] == "organisation")
    score = organisation["views"]["overrides"]
    assert score["level"]["point"] == 0
    assert 0 <= score["index"]["low"] <= score["index"]["point"] <= score["index"]["high"] <= 3
    by_area = {area["area"]: area["level"]["point"] for area in score["areas"]}
    assert by_area["help"] == 1
    assert "level 0 (Nobody)" in document["verdict"]


def test_its_ids_are_found_as_it_writes_them(second_model: Path, itomm_at_the_door: Door) -> None:
    shown = itomm_at_the_door("show", "REACH", "--config", second_model)
    explained = itomm_at_the_door("explain", "Help-Fast", "--config", second_model)
    mistyped = itomm_at_the_door("explain", "help-fats", "--config", second_model)

    assert "reach-paged" in shown.out
    assert "rule: help-is-quick" in explained.out
    assert mistyped.code == 2
    assert "Did you mean 'help-fast'?" in mistyped.err


def test_its_report_shows_its_own_scale(second_model: Path, tmp_path: Path, itomm_at_the_door: Door) -> None:
    report = tmp_path / "report.html"

    done = itomm_at_the_door("report", "--config", second_model, "--to", report)

    assert done.code == 0
    text = report.read_text(encoding="utf-8")
    assert "Maturity index by area, from 0 to 3" in text
    assert "the bar runs from level 0 to 3" in text
    assert "from 1 to 5" not in text


def test_a_person_can_answer_what_it_leaves_to_people(second_model: Path, itomm_at_the_door: Door) -> None:
    stated = itomm_at_the_door(
        *("answer", "rest-fair", "yes", "--by", "lead@example.org", "--config", second_model),
        *("--reason", "The works agreement of March says so.", "--now", "2026-11-01T07:00:00Z"),
    )
    scored = itomm_at_the_door("show", "rest", "--config", second_model)

    assert stated.code == 0
    assert "On-call is made up for" in scored.out
    assert "person" in scored.out
