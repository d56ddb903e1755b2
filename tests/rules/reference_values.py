"""Expressions of the rule language as nested tuples: how they are written, and what they mean for a record.

Slow and obvious, and sharing no code with the engine. Numbers are fractions, durations whole microseconds,
instants aware datetimes, and None is null. A node is a tuple that begins with one of these words:

    ("field", name, kind)  ("base", name, kind)  ("fact", name)  ("text", s)  ("number", Decimal)
    ("true",)  ("false",)  ("null",)  ("as_of",)  ("interval", amount, unit)  ("parameter", name, value)
    ("and", a, b)  ("or", a, b)  ("not", a)
    ("is null", a)  ("is not null", a)  ("is true", a)  ("is false", a)
    ("in", a, items)  ("not in", a, items)  ("between", a, low, high)  ("not between", a, low, high)
    ("like", a, pattern)  ("not like", a, pattern)  ("case", ((condition, value), …), otherwise or None)
    ("=", a, b) and the other comparisons  ("+", a, b)  ("-", a, b)  ("*", a, b)  ("negative", a)
    ("coalesce", *values) and the other functions  ("date_trunc", unit, a)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

Node = tuple[Any, ...]
Record = Mapping[str, Any]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
MICROSECOND = timedelta(microseconds=1)
UNITS = {
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}


@dataclass(frozen=True)
class Names:
    """What names mean for one record; ``facts`` are its linked facts."""

    record: Record
    as_of: datetime
    base: Record = field(default_factory=dict)
    facts: Mapping[str, bool | int] = field(default_factory=dict)


# --- meaning ------------------------------------------------------------------------------------------


def value_of(node: Node, names: Names) -> Any:
    """What an expression is for a record; None is null."""
    word, *parts = node
    if word in _LEAVES:
        return _LEAVES[word](names, *parts)
    if word in _LAZY:
        return _LAZY[word](names, *parts)
    if word == "date_trunc":
        instant = value_of(parts[1], names)
        return None if instant is None else _truncated(parts[0], instant)
    values = [value_of(part, names) for part in parts]
    if any(value is None for value in values):
        return None
    return COMPARISONS[word](*values) if word in COMPARISONS else _STRICT[word](*values)


def is_true(node: Node | None, names: Names) -> bool:
    """Whether a condition is true; null is not. No condition always is."""
    return node is None or value_of(node, names) is True


def typed(value: Any, kind: str) -> Any:
    """A stored value as the language sees it."""
    if value is None:
        return None
    if kind == "number":
        return Fraction(value)
    if kind == "duration":
        return int(Fraction(value) * 1_000_000)
    return value


def _in(names: Names, value: Node, items: tuple[Node, ...]) -> bool | None:
    found: bool | None = False
    for item in items:
        found = either(found, value_of(("=", value, item), names))
    return found


def _between(names: Names, value: Node, low: Node, high: Node) -> bool | None:
    return both(value_of((">=", value, low), names), value_of(("<=", value, high), names))


def _case(names: Names, branches: tuple[tuple[Node, Node], ...], otherwise: Node | None) -> Any:
    for condition, value in branches:
        if is_true(condition, names):
            return value_of(value, names)
    return None if otherwise is None else value_of(otherwise, names)


def _coalesce(names: Names, *values: Node) -> Any:
    return next((found for each in values if (found := value_of(each, names)) is not None), None)


def both(a: bool | None, b: bool | None) -> bool | None:
    """Three-valued and."""
    return False if a is False or b is False else None if a is None or b is None else True


def either(a: bool | None, b: bool | None) -> bool | None:
    """Three-valued or."""
    return True if a is True or b is True else None if a is None or b is None else False


def opposite(a: bool | None) -> bool | None:
    """Three-valued not."""
    return None if a is None else not a


def _like(text: str, pattern: str) -> bool:
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _plus(a: Any, b: Any) -> Any:
    return a + b * MICROSECOND if isinstance(a, datetime) else a + b


def _minus(a: Any, b: Any) -> Any:
    if isinstance(a, datetime):
        return (a - b) // MICROSECOND if isinstance(b, datetime) else a - b * MICROSECOND
    return a - b


def _truncated(unit: str, instant: datetime) -> datetime:
    instant = instant.astimezone(UTC)
    if unit == "hour":
        return instant.replace(minute=0, second=0, microsecond=0)
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


_LEAVES: Mapping[str, Callable[..., Any]] = {
    "field": lambda names, name, kind: typed(names.record.get(name), kind),
    "base": lambda names, name, kind: typed(names.base.get(name), kind),
    "fact": lambda names, name: names.facts[name],
    "text": lambda _, text: text,
    "number": lambda _, number: Fraction(number),
    "true": lambda _: True,
    "false": lambda _: False,
    "null": lambda _: None,
    "as_of": lambda names: names.as_of,
    "interval": lambda _, amount, unit: int(Fraction(amount) * UNITS[unit]),
}
_LAZY: Mapping[str, Callable[..., Any]] = {
    "and": lambda names, a, b: both(value_of(a, names), value_of(b, names)),
    "or": lambda names, a, b: either(value_of(a, names), value_of(b, names)),
    "not": lambda names, a: opposite(value_of(a, names)),
    "is null": lambda names, a: value_of(a, names) is None,
    "is not null": lambda names, a: value_of(a, names) is not None,
    "is true": lambda names, a: value_of(a, names) is True,
    "is false": lambda names, a: value_of(a, names) is False,
    "in": _in,
    "not in": lambda names, *parts: opposite(_in(names, *parts)),
    "between": _between,
    "not between": lambda names, *parts: opposite(_between(names, *parts)),
    "case": _case,
    "coalesce": _coalesce,
    "parameter": lambda names, _, value: value_of(value, names),
}
_STRICT: Mapping[str, Callable[..., Any]] = {
    "like": _like,
    "not like": lambda text, pattern: not _like(text, pattern),
    "+": _plus,
    "-": _minus,
    "*": lambda a, b: a * b,
    "negative": lambda a: -a,
    "abs": abs,
    "lower": str.lower,
    "length": len,
    "len": len,
    "list_contains": lambda items, item: item in items,
    "greatest": max,
    "least": min,
}


# --- how far back -------------------------------------------------------------------------------------


def parts_of(node: Node) -> Iterator[Node]:
    """A node and all nodes inside it."""
    yield node
    for child in _children(node):
        yield from parts_of(child)


def looked_back(node: Node | None) -> int:
    """The longest way before the as-of instant that an expression looks, in microseconds."""
    if node is None:
        return 0
    reach = [_reach(sides) for part in parts_of(node) for sides in _compared(part)]
    return max([*reach, _reach((node,)) if _names_as_of_alone(node) else 0], default=0)


def looked_before_base(node: Node | None, shift: Node | None = None) -> int:
    """How far before the records of its rule a linked fact's condition looks, in microseconds.

    In comparisons with the rule's record, intervals that are taken from it or added to the linked one count.
    ``shift`` is the sum or difference that the node stands in.
    """
    if node is None:
        return 0
    here = node if node[0] in {"+", "-"} else shift
    own = [
        sum(length for side in sides for length in _moving_back(side, shift))
        for sides in _compared(node)
        if any(part[0] == "base" for side in sides for part in parts_of(side))
    ]
    return max([*own, *(looked_before_base(child, here) for child in _children(node))], default=0)


def _moving_back(node: Node, shift: Node | None) -> Iterator[int]:
    """The intervals that move a rule's record back, or a linked one forward."""
    if node[0] == "interval" and shift is not None:
        of_base = any(part[0] == "base" for part in parts_of(shift))
        if of_base is (shift[0] == "-"):
            yield abs(int(Fraction(node[1]) * UNITS[node[2]]))
    for child in _children(node):
        yield from _moving_back(child, node if node[0] in {"+", "-"} else shift)


def _compared(node: Node) -> Iterator[tuple[Node, ...]]:
    if node[0] in COMPARISONS:
        yield node[1:]
    elif node[0] in {"between", "not between"}:
        yield (node[1], node[2])
        yield (node[1], node[3])
    elif node[0] in {"in", "not in"}:
        yield from ((node[1], item) for item in node[2])


def _reach(sides: tuple[Node, ...]) -> int:
    inside = [part for side in sides for part in parts_of(side)]
    if ("as_of",) not in inside:
        return 0
    return sum(abs(int(Fraction(part[1]) * UNITS[part[2]])) for part in inside if part[0] == "interval")


def _names_as_of_alone(node: Node) -> bool:
    """Whether as_of stands somewhere outside every comparison."""
    if node == ("as_of",):
        return True
    return next(_compared(node), None) is None and any(map(_names_as_of_alone, _children(node)))


def _children(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node, also those in lists of items and in the branches of a case."""
    for part in node[1:]:
        if isinstance(part, tuple) and part:
            for each in (part,) if isinstance(part[0], str) else part:
                yield from (each,) if isinstance(each[0], str) else each
