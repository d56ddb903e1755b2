"""Many tickets closed, or findings dismissed, within minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import duckdb

from itomm.config.clock import format_instant
from itomm.config.identity import FORGOTTEN
from itomm.rules.signals.asking import Question, Value, moments, rows
from itomm.rules.signals.suspicion import Identity, Moment, NotLooked, Signal, Suspicion, shown_person
from itomm.rules.signals.thresholds import CloseTogether

_ENTERING_DONE = """
WITH moves AS (
  SELECT record.* EXCLUDE (transitions), unnest(from_json(record.transitions,
    '[{"at":"VARCHAR","by":"VARCHAR","automated":"BOOLEAN","from_category":"VARCHAR","to_category":"VARCHAR"}]'
  )) AS move
  FROM records_of_type AS record),
closings AS (
  SELECT *, move.by AS person, make_timestamp(epoch_us(try_cast(move.at AS TIMESTAMPTZ))) AS at
  FROM moves
  WHERE move.to_category = 'done' AND move.from_category IS DISTINCT FROM 'done'
    AND NOT coalesce(move.automated, false))
"""
_CLOSINGS = (
    _ENTERING_DONE
    + """
SELECT record.at, record.person FROM closings AS record WHERE person IS NOT NULL AND person <> :forgotten
QUALIFY count(*) OVER (PARTITION BY person ORDER BY at
  RANGE BETWEEN to_minutes(:minutes) PRECEDING AND to_minutes(:minutes) FOLLOWING) >= :least
"""
)
_NAMELESS = (
    _ENTERING_DONE
    + """
SELECT source, count(*) AS closed FROM closings GROUP BY source HAVING count(person) = 0 ORDER BY source
"""
)
_DISMISSALS = """
SELECT record.dismissed_at AS at FROM records_of_type AS record WHERE record.dismissed_at IS NOT NULL
QUALIFY count(*) OVER (PARTITION BY source ORDER BY dismissed_at
  RANGE BETWEEN to_minutes(:minutes) PRECEDING AND to_minutes(:minutes) FOLLOWING) >= :least
"""


def closings(
    connection: duckdb.DuckDBPyConnection, kind: str, machines: frozenset[str], limits: CloseTogether
) -> list[Moment]:
    """Closings of tickets by people that lie close to others by the same person; machines left out."""
    values: dict[str, Value] = {
        "minutes": limits.minutes,
        "least": limits.least_records,
        "forgotten": FORGOTTEN,
    }
    found = moments(connection, Question(_CLOSINGS, kind, values))
    return [each for each in found if each.person not in machines]


def closed_by_nobody(connection: duckdb.DuckDBPyConnection, kind: str) -> Iterator[NotLooked]:
    """Sources that do not tell who closed their tickets."""
    for row in rows(connection, Question(_NAMELESS, kind)):
        why = f"{row['source']} does not tell who closed its {row['closed']} closed records"
        yield NotLooked(Signal.BULK_CLOSING, kind, why)


def dismissals(connection: duckdb.DuckDBPyConnection, limits: CloseTogether) -> list[Moment]:
    """Dismissals of findings that lie close to others of the same source."""
    values = {"minutes": limits.minutes, "least": limits.least_records}
    return moments(connection, Question(_DISMISSALS, "vulnerability", values))


def bulk_closed(found: Sequence[Moment], limits: CloseTogether) -> Iterator[Suspicion]:
    """Runs of closings of one kind, by one person or in one source, that lie so close together."""
    by_whom = sorted(found, key=_who)
    for (kind, _, person), alike in groupby(by_whom, key=_who):
        for run in _runs(sorted(alike, key=lambda each: (each.at, each.record)), limits):
            first, last = format_instant(run[0].at), format_instant(run[-1].at)
            whose = f"one person ({shown_person(person)}) closed" if person else "somebody dismissed"
            verb = "closed" if person else "dismissed"
            yield Suspicion(
                signal=Signal.BULK_CLOSING,
                text=f"{whose} {len(run)} {kind} records between {first} and {last}",
                because=limits.because,
                records=tuple(each.suspect(f"{verb} {format_instant(each.at)}") for each in run),
            )


def _who(moment: Moment) -> tuple[str, str, str]:
    """Whose closings lie together: a person's in all sources, else those of one source."""
    person = moment.person or ""
    return moment.record.record_type, "" if person else moment.record.source, person


def _runs(in_time: Sequence[Moment], limits: CloseTogether) -> Iterator[list[Moment]]:
    """Stretches in which every closing is one of so many records within so many minutes."""
    span, begin, marked = timedelta(minutes=limits.minutes), 0, 0
    within: Counter[Identity] = Counter()
    run: list[Moment] = []
    for end, moment in enumerate(in_time):
        within[moment.record] += 1
        while moment.at - in_time[begin].at > span:
            within[in_time[begin].record] -= 1
            if not within[in_time[begin].record]:
                del within[in_time[begin].record]
            begin += 1
        if len(within) < limits.least_records:
            continue
        if run and begin >= marked:
            yield _each_once(run)
            run = []
        run += in_time[max(begin, marked) : end + 1]
        marked = end + 1
    if run:
        yield _each_once(run)


def _each_once(run: Sequence[Moment]) -> list[Moment]:
    """The last closing of each record, in time order."""
    last = {each.record: each for each in run}
    return sorted(last.values(), key=lambda each: (each.at, each.record))
