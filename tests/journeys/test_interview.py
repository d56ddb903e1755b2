"""Without a criterion, itomm asks what only people can answer, one question at a time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.journeys.door import Called, Door
from tests.journeys.test_decisions import answer_of, scored

pytestmark = pytest.mark.usefixtures("answers_found_once")

NOW = "2026-11-02T08:00:00Z"


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def asked(door: Door, monkeypatch: pytest.MonkeyPatch, config: Path, *typed: str) -> Called:
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in typed)))
    return door("answer", "--by", "ann", "--now", NOW, "--config", config)


def test_questions_are_asked_one_at_a_time_and_gone_on_with(
    workspace: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = workspace.parent / "minutes.txt"
    proof.write_text("The board decided so in May.\n", encoding="utf-8")
    first = asked(
        *(itomm_at_the_door, monkeypatch, workspace),
        *(
            "maybe",
            "s",
            "b",
            "yes",
            "",
            "Minutes of May.",
            "",
            str(proof),
            "partial",
            "Seen on site.",
            "2027-12-01",
        ),
        *("", "2027-01-15", "https://wiki.example/x", "q"),
    )
    assert first.code == 0, first.err
    said = " ".join(first.out.split())
    assert "1 of " in said
    assert "'maybe' is none of them." in said
    assert "Say it in a few words" in said
    assert "180 days at most" in said, "an end too far away is asked for again"
    assert "2 answers were kept. 'itomm answer' goes on with what is open." in said

    listed = [
        answer
        for answer in scored(itomm_at_the_door, workspace)["scopes"][0]["answers"]
        if answer["stated"] is not None
    ]
    said_of = {each["stated"]["verdict"]: each["stated"] for each in listed}
    assert {verdict: each["reason"] for verdict, each in said_of.items()} == {
        "yes": "Minutes of May.",
        "partial": "Seen on site.",
    }
    assert said_of["yes"]["attachments"][0].startswith("attachments/")
    assert said_of["partial"]["attachments"] == ["https://wiki.example/x"]
    assert {each["inferred"] for each in listed} == {None}, "first what no rule can answer"

    later = asked(itomm_at_the_door, monkeypatch, workspace)
    assert later.code == 0
    number = int(said.split(" questions about Duo are open")[0].split()[-1])
    assert f"{number - 2} questions about Duo are open" in " ".join(later.out.split())
    assert all(f" {each['criterion']} " not in later.out for each in listed)
    assert itomm_at_the_door("verify", "--config", workspace).code == 0


def test_what_failed_is_not_asked_and_nobody_is_asked_without_a_terminal(
    workspace: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    alone = itomm_at_the_door("answer", "--by", "ann", "--now", NOW, "--config", workspace)
    assert alone.code == 2
    assert "Name a criterion and an answer" in alone.err
    shown = asked(itomm_at_the_door, monkeypatch, workspace, *["s"] * 200)
    assert "0 answers were kept." in shown.out
    evidence = scored(itomm_at_the_door, workspace)
    decided = [
        each["criterion"]
        for each in evidence["scopes"][0]["answers"]
        if each["in_force"]["stated"]["verdict"] != "unknown"
    ]
    assert decided
    assert not any(f": {criterion} " in shown.out for criterion in decided)
    assert answer_of(evidence, decided[0])["stated"] is None
