"""A stated answer is stated again by whoever says that it still holds, without writing it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

SAID = ("--now", "2026-11-02T08:00:00Z")
AGAIN = ("--now", "2026-11-20T08:00:00Z")


def explained(door: Door, config: Path, *more: str) -> dict[str, Any]:
    answer: dict[str, Any] = door(
        "explain", "SM-GRC-2.2", "--output", "json", "--config", config, *more
    ).document["answer"]
    return answer


def test_a_renewed_answer_says_the_same_for_longer(workspace: Path, itomm_at_the_door: Door) -> None:
    def answer(*arguments: str) -> Any:
        return itomm_at_the_door("answer", *arguments, "--config", workspace)

    answer("SM-GRC-2.2", "yes", "--by", "ann", "--reason", "Read it.", "--until", "2026-11-19",
           "--attach", "https://wiki.example/policy", *SAID)  # fmt: skip
    ended = explained(itomm_at_the_door, workspace, "--as-of", "2026-11-20T07:00:00Z")
    renewed = answer("--renew", "A1", "--by", "bob", "--until", "2027-02-01", *AGAIN)
    again = explained(itomm_at_the_door, workspace, "--as-of", "2026-11-20T09:00:00Z")

    assert (ended["stated"], ended["lapsed"]["id"]) == (None, "A1")
    assert renewed.code == 0, renewed.err
    said = "A2: SM-GRC-2.2 for duo is stated as yes until 2027-02-01T00:00:00Z, renewing A1."
    assert " ".join(renewed.out.split()) == said
    assert (again["stated"]["id"], again["stated"]["author"], again["lapsed"]) == ("A2", "bob", None)
    assert again["stated"]["reason"] == "Read it."
    assert again["stated"]["attachments"] == ["https://wiki.example/policy"]


def test_only_what_was_stated_last_is_renewed(workspace: Path, itomm_at_the_door: Door) -> None:
    def refused(*arguments: str) -> str:
        called = itomm_at_the_door("answer", *arguments, "--by", "ann", "--config", workspace, *AGAIN)
        assert called.code == 2
        return " ".join(called.err.split())

    for verdict in ("yes", "no"):
        itomm_at_the_door("answer", "SM-GRC-2.2", verdict, "--by", "ann", "--reason", "Read it.",
                          "--config", workspace, *SAID)  # fmt: skip

    assert "A2 was stated since about SM-GRC-2.2 for duo (no); renew that one" in refused("--renew", "A1")
    assert "There is no stated answer 'A9'" in refused("--renew", "A9")
    assert "leave out criterion, answer and scope" in refused("SM-GRC-2.2", "yes", "--renew", "A2")
    assert "Name a criterion and an answer" in refused("SM-GRC-2.2", "--reason", "Read it.")
    assert "'perhaps' is no answer; use yes, partial, no." in refused("SM-GRC-2.2", "perhaps")
    assert "Say on what the answer rests" in refused("SM-GRC-2.2", "yes")
