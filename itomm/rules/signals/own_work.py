"""One person who opens and closes what two should look at; people who approve what they asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

import duckdb

from itomm.config.clock import format_instant
from itomm.config.identity import FORGOTTEN
from itomm.rules.signals.asking import Question, moments
from itomm.rules.signals.suspicion import Moment, NotLooked, Signal, Suspicion, shown_person
from itomm.rules.signals.thresholds import OwnWork

_CLOSED = """
WITH moved AS (
  SELECT *, list_filter(from_json(transitions, '[{"by":"VARCHAR","automated":"BOOLEAN"}]'),
    move -> NOT coalesce(move.automated, false)) AS by_people
  FROM records_of_type
  WHERE status_category = 'done' AND resolved_at IS NOT NULL AND reporter IS NOT NULL)
SELECT record.resolved_at AS at, CASE
  WHEN len(list_filter(record.by_people, move -> move.by IS DISTINCT FROM record.reporter)) = 0
  THEN record.reporter END AS person
FROM moved AS record WHERE len(list_filter(record.by_people, move -> move.by IS NOT NULL)) > 0
"""
_APPROVED = """
WITH approved AS (
  SELECT *, list_filter(from_json(approvals, '[{"by":"VARCHAR","decision":"VARCHAR"}]'),
    given -> given.by IS NOT NULL AND coalesce(given.decision, 'approved') = 'approved') AS approved_by
  FROM records_of_type WHERE reporter IS NOT NULL)
SELECT record.created_at AS at, CASE
  WHEN len(list_filter(record.approved_by, given -> given.by IS DISTINCT FROM record.reporter)) = 0
  THEN record.reporter END AS person
FROM approved AS record WHERE len(record.approved_by) > 0
"""


def closed(connection: duckdb.DuckDBPyConnection, kind: str) -> list[Moment]:
    """Closed records of a kind; the person, where one alone opened, moved and closed it."""
    return moments(connection, Question(_CLOSED, kind))


def approved(connection: duckdb.DuckDBPyConnection) -> list[Moment]:
    """Changes that somebody approved; the person, where nobody did but the one who asked for it."""
    return moments(connection, Question(_APPROVED, "change"))


def alone(found: Sequence[Moment], kind: str, limits: OwnWork) -> Iterator[Suspicion]:
    """People who alone opened and closed so many of a source's records, and such a share of them."""
    for source, of_source in _by_source(found):
        people = {each.person for each in of_source if each.person not in {None, FORGOTTEN}}
        others = any(each.person is None for each in of_source)
        if len(people) + others < limits.least_people:
            continue
        for person in sorted(people, key=str):
            own = [each for each in of_source if each.person == person]
            if not _is_much(own, of_source, limits):
                continue
            yield Suspicion(
                signal=Signal.OWN_WORK,
                text=(
                    f"one person ({shown_person(str(person))}) opened and closed {len(own)} of "
                    f"{len(of_source)} {kind} records of {source}, and nobody else moved them"
                ),
                because=limits.because,
                records=tuple(each.suspect(f"closed {format_instant(each.at)}") for each in own),
            )


def approved_own(found: Sequence[Moment], limits: OwnWork) -> Iterator[Suspicion]:
    """Sources in which so many changes were approved by nobody but who asked for them."""
    for source, of_source in _by_source(found):
        own = [each for each in of_source if each.person is not None]
        if _is_much(own, of_source, limits):
            yield Suspicion(
                signal=Signal.OWN_WORK,
                text=(
                    f"{len(own)} of {len(of_source)} approved change records of {source} were approved by "
                    "nobody but the person who asked for them"
                ),
                because=limits.because,
                records=tuple(each.suspect(f"asked for {format_instant(each.at)}") for each in own),
            )


def approved_by_nobody(found: Sequence[Moment]) -> Iterator[NotLooked]:
    """Where no source tells who approved a change."""
    if not found:
        yield NotLooked(Signal.OWN_WORK, "change", "no source tells who approved its changes")


def _is_much(own: Sequence[Moment], everything: Sequence[Moment], limits: OwnWork) -> bool:
    enough = len(own) >= limits.least_records
    return enough and Fraction(len(own), len(everything)) >= Fraction(limits.least_share)


def _by_source(found: Sequence[Moment]) -> Iterator[tuple[str, list[Moment]]]:
    in_order = sorted(found, key=lambda each: (each.record.source, each.at, each.record))
    for source, of_source in groupby(in_order, key=lambda each: each.record.source):
        yield source, list(of_source)
