"""The rule language once more, slow and obvious: plain loops over plain dictionaries.

It knows a part of the language: comparisons with and, or, not and is null, as nested tuples; the measures
count, ratio, median, percentile and share_of_services. It shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

Record = Mapping[str, Any]
Condition = tuple[Any, ...]
"""("severity", "<=", 2), ("severity", "is null"), ("and", a, b), ("or", a, b) or ("not", a)."""

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def text_of(condition: Condition) -> str:
    """The condition as a rule writes it."""
    match condition:
        case ("not", inner):
            return f"not ({text_of(inner)})"
        case (("and" | "or") as word, left, right):
            return f"({text_of(left)}) {word} ({text_of(right)})"
        case (name, "is null"):
            return f"{name} is null"
        case (name, symbol, value):
            return f"{name} {symbol} {_written(value)}"
    raise ValueError(condition)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else str(value)


def holds(condition: Condition, record: Record) -> bool | None:
    """Whether a condition is true, false, or null for a record."""
    match condition:
        case ("not", inner):
            value = holds(inner, record)
            return None if value is None else not value
        case ("and", left, right):
            both = (holds(left, record), holds(right, record))
            return False if False in both else None if None in both else True
        case ("or", left, right):
            both = (holds(left, record), holds(right, record))
            return True if True in both else None if None in both else False
        case (name, "is null"):
            return record.get(name) is None
        case (name, symbol, value):
            found = record.get(name)
            return None if found is None else COMPARISONS[symbol](found, value)
    raise ValueError(condition)


def selected(records: Sequence[Record], where: Condition | None) -> list[Record]:
    """The records that count: those for which the filter is true."""
    return [record for record in records if where is None or holds(where, record) is True]


def ratio(records: Sequence[Record], of: Condition | None, where: Condition) -> tuple[Fraction | None, int]:
    """The share, and of how many."""
    those = selected(records, of)
    good = len(selected(those, where))
    return (Fraction(good, len(those)) if those else None), len(those)


def percentile(records: Sequence[Record], name: str, at: int) -> tuple[Fraction | None, int]:
    """The nearest-rank percentile of a field, and of how many values."""
    values = sorted(record[name] for record in records if record.get(name) is not None)
    if not values:
        return None, 0
    return Fraction(values[ceil(Fraction(at * len(values), 100)) - 1]), len(values)


def share_of_services(
    records: Sequence[Record], services: Sequence[str], form: str, condition: Condition, at_least: Fraction
) -> Fraction:
    """The share of services that satisfy one of the three forms: having, where, ratio."""
    good = 0
    for service in services:
        own = [record for record in records if record["service"] == service]
        matching = len(selected(own, condition))
        if form == "having":
            good += matching >= at_least
        elif form == "where":
            good += bool(own) and matching == len(own)
        else:
            good += bool(own) and Fraction(matching, len(own)) >= at_least
    return Fraction(good, len(services))
