"""Expressions made at random, well typed, over the fields of a record type."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from itomm.evidence.record_types import FieldType, RecordType
from tests.rules.reference_values import COMPARISONS, Node

KINDS = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "number",
    FieldType.NUMBER: "number",
    FieldType.RATIO: "number",
    FieldType.BOOLEAN: "boolean",
    FieldType.INSTANT: "instant",
    FieldType.DURATION: "duration",
    FieldType.LIST: "list",
}
COMPARABLE = ("text", "number", "number", "instant", "instant", "duration", "boolean")
NUMBERS = ("0", "1", "2", "3", "0.5", "0.1", "0.15", "1.5", "100", "999999")
TEXTS = ("a", "b", "ab", "é", "", "it's", "production", "success", "x")
PATTERNS = ("a%", "%", "_", "%b", "a_", "", "%'%", "é", "a%b", "__")
INTERVALS = (
    ("15", "minute"),
    ("1", "day"),
    ("1.5", "hour"),
    ("30", "day"),
    ("2", "week"),
    ("0", "second"),
    ("400", "day"),
)


_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "text": ("lower",),
    "boolean": ("is true", "is false"),
    "instant": ("+", "-", "date_trunc"),
    "duration": ("+", "-", "negative", "abs", "instants", "instants", "instants"),
    "number": ("+", "-", "*", "negative", "abs", "length", "len"),
}
_WITH_ONE_SIDE = frozenset({"lower", "is true", "is false", "negative", "abs"})


@dataclass(frozen=True)
class Scope:
    """What names mean: the record's type, the base's inside a linked fact, linked facts by kind.

    ``parameters`` gathers the values that expressions name rather than hold.
    """

    record_type: RecordType
    base: RecordType | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    parameters: dict[str, Node] = field(default_factory=dict)


class ExpressionMaker:
    """Makes conditions and values; ``depth`` bounds how many operators stand inside each other."""

    def __init__(self, chance: random.Random, scope: Scope) -> None:
        self._chance = chance
        self._parameters = scope.parameters
        self._names: dict[str, list[Node]] = {}
        for each in scope.record_type.fields.values():
            self._named(KINDS.get(each.type), ("field", each.name))
        for each in scope.base.fields.values() if scope.base else ():
            self._named(KINDS.get(each.type), ("base", each.name))
        for name, kind in scope.facts.items():
            self._names.setdefault(kind, []).extend([("fact", name)] * 4)
        self._named("text", ("field", "service_id"))
        self._named("text", ("field", "source"))

    def _named(self, kind: str | None, node: Node) -> None:
        if kind is not None:
            self._names.setdefault(kind, []).append((*node, kind))

    def condition(self, depth: int) -> Node:
        """A yes/no expression."""
        chance = self._chance
        if depth <= 0:
            return self._comparison(0)
        match chance.randrange(9):
            case 0 | 1:
                return (chance.choice(("and", "or")), self.condition(depth - 1), self.condition(depth - 1))
            case 2:
                return ("not", self.condition(depth - 1))
            case 3:
                return self.value("boolean", depth - 1)
            case _:
                return self._comparison(depth - 1)

    def _comparison(self, depth: int) -> Node:
        chance = self._chance
        kind = chance.choice(COMPARABLE)
        value = self.value(kind, depth)
        lists = "list" in self._names
        match chance.randrange(8):
            case 0:
                anything = self.value(chance.choice((*COMPARABLE, "list" if lists else "text")), depth)
                return (chance.choice(("is null", "is not null")), anything)
            case 1:
                items = tuple(self.value(kind, 0) for _ in range(chance.choice((1, 2, 3))))
                return (chance.choice(("in", "not in")), value, items)
            case 2:
                low, high = self.value(kind, depth), self.value(kind, depth)
                return (chance.choice(("between", "not between")), value, low, high)
            case 3:
                text, pattern = self.value("text", depth), ("text", chance.choice(PATTERNS))
                return (chance.choice(("like", "not like")), text, pattern)
            case 4 if lists:
                return ("list_contains", self.value("list", 0), self.value("text", depth))
            case _:
                return (chance.choice(tuple(COMPARISONS)), value, self.value(kind, depth))

    def value(self, kind: str, depth: int) -> Node:
        """An expression of a kind: text, number, boolean, instant, duration or list."""
        chance = self._chance
        if depth <= 0 or kind == "list" or chance.random() < 0.4:
            return self._leaf(kind)
        match chance.randrange(6):
            case 0:
                return self._case(kind, depth)
            case 1:
                word = chance.choice(("coalesce", "greatest", "least"))
                if kind == "boolean":
                    word = "coalesce"
                return (word, *(self.value(kind, depth - 1) for _ in range(chance.choice((2, 2, 3)))))
            case _:
                return self._made_of_parts(kind, depth - 1)

    def _case(self, kind: str, depth: int) -> Node:
        branches = tuple(
            (self.condition(depth - 1), self.value(kind, depth - 1))
            for _ in range(self._chance.choice((1, 1, 2)))
        )
        return ("case", branches, self.value(kind, depth - 1) if self._chance.random() < 0.6 else None)

    def _made_of_parts(self, kind: str, depth: int) -> Node:
        chance = self._chance
        word = chance.choice(_OPERATORS[kind])
        if word in {"length", "len"}:
            lists = "list" in self._names and chance.random() < 0.6
            return (word, self.value("list" if lists else "text", depth))
        if word == "date_trunc":
            unit = chance.choice(("hour", "day", "week", "month"))
            return (word, unit, self.value(kind, depth))
        if word == "instants":
            return ("-", self.value("instant", depth), self.value("instant", depth))
        if kind == "instant":
            return (word, self.value(kind, depth), self.value("duration", 0))
        sides = 1 if word in _WITH_ONE_SIDE else 2
        return (word, *(self.value(kind, depth) for _ in range(sides)))

    def _leaf(self, kind: str) -> Node:
        chance = self._chance
        named = self._names.get(kind, [])
        if named and (chance.random() < 0.75 or kind == "list"):
            return chance.choice(named)
        match kind:
            case "text":
                return ("text", chance.choice(TEXTS))
            case "number":
                return self._named_perhaps(("number", Decimal(chance.choice(NUMBERS))))
            case "boolean":
                return (chance.choice(("true", "false")),)
            case "instant":
                return ("as_of",) if chance.random() < 0.4 else ("-", ("as_of",), self._interval())
            case "duration":
                return self._interval()
            case _:
                raise ValueError(f"no field of kind {kind}")

    def _interval(self) -> Node:
        return self._named_perhaps(("interval", *self._chance.choice(INTERVALS)))

    def _named_perhaps(self, value: Node) -> Node:
        """The value itself, or a parameter that stands for it."""
        if self._chance.random() > 0.1:
            return value
        name = f"p{len(self._parameters)}"
        self._parameters[name] = value
        return ("parameter", name, value)
