"""``itomm compare`` as its users meet it."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")


def test_two_recorded_assessments_differ_by_what_is_listed(
    collected_twice: Path, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    folder = shutil.copytree(collected_twice, tmp_path / "twice")
    document = itomm_at_the_door(
        "compare", "S1", "s2", "--config", folder / "itomm.yaml", "--output", "json"
    ).document

    assert document["schema"] == "itomm/comparison/1"
    assert [document["before"]["name"], document["after"]["name"]] == ["S1", "S2"]
    assert document["like_for_like"] is True
    assert document["changes"], "a day makes a difference"
    assert_sums(document["changes"], document["difference"])
    assert_sums(document["causes"].values(), document["difference"])
    assert Fraction(document["after"]["index_exact"]) - Fraction(
        document["before"]["index_exact"]
    ) == Fraction(document["difference"]["exact"]["index"])


def assert_sums(parts: Iterable[Any], difference: dict[str, Any]) -> None:
    found = list(parts)
    for number in ("index", "level"):
        summed = sum((Fraction(each["exact"][number]) for each in found), Fraction(0))
        assert summed == Fraction(difference["exact"][number])


def test_an_assessment_is_found_by_its_hash_and_is_what_scoring_still_gives(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    (file,) = (workspace.parent / ".itomm" / "assessments").glob("*.json")
    table = itomm_at_the_door("compare", file.stem[:10], "--config", workspace)
    from_file = itomm_at_the_door("compare", file, "S1", "--config", workspace)

    assert table.code == from_file.code == 0, table.err + from_file.err
    assert "No answer changed." in table.out
    assert "No answer changed." in from_file.out


def test_other_rules_are_told_and_rescoring_leaves_them_out(workspace: Path, itomm_at_the_door: Door) -> None:
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\nrules: {{without: [restore-time-trend]}}\n", encoding="utf-8")
    listed = itomm_at_the_door("rules", "show", "--config", workspace).out
    assert "restore-time-trend" not in listed

    changed = itomm_at_the_door("compare", "S1", "--config", workspace)
    rescored = itomm_at_the_door("compare", "S1", "--rescore", "--config", workspace)

    assert "Not like for like: the rules differ." in " ".join(changed.out.split())
    assert "Not like for like" not in rescored.out
    assert "No answer changed." in rescored.out


def test_two_instants_of_one_collection_differ_by_time(workspace: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door(
        *("compare", "2026-08-31", "2026-10-31", "--scope", "checkout", "--output", "csv"),
        *("--config", workspace),
    )
    rows = list(csv.DictReader(io.StringIO(done.out)))

    assert rows
    assert {row["cause"] for row in rows} <= {"time", "coverage"}, (
        "no new evidence, but more or less of a window"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("S9", "S1"), "There is no assessment 'S9'. Name a recorded assessment (S1"),
        (("itomm.yaml", "S1"), "There is no assessment 'itomm.yaml'."),
        (("S1", "--scope", "chekout"), "Did you mean 'checkout'?"),
    ],
)
def test_a_comparison_that_cannot_be_made_says_so(
    workspace: Path, itomm_at_the_door: Door, arguments: tuple[str, ...], message: str
) -> None:
    done = itomm_at_the_door("compare", *arguments, "--config", workspace)

    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert done.out == ""
