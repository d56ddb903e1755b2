"""Records that a test case gives: written in YAML, loaded through the same masks as stored evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
from sqlglot import exp

from itomm.config.clock import parse_instant
from itomm.config.errors import UsageError
from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.structure import nearest
from itomm.config.yaml_source import PathInDocument
from itomm.evidence.reading.as_of import create_table
from itomm.evidence.reading.masking import instant_literal, masked_columns
from itomm.evidence.record_types import Field, FieldType, RecordType, record_types
from itomm.evidence.segments.columns import column_types, column_values

DEFAULT_SERVICE = "s1"
_NOT_FIELDS = frozenset({"service", "source_ref", "source", "repeat"})
MOST_RECORDS = 10_000
"""Records of one type that a test case may give, copies included."""


class GivenError(ValueError):
    """What a case gives cannot be read; ``path`` leads from the case to the offending part."""

    def __init__(self, message: str, path: PathInDocument) -> None:
        super().__init__(message)
        self.path = path


def given_records(name: str, written: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records of one type that a case gives, as fields by their own name; ``repeat`` is kept.

    Raises:
        GivenError: there is no such record type, or ``repeat`` is no count.
    """
    record_type = record_types().get(name)
    if record_type is None:
        hint = nearest(name, sorted(record_types()))
        raise GivenError(f"there is no record type '{name}'; {hint}", ("given", name))
    copies = 0
    for index, record in enumerate(written):
        repeat = record.get("repeat", 1)
        if not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 0:
            raise GivenError(f"repeat: '{repeat}' is no number of copies", ("given", name, index, "repeat"))
        copies += repeat
        if copies > MOST_RECORDS:
            raise GivenError(f"more than {MOST_RECORDS:,} {name} records", ("given", name, index))
    return [
        {
            (declared.name if (declared := record_type.resolve(key)) else key): value
            for key, value in record.items()
        }
        for record in written
    ]


def load_given(
    connection: duckdb.DuckDBPyConnection,
    record_type: RecordType,
    records: Sequence[Mapping[str, Any]],
    as_of: datetime,
) -> None:
    """Make the type's table and fill it; a record without a time of occurrence is kept.

    Raises:
        GivenError: a record does not fit its type.
    """
    create_table(connection, record_type)
    rows = _rows(record_type, records)
    if not rows:
        return
    columns = sorted({column for row in rows for column, value in row.items() if value is not None})
    values = [[row.get(name) for row in rows] for name in columns]
    connection.execute(_filling(record_type.name, tuple(columns), as_of), values)


@lru_cache(maxsize=512)
def _filling(type_name: str, columns: tuple[str, ...], as_of: datetime) -> str:
    """One statement that takes each column's values as one list."""
    record_type = record_types()[type_name]
    given = exp.select(
        *[
            exp.alias_(
                exp.func("unnest", exp.cast(exp.Placeholder(), f"{kind}[]", dialect="duckdb"))
                if name in columns
                else exp.cast(exp.Null(), kind, dialect="duckdb"),
                name,
                quoted=True,
            )
            for name, kind in _given_first(record_type, columns)
        ],
        copy=False,
    )
    known = exp.select(*masked_columns(record_type, as_of), copy=False).from_(given.subquery("given"))
    if record_type.occurred is not None:
        occurred = exp.column(record_type.occurred, quoted=True)
        known = known.where(exp.or_(occurred.is_(exp.Null()), occurred.copy() <= instant_literal(as_of)))
    target = exp.table_(type_name, quoted=True)
    return exp.insert(known, target).sql(dialect="duckdb", copy=False)


def _given_first(record_type: RecordType, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Names and types of all columns: those with values first, in the order of the values."""
    types = column_types(record_type)
    return [(name, types[name]) for name in (*columns, *(name for name in types if name not in columns))]


def _rows(record_type: RecordType, records: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for index, record in enumerate(records):
        try:
            row = _row(record_type, record)
        except (ValueError, UsageError) as error:
            raise GivenError(str(error), ("given", record_type.name, index)) from None
        for _ in range(record.get("repeat", 1)):
            named = str(record.get("source_ref", f"{record_type.name}-{len(rows)}"))
            rows.append({**row, "source_ref": named})
            if record_type.name == "service" and "service" not in record:
                rows[-1]["service_id"] = named
    return rows


def _row(record_type: RecordType, record: Mapping[str, Any]) -> dict[str, object]:
    own = {key: value for key, value in record.items() if key not in _NOT_FIELDS}
    typed = {name: _typed(record_type.fields.get(name), value) for name, value in own.items()}
    service = record.get("service", DEFAULT_SERVICE)
    return {
        "source": str(record.get("source", "test")),
        "service_id": None if service is None else str(service),
        **column_values(_lenient(record_type.name), typed),
    }


@lru_cache(maxsize=128)
def _lenient(type_name: str) -> RecordType:
    """The record type with no field required: a test names only those that matter."""
    fields = {
        name: Field(declared.name, declared.type, values=declared.values)
        for name, declared in record_types()[type_name].fields.items()
    }
    return RecordType(name=type_name, about="", time_to_live_days=1, fields=fields)


def _typed(declared: Field | None, value: object) -> object:
    if declared is None or value is None:
        return value
    if declared.type is FieldType.INSTANT:
        return parse_instant(str(value))
    if declared.type is FieldType.DURATION and isinstance(value, str):
        quantity = parse_quantity(value)
        if quantity.dimension is not Dimension.DURATION:
            raise ValueError(f"{declared.name}: '{value}' is no duration")
        return timedelta(microseconds=int(quantity.value))
    if declared.type is FieldType.TEXT and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return value
