"""How the expressions of reference_values are written in a rule: with no more brackets than they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from tests.rules.reference_values import COMPARISONS, Node

WORDS_IN_QUOTES = frozenset({"end", "case", "when", "then", "else", "in", "is", "and", "or", "not", "null"})
"""Names of fields that are words of the language; these are written in double quotes."""
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _NEGATIVE, _ATOM = range(1, 9)


def text_of(node: Node) -> str:
    """An expression as a rule writes it."""
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """The text, and how tightly it holds together: an operator of a lower level needs brackets inside it."""
    word, *parts = node
    if word in _INFIX:
        own, left, right = _INFIX[word]
        return f"{_at(parts[0], left)} {word} {_at(parts[1], right)}", own
    if word in _BEFORE:
        own, needed = _BEFORE[word]
        return f"{'-' if word == 'negative' else word} {_at(parts[0], needed)}", own
    if word in _AFTER:
        return f"{_at(parts[0], _SUM)} {word}{_AFTER[word](*parts[1:])}", _COMPARISON
    if word in _ATOMS:
        return _ATOMS[word](*parts), _ATOM
    return f"{word}({', '.join(map(text_of, parts))})", _ATOM


def _at(node: Node, level: int) -> str:
    text, own = _written(node)
    return text if own >= level else f"({text})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _case(branches: tuple[tuple[Node, Node], ...], otherwise: Node | None) -> str:
    written = "".join(f" when {text_of(when)} then {text_of(then)}" for when, then in branches)
    return f"case{written}{'' if otherwise is None else f' else {text_of(otherwise)}'} end"


_INFIX = {
    "or": (_OR, _OR, _AND),
    "and": (_AND, _AND, _NOT),
    **dict.fromkeys((*COMPARISONS, "like", "not like"), (_COMPARISON, _SUM, _SUM)),
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _NEGATIVE),
}
"""Each operator's own level, and those that its left and its right side need to stand without brackets."""
_BEFORE = {"not": (_NOT, _NOT), "negative": (_NEGATIVE, _ATOM)}
_AFTER: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(("is null", "is not null", "is true", "is false"), lambda: ""),
    **dict.fromkeys(("in", "not in"), lambda items: f" ({', '.join(map(text_of, items))})"),
    **dict.fromkeys(("between", "not between"), lambda low, high: f" {_at(low, _SUM)} and {_at(high, _SUM)}"),
}
"""What follows the first operand and the operator's word."""
_ATOMS: Mapping[str, Callable[..., str]] = {
    "field": lambda name, _: f'"{name}"' if name in WORDS_IN_QUOTES else name,
    "base": lambda name, _: f"base.{name}",
    "fact": lambda name: name,
    "parameter": lambda name, _: f"${name}",
    "text": _quoted,
    "number": lambda number: f"{Decimal(number):f}",
    "true": lambda: "true",
    "false": lambda: "false",
    "null": lambda: "null",
    "as_of": lambda: "as_of",
    "interval": lambda amount, unit: f"interval '{amount} {unit}s'",
    "case": _case,
    "date_trunc": lambda unit, instant: f"date_trunc('{unit}', {text_of(instant)})",
}
