"""Running compiled rules: partial results per service and for all together, in one scan each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
from sqlglot import exp

from itomm.config.errors import InvalidInputError, Problem
from itomm.evidence.record_types import RecordType
from itomm.rules import compiler
from itomm.rules.rule import BoundRule


@dataclass(frozen=True)
class Measured:
    """What one statement found for one service, or for all together. Values are exact, in base units."""

    counted: int = 0
    matched: int | None = None
    value: Fraction | None = None
    earlier_counted: int | None = None
    earlier_value: Fraction | None = None


@dataclass(frozen=True)
class MeasuredRule:
    """A rule's partial results: in total, and by service (None holds unmapped records)."""

    total: Measured
    by_service: Mapping[str | None, Measured]
    applies: Mapping[str, bool | None] | None


def measure_rule(connection: duckdb.DuckDBPyConnection, bound: BoundRule) -> MeasuredRule:
    """Run a rule's statement over the loaded evidence.

    Raises:
        InvalidInputError: the rule cannot be evaluated, for example because a number grows too large.
    """
    try:
        return _measured_rule(connection, bound)
    except duckdb.Error as error:
        reason = f"{bound.rule.name} cannot be evaluated: {str(error).splitlines()[0]}"
        raise InvalidInputError([Problem(bound.rule.document.place(("measure",)), reason)]) from None


def _measured_rule(connection: duckdb.DuckDBPyConnection, bound: BoundRule) -> MeasuredRule:
    total = Measured()
    by_service: dict[str | None, Measured] = {}
    for service, is_total, *rest in _rows(connection, compiler.measuring(bound)):
        measured = _measured(rest)
        if is_total:
            total = measured
        else:
            by_service[service] = measured
    return MeasuredRule(total, by_service, _applies(connection, bound))


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


def _rows(connection: duckdb.DuckDBPyConnection, query: exp.Expr) -> Sequence[tuple[Any, ...]]:
    return connection.execute(query.sql(dialect="duckdb", copy=False)).fetchall()


def _measured(row: Sequence[object]) -> Measured:
    counted, matched, value, earlier_counted, earlier_value = row
    return Measured(
        counted=_whole(counted) or 0,
        matched=_whole(matched),
        value=_exact(value),
        earlier_counted=_whole(earlier_counted),
        earlier_value=_exact(earlier_value),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _exact(value: object) -> Fraction | None:
    return Fraction(value) if isinstance(value, (int, Decimal)) else None
