"""Reads the study's results and says how often answers were right; writes Markdown.

PYTHONPATH= .venv/bin/python -m bench.validity.report validity.jsonl > docs/explanation/validity.md
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

from bench.validity.explanations import explanations
from bench.validity.findings import (
    EVERYTHING,
    VERDICTS,
    Answer,
    Run,
    by_missing_evidence,
    decided,
    false_yes,
    known_missing,
    never_named,
    raised,
    right,
    turned,
)

GOALS = {"direct": 0.97, "proxy": 0.85, "weak": 0.65}
AGREEMENT_GOAL = 0.97
BANDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
WIDTH = 118
TAKEN_AWAY = (
    "*Without* a source: it is named and not connected. *Unnamed*: the configuration does not mention it. "
    "*Denied* and *cut off*: it is connected and fails."
)
NEVER_NAMED = (
    "Of a tool that nobody named nothing says that it exists, so what the others tell is taken for all there "
    "is. Name the tools that cannot be connected: `docs/reference/sources/not_connected.md`."
)


def report(runs: Sequence[Run]) -> str:
    """The whole report as Markdown."""
    base = [run for run in runs if run["variation"] == EVERYTHING]
    whole = [answer for run in base for answer in run["answers"]]
    parts = (
        _introduction(runs, base, whole),
        _by_base(decided(whole)),
        _by_confidence(decided(whole)),
        _table("By kind of organisation", "organisation", _grouped(base, "kind")),
        _table("By what was taken away", "evidence", _grouped(runs, "variation"), TAKEN_AWAY),
        _false_yes(runs),
        _turned(runs),
        _raised(runs),
        _by_criterion(whole),
        _disagreements(runs),
    )
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    return re.sub(r"\n{3,}", "\n\n", text)


def _introduction(runs: Sequence[Run], base: Sequence[Run], whole: Sequence[Answer]) -> Iterator[str]:
    known = decided(whole)
    everywhere = decided(answer for run in runs for answer in run["answers"])
    yield "# How often the answers are right"
    yield ""
    yield from _paragraph(
        f"{len(base)} made-up organisations of known habits, each read {len(runs) // max(len(base), 1)} "
        f"times: "
        "with everything, and with something taken away. The truth about every criterion is computed "
        "from the "
        "model itself, through no API, no collector and no rule; `bench/validity/README.md` says how. "
        "No real "
        "organisation was studied: what is true of one, nobody can compute. This page is written by "
        "`python -m bench.validity.report`."
    )
    yield ""
    yield from _paragraph(
        f"With everything, rules gave {len(whole):,} answers. {len(known):,} are decided on both sides, and "
        f"**{share(right(known), len(known))} of them agree** (goal: {100 * AGREEMENT_GOAL:g} %). In all "
        f"{len(runs):,} readings, {len(everywhere):,} are decided and "
        f"{share(right(everywhere), len(everywhere))} agree. An answer that is *unknown* is neither "
        f"right nor "
        "wrong; how many there are is told beside it."
    )


def _by_base(known: Sequence[Answer]) -> Iterator[str]:
    yield "## By what the evidence is"
    yield ""
    yield from _heading("evidence", "decided", "right", "goal")
    for base, goal in GOALS.items():
        of = [each for each in known if each["base"] == base]
        yield f"| {base} | {len(of):,} | {share(right(of), len(of))} | {100 * goal:g} % |"


def _by_confidence(known: Sequence[Answer]) -> Iterator[str]:
    yield "## By stated confidence"
    yield ""
    yield from _paragraph(
        "Confidence also says how fresh the evidence is and how much of it there is, so it stays below "
        "what is "
        "right: it is cautious, and must never be too high."
    )
    yield ""
    yield from _heading("confidence", "decided", "right")
    for low, high in pairwise(BANDS):
        of = [each for each in known if low <= float(each["confidence"]) < high]
        if of:
            yield f"| {low:.1f} to {min(high, 1):.1f} | {len(of):,} | {share(right(of), len(of))} |"


def _grouped(runs: Iterable[Run], by: str) -> Mapping[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        found[run[by]].append(run)
    return found


def _table(title: str, first: str, groups: Mapping[str, Sequence[Run]], about: str = "") -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from _paragraph(about)
    yield ""
    yield from _heading(first, "readings", "decided", "right", "unknown", "yes where no")
    for name, of in groups.items():
        answers = [answer for run in of for answer in run["answers"]]
        known = decided(answers)
        unknown = sum(each["inferred"] == "unknown" for each in answers)
        wrong = sum(1 for _ in false_yes(of))
        yield (
            f"| {name} | {len(of)} | {len(known):,} | {share(right(known), len(known))} | "
            f"{share(unknown, len(answers))} | {wrong} |"
        )


def _false_yes(runs: Sequence[Run]) -> Iterator[str]:
    missing = list(by_missing_evidence(known_missing(runs)))
    yield "## Yes where the truth is no"
    yield ""
    yield f"Because evidence was missing: **{len(missing)}** (goal: none)."
    yield ""
    yield from (f"- {_named(run, answer)}" for run, answer in missing)
    unseen = list(by_missing_evidence(never_named(runs)))
    yield from _paragraph(f"Because a source was never named: {len(unseen)}. {NEVER_NAMED}")
    yield ""
    yield from (f"- {_named(run, answer)}" for run, answer in unseen)
    yield ""
    others = [pair for pair in false_yes(runs) if pair[0]["variation"] == EVERYTHING]
    yield f"For other reasons, with everything: {len(others)}."
    yield ""
    yield from (f"- {_named(run, answer)}" for run, answer in others)


def _turned(runs: Sequence[Run]) -> Iterator[str]:
    found = list(turned(runs))
    named = list(turned(known_missing(runs)))
    yield "## Wrong only because evidence was missing"
    yield ""
    yield from _paragraph(
        "Answers that were right with everything, and wrong with something taken away: "
        f"**{len(named)}** where it is known to be missing, {len(found) - len(named)} where a source was "
        "never named."
    )
    yield ""
    counted = Counter(
        (run["variation"], answer["criterion"], f"{_words(answer['inferred'])} for {_words(answer['true'])}")
        for run, answer in found
    )
    yield from _heading("evidence", "criterion", "answer", "times")
    for (variation, criterion, what), times in sorted(counted.items()):
        yield f"| {variation} | {criterion} | {what} | {times} |"


def _named(run: Run, answer: Answer) -> str:
    return (
        f"{run['organisation']} ({run['kind']}), {run['variation']}: {answer['criterion']} of "
        f"{answer['scope']}; `{answer['rule']}` measured {answer['measured']}"
    )


def _raised(runs: Sequence[Run]) -> Iterator[str]:
    found = list(raised(known_missing(runs)))
    yield "## Raised by taking evidence away"
    yield ""
    yield f"Levels and indices, low and point, of scopes and practices: **{len(found)}** rose (goal: none)."
    yield ""
    yield from (f"- {each}" for each in found[:200])
    unseen = list(raised(never_named(runs)))
    yield f"Where a source was never named: {len(unseen)}; see above."
    yield ""
    yield from (f"- {each}" for each in unseen[:200])


def _by_criterion(whole: Sequence[Answer]) -> Iterator[str]:
    yield "## By criterion, with everything"
    yield ""
    yield from _paragraph(
        "Precision: of the answers given so, how many percent are true. Recall: of what is truly so, "
        "how much "
        "was said; an unknown counts against it. Yes, partial and no stand in this order; none where "
        "there were "
        "none."
    )
    yield ""
    yield from _heading("criterion", "evidence", "answers", "unknown", "right", "precision", "recall")
    for criterion, of in sorted(_by(whole, lambda each: str(each["criterion"])).items()):
        known = decided(of)
        unknown = sum(each["inferred"] == "unknown" for each in of)
        bases = "/".join(sorted({each["base"] for each in of}))
        cells = (
            *(criterion, bases, len(of), share(unknown, len(of)), share(right(known), len(known))),
            " / ".join(_precision(known, verdict) for verdict in VERDICTS),
            " / ".join(_recall(of, verdict) for verdict in VERDICTS),
        )
        yield f"| {' | '.join(map(str, cells))} |"


def _precision(known: Sequence[Answer], verdict: str) -> str:
    said = [each for each in known if each["inferred"] == verdict]
    return short_share(right(said), len(said))


def _recall(answers: Sequence[Answer], verdict: str) -> str:
    true = [each for each in answers if each["true"] == verdict]
    return short_share(sum(each["inferred"] == verdict for each in true), len(true))


def _disagreements(runs: Sequence[Run]) -> Iterator[str]:
    known = explanations()
    yield "## Disagreements, explained"
    yield ""
    yield "All answers that differ from the truth, in all readings, by criterion."
    yield ""
    differing = [
        each
        for each in decided(a for run in runs for a in run["answers"])
        if each["inferred"] != each["true"]
    ]
    by_criterion = _by(differing, lambda each: str(each["criterion"]))
    for criterion, of in sorted(by_criterion.items(), key=lambda item: (-len(item[1]), item[0])):
        kinds = Counter(f"{_words(each['inferred'])} for {_words(each['true'])}" for each in of)
        listed = ", ".join(f"{count} times {what}" for what, count in sorted(kinds.items()))
        said = f"- **{criterion}**: {listed}. {known.get(criterion, '**Not explained.**')}"
        yield from _paragraph(said, indent="  ")


def _by(answers: Iterable[Answer], key: Callable[[Answer], str]) -> Mapping[str, list[Answer]]:
    found: dict[str, list[Answer]] = defaultdict(list)
    for each in answers:
        found[key(each)].append(each)
    return found


def _paragraph(text: str, indent: str = "") -> Iterator[str]:
    yield from wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _heading(*names: str) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"| {' | '.join('---' for _ in names)} |"


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


def share(part: int, of: int) -> str:
    """A share in percent."""
    return f"{100 * part / of:.1f} %" if of else "none"


def short_share(part: int, of: int) -> str:
    """A share in whole percent; never 100 when one is missing."""
    return f"{100 * part // of}" if of else "none"


def main() -> None:
    """Print the report."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    print(report([json.loads(line) for line in lines]), end="")


if __name__ == "__main__":
    main()
