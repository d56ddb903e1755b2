"""Every single small change to a written rule: where it is, what it was, what it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from itomm.config.yaml_source import PathInDocument
from itomm.rules.measures import MeasureKind
from itomm.rules.mutation.expressions import changed_expressions
from itomm.rules.mutation.numbers import neighbours
from itomm.rules.rule import Rule
from itomm.rules.written_expressions import written_expressions


@dataclass(frozen=True)
class WrittenChange:
    """The value at ``path`` of a rule's document replaced; ``value`` None takes the key out.

    ``seen_by`` says what a test must hold to notice it. ``alike`` says why no test ever could, when that can
    be proved from the expression alone.
    """

    path: PathInDocument
    before: str
    after: str
    value: object
    seen_by: str
    alike: str = ""


def changes_of(rule: Rule) -> Iterator[WrittenChange]:
    """All changes to a rule, in the order in which it is written."""
    written = rule.document.value
    if not isinstance(written, dict):
        return
    for expression in written_expressions(rule):
        for change in changed_expressions(expression.tree, expression.record_type):
            yield WrittenChange(
                expression.path, change.before, change.after, change.text, _IN_PART, change.alike
            )
    for name, fact in written.get("linked", {}).items():
        yield from _fewer_links(("linked", name, "on"), fact["on"])
    yield from _measure_changes(written["measure"])
    yield from _grade_changes(written["grade"])
    if "window" in written:
        yield from _days(("window", "days"), written["window"]["days"])
    yield from _sample_changes(rule)
    for other in ("unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete"):
        if other != rule.missing:
            yield WrittenChange(("missing",), rule.missing, other, other, _NO_RECORD)
    for name, declared in written.get("parameters", {}).items():
        default = str(declared.get("default", ""))
        for other in neighbours(default):
            yield WrittenChange(("parameters", name, "default"), default, other, other, _AT_LIMIT)


_IN_PART = "a record that this part alone lets in or keeps out"
_AT_LIMIT = "a measured value between the two limits"
_NO_RECORD = "a complete collection without any record that counts"


def _fewer_links(path: PathInDocument, pairs: Mapping[str, str]) -> Iterator[WrittenChange]:
    if len(pairs) < 2:
        return
    for left_out in pairs:
        kept = {theirs: ours for theirs, ours in pairs.items() if theirs != left_out}
        yield WrittenChange(
            path, f"on {left_out}", "no such link", kept, "a record that fits all but this link"
        )


_OTHER_MEASURES: Mapping[str, tuple[str, ...]] = {
    MeasureKind.MEDIAN: ("avg", "min", "max"),
    MeasureKind.AVERAGE: ("median", "max"),
    MeasureKind.SUM: ("avg", "max"),
    MeasureKind.MINIMUM: ("max", "avg"),
    MeasureKind.MAXIMUM: ("min", "avg"),
}
_SPREAD = "records whose values lie apart"


def _measure_changes(measure: Mapping[str, object]) -> Iterator[WrittenChange]:
    ((kind, argument),) = measure.items()
    for other in _OTHER_MEASURES.get(kind, ()):
        yield WrittenChange(("measure",), kind, other, {other: argument}, _SPREAD)
    if kind == MeasureKind.DISTINCT:
        yield WrittenChange(("measure",), kind, "count", {"count": True}, "two records with one value")
    if not isinstance(argument, dict):
        return
    if kind == MeasureKind.PERCENTILE:
        for other in ("median", "max"):
            yield WrittenChange(("measure",), f"at {argument['at']}", other, {other: argument["of"]}, _SPREAD)
    for key in sorted({"of", "having"} & set(argument)) if kind != MeasureKind.PERCENTILE else ():
        rest = {name: value for name, value in argument.items() if name != key}
        if rest or kind == MeasureKind.SHARE_OF_SERVICES:
            smaller = {kind: rest or True}
            yield WrittenChange(("measure",), f"{key}: {argument[key]}", f"no {key}", smaller, _IN_PART)
    if "at_least" in argument:
        least = str(argument["at_least"])
        for other in neighbours(least):
            seen_by = "a service between the two limits"
            yield WrittenChange(("measure", kind, "at_least"), least, other, other, seen_by)


_SYMBOLS: Mapping[str, tuple[str, ...]] = {
    "<=": ("<", ">"),
    ">=": (">", "<"),
    "<": ("<=", ">="),
    ">": (">=", "<="),
    "=": ("<=", ">="),
}
_COMPARISON = re.compile(r"\s*(<=|>=|<|>|=)\s*(.+?)\s*")


def _grade_changes(grade: Mapping[str, object]) -> Iterator[WrittenChange]:
    for verdict, written in grade.items():
        path: PathInDocument = ("grade", verdict)
        text = str(written)
        if isinstance(written, dict):
            yield from _days((*path, "days"), written.get("days"))
            path, text = (*path, "measured"), str(written.get("measured"))
        for other in _other_thresholds(text):
            yield WrittenChange(path, text, other, other, _AT_LIMIT)
    if "partial" in grade:
        yield WrittenChange(
            ("grade", "partial"), f"partial {grade['partial']}", "no partial", None, _AT_LIMIT
        )


def _other_thresholds(text: str) -> Iterator[str]:
    parts = text.split(" and ")
    for index, part in enumerate(parts):
        match = _COMPARISON.fullmatch(part)
        if match is None:
            continue
        symbol, bound = match[1], match[2]
        others = [f"{other} {bound}" for other in _SYMBOLS[symbol]]
        others += [f"{symbol} {other}" for other in neighbours(bound)]
        for other in others:
            yield " and ".join([*parts[:index], other, *parts[index + 1 :]])
        if len(parts) > 1:
            yield " and ".join([*parts[:index], *parts[index + 1 :]])


def _days(path: PathInDocument, days: object) -> Iterator[WrittenChange]:
    if not isinstance(days, int):
        return
    for other in (days + 1, days - 1):
        seen_by = f"a record between {min(days, other)} and {max(days, other)} days old"
        yield WrittenChange(path, f"{days} days", f"{other} days", other, seen_by)


def _sample_changes(rule: Rule) -> Iterator[WrittenChange]:
    least = rule.minimum_sample
    for other in (least + 1, least - 1):
        if other >= 1:
            seen_by = f"exactly {min(least, other)} records that count"
            yield WrittenChange(("minimum_sample",), f"minimum_sample {least}", str(other), other, seen_by)
