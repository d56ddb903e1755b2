"""Reads the study's results and says how often answers were right; writes Markdown.

PYTHONPATH= .venv/bin/python -m bench.validity.report /tmp/validity.jsonl > docs/explanation/validity.md
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Run = dict[str, Any]
Answer = dict[str, Any]
GOALS = {"direct": 0.97, "proxy": 0.85, "weak": 0.65}
ORDER = {"no": 0, "partial": 1, "yes": 2}


def decided(answers: Iterable[Answer]) -> list[Answer]:
    """Answers where something was inferred and something is true."""
    return [each for each in answers if each["inferred"] != "unknown" and each["true"] != "unknown"]


def false_yes(runs: Iterable[Run]) -> Iterator[tuple[Run, Answer]]:
    """Every yes where the truth is no."""
    for run in runs:
        for answer in run["answers"]:
            if answer["inferred"] == "yes" and answer["true"] == "no":
                yield run, answer


def raised(runs: Iterable[Run]) -> Iterator[str]:
    """Every level or index, low or point, that rose when something was taken away."""
    whole = {run["organisation"]: run["levels"] for run in runs if run["variation"] == "everything"}
    for run in runs:
        for scope, view in run["levels"].items():
            before = whole[run["organisation"]][scope]
            for number in ("level", "index"):
                for side in ("low", "point"):
                    if view[number][side] > before[number][side]:
                        yield (
                            f"{run['organisation']} {scope}, {run['variation']}: {number} {side} "
                            f"{before[number][side]} → {view[number][side]}"
                        )


def main() -> None:
    """Print the report."""
    runs = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    base = [run for run in runs if run["variation"] == "everything"]
    whole = [answer for run in base for answer in run["answers"]]
    known = decided(whole)
    right = [each for each in known if each["inferred"] == each["true"]]
    kinds = Counter(run["kind"] for run in base)
    print(f"Organisations: {len(base)} ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}).")
    print(f"Runs: {len(runs)}. Answers by rule with everything: {len(whole):,}; decided: {len(known):,}; ")
    print(f"agreeing: {len(right):,} = {share(len(right), len(known))}.\n")
    _calibration(known)
    _by_variation(runs)
    _false_yes(runs)
    _raised(runs)
    _by_criterion(whole)


def _heading(*names: str) -> None:
    print(f"| {' | '.join(names)} |\n| {' | '.join('---' for _ in names)} |")


def share(part: int, of: int) -> str:
    """A share in percent."""
    return f"{100 * part / of:.1f} %" if of else "none"


def _calibration(known: list[Answer]) -> None:
    _heading("base", "decided", "right", "goal")
    for base, goal in GOALS.items():
        of = [each for each in known if each["base"] == base]
        right = sum(each["inferred"] == each["true"] for each in of)
        print(f"| {base} | {len(of):,} | {share(right, len(of))} | {100 * goal:g} % |")
    print()


def _by_variation(runs: list[Run]) -> None:
    _heading("evidence", "runs", "decided", "right", "unknown", "yes where no")
    by_variation: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_variation[run["variation"]].append(run)
    for name, of in by_variation.items():
        answers = [answer for run in of for answer in run["answers"]]
        known = decided(answers)
        right = sum(each["inferred"] == each["true"] for each in known)
        unknown = sum(each["inferred"] == "unknown" for each in answers)
        wrong = sum(1 for _ in false_yes(of))
        print(
            f"| {name} | {len(of)} | {len(known):,} | {share(right, len(known))} | "
            f"{share(unknown, len(answers))} | {wrong} |"
        )
    print()


def _false_yes(runs: list[Run]) -> None:
    whole = {
        (run["organisation"], each["scope"], each["criterion"]): each["inferred"]
        for run in runs
        if run["variation"] == "everything"
        for each in run["answers"]
    }
    print("Yes where the truth is no:\n")
    for run, answer in false_yes(runs):
        with_everything = whole[run["organisation"], answer["scope"], answer["criterion"]]
        because = "missing evidence" if with_everything != "yes" else "not for missing evidence"
        print(
            f"- {run['organisation']} {answer['scope']} {answer['criterion']} ({run['variation']}): "
            f"{because}; {answer['rule']} measured {answer['measured']}"
        )
    print()


def _raised(runs: list[Run]) -> None:
    found = list(raised(runs))
    print(f"Raised by taking evidence away: {len(found)}.\n")
    for each in found[:200]:
        print(f"- {each}")
    print()


def _by_criterion(whole: list[Answer]) -> None:
    _heading("criterion", "base", "answers", "unknown", "right", "disagreements")
    by_criterion: dict[str, list[Answer]] = defaultdict(list)
    for each in whole:
        by_criterion[each["criterion"]].append(each)
    for criterion, of in sorted(by_criterion.items()):
        known = decided(of)
        right = sum(each["inferred"] == each["true"] for each in known)
        differs = Counter(
            f"{each['inferred']} for {each['true']}" for each in known if each["inferred"] != each["true"]
        )
        listed = ", ".join(f"{count} {what}" for what, count in sorted(differs.items())) or "none"
        unknown = sum(each["inferred"] == "unknown" for each in of)
        bases = "/".join(sorted({each["base"] for each in of}))
        cells = (criterion, bases, len(of), share(unknown, len(of)), share(right, len(known)), listed)
        print("|", " | ".join(map(str, cells)), "|")


if __name__ == "__main__":
    main()
