"""What levels hang on, as users of ``show``, ``explain`` and ``roadmap`` meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")


def test_show_says_what_the_levels_hang_on(workspace: Path, itomm_at_the_door: Door) -> None:
    document = itomm_at_the_door(
        *("show", "--sensitivity", "--scope", "checkout", "--config", workspace, "--output", "json")
    ).document
    table = itomm_at_the_door("show", "--sensitivity", "--config", workspace)

    assert document["schema"] == "itomm/sensitivity/1"
    assert document["robustness"][0]["part"] is None
    assert document["moves"]
    assert {each["to"] for each in document["moves"]} <= {"yes", "partial", "no"}
    assert document["distances"]
    assert "the fewest answers that would change a level" in table.out
    assert "Distance to the next threshold" in table.out


def test_a_move_that_is_told_is_what_assuming_it_gives(workspace: Path, itomm_at_the_door: Door) -> None:
    told = itomm_at_the_door("show", "--sensitivity", "--config", workspace, "--output", "json").document
    move = next(
        each for each in told["moves"] if each["practice"]["level"] != each["practice"]["level_after"]
    )
    supposed = f"{move['criterion']}={move['to']}"
    scored = itomm_at_the_door(
        "score", "--assume", supposed, "--config", workspace, "--output", "json"
    ).document

    practices = scored["scopes"][0]["views"]["overrides"]["practices"]
    found = next(each for each in practices if each["practice"] == move["practice"]["id"])
    assert found["level"]["point"] == move["practice"]["level_after"]


def test_explain_says_the_distance_and_what_other_answers_would_do(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    sensitivity = itomm_at_the_door(
        "show", "--sensitivity", "--config", workspace, "--output", "json"
    ).document
    measured = sensitivity["distances"][0]
    explained = itomm_at_the_door(
        "explain", measured["criterion"], "--config", workspace, "--output", "json"
    ).document

    assert explained["distance"]["text"] == measured["text"]
    assert explained["moves"] == [
        each for each in sensitivity["moves"] if each["criterion"] == measured["criterion"]
    ]
