"""Dates in the names of files: a year, a month or a day. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.collectors.mapping.zones import in_utc

_DIRECTIVES = {"%Y": r"(?P<year>\d{4})", "%m": r"(?P<month>\d{2})", "%d": r"(?P<day>\d{2})"}


@dataclass(frozen=True)
class Window:
    """A stretch of time, the end not included."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class DatedName:
    """How the names of files tell a year, month or day, which begins in ``zone``."""

    pattern: re.Pattern[str]
    zone: str

    def window(self, name: str) -> Window | None:
        """The time that a name tells; None when it tells none."""
        found = self.pattern.search(name)
        if found is None:
            return None
        parts = {part: int(text) for part, text in found.groupdict().items()}
        try:
            start = datetime(parts["year"], parts.get("month", 1), parts.get("day", 1))  # noqa: DTZ001  zone below
            end = _next(start, parts)
            return Window(in_utc(start, self.zone), in_utc(end, self.zone))
        except (ValueError, OverflowError):
            return None


def dated_name(written: str, zone: str) -> DatedName:
    """The pattern that ``written`` describes, such as ``incidents-%Y-%m``.

    Raises:
        ValueError: it names no year, or a day without a month, or another directive.
    """
    pieces = re.split(r"(%.)", written)
    used = [piece for piece in pieces if piece.startswith("%")]
    if sorted(used) not in (["%Y"], ["%Y", "%m"], sorted(["%Y", "%m", "%d"])):
        raise ValueError("name: write the date as %Y, %Y and %m, or %Y, %m and %d, such as incidents-%Y-%m")
    pattern = "".join(_DIRECTIVES.get(piece) or re.escape(piece) for piece in pieces)
    return DatedName(re.compile(rf"(?<!\d){pattern}(?!\d)"), zone)


def _next(start: datetime, parts: dict[str, int]) -> datetime:
    if "day" in parts:
        return start + timedelta(days=1)
    if "month" in parts:
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start.replace(year=start.year + 1)
