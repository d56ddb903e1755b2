"""Writes instants as a server wants them in a query. Pure."""

from __future__ import annotations

from datetime import datetime

from itomm.collectors.mapping.zones import zone_named
from itomm.config.clock import format_instant

_TIMES_OF_DAY = ("%H", "%I", "%M", "%S", "%c", "%X", "%s", "%T")


def written(instant: datetime, form: str, zone: str) -> str:
    """An instant as ``iso``, ``epoch``, ``epoch_ms``, or by directives in a time zone."""
    if form == "iso":
        return format_instant(instant.replace(microsecond=0))
    if form == "epoch":
        return str(int(instant.timestamp()))
    if form == "epoch_ms":
        return str(int(instant.timestamp()) * 1000)
    return instant.astimezone(zone_named(zone)).strftime(form)


def form_fault(form: str) -> str | None:
    """What is wrong with a format; None when it is sound."""
    if form in ("iso", "epoch", "epoch_ms") or "%" in form:
        return None
    return "write iso, epoch, epoch_ms, or directives such as %Y-%m-%dT%H:%M:%SZ"


def names_no_time_of_day(form: str) -> bool:
    """Whether a format is of dates only."""
    return "%" in form and not any(part in form for part in _TIMES_OF_DAY)
