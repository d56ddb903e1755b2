"""What was known at an instant: what became known later is hidden, or shown as it stood before.

Every record type declares its *occurred* field and which of its fields changed later, and how that is known;
the head of ``record_types.yaml`` explains the keys. A field without such a key counts as known from the
start: descriptions such as a title or a priority carry no time of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlglot import exp

from itomm.evidence.reading.replaying import replayed
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.columns import COLUMN_TYPES, column_types


def newest_occurrence(record_type: RecordType, as_of: datetime) -> datetime:
    """The latest instant at which a fact that is known at ``as_of`` can have occurred."""
    in_utc = as_of.astimezone(UTC)  # days of another zone may have 23 or 25 hours
    try:
        return in_utc - timedelta(days=record_type.spans_days)
    except OverflowError:
        return in_utc


def masked_columns(record_type: RecordType, as_of: datetime) -> list[exp.Expr]:
    """All columns of a type as they stood at ``as_of``."""
    return [
        exp.alias_(_masked(record_type, name, as_of), name, quoted=True)
        if name in record_type.fields
        else exp.column(name, quoted=True)
        for name in column_types(record_type)
    ]


def _masked(record_type: RecordType, name: str, as_of: datetime) -> exp.Expr:
    declared = record_type.fields[name]
    column = exp.column(name, quoted=True)
    if declared.replayed:
        return replayed(declared, instant_literal(as_of))
    if declared.stages:
        return _staged(declared, instant_literal(as_of))
    if declared.since is not None:
        later = exp.column(declared.since, quoted=True) > instant_literal(as_of)
        return exp.Case(ifs=[exp.If(this=later, true=_before(declared))], default=column)
    moment = _moment(record_type, declared)
    if moment is None:
        return column
    return exp.Case(ifs=[exp.If(this=exp.column(moment, quoted=True) <= instant_literal(as_of), true=column)])


def _staged(declared: Field, instant: exp.Expr) -> exp.Expr:
    """The value as it was read, unless its stage was reached later; then the stage before it."""
    column = exp.column(declared.name, quoted=True)
    moments = {
        exp.Literal.string(stage): exp.column(moment, quoted=True)
        for stage, moment in declared.stages.items()
    }
    ahead = [
        exp.If(
            this=exp.and_(column.eq(stage), moment > instant),
            true=exp.Case(
                ifs=[
                    exp.If(this=reached <= instant, true=other)
                    for other, reached in moments.items()
                    if other is not stage
                ],
                default=_before(declared),
            ),
        )
        for stage, moment in moments.items()
    ]
    return exp.Case(ifs=ahead, default=column)


def _before(declared: Field) -> exp.Expr:
    """What a field was before: as declared, or empty; of a list, an empty list."""
    if declared.type is FieldType.LIST:
        return exp.cast(exp.Array(), COLUMN_TYPES[FieldType.LIST])
    return exp.convert(declared.before)


def _moment(record_type: RecordType, declared: Field) -> str | None:
    """The field that says when this one became known; None when it was known from the start."""
    if declared.later:
        return declared.name
    if declared.known_from is None or record_type.fields[declared.known_from].type is not FieldType.INSTANT:
        return None
    return declared.known_from


def instant_literal(instant: datetime) -> exp.Expr:
    """A timestamp literal in UTC."""
    text = instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType(this=exp.DataType.Type.TIMESTAMP))
