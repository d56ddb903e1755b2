"""Small changes to one expression, each of which somebody could have typed by mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlglot import exp

from itomm.evidence.record_types import RecordType
from itomm.rules.mutation.listed_values import PREDICATES, why_alike
from itomm.rules.mutation.numbers import neighbours

_QUOTED_NAME = re.compile(r'"([a-z][a-z0-9_]*)"')


@dataclass(frozen=True)
class Change:
    """One changed expression: the part as it was, as it is now, and the whole text.

    ``alike`` says why both mean the same for every record, when that can be proved.
    """

    before: str
    after: str
    text: str
    alike: str = ""


def changed_expressions(tree: exp.Expr, record_type: RecordType) -> Iterator[Change]:
    """Every single change to a parsed expression; the tree itself stays as it is."""
    seen = {_text(tree)}
    for node in list(tree.walk()):
        for replacement in _replacements(node):
            shown = node.parent if isinstance(node, exp.Literal) and node.parent is not None else node
            predicate = node if isinstance(node, PREDICATES) else node.find_ancestor(*PREDICATES)
            before, around = _shown(shown), predicate.copy() if predicate is not None else None
            with _standing_in(node, replacement) as new_root:
                whole = _text(new_root if node.parent is None and node is tree else tree)
                after = _shown(replacement if shown is node else replacement.parent or replacement)
                changed = replacement if predicate is node else predicate
                alike = why_alike(around, changed, record_type)
            if whole not in seen:
                seen.add(whole)
                yield Change(before, after, whole, alike)


def _text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", comments=False)


def _shown(tree: exp.Expr) -> str:
    """A part as people write it: the parser marks every field as a name in double quotes."""
    return _QUOTED_NAME.sub(r"\1", _text(tree))


@contextmanager
def _standing_in(node: exp.Expr, replacement: exp.Expr) -> Iterator[exp.Expr]:
    """Put a replacement into the node's place for a moment; gives the root when the node is the root."""
    if node.parent is None:
        yield replacement
        return
    node.replace(replacement)
    try:
        yield replacement
    finally:
        replacement.replace(node)


def _replacements(node: exp.Expr) -> Iterator[exp.Expr]:
    for kind, replacing in _BY_KIND.items():
        if isinstance(node, kind):
            yield from replacing(node)


_OPERATORS: Mapping[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.LT: (exp.LTE, exp.GTE),
    exp.LTE: (exp.LT, exp.GT),
    exp.GT: (exp.GTE, exp.LTE),
    exp.GTE: (exp.GT, exp.LT),
    exp.Add: (exp.Sub,),
    exp.Sub: (exp.Add,),
    exp.Greatest: (exp.Least,),
    exp.Least: (exp.Greatest,),
}


def _other_operator(node: exp.Expr) -> Iterator[exp.Expr]:
    for other in _OPERATORS[type(node)]:
        parts = {name: _copied(value) for name, value in node.args.items()}
        yield other(**parts)


def _copied(value: object) -> object:
    if isinstance(value, exp.Expr):
        return value.copy()
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _connective(node: exp.Expr) -> Iterator[exp.Expr]:
    """The other connective, and each side alone; of a chain each part is left out once."""
    left, right = node.this.copy(), node.expression.copy()
    other = exp.Or if isinstance(node, exp.And) else exp.And
    yield exp.Paren(this=other(this=_in_brackets(left.copy()), expression=_in_brackets(right.copy())))
    yield left
    if type(node.this) is not type(node):
        yield right


def _in_brackets(tree: exp.Expr) -> exp.Expr:
    return exp.Paren(this=tree) if isinstance(tree, (exp.And, exp.Or)) else tree


def _without_not(node: exp.Expr) -> Iterator[exp.Expr]:
    yield node.this.copy()


def _negated(node: exp.Expr) -> Iterator[exp.Expr]:
    if not isinstance(node.parent, exp.Not):
        yield exp.Not(this=exp.Paren(this=node.copy()))


def _condition(node: exp.Expr) -> Iterator[exp.Expr]:
    """A yes/no field that stands as a condition of its own."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    if parent is None or isinstance(parent, (exp.And, exp.Or, exp.If, exp.Case)):
        yield exp.Not(this=node.copy())


def _members(node: exp.Expr) -> Iterator[exp.Expr]:
    members = node.expressions
    for index in range(len(members) if len(members) > 1 else 0):
        kept = [member.copy() for place, member in enumerate(members) if place != index]
        yield exp.In(this=node.this.copy(), expressions=kept)


def _constant(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node.parent, exp.Interval):
        for amount in neighbours(node.name):
            yield exp.Literal.string(amount)
    elif not node.args.get("is_string"):
        for number in neighbours(node.name):
            yield exp.Literal.number(number)
    elif isinstance(node.parent, exp.Like):
        yield exp.Literal.string(node.name.strip("%"))
    elif not isinstance(node.parent, (exp.EQ, exp.NEQ, exp.In)):
        yield exp.Literal.string(node.name + "x")


def _first_alone(node: exp.Expr) -> Iterator[exp.Expr]:
    yield node.this.copy()


def _fewer_branches(node: exp.Expr) -> Iterator[exp.Expr]:
    branches, default = node.args["ifs"], node.args.get("default")
    for index in range(len(branches) if len(branches) > 1 else 0):
        kept = [branch.copy() for place, branch in enumerate(branches) if place != index]
        yield exp.Case(ifs=kept, default=default.copy() if default is not None else None)
    if default is not None:
        yield exp.Case(ifs=[branch.copy() for branch in branches])


_UNITS = {"HOUR": "DAY", "DAY": "WEEK", "WEEK": "MONTH", "MONTH": "WEEK"}


def _other_unit(node: exp.Expr) -> Iterator[exp.Expr]:
    unit = node.args.get("unit")
    other = _UNITS.get(unit.name.upper()) if unit is not None else None
    if other is not None:
        changed = node.copy()
        changed.set("unit", exp.Literal.string(other))
        yield changed


_BY_KIND: Mapping[type[exp.Expr], Callable[[exp.Expr], Iterator[exp.Expr]]] = {
    **dict.fromkeys(_OPERATORS, _other_operator),
    exp.And: _connective,
    exp.Or: _connective,
    exp.Not: _without_not,
    exp.Is: _negated,
    exp.Like: _negated,
    exp.ArrayContains: _negated,
    exp.In: _members,
    exp.Column: _condition,
    exp.Literal: _constant,
    exp.Coalesce: _first_alone,
    exp.Abs: _first_alone,
    exp.Lower: _first_alone,
    exp.Case: _fewer_branches,
    exp.TimestampTrunc: _other_unit,
    exp.DateTrunc: _other_unit,
}
