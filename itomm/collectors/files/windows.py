"""Which time files truly tell of. Pure.

A file tells of the time that somebody declared, or that its name says, but never of what lies behind the
instant at which it was written. Where nobody says, it tells of the time from its first to its last event and
of nothing else: last month's export, dropped today, does not show that this month was quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from itomm.collectors.files.names import Window
from itomm.collectors.files.settings import Covers


def told_window(covers: Covers | None, name: str, modified: datetime) -> Window | None:
    """The time that declaration or name say a file tells of; None when they say none."""
    if covers is None:
        return None
    if covers.dated_name is not None:
        told = covers.dated_name.window(name)
        return _until_written(told.start, told.end, modified) if told else None
    start = covers.start_instant
    return _until_written(start, covers.end_instant or modified, modified) if start else None


def _until_written(start: datetime, end: datetime, modified: datetime) -> Window | None:
    return Window(start, min(end, modified)) if start < modified else None


def joined(windows: Sequence[Window]) -> tuple[Window, Window | None] | None:
    """The time without a gap that ends with the newest window, and the gap before it; None without any."""
    newest_first = sorted(windows, key=lambda window: (window.end, window.start), reverse=True)
    if not newest_first:
        return None
    start, end = newest_first[0].start, newest_first[0].end
    for window in newest_first[1:]:
        if window.end < start:
            return Window(start, end), Window(window.end, start)
        start = min(start, window.start)
    return Window(start, end), None
