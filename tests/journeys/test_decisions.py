"""People's layers: answers and overrides, seen beside what was inferred, under three views."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Called, Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

REASON = "A robot restores the service within minutes; see the runbook."
PROPOSED, APPROVED, EXPIRES = "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", "2026-12-01T00:00:00Z"


def answer_of(document: dict[str, Any], criterion: str, scope: int = 0) -> dict[str, Any]:
    answers: list[dict[str, Any]] = document["scopes"][scope]["answers"]
    return next(answer for answer in answers if answer["criterion"] == criterion)


def a_no(document: dict[str, Any]) -> str:
    """A criterion that evidence answers with no for the organisation."""
    answers = document["scopes"][0]["answers"]
    return str(next(a["criterion"] for a in answers if a["inferred"] and a["inferred"]["verdict"] == "no"))


def scored(door: Door, config: Path, *more: str) -> dict[str, Any]:
    done = door("score", "--config", config, "--output", "json", *more)
    assert done.code == 0, done.err
    return done.document


def proposed(door: Door, config: Path, criterion: str, by: str = "Ann@acme.example") -> Called:
    return door(
        *("override", "propose", criterion, "yes", "--by", by, "--kind", "compensating_control"),
        *("--reason", REASON, "--until", EXPIRES, "--now", PROPOSED, "--config", config),
    )


def test_an_override_counts_only_after_a_second_person_and_until_it_expires(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    before = scored(itomm_at_the_door, workspace)
    criterion = a_no(before)
    assert proposed(itomm_at_the_door, workspace, criterion).code == 0
    waiting = answer_of(scored(itomm_at_the_door, workspace), criterion)
    assert waiting["in_force"]["overrides"]["verdict"] == "no"
    assert waiting["overrides"][0]["state"] == "proposed"

    approve = ("override", "approve", "O1", "--now", APPROVED, "--config", workspace, "--by")
    own = itomm_at_the_door(*approve, "  ann@ACME.example ")
    assert own.code == 2
    assert "second person" in own.err
    assert itomm_at_the_door(*approve, "Bob@acme.example").code == 0

    active = answer_of(scored(itomm_at_the_door, workspace), criterion)
    assert active["in_force"]["overrides"] == {
        **active["in_force"]["overrides"],
        "verdict": "yes",
        "layer": "override",
    }
    assert active["in_force"]["evidence"]["verdict"] == active["inferred"]["verdict"] == "no"
    assert active["overrides"][0]["saw_verdict"] == "no"

    expired = answer_of(scored(itomm_at_the_door, workspace, "--as-of", EXPIRES), criterion)
    assert expired["overrides"][0]["state"] == "expired"
    assert expired["in_force"]["overrides"]["verdict"] != "yes"

    day_before = scored(itomm_at_the_door, workspace, "--as-of", before["as_of"])
    assert day_before == before


def test_an_override_is_shown_by_every_door(workspace: Path, itomm_at_the_door: Door) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    proposed(itomm_at_the_door, workspace, criterion)
    decision = ("--by", "bob", "--now", APPROVED, "--config", workspace)
    itomm_at_the_door("override", "approve", "O1", *decision)

    explained = itomm_at_the_door("explain", criterion, "--config", workspace).out
    assert "Inferred: no" in explained
    assert "Override O1 (active): yes" in explained
    assert REASON in " ".join(explained.split())

    listed = itomm_at_the_door("override", "list", "--config", workspace, "--output", "json").document
    assert listed["overrides"][0]["state"] == "active"
    assert listed["overrides"][0]["moves"].startswith("duo: index ")
    (effect,) = listed["effects"]
    with_it, without = scored(itomm_at_the_door, workspace)["scopes"][0]["views"], effect["index_without"]
    assert with_it["overrides"]["index"] == effect["index_with"]
    assert with_it["stated"]["index"] == without, "there is no other override"
    assert Fraction(without["point"]) <= Fraction(effect["index_with"]["point"])

    page = workspace.parent / "report.html"
    assert itomm_at_the_door("report", "--to", page, "--config", workspace).code == 0
    assert REASON in page.read_text(encoding="utf-8")

    withdrawn = itomm_at_the_door("override", "withdraw", "O1", *decision)
    assert withdrawn.code == 0
    after = answer_of(scored(itomm_at_the_door, workspace), criterion)
    assert after["overrides"][0]["state"] == "withdrawn"
    assert after["in_force"]["overrides"]["verdict"] == "no"


def test_a_weak_reason_and_a_long_life_are_refused(workspace: Path, itomm_at_the_door: Door) -> None:
    base = ("override", "propose", "SS-INC-4.1", "yes", "--by", "ann", "--kind", "accepted_risk")
    rest = ("--now", PROPOSED, "--config", workspace)

    short = itomm_at_the_door(*base, "--reason", "because", "--until", EXPIRES, *rest)
    long = itomm_at_the_door(*base, "--reason", REASON, "--until", "2027-12-01", *rest)

    assert (short.code, long.code) == (2, 2)
    assert "20 characters" in short.err
    assert "180 days" in long.err


def test_a_stated_answer_fills_what_no_tool_knows_and_is_shown_as_stated(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    stated = itomm_at_the_door(
        *("answer", "sm-grc-2.2", "yes", "--by", "cio@acme.example", "--reason", "See the intranet page."),
        *("--attach", "https://intranet.example/roles", "--now", PROPOSED, "--config", workspace),
    )
    assert stated.code == 0, stated.err

    answer = answer_of(scored(itomm_at_the_door, workspace), "SM-GRC-2.2")

    assert answer["in_force"]["evidence"]["verdict"] == "unknown"
    assert answer["in_force"]["stated"]["verdict"] == "yes"
    assert answer["in_force"]["stated"]["layer"] == "person"
    assert answer["stated"]["author"] == "cio@acme.example"
    assert itomm_at_the_door("verify", "--config", workspace).code == 0
