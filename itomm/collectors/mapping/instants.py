"""Instants as tools write them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from itomm.collectors.mapping.declared import FieldMapping
from itomm.collectors.mapping.zones import in_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNSET_BEFORE = datetime(1971, 1, 1, tzinfo=UTC)
"""Tools write an unset date as 1970-01-01, 1900-01-01 or 0001-01-01; none of them ran before 1971."""

_EPOCH_UNITS = {"epoch": Decimal(1), "epoch_ms": Decimal(1000)}


def instant_from(value: object, mapping: FieldMapping) -> datetime | None:
    """The instant that ``value`` means, in UTC; None when it stands for an unset date.

    Raises:
        ValueError: it is no instant as the mapping says; the message says what was expected.
    """
    instant = _read(value, mapping)
    return None if instant < UNSET_BEFORE else instant


def _read(value: object, mapping: FieldMapping) -> datetime:
    if isinstance(value, date):
        return _aware(value if isinstance(value, datetime) else datetime.combine(value, time()), mapping)
    if mapping.format in _EPOCH_UNITS:
        return _since_epoch(value, _EPOCH_UNITS[mapping.format])
    if not isinstance(value, str):
        raise ValueError("an instant written as text")  # noqa: TRY004  a row's value, no programming error
    try:
        if mapping.format == "iso":
            found = datetime.fromisoformat(value.strip())
        else:
            found = datetime.strptime(value.strip(), mapping.format)  # noqa: DTZ007  the zone is next
    except ValueError:
        raise ValueError(f"an instant as {_form(mapping.format)}") from None
    is_date = mapping.format == "iso" and len(value.strip()) <= len("2026-11-22")
    return _aware(found, mapping, is_date=is_date)


def _aware(found: datetime, mapping: FieldMapping, *, is_date: bool = False) -> datetime:
    try:
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        if mapping.zone is not None:
            return in_utc(found, mapping.zone)
    except OverflowError:
        raise ValueError("an instant between the years 1 and 9999") from None
    if is_date or _names_no_time(mapping.format):
        return found.replace(tzinfo=UTC)
    raise ValueError("an instant with an offset, or the time zone named with zone")


def _names_no_time(form: str) -> bool:
    """Whether a format is of dates only, which begin at midnight UTC."""
    return "%" in form and not any(part in form for part in ("%H", "%I", "%M", "%S", "%c", "%X"))


def _since_epoch(value: object, per_second: Decimal) -> datetime:
    written = "" if isinstance(value, bool) else str(value).strip()
    try:
        # As a float, exact to the microsecond here: an exponent of nine digits must not be written out.
        return EPOCH + timedelta(seconds=float(Decimal(written) / per_second))
    except (ArithmeticError, ValueError):
        raise ValueError("a number of seconds or milliseconds since 1970") from None


def _form(form: str) -> str:
    return "2026-11-22T06:00:00Z (ISO 8601)" if form == "iso" else form
