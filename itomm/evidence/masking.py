"""What was known at an instant: later fields whose time lies after it are empty.

Every record type declares its *occurred* field and its *later* fields; ``known_from`` names the field that
says when a field became known.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlglot import exp

from itomm.evidence.columns import column_types
from itomm.evidence.record_types import Field, FieldType, RecordType


def masked_columns(record_type: RecordType, as_of: datetime) -> list[exp.Expr]:
    """All columns of a type, with what was not yet known at ``as_of`` emptied."""
    return [
        exp.alias_(_masked(record_type, name, as_of), name, quoted=True)
        if name in record_type.fields
        else exp.column(name, quoted=True)
        for name in column_types(record_type)
    ]


def _masked(record_type: RecordType, name: str, as_of: datetime) -> exp.Expr:
    declared = record_type.fields[name]
    column = exp.column(name, quoted=True)
    moment = _moment(record_type, declared)
    if moment is None:
        return column
    known = exp.column(moment, quoted=True) <= instant_literal(as_of)
    return exp.Case(ifs=[exp.If(this=known, true=column)])


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
    return exp.cast(exp.Literal.string(text), "timestamp")
