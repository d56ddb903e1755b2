"""Cuts a long search into windows of time that can be read side by side. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from itomm.collectors.jira.query import Window

ISSUES_PER_WINDOW = 1000
"""Ten pages: the last, part-filled page of a window then costs a twentieth more requests."""

FEWEST_PER_WINDOW = 300
WANTED_WINDOWS = 16

MOST_WINDOWS = 500

NARROWEST = timedelta(hours=6)
"""Far more than a shift of summer time, so that bounds keep their order in every zone."""


def windows(counted: int | None, since: datetime, until: datetime) -> list[Window]:
    """Disjoint windows without gaps, oldest first, for about ``counted`` issues; the outer ones are open.

    Args:
        counted: how many issues there are; None when the site does not count, then one window.
        since: from when on most issues were created.
        until: up to when.
    """
    number = _how_many(counted or 0, until - since)
    bounds = [_whole_hour(since + (until - since) * place / number) for place in range(1, number)]
    return [Window(start, end) for start, end in pairwise([None, *bounds, None])]


def _how_many(counted: int, span: timedelta) -> int:
    size = min(max(counted // WANTED_WINDOWS, FEWEST_PER_WINDOW), ISSUES_PER_WINDOW)
    return max(1, min(-(-counted // size), MOST_WINDOWS, span // NARROWEST))


def _whole_hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
