"""All expressions of a rule as written: where each stands, and its parsed tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one

from itomm.config.yaml_source import PathInDocument
from itomm.evidence.record_types import RecordType, record_types
from itomm.rules.expression_text import ANY_INSTANT, Names, parsed
from itomm.rules.rule import Rule, linked_names

_PLAIN_KEYS = frozenset({"at_least", "at", "per"})
"""Keys inside a measure whose values are no expressions."""


@dataclass(frozen=True)
class WrittenExpression:
    """One expression: its place in the rule's document, text, tree, and whose fields its bare names are."""

    path: PathInDocument
    text: str
    tree: exp.Expr
    record_type: RecordType


def written_expressions(rule: Rule) -> Iterator[WrittenExpression]:
    """The expressions of a rule, in the order in which it is written."""
    written = rule.document.value
    if not isinstance(written, dict):
        return
    if rule.query is not None:
        text = str(rule.written.query)
        yield WrittenExpression(("query",), text, parse_one(text, dialect="duckdb"), rule.query.gives)
    for path, text in _texts(written):
        names = _names(rule, path)
        yield WrittenExpression(path, text, parsed(text, names), names.record_type)


def _texts(written: Mapping[str, object]) -> Iterator[tuple[PathInDocument, str]]:
    for key in ("services", "where"):
        if isinstance(text := written.get(key), str):
            yield (key,), text
    linked = written.get("linked")
    for name, fact in linked.items() if isinstance(linked, dict) else ():
        if isinstance(text := fact.get("where"), str):
            yield ("linked", name, "where"), text
    yield from _texts_in(written.get("measure"), ("measure",))


def _texts_in(part: object, path: PathInDocument) -> Iterator[tuple[PathInDocument, str]]:
    if isinstance(part, dict):
        for key, inner in part.items():
            if key not in _PLAIN_KEYS:
                yield from _texts_in(inner, (*path, key))
    elif isinstance(part, str):
        yield path, part


def _names(rule: Rule, path: PathInDocument) -> Names:
    if path[0] == "services":
        return Names(record_types()["service"], ANY_INSTANT, parameters=rule.values)
    if path[0] == "linked":
        other = next(fact.record_type for fact in rule.linked if fact.name == path[1])
        return linked_names(other, rule.record_type, ANY_INSTANT, rule.values)
    measured = rule.query.gives if rule.query is not None else rule.record_type
    return Names(measured, ANY_INSTANT, parameters=rule.values)
