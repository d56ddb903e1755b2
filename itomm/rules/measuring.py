"""Running compiled rules: partial results per service and for all together, many rules in one scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import duckdb
from sqlglot import exp

from itomm.config.errors import InvalidInputError, Problem
from itomm.evidence.record_types import RecordType
from itomm.rules import compiler, scanning
from itomm.rules.factoring import Scan, can_share, scans_of
from itomm.rules.limits import DEFAULT_LIMITS, StatementLimits, reason_of, rows
from itomm.rules.measures import MeasureKind
from itomm.rules.rule import BoundRule


class Measured(NamedTuple):
    """What was found for one service, or for all together. Values are exact, in base units."""

    counted: int = 0
    matched: int | None = None
    value: int | Fraction | None = None
    earlier_counted: int | None = None
    earlier_value: int | Fraction | None = None


Figures = tuple[int, int | None, int | Fraction | None, int | None, int | Fraction | None]
"""The fields of :class:`Measured`, for services by the million: plain tuples are made quickly."""
NOTHING_MEASURED: Figures = Measured()


@dataclass(frozen=True)
class MeasuredRule:
    """A rule's partial results: in total, and by service (None holds unmapped records), each as plain fields.

    A service without records that the rule selects is left out. The total's value is only there for rules
    that answer for the organisation.
    """

    total: Measured
    by_service: Mapping[str | None, Figures]
    applies: Mapping[str, bool | None] | None


def measure_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[BoundRule],
    limits: StatementLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[BoundRule, MeasuredRule]]:
    """Measure rules in as few scans as possible, one scan at a time; each gets what it would get alone.

    Raises:
        InvalidInputError: as :func:`measure_rule`.
    """
    for scan in scans_of([bound for bound in rules if can_share(bound)]):
        yield from _measured_together(connection, scan, limits)
    for bound in rules:
        if not can_share(bound):
            yield bound, measure_rule(connection, bound, limits)


def measure_rule(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule, limits: StatementLimits = DEFAULT_LIMITS
) -> MeasuredRule:
    """Run a rule's own statement over the loaded evidence.

    Raises:
        InvalidInputError: the rule cannot be evaluated: a number grows too large, or it takes too long.
    """
    try:
        return _measured_rule(connection, bound, limits)
    except duckdb.Error as error:
        reason = f"{bound.rule.name} cannot be evaluated: {reason_of(error, limits)}"
        raise InvalidInputError([Problem(bound.rule.document.place(("measure",)), reason)]) from None


def _measured_rule(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule, limits: StatementLimits
) -> MeasuredRule:
    total = Measured()
    by_service: dict[str | None, Figures] = {}
    for service, is_total, *rest in _rows(connection, compiler.measuring(bound), limits):
        counted, *others = map(_exact, rest)
        measured = Measured(counted or 0, *others)  # type: ignore[arg-type]  # counts are whole
        if is_total:
            total = measured
        else:
            by_service[service] = measured
    return MeasuredRule(total, by_service, _applies(connection, bound))


def _measured_together(
    connection: duckdb.DuckDBPyConnection, scan: Scan, limits: StatementLimits
) -> Iterator[tuple[BoundRule, MeasuredRule]]:
    bounds = [term.bound for term in scan.terms]
    if len(bounds) > 1:
        try:
            found = _scanned(connection, scan, limits)
        except duckdb.Error:  # one rule fails for all: each by itself tells which one it is
            found = None
        if found is not None:
            yield from zip(bounds, found, strict=True)
            return
    for bound in bounds:
        yield bound, measure_rule(connection, bound, limits)


def _scanned(
    connection: duckdb.DuckDBPyConnection, scan: Scan, limits: StatementLimits
) -> list[MeasuredRule]:
    query, columns = scanning.by_service(scan)
    found_rows = _rows(connection, query, limits)
    services = [row[0] for row in found_rows]
    by_column = list(zip(*found_rows, strict=True))[1:] if found_rows else [()] * len(columns)
    found: list[dict[str, Sequence[Any]]] = [{} for _ in scan.terms]
    for column, values in zip(columns, by_column, strict=True):
        found[column.term][column.name] = values
    whole = _of_the_whole(connection, scan, limits)
    return [
        _put_together(term.bound, services, of_term, whole.get(number, {}))
        for number, (term, of_term) in enumerate(zip(scan.terms, found, strict=True))
    ]


def _of_the_whole(
    connection: duckdb.DuckDBPyConnection, scan: Scan, limits: StatementLimits
) -> dict[int, dict[str, Any]]:
    asked = scanning.of_the_whole(scan)
    found: dict[int, dict[str, Any]] = {}
    if asked is not None:
        query, columns = asked
        (row,) = _rows(connection, query, limits)
        for column, value in zip(columns, row, strict=True):
            found.setdefault(column.term, {})[column.name] = _exact(value)
    return found


def _put_together(
    bound: BoundRule,
    services: Sequence[str | None],
    columns: Mapping[str, Sequence[Any]],
    whole: Mapping[str, Any],
) -> MeasuredRule:
    """One rule's results from its columns of a scan."""
    counted = columns["counted"]
    matched, earlier_counted = columns.get("matched"), columns.get("earlier_counted")
    value, earlier_value = (_all_exact(columns.get(name)) for name in ("value", "earlier_value"))
    present = columns.get("selected", counted)
    if earlier_counted is not None:
        present = [sum(both) for both in zip(counted, earlier_counted, strict=True)]
    parts = (each or (None,) * len(services) for each in (matched, value, earlier_counted, earlier_value))
    figures = zip(counted, *parts, strict=True)
    by_service = {service: own for service, here, own in zip(services, present, figures, strict=True) if here}
    total = Measured(
        sum(counted),
        None if matched is None else sum(matched),
        whole["value"] if "value" in whole else _combined(bound, value or ()),
        None if earlier_counted is None else sum(earlier_counted),
        whole.get("earlier_value"),
    )
    return MeasuredRule(total, by_service, None)


def _all_exact(values: Sequence[Any] | None) -> Sequence[int | Fraction | None] | None:
    """The values of one column, which has one type: whole numbers, or decimals as fractions."""
    first = next((value for value in values or () if value is not None), None)
    return [_exact(value) for value in values or ()] if isinstance(first, Decimal) else values


def _combined(bound: BoundRule, values: Sequence[int | Fraction | None]) -> int | Fraction | None:
    """The value over all records from those by service; None where it does not follow from them."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    match bound.measure.kind:
        case MeasureKind.SUM | MeasureKind.AVERAGE:
            return sum(known)
        case MeasureKind.MINIMUM:
            return min(known)
        case MeasureKind.MAXIMUM | MeasureKind.DAYS_SINCE:
            return max(known)
        case _:
            return None


def seen_records(
    connection: duckdb.DuckDBPyConnection, record_type: RecordType
) -> tuple[int, Mapping[str | None, int]]:
    """How many records of a type there are: in total, and by service."""
    service = exp.column("service_id")
    query = exp.select(service, exp.Count(this=exp.Star())).from_(exp.table_(record_type.name, quoted=True))
    by_service = {row[0]: int(row[1]) for row in _rows(connection, query.group_by(service.copy()))}
    return sum(by_service.values()), by_service


def _applies(connection: duckdb.DuckDBPyConnection, bound: BoundRule) -> Mapping[str, bool | None] | None:
    query = compiler.population(bound)
    return None if query is None else {row[0]: row[1] for row in _rows(connection, query)}


def _rows(
    connection: duckdb.DuckDBPyConnection, query: exp.Expr, limits: StatementLimits = DEFAULT_LIMITS
) -> Sequence[tuple[Any, ...]]:
    return rows(connection, query.sql(dialect="duckdb", copy=False), limits)


def _exact(value: object) -> int | Fraction | None:
    """A value as the database gives it: a whole number, or a decimal as a fraction."""
    if isinstance(value, int):
        return value
    return Fraction(value) if isinstance(value, Decimal) else None
