"""``itomm roadmap`` as its users meet it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.journeys.door import Door, in_a_process

pytestmark = pytest.mark.usefixtures("answers_found_once")


def test_a_roadmap_names_steps_costs_and_what_is_next(workspace: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("roadmap", "--config", workspace, "--to", "2", "--budget", "4")

    assert done.code == 0, done.err
    assert "no cheaper set of steps does" in " ".join(done.out.split())
    assert "Phase 1, cost" in done.out
    assert "What to do:" in done.out
    assert "Next best single steps" in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_the_level_at_the_end_is_what_assuming_the_steps_gives(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    plan = itomm_at_the_door("roadmap", "--config", workspace, "--to", "3", "--output", "json").document
    steps = [step["criterion"] for step in plan["steps"]]
    assumptions = [part for step in steps for part in ("--assume", f"{step}=yes")]
    scored = itomm_at_the_door("score", "--config", workspace, "--output", "json", *assumptions).document

    assert plan["schema"] == "itomm/roadmap/1"
    assert steps
    assert plan["level_after"] == scored["scopes"][0]["views"]["overrides"]["level"]
    assert plan["level_after"]["point"] == plan["target"] == 3
    assert sum(step["cost"] for step in plan["steps"]) == plan["cost"]
    assert {step["kind"] for step in plan["steps"]} <= {"find_out", "improve", "find_out_and_improve"}
    assert all(step["reason"] for step in plan["steps"] if step["answer"] == "unknown")


def test_costs_are_those_of_the_configuration(workspace: Path, itomm_at_the_door: Door) -> None:
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\nroadmap: {{costs: {{S: 2.5, M: 10}}, find_out: 0}}\n", encoding="utf-8")

    plan = itomm_at_the_door("roadmap", "--config", workspace, "--output", "json").document

    assert plan["costs"] == {"S": 2.5, "M": 10, "L": 8, "find_out": 0}


def test_a_roadmap_of_one_practice_of_one_service_is_csv_too(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    arguments = ("--scope", "checkout", "--practice", "ss-inc", "--to", "5", "--output", "csv")
    done = itomm_at_the_door("roadmap", "--config", workspace, *arguments)
    rows = list(csv.DictReader(io.StringIO(done.out)))

    assert rows
    assert {row["practice"] for row in rows} == {"SS-INC"}
    assert rows[-1]["level_after"] == "5"


def test_a_roadmap_has_the_same_bytes_on_every_machine(workspace: Path) -> None:
    arguments = ("roadmap", "--config", workspace, "--to", "4", "--output", "json")

    here = in_a_process(*arguments, PYTHONHASHSEED="1", TZ="UTC")
    there = in_a_process(*arguments, PYTHONHASHSEED="2", TZ="America/New_York", LC_ALL="C")

    assert here.code == there.code == 0, here.err + there.err
    assert here.out == there.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "7"), "There is no level 7; there are 1 to 5."),
        (("--practice", "SS-INK"), "There is no practice 'SS-INK'. Did you mean 'SS-INC'?"),
        (("--practice", "SS-INC", "--area", "SS"), "not both"),
        (("--budget", "nothing"), "'nothing' is no budget"),
        (("--budget", "0"), "'0' is no budget"),
        (("--scope", "chekout"), "Did you mean 'checkout'?"),
    ],
)
def test_a_roadmap_that_cannot_be_made_says_so(
    workspace: Path, itomm_at_the_door: Door, arguments: tuple[str, ...], message: str
) -> None:
    done = itomm_at_the_door("roadmap", "--config", workspace, *arguments)

    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert done.out == ""
