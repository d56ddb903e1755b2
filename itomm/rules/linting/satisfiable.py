"""Whether the conditions on one field that must all hold leave it any value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from sqlglot import exp

from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.rules.conjuncts import conjuncts

_NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.RATIO})


def unsatisfiable_field(tree: exp.Expr, record_type: RecordType) -> str | None:
    """The field whose conditions, joined by 'and', exclude each other; None when none is found."""
    by_field: dict[str, list[exp.Expr]] = {}
    for part in conjuncts(tree):
        name = _field_of(part)
        if name is not None and (declared := record_type.resolve(name)) is not None:
            by_field.setdefault(declared.name, []).append(part)
    for name, parts in sorted(by_field.items()):
        if _excluded(record_type.fields[name], parts):
            return name
    return None


def _field_of(part: exp.Expr) -> str | None:
    """The field that a comparison with constants is about."""
    inner = part.this if isinstance(part, exp.Not) else part
    if not isinstance(inner, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Is)):
        return None
    field = inner.this
    constants = [each for each in inner.iter_expressions() if each is not field]
    plain = all(isinstance(each, (exp.Literal, exp.Null)) for each in constants)
    return field.name if isinstance(field, exp.Column) and not field.table and plain else None


def _excluded(field: Field, parts: Sequence[exp.Expr]) -> bool:
    null = [part for part in parts if isinstance(part, exp.Is)]
    others = [part for part in parts if not isinstance(part, (exp.Is, exp.Not))]
    if null and (others or any(isinstance(part, exp.Not) for part in parts)):
        return True
    if field.values:
        return not any(all(_holds(part, value) for part in others) for value in field.values)
    if field.type in _NUMBERS:
        return not any(all(_holds(part, value) for part in others) for value in _candidates(field, others))
    texts = {literal.name for part in others for literal in part.find_all(exp.Literal)}
    equal = [part for part in others if isinstance(part, (exp.EQ, exp.In))]
    return bool(equal) and not any(all(_holds(part, text) for part in others) for text in texts)


def _candidates(field: Field, parts: Sequence[exp.Expr]) -> Iterator[Fraction]:
    """One number for each constant, and for each stretch between constants."""
    marks = sorted({Fraction(literal.name) for part in parts for literal in part.find_all(exp.Literal)})
    if not marks:
        yield Fraction(0)
        return
    yield from (*marks, marks[0] - 1, marks[-1] + 1)
    for below, above in pairwise(marks):
        if field.type is not FieldType.INTEGER:
            yield (below + above) / 2
        elif (below // 1) + 1 < above:
            yield Fraction(below // 1 + 1)


def _holds(part: exp.Expr, value: str | int | Fraction) -> bool:
    literals = [each for each in part.iter_expressions() if isinstance(each, exp.Literal)]
    constants = [each.name if each.args.get("is_string") else Fraction(each.name) for each in literals]
    if isinstance(part, exp.In):
        return value in constants
    other = constants[0] if constants else None
    if isinstance(value, str) != isinstance(other, str) or other is None:
        return True
    return _ordered(part, value, other)


def _ordered(part: exp.Expr, value: str | int | Fraction, other: str | Fraction) -> bool:
    if isinstance(part, exp.EQ):
        return value == other
    if isinstance(part, exp.NEQ):
        return value != other
    if isinstance(value, str) or isinstance(other, str):
        return True
    ordered: dict[type[exp.Expr], bool] = {
        exp.LT: value < other,
        exp.LTE: value <= other,
        exp.GT: value > other,
        exp.GTE: value >= other,
    }
    return ordered[type(part)]
