"""When people work: working hours in each team's time zone, no weekends, a summer dip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_OPENS, _CLOSES = 9, 17


@dataclass(frozen=True)
class Span:
    """A stretch of history."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class WorkingTime:
    """The working week of one team."""

    utc_offset: timedelta
    summer_months: tuple[int, ...]
    summer_activity: float

    def activity(self, moment: datetime) -> float:
        """Share of the usual activity at ``moment``."""
        return self.summer_activity if moment.month in self.summer_months else 1.0

    def moment_on(self, day: datetime, random: Random) -> datetime:
        """A moment in the working hours of ``day`` (midnight UTC)."""
        seconds = random.randrange(_OPENS * 3600, _CLOSES * 3600)
        return day + timedelta(seconds=seconds) - self.utc_offset

    def is_working_day(self, moment: datetime) -> bool:
        """Whether the team works on the day of ``moment`` in its own time zone."""
        return (moment + self.utc_offset).weekday() < 5

    def next_working(self, moment: datetime) -> datetime:
        """``moment`` itself when it is in working hours, else early in the next ones."""
        local = moment + self.utc_offset
        if local.hour >= _CLOSES:
            local = _opening(local + DAY)
        elif local.hour < _OPENS:
            local = _opening(local)
        while local.weekday() >= 5:
            local = _opening(local + DAY)
        return local - self.utc_offset

    def moments(
        self, random: Random, per_week: float, start: datetime, end: datetime, *, weekends: bool = False
    ) -> Iterator[datetime]:
        """Moments in time order at the given rate; with ``weekends`` at any hour of any day."""
        monday = midnight(start) - timedelta(days=start.weekday())
        owed = random.random()
        while monday < end:
            owed += per_week * self.activity(monday)
            number = int(owed)
            owed -= number
            for moment in sorted(self._moment_in(monday, random, weekends=weekends) for _ in range(number)):
                if start <= moment < end:
                    yield moment
            monday += WEEK

    def _moment_in(self, monday: datetime, random: Random, *, weekends: bool) -> datetime:
        if weekends and random.random() < 0.4:
            return monday + timedelta(seconds=random.randrange(7 * 86_400))
        return self.moment_on(monday + timedelta(days=random.randrange(5)), random)


def _opening(local: datetime) -> datetime:
    """Some moment in the first hour of that day's work."""
    return local.replace(hour=_OPENS)


def midnight(moment: datetime) -> datetime:
    """The start of the UTC day of ``moment``."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def days_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every midnight UTC from the day of ``start`` up to, not including, ``end``."""
    day = midnight(start)
    while day < end:
        yield day
        day += DAY
