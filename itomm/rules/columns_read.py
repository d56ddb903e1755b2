"""Which columns of each record type rules read, so that no other is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from itomm.rules.rule import LINKED_ALIAS, RECORD_ALIAS, BoundRule

_ALWAYS = ("service_id", "source_ref")


def columns_read(rules: Iterable[BoundRule]) -> Mapping[str, frozenset[str]]:
    """By record type, the columns that the rules' statements name."""
    found: dict[str, set[str]] = {}
    for bound in rules:
        for name, column in _read(bound):
            found.setdefault(name, set(_ALWAYS)).add(column)
    return {name: frozenset(columns) for name, columns in found.items()}


def values_asked_for(bound: BoundRule) -> frozenset[str]:
    """The texts that a rule's conditions name."""
    measure = bound.measure
    trees = [
        bound.where,
        measure.condition,
        measure.population,
        measure.value,
        *bound.linked_conditions.values(),
    ]
    if bound.query is not None:
        trees.append(bound.query.tree)
    return frozenset(
        literal.name
        for tree in trees
        if tree is not None
        for literal in tree.find_all(exp.Literal)
        if literal.is_string
    )


def _read(bound: BoundRule) -> Iterator[tuple[str, str]]:
    rule, measure = bound.rule, bound.measure
    own = rule.record_type.name
    yield own, "service_id"
    if rule.looked_type is not None:
        yield rule.looked_type.name, "service_id"
        yield from _named(bound.looked, {RECORD_ALIAS: rule.looked_type.name})
    if bound.query is not None:
        tables = {alias: each.name for alias, each in bound.query.tables.items()}
        yield from ((name, "service_id") for name in tables.values())
        yield from _named(bound.query.tree, tables)
        yield from _named(bound.services, {RECORD_ALIAS: "service"})
        return
    if rule.window_field is not None:
        yield own, rule.window_field
    for tree in (bound.where, measure.condition, measure.population, measure.value):
        yield from _named(tree, {RECORD_ALIAS: own})
    yield from _named(bound.services, {RECORD_ALIAS: "service"})
    for fact in rule.linked:
        linked = fact.record_type.name
        yield linked, "service_id"
        for theirs, ours in fact.on:
            yield linked, theirs.name
            yield own, ours.name
        condition = bound.linked_conditions.get(fact.name)
        yield from _named(condition, {RECORD_ALIAS: own, LINKED_ALIAS: linked})


def _named(tree: exp.Expr | None, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for column in tree.find_all(exp.Column) if tree is not None else ():
        yield types[column.table], column.name
