"""What the study looks for in its results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Run = dict[str, Any]
"""One reading: organisation, kind, variation, levels by scope, answers."""

Answer = dict[str, Any]
"""One answer: scope, criterion, inferred, true, base, confidence, reason, measured, rule."""

EVERYTHING = "everything"
VERDICTS = ("yes", "partial", "no")
UNNAMED = "unnamed:"
"""How readings begin in which nothing says that a source is missing."""


def known_missing(runs: Iterable[Run]) -> list[Run]:
    """The readings in which itomm can know what is missing, those with everything among them."""
    return [run for run in runs if not run["variation"].startswith(UNNAMED)]


def never_named(runs: Iterable[Run]) -> list[Run]:
    """The readings with everything, and those in which a source is not even named."""
    return [run for run in runs if run["variation"].startswith((EVERYTHING, UNNAMED))]


def decided(answers: Iterable[Answer]) -> list[Answer]:
    """Answers where something was inferred and something is true."""
    return [each for each in answers if each["inferred"] != "unknown" and each["true"] != "unknown"]


def right(answers: Iterable[Answer]) -> int:
    """How many are as the truth is."""
    return sum(each["inferred"] == each["true"] for each in answers)


def false_yes(runs: Iterable[Run]) -> Iterator[tuple[Run, Answer]]:
    """Every yes where the truth is no."""
    for run in runs:
        for answer in run["answers"]:
            if answer["inferred"] == "yes" and answer["true"] == "no":
                yield run, answer


def by_missing_evidence(runs: Sequence[Run]) -> Iterator[tuple[Run, Answer]]:
    """Every yes where the truth is no, and where the same rule says no yes when nothing is taken away."""
    with_everything = {
        (run["organisation"], each["scope"], each["criterion"]): each["inferred"]
        for run in runs
        if run["variation"] == EVERYTHING
        for each in run["answers"]
    }
    for run, answer in false_yes(runs):
        if with_everything.get((run["organisation"], answer["scope"], answer["criterion"])) != "yes":
            yield run, answer


def turned(runs: Sequence[Run]) -> Iterator[tuple[Run, Answer]]:
    """Every decided answer that differs from the truth, and agreed with it when nothing was taken away."""
    agreed = {
        (run["organisation"], each["scope"], each["criterion"])
        for run in runs
        if run["variation"] == EVERYTHING
        for each in run["answers"]
        if each["inferred"] == each["true"]
    }
    for run in runs:
        for answer in decided(run["answers"]):
            place = (run["organisation"], answer["scope"], answer["criterion"])
            if answer["inferred"] != answer["true"] and place in agreed:
                yield run, answer


def raised(runs: Sequence[Run]) -> Iterator[str]:
    """Every level or index, low or point, that rose when something was taken away."""
    whole = {run["organisation"]: run["levels"] for run in runs if run["variation"] == EVERYTHING}
    for run in runs:
        for scope, view in run["levels"].items():
            before = whole[run["organisation"]][scope]
            where = f"{run['organisation']} {scope}, {run['variation']}"
            for number in ("level", "index"):
                yield from _risen(f"{where}: {number}", before[number], view[number])
            for practice, level in view["practices"].items():
                if practice in before["practices"]:
                    yield from _risen(f"{where}: level of {practice}", before["practices"][practice], level)


def _risen(what: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for side in ("low", "point"):
        if after[side] > before[side]:
            yield f"{what} {side} {before[side]} → {after[side]}"
