"""Where a fault of an expression stands: under which key of a measure, and from which word on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlglot import exp

from itomm.rules.expression_text import START, ExpressionError


@contextmanager
def under(key: str) -> Iterator[None]:
    """Let a fault be told of the text under a key."""
    try:
        yield
    except ExpressionError as error:
        error.under = (key, *error.under)
        raise


def begins(node: exp.Expr) -> int | None:
    """Where in its text a part of an expression begins; None when the parser does not say."""
    return min((int(each.meta[START]) for each in node.walk() if START in each.meta), default=None)
