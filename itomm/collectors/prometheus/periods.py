"""Steps and chunks of range queries, aligned so that a later run asks for the same points again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

MOST_POINTS = 11_000
"""Prometheus refuses a range query with more points a series than this (its API documentation)."""


@dataclass(frozen=True)
class Range:
    """The first and the last step of a range query, and the time between steps."""

    first: datetime
    last: datetime
    step: timedelta

    @property
    def is_empty(self) -> bool:
        """Whether no step lies inside."""
        return self.last < self.first

    def chunks(self, points: int, after: datetime | None = None) -> Iterator[Range]:
        """This range in pieces of at most ``points`` steps, which neither overlap nor leave a step out.

        With ``after``, the last step of a piece, only the pieces behind that one.
        """
        start = self.first if after is None else after + self.step
        while start <= self.last:
            end = min(self.last, start + self.step * (points - 1))
            yield Range(start, end, self.step)
            start = end + self.step


def steps_between(since: datetime, until: datetime, step: timedelta) -> Range:
    """The steps from ``since`` to ``until``, at whole multiples of ``step`` since 1970 (UTC)."""
    return Range(_at_or_after(since, step), _at_or_before(until, step), step)


def whole_days(since: datetime, until: datetime) -> Range:
    """The midnights that end whole days (UTC) which lie between ``since`` and ``until``."""
    return Range(_at_or_after(since, DAY) + DAY, _at_or_before(until, DAY), DAY)


def _at_or_before(instant: datetime, step: timedelta) -> datetime:
    return instant - (instant - _EPOCH) % step


def _at_or_after(instant: datetime, step: timedelta) -> datetime:
    before = _at_or_before(instant, step)
    return before if before == instant else before + step


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
