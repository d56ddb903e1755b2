"""How far before the as-of instant an expression looks; that far a source must cover to be relied on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sqlglot import exp

from itomm.rules.expression_text import Names, microseconds, parsed

_BASE = "base"
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_COMPARING = (*_COMPARISONS, exp.Between, exp.In)


def looked_back(text: str, names: Names) -> Fraction:
    """How far before the as-of instant a checked expression looks, in microseconds; 0 when it does not.

    Each comparison that names ``as_of`` looks back by all its intervals together: never too short.
    """
    return looked_back_in(parsed(text, names))


def looked_before_base(text: str, names: Names) -> Fraction:
    """How far before the records of its rule a linked fact looks, in microseconds.

    Counted are intervals that are taken from an instant of the rule's record, or added to one of the linked.
    """
    tree = parsed(text, names)
    parts = [part for node in tree.walk() for part in _comparisons_in(node)]
    return max((_reach_before_base(part) for part in parts), default=Fraction(0))


def looked_back_in(tree: exp.Expr) -> Fraction:
    """As :func:`looked_back`, of a parsed tree."""
    parts = [part for node in tree.walk() for part in _comparisons_in(node)]
    if any(_is_as_of(node) and node.find_ancestor(*_COMPARING) is None for node in tree.walk()):
        parts.append((tree,))
    return max((_reach(part) for part in parts), default=Fraction(0))


def _comparisons_in(node: exp.Expr) -> Iterator[Sequence[exp.Expr]]:
    """The sides that a node compares with each other."""
    if isinstance(node, exp.Between):
        yield (node.this, node.args["low"])
        yield (node.this, node.args["high"])
    elif isinstance(node, exp.In):
        yield from ((node.this, choice) for choice in node.expressions)
    elif isinstance(node, _COMPARISONS):
        yield (node.this, node.expression)


def _is_as_of(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name == "as_of"


def _reach_before_base(sides: Sequence[exp.Expr]) -> Fraction:
    columns = [column for side in sides for column in side.find_all(exp.Column)]
    if not any(column.table == _BASE for column in columns):
        return Fraction(0)
    intervals = [interval for side in sides for interval in side.find_all(exp.Interval)]
    return sum((abs(microseconds(each)) for each in intervals if _reaches_back(each)), Fraction(0))


def _reaches_back(interval: exp.Expr) -> bool:
    """Whether an interval moves a rule's record back, or a linked one forward."""
    node = interval
    while node.parent is not None and not isinstance(node.parent, (exp.Add, exp.Sub)):
        node = node.parent
    shift = node.parent
    if shift is None:
        return False
    of_base = any(column.table == _BASE for column in shift.find_all(exp.Column))
    return of_base if isinstance(shift, exp.Sub) else not of_base


def _reach(sides: Sequence[exp.Expr]) -> Fraction:
    if not any(_is_as_of(column) for side in sides for column in side.find_all(exp.Column)):
        return Fraction(0)
    intervals = [interval for side in sides for interval in side.find_all(exp.Interval)]
    return sum((abs(microseconds(interval)) for interval in intervals), Fraction(0))
