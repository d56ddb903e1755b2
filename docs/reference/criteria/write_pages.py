"""Write the pages of this folder from the shipped questionnaire and its rules.

.venv/bin/python docs/reference/criteria/write_pages.py
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from itomm.rules.model import Criterion, Part
from itomm.rules.pack import load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet

WIDTH = 116
MODES = {
    "evidence": "answered from evidence",
    "hybrid": "answered from evidence where it exists; a person confirms or supplies it",
    "human": "answered by a person",
}
EFFORTS = {"S": "days", "M": "weeks", "L": "months"}
WITHOUT_RECORDS = {
    "unknown": "unknown",
    "no_if_complete": "no",
    "yes_if_complete": "yes",
    "not_applicable_if_complete": "not applicable",
}
FRAMEWORKS = {
    "itil4": "ITIL 4",
    "iso20000": "ISO/IEC 20000-1",
    "cmmi": "CMMI",
    "cobit2019": "COBIT 2019",
    "nist_csf2": "NIST CSF 2.0",
    "nist_800_53": "NIST SP 800-53",
    "cis_v8_1": "CIS Controls 8.1",
    "dora": "DORA capabilities",
}


def pages(rule_set: RuleSet) -> Mapping[str, str]:
    """The text of each page by its file name: one a practice, and an index."""
    found = {"README.md": _lines(_index(rule_set))}
    for practice in rule_set.model.practices:
        criteria = [each for each in rule_set.model.criteria if each.practice == practice.id]
        found[f"{practice.id.lower()}.md"] = _lines(_practice(practice, criteria, rule_set))
    return found


def _lines(parts: Iterator[str]) -> str:
    return "\n".join(parts).rstrip("\n") + "\n"


def _index(rule_set: RuleSet) -> Iterator[str]:
    model = rule_set.model
    answered = {rule.criterion for rule in rule_set.rules}
    yield "# The criteria"
    yield ""
    yield from _wrapped(
        f"{len(model.criteria)} questions in {len(model.practices)} practices; {len(answered)} of them have "
        "a rule that answers them from evidence, the others a person answers. These pages are written from "
        "the questionnaire by `write_pages.py` in this folder; a test compares them."
    )
    for area in model.areas:
        yield ""
        yield f"## {area.name}"
        yield ""
        yield from _wrapped(area.purpose)
        yield ""
        yield "| practice | criteria | with a rule |"
        yield "| --- | --- | --- |"
        for practice in (each for each in model.practices if each.area == area.id):
            ids = [each.id for each in model.criteria if each.practice == practice.id]
            ruled = len(answered.intersection(ids))
            yield f"| [{practice.id} {practice.name}]({practice.id.lower()}.md) | {len(ids)} | {ruled} |"


def _practice(practice: Part, criteria: list[Criterion], rule_set: RuleSet) -> Iterator[str]:
    yield f"# {practice.name} ({practice.id})"
    yield ""
    yield from _wrapped(practice.purpose)
    for criterion in criteria:
        yield ""
        yield from _criterion(criterion, rule_set)


def _criterion(criterion: Criterion, rule_set: RuleSet) -> Iterator[str]:
    gate = ", mandatory" if criterion.mandatory else ""
    yield f"## {criterion.id} {criterion.title}"
    yield ""
    yield from _wrapped(
        f"Level {criterion.level}, weight {criterion.weight}, {criterion.dimension}{gate}; "
        f"{MODES[criterion.mode]}."
    )
    yield ""
    yield from _item("Question", criterion.question)
    yield from _item("Why", criterion.why)
    yield from _item("A yes", criterion.evidence_of_yes)
    for verdict, text in criterion.rubric.items():
        yield from _item(f"Rubric, {verdict}", _sentence(text))
    yield from _item("To get there", f"{criterion.advice} Effort: {EFFORTS[criterion.effort]}.")
    if criterion.depends_on:
        yield from _item("Needs first", ", ".join(criterion.depends_on) + ".")
    if criterion.not_applicable_when:
        yield from _item("Not applicable", criterion.not_applicable_when)
    references = "; ".join(f"{FRAMEWORKS[key]} {', '.join(ids)}" for key, ids in criterion.references.items())
    yield from _item("See also", references + ".")
    for rule in rule_set.answering(criterion.id):
        yield ""
        yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    scopes = " and ".join(f"per {scope}" for scope in sorted(rule.per, reverse=True))
    records = ", ".join(f"`{each.name}`" for each in rule.needed_types)
    yield f"Rule `{rule.name}`, {scopes}:"
    yield ""
    yield from _item("Reads", f"{records}{_back(rule)}.")
    grades = [f"yes `{rule.written.grade.yes}`"]
    if rule.grade.partial:
        grades.append(f"partial `{rule.written.grade.partial}`")
    yield from _item("Measures", f"{rule.measure_kind.replace('_', ' ')}; {', '.join(grades)}.")
    sample = f"fewer than {rule.minimum_sample} that count: unknown; " if rule.minimum_sample > 1 else ""
    none = f"{WITHOUT_RECORDS[rule.missing]}{_looked(rule)}"
    yield from _item("Without records", f"{sample}none, all collected: {none}.")
    for name, each in rule.written.parameters.items():
        limits = f"{each.default}, from {each.from_} to {each.to}"
        yield from _item("May be set", f"`{name}`: {limits}. {each.about}")
    for place, why in rule.untold_as_empty.items():
        yield from _item("Empty where a source cannot tell it", f"`{place}`. {why}")
    for fact in rule.linked:
        why_none = rule.written.linked[fact.name].none_without_source
        if why_none is not None:
            yield from _item("Without a source", f"of `{fact.record_type.name}`, none fits. {why_none}")
    yield from _item("Confidence", f"{rule.base}. {rule.because}".strip())


def _back(rule: Rule) -> str:
    longest = max((each.days for each in rule.looks_back.values()), default=0)
    return f", looking back {longest} days" if longest else ""


def _looked(rule: Rule) -> str:
    """Who must have looked before nothing found means anything."""
    looked = rule.written.looked
    if looked is None:
        return ""
    where = f" where `{looked.where}`" if looked.where else ""
    return f", but unknown without `{looked.from_}`{where}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _item(label: str, text: str) -> Iterator[str]:
    yield from _wrapped(f"- **{label}**: {text}", "  ")


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def main() -> None:
    """Write every page, and take away those of practices that are gone."""
    folder = Path(__file__).parent
    written = pages(load_packs(["itomm"]))
    for old in folder.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
