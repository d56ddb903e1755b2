"""The records behind an answer: those that counted, and those that were looked at and did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
from sqlglot import exp

from itomm.config.clock import format_instant
from itomm.config.errors import InvalidInputError, Problem
from itomm.config.quantities import SECOND, Dimension, Quantity, decimal_text, format_quantity
from itomm.evidence.record_types import FieldType
from itomm.rules.checks import Check, checks_of, fields_of, why_not
from itomm.rules.limits import named_rows, reason_of
from itomm.rules.listing import (
    check_column,
    counted_places,
    listing,
    listing_by_service,
    sampling,
    telling_fields,
)
from itomm.rules.rule import BoundRule
from itomm.rules.untold.silences import Silence

NOT_TOLD = "not told"
"""Stands for the value of a field that the record's source cannot tell."""


@dataclass(frozen=True)
class RecordLookedAt:
    """One record with how it entered an answer, and where it came from.

    ``why_not`` says in words why it did not count; "" when it did.
    """

    source: str
    source_ref: str
    url: str
    service: str | None
    collected_at: datetime
    collection: str
    page: int
    position: int
    counted: bool
    matched: bool | None
    fields: Mapping[str, str]
    why_not: str = ""


def records_behind(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundRule,
    service: str | None,
    at_most: int | None,
    *,
    silences: Sequence[Silence] = (),
) -> list[RecordLookedAt]:
    """Records of a rule for a service (None: all), those that counted first; at most ``at_most``.

    ``silences`` say which fields are empty because a source cannot tell them.
    """
    return _listed(connection, bound, listing(bound, service, at_most), silences)


def sampled_records(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundRule,
    service: str | None,
    size: int,
    seed: int,
    *,
    silences: Sequence[Silence] = (),
) -> list[RecordLookedAt]:
    """A sample of the records that counted for a service (None: all); a seed draws the same everywhere."""
    return _listed(connection, bound, sampling(bound, service, size, seed), silences)


def records_by_service(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundRule,
    at_most: int,
    *,
    silences: Sequence[Silence] = (),
) -> dict[str, list[RecordLookedAt]]:
    """As :func:`records_behind`, for every service at once."""
    found: dict[str, list[RecordLookedAt]] = {}
    for record in _listed(connection, bound, listing_by_service(bound, at_most), silences):
        found.setdefault(str(record.service), []).append(record)
    return found


def places_that_counted(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule
) -> set[tuple[str, tuple[int, int]]]:
    """Collection, page and position of every record that counted in a rule's answers, for any service."""
    _, rows = _found(connection, bound, counted_places(bound))
    return {(str(collection), (int(page), int(position))) for collection, page, position in rows}


def _listed(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule, query: exp.Select, silences: Sequence[Silence]
) -> list[RecordLookedAt]:
    names, rows = _found(connection, bound, query)
    telling = telling_fields(bound)
    checks = checks_of(bound)
    own = [each for each in silences if each.record_type == bound.rule.record_type.name]
    return [_looked_at(bound, dict(zip(names, row, strict=True)), telling, checks, own) for row in rows]


def _found(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule, query: exp.Query
) -> tuple[Sequence[str], Sequence[tuple[Any, ...]]]:
    """Names and rows of a listing.

    Raises:
        InvalidInputError: it takes more than a statement may.
    """
    try:
        return named_rows(connection, query.sql(dialect="duckdb", copy=False))
    except duckdb.Error as error:
        message = f"the records of {bound.rule.name} cannot be listed: {reason_of(error)}"
        raise InvalidInputError([Problem(bound.rule.document.place(), message)]) from None


def _looked_at(
    bound: BoundRule,
    row: Mapping[str, object],
    telling: Sequence[str],
    checks: Sequence[Check],
    silences: Sequence[Silence],
) -> RecordLookedAt:
    service = row["service_id"]
    counts = bool(row["counts"])
    source, collection = str(row["source"]), str(row["collection"])
    untold = {each.field for each in silences if each.covers(source, collection)}
    matches = None if untold & set(fields_of(bound.measure.condition)) else row["matches"]
    return RecordLookedAt(
        source=source,
        source_ref=str(row["source_ref"]),
        url=str(row["url"] or ""),
        service=None if service is None else str(service),
        collected_at=_in_utc(row["collected_at"]),
        collection=collection,
        page=int(str(row["page"])),
        position=int(str(row["position"])),
        counted=counts,
        matched=bool(matches) if counts and matches is not None else None,
        fields=dict(_shown(bound, row, telling)) | dict.fromkeys(sorted(untold & set(telling)), NOT_TOLD),
        why_not="" if counts else why_not(bound, checks, row, _passed(row, len(checks)), untold),
    )


def _passed(row: Mapping[str, object], number: int) -> list[bool | None]:
    """How a record fared in each check of its rule."""
    found = [row[check_column(each)] for each in range(number)]
    return [None if each is None else bool(each) for each in found]


def _in_utc(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("every stored record says when it was collected")
    return value.replace(tzinfo=UTC)


def _shown(bound: BoundRule, row: Mapping[str, object], telling: Sequence[str]) -> Iterator[tuple[str, str]]:
    fields = {**bound.rule.record_type.fields, **(bound.query.gives.fields if bound.query else {})}
    for name in telling:
        declared = fields.get(name)
        yield name, _text(row.get(name), declared.type if declared else FieldType.BOOLEAN)


def _text(value: object, kind: FieldType) -> str:
    match value:
        case None:
            text = "—"
        case bool():
            text = "yes" if value else "no"
        case datetime():
            text = format_instant(value.replace(tzinfo=UTC))
        case Decimal() if kind is FieldType.DURATION:
            text = format_quantity(Quantity(Dimension.DURATION, Fraction(value) * SECOND))
        case Decimal():
            text = decimal_text(Fraction(value), 6)
        case list():
            text = ", ".join(str(item) for item in value) or "none"
        case _:
            text = str(value)
    return text
