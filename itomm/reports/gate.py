"""What a gate found as a JSON document, as JUnit XML, as Markdown, and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from itomm import __version__
from itomm.reports.document import plain
from itomm.reports.verdict import verdict_sentence
from itomm.reports.wording import count_text
from itomm.scoring.assessment import Assessment, View
from itomm.scoring.gate import Check, Outcome, outcome_of

SCHEMA = "itomm/gate/1"
OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.MET: "ok",
    Outcome.NOT_MET: "failed",
    Outcome.INCOMPLETE: "incomplete",
}


@dataclass(frozen=True)
class GateShown:
    """All checks of one assessment under one view; ``baseline`` is what it was compared with, or empty."""

    checks: tuple[Check, ...]
    assessment: Assessment
    view: View
    baseline: str

    @property
    def outcome(self) -> Outcome:
        """The gate's outcome."""
        return outcome_of(self.checks)


def summary(shown: GateShown) -> str:
    """The outcome in a sentence."""
    counted = {each: sum(check.outcome is each for check in shown.checks) for each in Outcome}
    checked = count_text(len(shown.checks), "check", "checks")
    match shown.outcome:
        case Outcome.MET:
            return f"The gate is met: {checked}."
        case Outcome.NOT_MET:
            return f"The gate is not met: {counted[Outcome.NOT_MET]} of {checked} failed."
        case Outcome.INCOMPLETE:
            return f"The gate cannot be judged: {counted[Outcome.INCOMPLETE]} of {checked} incomplete."


def gate_document(shown: GateShown) -> dict[str, Any]:
    """Everything as plain data."""
    assessment = shown.assessment
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "outcome": shown.outcome.value,
        "summary": summary(shown),
        "verdict": verdict_sentence(assessment),
        "organisation": assessment.organisation,
        "as_of": plain(assessment.as_of),
        "profile": assessment.profile,
        "view": shown.view.value,
        "inputs": plain(assessment.inputs),
        "baseline": shown.baseline or None,
        "checks": plain(shown.checks),
    }


def rows(shown: GateShown) -> Iterator[tuple[str, ...]]:
    """A row for each check."""
    for each in shown.checks:
        yield OUTCOME_WORDS[each.outcome], each.subject, each.wanted, each.found


def markdown(shown: GateShown) -> str:
    """A short page for a merge request or a job's summary."""
    lines = [
        f"## {summary(shown)}",
        "",
        _cell(verdict_sentence(shown.assessment)),
        "",
        "| | what | asked for | found | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in shown.checks:
        cells = (OUTCOME_WORDS[each.outcome], each.subject, each.wanted, each.found, each.detail)
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    lines += ["", f"As of {plain(shown.assessment.as_of)}, profile {shown.assessment.profile}."]
    return "\n".join(lines) + "\n"


def junit(shown: GateShown) -> str:
    """JUnit XML without times: a failure where a demand is not met, an error where it cannot be told."""
    failures, errors = (
        sum(check.outcome is each for check in shown.checks) for each in (Outcome.NOT_MET, Outcome.INCOMPLETE)
    )
    numbers = {"tests": str(len(shown.checks)), "failures": str(failures), "errors": str(errors)}
    root = ElementTree.Element("testsuites", {"name": "itomm gate", **numbers})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "itomm gate", **numbers})
    _add_cases(suite, shown.checks)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_cases(suite: ElementTree.Element, checks: Sequence[Check]) -> None:
    for each in checks:
        name = _printable(f"{each.subject}: {each.wanted}")
        case = ElementTree.SubElement(suite, "testcase", {"classname": f"gate.{each.kind}", "name": name})
        if each.outcome is not Outcome.MET:
            tag = "failure" if each.outcome is Outcome.NOT_MET else "error"
            message = _printable(f"found {each.found}")
            ElementTree.SubElement(case, tag, {"message": message}).text = _printable(each.detail)


def _cell(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    escaped = "".join(f"\\{letter}" if letter in r"\|*_`[]<>#" else letter for letter in text)
    return " ".join(escaped.split())


def _printable(text: str) -> str:
    """XML has no place for most control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
