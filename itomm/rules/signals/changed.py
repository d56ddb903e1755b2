"""What is there now and was otherwise, or was not there, when the same was read some time before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

import duckdb

from itomm.config.clock import format_instant
from itomm.evidence.record_types import FieldType
from itomm.rules.signals.asking import Question, Value, moments, rows
from itomm.rules.signals.earlier import Stream
from itomm.rules.signals.suspicion import Moment, Signal, Suspicion
from itomm.rules.signals.thresholds import RecordedLate, Relabelled

_ANY = """
SELECT record.the_time AS at FROM records_of_type AS record
WHERE record.source = :source AND record.the_time >= :first AND record.the_time <= :last
"""
_NEW = """
SELECT record.the_time AS at FROM records_of_type AS record
ANTI JOIN earlier_of_type AS earlier USING (source, source_ref)
WHERE record.source = :source AND record.the_time >= :first AND record.the_time <= :last
"""
_SETTLED = """
SELECT count(*) AS number FROM earlier_of_type AS record
WHERE record.source = :source AND record.the_closing <= :since
"""
_BOTH = """
WITH both AS (
  SELECT record.*, earlier.the_field AS before
  FROM records_of_type AS record JOIN earlier_of_type AS earlier USING (source, source_ref)
  WHERE record.source = :source AND record.the_closing <= :since)
"""
_OTHER_VALUES = (
    _BOTH
    + """
SELECT coalesce(record.the_field::VARCHAR, '') AS value, count(*) AS number FROM both AS record
WHERE record.the_field IS DISTINCT FROM record.before GROUP BY ALL HAVING count(*) >= :least ORDER BY value
"""
)
_OTHER_VALUE = (
    _BOTH
    + """
SELECT record.collected_at AS at FROM both AS record
WHERE record.the_field IS DISTINCT FROM record.before AND coalesce(record.the_field::VARCHAR, '') = :value
"""
)
_NEW_ITEMS = (
    _BOTH  # noqa: S608  fixed text
    + """
, gained AS (SELECT DISTINCT source, source_ref, unnest(the_field) AS value FROM both
  WHERE the_field IS DISTINCT FROM before),
kept AS (SELECT DISTINCT source, source_ref, unnest(before) AS value FROM both)
SELECT value, count(*) AS number FROM gained ANTI JOIN kept USING (source, source_ref, value)
GROUP BY value HAVING count(*) >= :least ORDER BY value
"""
)
_NEW_ITEM = (
    _BOTH
    + """
SELECT record.collected_at AS at FROM both AS record
WHERE list_contains(record.the_field, :value) AND NOT coalesce(list_contains(record.before, :value), false)
"""
)


def recorded_late(
    connection: duckdb.DuckDBPyConnection, stream: Stream, limits: RecordedLate
) -> Iterator[Suspicion]:
    """Records of a time that was read completely before, and that were not there then."""
    read = stream.read_through
    if read is None or stream.record_type.occurred is None:
        return
    values: dict[str, Value] = {
        "source": stream.source,
        "first": read[0],
        "last": read[1] - timedelta(days=limits.days),
    }
    question = Question(
        _NEW if stream.held_before else _ANY,
        stream.record_type.name,
        values,
        {"the_time": stream.record_type.occurred},
    )
    yield from entered_late(moments(connection, question), stream, read[1], limits)


def entered_late(
    found: Sequence[Moment], stream: Stream, read_until: datetime, limits: RecordedLate
) -> Iterator[Suspicion]:
    """A sign when there are so many."""
    if len(found) < limits.least_records:
        return
    in_order = sorted(found, key=lambda each: (each.at, each.record))
    field = stream.record_type.occurred
    yield Suspicion(
        signal=Signal.RECORDED_LATE,
        text=(
            f"{len(found)} {stream.record_type.name} records of {stream.source} were not there when all up "
            f"to {format_instant(read_until)} was read, though their {field} is more than {limits.days} days "
            "before"
        ),
        because=limits.because,
        records=tuple(each.suspect(f"{field} {format_instant(each.at)}") for each in in_order),
    )


def relabelled(
    connection: duckdb.DuckDBPyConnection, stream: Stream, limits: Relabelled
) -> Iterator[Suspicion]:
    """Records of a stream, closed before it was read last, in which a field has become the same since."""
    if not stream.held_before:
        return
    name, closing = stream.record_type.name, limits.closing_of(stream.record_type.name)
    known: dict[str, Value] = {"source": stream.source, "since": stream.before[-1].finished_at}
    (settled,) = rows(connection, Question(_SETTLED, name, known, {"the_closing": closing}))
    if settled["number"] < limits.least_records:
        return
    for field in limits.fields[name]:
        is_list = stream.record_type.fields[field].type is FieldType.LIST
        listing, one = (_NEW_ITEMS, _NEW_ITEM) if is_list else (_OTHER_VALUES, _OTHER_VALUE)
        fields = {"the_field": field, "the_closing": closing}
        asked = Question(listing, name, {**known, "least": limits.least_records}, fields)
        for row in rows(connection, asked):
            if Fraction(row["number"], settled["number"]) >= Fraction(limits.least_share):
                question = Question(one, name, {**known, "value": row["value"]}, fields)
                became = "gained" if is_list else "became" if row["value"] else "was emptied"
                change = f"{field} {became} {row['value']}".strip()
                yield changed_alike(moments(connection, question), stream, settled["number"], change, limits)


def changed_alike(
    found: Sequence[Moment], stream: Stream, settled: int, change: str, limits: Relabelled
) -> Suspicion:
    """Records of which a field has become the same; ``change`` begins with its name."""
    since = format_instant(stream.before[-1].finished_at)
    in_order = sorted(found, key=lambda each: each.record)
    return Suspicion(
        signal=Signal.RELABELLED,
        text=(
            f"since {since}, in {len(found)} of {settled} {stream.record_type.name} records of "
            f"{stream.source} that had been closed before, {change}"
        ),
        because=limits.because,
        records=tuple(each.suspect(change) for each in in_order),
        field=change.partition(" ")[0],
    )
