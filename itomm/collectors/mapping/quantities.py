"""Numbers, ratios and durations as tools write them. Pure."""

from __future__ import annotations

import re
from datetime import time, timedelta
from decimal import Decimal

from itomm.collectors.mapping.declared import FieldMapping

_PLAIN = {
    "point": re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d{1,3})?"),
    "comma": re.compile(r"[-+]?\d+(,\d+)?"),
}
_GROUPED = {
    "point": re.compile(r"[-+]?\d{1,3}([,'\u2019 \u00a0\u202f]\d{3})+(\.\d+)?"),
    "comma": re.compile(r"[-+]?\d{1,3}([.'\u2019 \u00a0\u202f]\d{3})+(,\d+)?"),
}
_MARKS = {"point": ".", "comma": ","}
_CLOCK = re.compile(r"(?P<sign>-?)(?P<hours>\d{1,6}):(?P<minutes>[0-5]\d)(:(?P<seconds>[0-5]\d(\.\d+)?))?")
_ISO = re.compile(
    r"P(?=\d|T\d)((?P<weeks>\d+)W)?((?P<days>\d+)D)?"
    r"(T(?=\d)((?P<hours>\d+)H)?((?P<minutes>\d+)M)?((?P<seconds>\d+(\.\d+)?)S)?)?"
)
_SECONDS = {
    "milliseconds": Decimal("0.001"),
    "seconds": Decimal(1),
    "minutes": Decimal(60),
    "hours": Decimal(3600),
    "days": Decimal(86400),
}
_LONGEST = 40


def number_from(value: object, mapping: FieldMapping) -> Decimal:
    """The number that ``value`` means; ValueError says what was expected."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
    elif isinstance(value, str):
        number = _written_number(value.strip(), mapping)
    else:
        raise ValueError("a number")  # noqa: TRY004  a row's value, no programming error
    if not number.is_finite():
        raise ValueError("a number")
    return number


def integer_from(value: object, mapping: FieldMapping) -> int:
    """The whole number that ``value`` means; ValueError says what was expected."""
    number = number_from(value, mapping)
    if number != number.to_integral_value():
        raise ValueError("a whole number")
    return int(number)


def ratio_from(value: object, mapping: FieldMapping) -> Decimal:
    """The share that ``value`` means, 0 to 1 unless the source says otherwise; ValueError as above."""
    percent = mapping.unit == "percent"
    if isinstance(value, str) and value.strip().endswith("%"):
        value, percent = value.strip()[:-1].rstrip(), True
    number = number_from(value, mapping)
    if mapping.scale is not None:
        low, high = mapping.scale
        number = (number - low) / (high - low)
        if not 0 <= number <= 1:
            raise ValueError(f"a number from {low} to {high}")
    return number / 100 if percent else number


def duration_from(value: object, mapping: FieldMapping) -> timedelta:
    """How long ``value`` means; ValueError says what was expected."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, time):  # a spreadsheet's cell of less than a day
        return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    if mapping.unit in ("clock", "iso"):
        return _written_duration(value, mapping.unit)
    seconds = number_from(value, mapping) * _SECONDS[mapping.unit]
    try:
        return timedelta(microseconds=int(seconds.scaleb(6)))
    except OverflowError:
        raise ValueError("a duration of less than a billion days") from None


def _written_number(text: str, mapping: FieldMapping) -> Decimal:
    mark = _MARKS[mapping.decimal]
    # "1,234" is either of two numbers until somebody says which.
    grouped = "decimal" in mapping.model_fields_set and _GROUPED[mapping.decimal].fullmatch(text) is not None
    if len(text) > _LONGEST or not (grouped or _PLAIN[mapping.decimal].fullmatch(text)):
        raise ValueError(f"a number with a decimal {mapping.decimal}")
    whole, _, fraction = text.partition(mark)
    digits = re.sub(r"[^\d+-]", "", whole) if grouped else whole
    return Decimal(f"{digits}.{fraction}" if fraction else digits)


def _written_duration(value: object, unit: str) -> timedelta:
    pattern, shown = (_CLOCK, "hh:mm or hh:mm:ss") if unit == "clock" else (_ISO, "PT4H30M (ISO 8601)")
    found = pattern.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"a duration as {shown}")
    parts = {name: Decimal(part) for name, part in found.groupdict().items() if part and name != "sign"}
    days = parts.get("weeks", Decimal(0)) * 7 + parts.get("days", Decimal(0))
    hours, minutes = parts.get("hours", Decimal(0)), parts.get("minutes", Decimal(0))
    seconds = ((days * 24 + hours) * 60 + minutes) * 60 + parts.get("seconds", Decimal(0))
    if seconds >= Decimal(10) ** 13:
        raise ValueError("a duration of less than a billion days")
    return timedelta(microseconds=int(seconds.scaleb(6))) * (-1 if found.groupdict().get("sign") else 1)
