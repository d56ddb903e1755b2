"""Comparisons with a field whose values are listed: whether two of them hold for the same values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlglot import exp

from itomm.evidence.record_types import RecordType

_COMPARING: Mapping[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
PREDICATES = (*_COMPARING, exp.In, exp.Between)


def why_alike(before: exp.Expr | None, after: exp.Expr | None, record_type: RecordType) -> str:
    """Why two comparisons mean the same for every record; "" when that is not proved."""
    if before is None or after is None:
        return ""
    first, second = _holds_for(before, record_type), _holds_for(after, record_type)
    if first is None or first != second:
        return ""
    return f"it holds for the same of the values that {before.this.name} can have"


def _holds_for(predicate: exp.Expr, record_type: RecordType) -> tuple[str, frozenset[str | int]] | None:
    """The field, and those of its listed values for which a comparison with constants holds."""
    field = predicate.this
    if not isinstance(field, exp.Column) or field.table or not isinstance(predicate, PREDICATES):
        return None
    declared = record_type.resolve(field.name)
    if declared is None or not declared.values:
        return None
    others = [part for part in predicate.iter_expressions() if part is not field]
    constants = [_constant(part) for part in others]
    if any(constant is None for constant in constants):
        return None
    try:
        holding = {value for value in declared.values if _holds(predicate, value, constants)}
    except TypeError:
        return None
    return declared.name, frozenset(holding)


def _constant(part: exp.Expr) -> str | Decimal | None:
    if not isinstance(part, exp.Literal):
        return None
    return part.name if part.args.get("is_string") else Decimal(part.name)


def _holds(predicate: exp.Expr, value: str | int, constants: list[Any]) -> bool:
    if isinstance(predicate, exp.In):
        return value in constants
    if isinstance(predicate, exp.Between):
        return bool(constants[0] <= value <= constants[1])
    return _COMPARING[type(predicate)](value, constants[0])
