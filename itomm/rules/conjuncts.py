"""What a condition is made of."""

from __future__ import annotations

from sqlglot import exp


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that must all hold for a condition to hold; none for no condition."""
    match condition:
        case None:
            return []
        case exp.Paren():
            return conjuncts(condition.this)
        case exp.And():
            return [*conjuncts(condition.this), *conjuncts(condition.expression)]
        case _:
            return [condition]
