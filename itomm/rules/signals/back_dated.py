"""Records that tell of a time long before they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import groupby

import duckdb

from itomm.config.clock import format_instant
from itomm.rules.signals.asking import Question, condition, moments, rows
from itomm.rules.signals.suspicion import Moment, Signal, Suspicion
from itomm.rules.signals.thresholds import BackDated, TwoTimes

_EARLY = """
SELECT record.the_time AS at, record.the_making AS before FROM records_of_type AS record
WHERE record.the_time < record.the_making - to_hours(:hours)
"""
_ALL = """
SELECT record.source, count(*) AS number FROM records_of_type AS record
WHERE record.the_time IS NOT NULL AND record.the_making IS NOT NULL GROUP BY record.source
"""


def told_late(
    connection: duckdb.DuckDBPyConnection, pair: TwoTimes, as_of: datetime
) -> tuple[list[Moment], Mapping[str, int]]:
    """The records of a pair of times that are too far apart, and by source how many have both times."""
    where = condition(pair.where, pair.record_type, as_of)
    fields = {"the_time": pair.happened, "the_making": pair.recorded}
    early = Question(_EARLY, pair.record_type, {"hours": pair.hours}, fields, where)
    everything = Question(_ALL, pair.record_type, {}, fields, where)
    totals = {row["source"]: row["number"] for row in rows(connection, everything)}
    return moments(connection, early), totals


def back_dated(
    early: Sequence[Moment], totals: Mapping[str, int], pair: TwoTimes, limits: BackDated
) -> Iterator[Suspicion]:
    """Sources in which so many, and such a share, of the records of a kind tell of long before."""
    in_order = sorted(early, key=lambda each: (each.record.source, each.at, each.record))
    for source, alike in groupby(in_order, key=lambda each: each.record.source):
        found, total = list(alike), totals[source]
        if len(found) < limits.least_records or Fraction(len(found), total) < Fraction(limits.least_share):
            continue
        yield Suspicion(
            signal=Signal.BACK_DATED,
            text=(
                f"{len(found)} of {total} {pair.record_type} records of {source} have a {pair.happened} more "
                f"than {pair.hours} h before their {pair.recorded}"
            ),
            because=limits.because,
            records=tuple(each.suspect(_apart(each, pair)) for each in found),
        )


def _apart(moment: Moment, pair: TwoTimes) -> str:
    made = format_instant(moment.before) if moment.before else ""
    return f"{pair.happened} {format_instant(moment.at)}, {pair.recorded} {made}"
