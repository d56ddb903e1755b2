"""Time zones by name, for tools that write times without an offset."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from itomm.config.structure import closest


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone called ``name``, such as ``Europe/Berlin``."""
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder tree each time


def _must_be_zone(name: str) -> str:
    names = _names()
    if name not in names:
        hint = closest(name, sorted(names))
        raise ValueError(f"there is no time zone '{name}'. {hint}".strip())
    return name


ZoneName = Annotated[str, AfterValidator(_must_be_zone)]
"""A pydantic type: the name of a time zone."""


def in_utc(local: datetime, zone: str) -> datetime:
    """A local time without an offset as an instant; of a repeated hour, the first.

    Raises:
        ValueError: clocks went forward over this time, so that it never was.
    """
    there = local.replace(tzinfo=zone_named(zone), fold=0)
    instant = there.astimezone(UTC)
    if instant.astimezone(zone_named(zone)).replace(tzinfo=None) != local:
        raise ValueError(f"there was no such time in {zone}")
    return instant
