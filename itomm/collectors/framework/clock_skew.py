"""How far a server's clock is from ours, by the Date header of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from itomm.config.clock import Clock

WORTH_SAYING = timedelta(seconds=60)
"""Below a minute nothing that is asked or measured changes its meaning; cursors overlap by an hour."""

_GRANULARITY = timedelta(seconds=1)  # of the Date header
_NONE = timedelta()


class ClockSkew:
    """Keeps the largest skew that is certain: what a request's duration explains is no skew."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._largest: timedelta | None = None

    def now(self) -> datetime:
        """Our time."""
        return self._now()

    def note(self, headers: Mapping[str, str], sent_at: datetime) -> timedelta | None:
        """Note an answer that has just arrived to a request that was sent at ``sent_at``; its skew."""
        told = _date(headers.get("Date", ""))
        if told is None or headers.get("Age", "0").strip() != "0":  # a cache repeats an old date
            return None
        # The server wrote the date at some moment of [told, told + 1 s), between sending and arrival.
        least, most = told - self._now(), told + _GRANULARITY - sent_at
        certain = least if least > _NONE else min(most, _NONE)
        self.note_measured(certain)
        return certain

    def note_measured(self, certain: timedelta) -> None:
        """Note a skew that :meth:`note` measured when its answer arrived."""
        if self._largest is None or abs(certain) > abs(self._largest):
            self._largest = certain

    def take(self) -> int | None:
        """The largest skew since the last call, in whole seconds, positive when the server is ahead."""
        largest, self._largest = self._largest, None
        return None if largest is None else int(largest.total_seconds())


def skew_warning(seconds: int | None) -> str | None:
    """What a person should know about a skew; None when it is too small to matter."""
    if seconds is None or abs(seconds) <= WORTH_SAYING.total_seconds():
        return None
    direction = "ahead of" if seconds > 0 else "behind"
    return (
        f"the server's clock is {timedelta(seconds=abs(seconds))} {direction} ours; "
        "times that it tells may be off by as much"
    )


def larger(one: int | None, other: int | None) -> int | None:
    """The skew that is further from zero; None counts as not measured."""
    if one is None or other is None:
        return other if one is None else one
    return one if abs(one) >= abs(other) else other


def _date(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo else None
