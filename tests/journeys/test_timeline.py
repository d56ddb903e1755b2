"""``itomm timeline`` as its users meet it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.journeys.door import Door, in_a_process


def test_months_stand_in_a_table_that_fits_a_terminal_and_say_what_is_unknown(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    done = itomm_at_the_door("timeline", "--config", workspace, "--months", "2")
    title, headings, *rows = done.out.splitlines()

    assert done.code == 0, done.err
    assert title.startswith("Duo month by month, with overrides, profile itomm")
    assert headings.split() == ["as", "of", "level", "range", "index", "known", "SD", "SS", "IM", "SM"]
    assert [row.split()[0] for row in rows[:3]] == ["2026-09-30", "2026-10-31", "2026-11-01"]
    assert [row.split()[1] for row in rows[:2]] == ["NR", "NR"], "most of the model rests on state"
    assert "NR: not rated" in done.out
    assert "first observed on 2026-11-01" in done.out
    assert all(len(line) <= 80 for line in (title, headings, *rows))


def test_the_newest_point_is_what_score_says_of_it(workspace: Path, itomm_at_the_door: Door) -> None:
    document = itomm_at_the_door(
        "timeline", "--config", workspace, "--months", "0", "--output", "json"
    ).document
    scored = itomm_at_the_door("score", "--config", workspace, "--output", "json").document
    (point,) = document["points"]
    score = scored["scopes"][0]["views"]["overrides"]

    assert document["schema"] == "itomm/timeline/1"
    assert document["inputs"].items() <= scored["inputs"].items()
    assert point["as_of"] == scored["as_of"]
    shown = point["views"]["overrides"]
    assert {area["area"] for area in score["areas"]} == {"SD", "SS", "IM", "SM"}
    for area in score["areas"]:
        of_area, rated = shown["areas"][area["area"]], area["level"]["rated"]
        assert of_area["known_share"] == area["known_share"]
        assert of_area["level"] == {**area["level"], "point": area["level"]["point"] if rated else None}
        assert of_area["index"]["low"] == area["index"]["low"]


def test_a_timeline_has_the_same_bytes_on_every_machine(workspace: Path) -> None:
    arguments = ("timeline", "--config", workspace, "--months", "0", "--output", "json")

    here = in_a_process(*arguments, PYTHONHASHSEED="1", TZ="UTC")
    there = in_a_process(
        *arguments, "--now", "2031-01-01T00:00:00Z", PYTHONHASHSEED="2", TZ="America/New_York", LC_ALL="C"
    )

    assert here.code == there.code == 0, here.err + there.err
    assert here.out == there.out


def test_a_timeline_of_one_service_ends_where_it_is_told_to(workspace: Path, itomm_at_the_door: Door) -> None:
    arguments = ("--scope", "checkout", "--as-of", "2024-03-01T00:30:00+01:00", "--months", "1")
    done = itomm_at_the_door("timeline", "--config", workspace, *arguments, "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))

    assert {row["scope"] for row in rows} == {"checkout"}
    assert list(dict.fromkeys(row["as_of"] for row in rows)) == [
        "2024-01-31T23:59:59.999999Z",
        "2024-02-29T23:30:00Z",
    ]
    assert {(row["rated"], row["level"], row["index"], row["known"]) for row in rows} == {
        ("no", "", "", "0.0000")
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scope", "chekout"), "There is no scope 'chekout'. Did you mean 'checkout'?"),
        (("--months", "-1"), "-1 is not in the range"),
        (("--as-of", "yesterday"), "'yesterday' is not an instant"),
    ],
)
def test_a_timeline_that_cannot_be_made_says_so(
    workspace: Path, itomm_at_the_door: Door, arguments: tuple[str, ...], message: str
) -> None:
    done = itomm_at_the_door("timeline", "--config", workspace, *arguments)

    assert done.code == 2
    assert message in done.err
    assert done.out == ""
