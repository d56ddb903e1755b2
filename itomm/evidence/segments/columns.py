"""From an observation's fields to the typed columns of a segment, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

import orjson

from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.record_types import Field, FieldType, RecordType

COLUMN_TYPES: Mapping[FieldType, str] = {
    FieldType.TEXT: "VARCHAR",
    FieldType.INTEGER: "BIGINT",
    FieldType.NUMBER: "DECIMAL(28,9)",
    FieldType.RATIO: "DECIMAL(18,9)",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.INSTANT: "TIMESTAMP",  # UTC
    FieldType.DURATION: "DECIMAL(18,6)",  # seconds
    FieldType.LIST: "VARCHAR[]",
    FieldType.JSON: "VARCHAR",
}

PROVENANCE_COLUMNS: Mapping[str, str] = {
    "source": "VARCHAR",
    "source_ref": "VARCHAR",
    "url": "VARCHAR",
    "collected_at": "TIMESTAMP",
    "service_id": "VARCHAR",
    "collection": "VARCHAR",
    "page": "BIGINT",
    "position": "BIGINT",
}
"""Columns that every record has besides its type's own fields."""

LARGEST_INTEGER = 2**63 - 1
_DECIMALS: Mapping[FieldType, tuple[int, int]] = {
    FieldType.NUMBER: (28, 9),
    FieldType.RATIO: (18, 9),
    FieldType.DURATION: (18, 6),
}
"""Digits in all, and after the point, as in the column's SQL type."""


class RecordRefusedError(ValueError):
    """An observation does not fit its record type; the message says which field and why."""


def column_types(record_type: RecordType) -> dict[str, str]:
    """Name and SQL type of all columns of a segment of this type."""
    own = {name: COLUMN_TYPES[declared.type] for name, declared in record_type.fields.items()}
    return {**PROVENANCE_COLUMNS, **own}


def column_values(record_type: RecordType, fields: Mapping[str, object]) -> dict[str, object]:
    """The type's own columns: instants without offset in UTC, decimals as text, all else plain values.

    Raises:
        RecordRefusedError: an unknown field, a missing required one, or a value of the wrong kind.
    """
    _refuse_unknown(record_type, fields)
    return {
        name: checked_value(record_type, declared, fields.get(name))
        for name, declared in record_type.fields.items()
    }


def _refuse_unknown(record_type: RecordType, fields: Mapping[str, object]) -> None:
    """Raises RecordRefusedError when a field is not declared."""
    unknown = fields.keys() - record_type.fields.keys()
    if unknown:
        raise RecordRefusedError(f"{record_type.name} has no field '{min(unknown)}'")


def checked_value(record_type: RecordType, declared: Field, value: object) -> object:
    """One field's value as its column holds it; raises RecordRefusedError."""
    if value is None:
        if declared.required:
            raise RecordRefusedError(f"{record_type.name}.{declared.name} is missing")
        return None
    try:
        converted = _converted(declared.type, value)
    except OverflowError:
        raise RecordRefusedError(f"{record_type.name}.{declared.name} is too large") from None
    except (TypeError, ValueError, InvalidOperation):
        raise RecordRefusedError(
            f"{record_type.name}.{declared.name} should be {declared.type}, not {type(value).__name__}"
        ) from None
    if declared.values and converted not in declared.values:
        raise RecordRefusedError(f"{record_type.name}.{declared.name} cannot be '{converted}'")
    return converted


def _converted(kind: FieldType, value: object) -> object:
    match kind, value:
        case FieldType.TEXT, str():
            result: object = _text(value)
        case FieldType.INTEGER, int() if not isinstance(value, bool):
            result = _integer(value)
        case ((FieldType.NUMBER | FieldType.RATIO | FieldType.DURATION), (int() | float() | Decimal())):
            result = _exact(kind, Decimal(str(value)))
        case FieldType.BOOLEAN, bool():
            result = value
        case FieldType.INSTANT, (datetime() | date()):
            result = _instant(value)
        case FieldType.DURATION, timedelta():
            result = _exact(kind, Decimal(value // timedelta(microseconds=1)).scaleb(-6))
        case FieldType.LIST, (list() | tuple()):
            result = [_text(str(item)) for item in value]
        case FieldType.JSON, (dict() | list() | tuple()):
            result = json_text(value)
        case _:
            raise TypeError(kind)
    return result


def _text(value: str) -> str:
    value.encode()  # half of a surrogate pair is no text, and could not be stored
    return value


def _integer(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise OverflowError(value)
    return value


def _exact(kind: FieldType, value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(value)
    digits, places = _DECIMALS[kind]
    limit = Decimal(10) ** (digits - places)
    rounded = value.quantize(Decimal(1).scaleb(-places)) if abs(value) < limit else value
    if abs(rounded) >= limit:
        raise OverflowError(value)
    return f"{rounded:f}"


def _instant(value: datetime | date) -> datetime:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return value.astimezone(UTC).replace(tzinfo=None)


def json_text(value: object) -> str:
    """Compact JSON with sorted keys."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # decimals, dates, huge integers: what has no JSON form becomes text, or is refused
        return canonical_bytes(value).decode()
    if b"null" in text:  # also the form that the library gives to NaN and infinity
        _must_be_finite(value)
    return text.decode()


def _must_be_finite(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    ):
        _must_be_finite(part)
