"""Much more activity right before the as-of instant than ever before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import comb

import duckdb

from itomm.config.clock import format_instant
from itomm.rules.signals.asking import Question, Value, moments, rows
from itomm.rules.signals.suspicion import Moment, NotLooked, Signal, Suspicion
from itomm.rules.signals.thresholds import Activity, Burst, Refreshed

_MOST_TO_COUNT = 1000
"""Of more records, three times the mean is rarer than any number that is asked for."""

_BY_PERIOD = """
SELECT record.source, record.service_id,
  (epoch_us(:as_of) - epoch_us(record.the_time)) // (:days * 86400000000) AS period, count(*) AS number
FROM records_of_type AS record WHERE record.the_time <= :as_of GROUP BY ALL
"""
_LATELY = """
SELECT record.the_time AS at FROM records_of_type AS record
WHERE record.the_time <= :as_of AND record.the_time > :start AND record.source = :source
  AND (:service IS NULL OR record.service_id = :service)
"""


@dataclass(frozen=True)
class Place:
    """Where something was done: in a source, and there for a service or for all."""

    source: str
    service: str | None = None

    def text(self, activity: Activity) -> str:
        """What was done there, in words, to follow a number."""
        where = f"{self.source} for {self.service}" if self.service else self.source
        return f"{activity.record_type} records of {where} (by {activity.at}) fall"


Counts = Mapping[Place, Mapping[int, int]]
"""By place, the number of records in each period; period 0 ends with the as-of instant."""


def by_period(
    connection: duckdb.DuckDBPyConnection, activity: Activity, as_of: datetime, days: int
) -> Counts:
    """How often something was done, by place and period: for each service of a source, and for all of it."""
    values: dict[str, Value] = {"as_of": as_of, "days": days}
    question = Question(_BY_PERIOD, activity.record_type, values, {"the_time": activity.at})
    counts: dict[Place, dict[int, int]] = {}
    for row in rows(connection, question):
        whole, period = Place(row["source"]), int(row["period"])
        for place in (whole, Place(row["source"], row["service_id"])) if row["service_id"] else (whole,):
            found = counts.setdefault(place, {})
            found[period] = found.get(period, 0) + row["number"]
    return counts


def lately(
    connection: duckdb.DuckDBPyConnection, activity: Activity, place: Place, as_of: datetime, days: int
) -> list[Moment]:
    """What was done at a place in the last period, oldest first."""
    values: dict[str, Value] = {
        "as_of": as_of,
        "start": as_of - timedelta(days=days),
        "source": place.source,
        "service": place.service,
    }
    question = Question(_LATELY, activity.record_type, values, {"the_time": activity.at})
    return sorted(moments(connection, question), key=lambda each: (each.at, each.record))


def earlier_periods(covered: Mapping[str, datetime], as_of: datetime, days: int) -> Mapping[str, int]:
    """By source, how many whole periods before the last one it was read over."""
    return {source: (as_of - since) // timedelta(days=days) - 1 for source, since in covered.items()}


def bursts(counts: Counts, earlier: Mapping[str, int], limits: Burst) -> list[Place]:
    """The places where the last period stands out; none within a place that stands out as a whole."""
    outstanding = [
        place for place, found in counts.items() if _stands_out(found, earlier.get(place.source, 0), limits)
    ]
    whole = {place.source for place in outstanding if place.service is None}
    kept = [place for place in outstanding if place.service is None or place.source not in whole]
    return sorted(kept, key=lambda place: (place.source, place.service or ""))


def _stands_out(found: Mapping[int, int], earlier: int, limits: Burst) -> bool:
    if earlier < limits.earlier_periods:
        return False
    before = [found.get(period, 0) for period in range(1, earlier + 1)]
    last = found.get(0, 0)
    return (
        last >= limits.least_records
        and last * earlier >= limits.times_usual * sum(before)
        and last >= limits.times_most * max(before)
        and is_rarer(last, sum(before), earlier, limits.once_in)
    )


def is_rarer(last: int, before: int, earlier: int, once_in: int) -> bool:
    """Whether so many of all fall into the last period less than once in so many times, at one pace.

    Of ``last + before`` records each falls into any of the ``earlier + 1`` periods alike, so that the number
    in the last one is binomial. Exact, in whole numbers.
    """
    total = last + before
    if total > _MOST_TO_COUNT:
        return True
    ways: int = sum(comb(total, number) * earlier ** (total - number) for number in range(last, total + 1))
    everything: int = (earlier + 1) ** total
    return ways * once_in < everything


def burst(
    done: Sequence[Moment], found: Mapping[int, int], earlier: int, activity: str, limits: Burst
) -> Suspicion:
    """What stands out at one place; ``activity`` in words."""
    before = [found.get(period, 0) for period in range(1, earlier + 1)]
    return Suspicion(
        signal=Signal.BURST,
        text=(
            f"{len(done)} {activity} in the last {limits.days} days; none of the {earlier} times as many "
            f"days before had more than {max(before)}"
        ),
        because=limits.because,
        records=tuple(each.suspect(format_instant(each.at)) for each in done),
    )


def too_short(
    counts: Counts, earlier: Mapping[str, int], activity: Activity, limits: Burst
) -> Iterator[NotLooked]:
    """Sources that were not read far enough back to know what is usual."""
    for source in sorted({place.source for place in counts}):
        known = max(earlier.get(source, 0), 0)
        if known < limits.earlier_periods:
            why = (
                f"{source} was read over {known} earlier periods of {limits.days} days; "
                f"{limits.earlier_periods} are needed to know what is usual"
            )
            yield NotLooked(Signal.BURST, activity.record_type, why)


def refreshed(counts: Counts, limits: Refreshed) -> list[Place]:
    """Sources of which nearly everything was last touched in the last period."""
    found = []
    for place, periods in counts.items():
        last, total = periods.get(0, 0), sum(periods.values())
        enough = last >= limits.least_records and Fraction(last, total) >= Fraction(limits.least_share)
        if place.service is None and enough:
            found.append(place)
    return sorted(found, key=lambda place: place.source)


def touched_lately(
    done: Sequence[Moment], found: Mapping[int, int], activity: str, limits: Refreshed
) -> Suspicion:
    """What was touched lately in one source; ``activity`` in words."""
    return Suspicion(
        signal=Signal.BURST,
        text=(f"{len(done)} {activity} in the last {limits.days} days, of {sum(found.values())} at any time"),
        because=limits.because,
        records=tuple(each.suspect(format_instant(each.at)) for each in done),
    )
