"""Kinds of value that expressions have, and which of them go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from itomm.rules.expression_text import ExpressionError, shown
from itomm.rules.fault_places import begins


class Kind(StrEnum):
    """Kinds of value that an expression can have."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "yes/no"
    INSTANT = "instant"
    DURATION = "duration"
    LIST = "list"
    STRUCTURED = "structured value"
    NULL = "null"

    @property
    def with_article(self) -> str:
        """The kind in a sentence."""
        return f"an {self}" if self is Kind.INSTANT else f"a {self}"


@dataclass(frozen=True)
class Typed:
    """A checked tree and the kind of its value."""

    tree: exp.Expr
    kind: Kind


def must_agree(left: Typed, right: Typed, left_node: exp.Expr, right_node: exp.Expr) -> None:
    """Raise ExpressionError unless both sides can be compared; the nodes are what messages show."""
    if Kind.NULL in {left.kind, right.kind}:
        raise ExpressionError("nothing equals null; write 'is null' or 'is not null'")
    if left.kind is right.kind and left.kind in {Kind.LIST, Kind.STRUCTURED}:
        raise ExpressionError(f"'{shown(left_node)}': {left.kind.with_article} cannot be compared")
    if left.kind is not right.kind:
        hint = ""
        if Kind.DURATION in {left.kind, right.kind}:
            hint = "Compare a duration with an interval, such as interval '15 minutes'."
        elif Kind.INSTANT in {left.kind, right.kind}:
            hint = "Compare an instant with another one, such as as_of - interval '30 days'."
        raise ExpressionError(
            f"'{shown(left_node)}' is {left.kind.with_article}, "
            f"but '{shown(right_node)}' is {right.kind.with_article}",
            hint,
            begins(right_node),
        )


def common_kind(values: Sequence[Typed], node: exp.Expr) -> Kind:
    """The kind that all values have, beside nulls; raises ExpressionError when they mix."""
    kinds = {value.kind for value in values} - {Kind.NULL}
    if not kinds:
        raise ExpressionError(f"'{shown(node)}' is always null")
    if len(kinds) > 1:
        raise ExpressionError(f"'{shown(node)}' mixes {' and '.join(sorted(kinds))}")
    return kinds.pop()
