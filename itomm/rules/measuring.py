"""Running a plan: partial results per service and for all together, many rules in one scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlglot import exp

from itomm.config.errors import InvalidInputError, Problem
from itomm.evidence.record_types import RecordType
from itomm.rules import compiler, scanning
from itomm.rules.asking import Asking, Later, OneConnection
from itomm.rules.factoring import Scan, can_share, scans_of
from itomm.rules.limits import DEFAULT_LIMITS, StatementLimits, reason_of
from itomm.rules.measured import MeasuredRule, exact, of_columns, of_rows
from itomm.rules.rule import RECORD_ALIAS, BoundRule


def measure_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[BoundRule],
    limits: StatementLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[BoundRule, MeasuredRule]]:
    """Measure rules over evidence that is loaded, as :func:`measured_rules`."""
    return measured_rules(OneConnection(connection, limits), rules, limits)


def measured_rules(
    asking: Asking, rules: Sequence[BoundRule], limits: StatementLimits = DEFAULT_LIMITS
) -> Iterator[tuple[BoundRule, MeasuredRule]]:
    """Measure rules in as few scans as possible, one scan at a time; each gets what it would get alone.

    Raises:
        InvalidInputError: a rule cannot be evaluated: a number grows too large, or it takes too long.
    """
    scans = scans_of([bound for bound in rules if can_share(bound)])
    shared = [_Scanning.of(asking, scan) for scan in scans if len(scan.terms) > 1]
    by_itself = [term.bound for scan in scans if len(scan.terms) == 1 for term in scan.terms]
    by_itself += [bound for bound in rules if not can_share(bound)]
    alone = [_Alone.of(asking, bound) for bound in by_itself]
    for scanning_now in shared:
        try:
            found = scanning_now.results()
        except duckdb.Error:  # one rule fails for all: each by itself tells which one it is
            alone += [_Alone.of(asking, term.bound) for term in scanning_now.scan.terms]
            continue
        yield from zip((term.bound for term in scanning_now.scan.terms), found, strict=True)
    for each in alone:
        yield each.bound, each.result(limits)


def measure_rule(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule, limits: StatementLimits = DEFAULT_LIMITS
) -> MeasuredRule:
    """Run a rule's own statement over evidence that is loaded.

    Raises:
        InvalidInputError: as :func:`measured_rules`.
    """
    return _Alone.of(OneConnection(connection, limits), bound).result(limits)


@dataclass(frozen=True)
class _Scanning:
    """A scan whose statements are under way."""

    scan: Scan
    rows: Later
    columns: Sequence[scanning.Column]
    whole: Later | None
    of_whole: Sequence[scanning.Column]

    @staticmethod
    def of(asking: Asking, scan: Scan) -> _Scanning:
        query, columns = scanning.by_service(scan)
        asked = scanning.of_the_whole(scan)
        whole, of_whole = (asking.as_a_whole(asked[0]), asked[1]) if asked else (None, ())
        return _Scanning(scan, asking.by_service(query), columns, whole, of_whole)

    def results(self) -> list[MeasuredRule]:
        """Each rule's results; raises ``duckdb.Error``."""
        rows = self.rows()
        services = [row[0] for row in rows]
        by_column = list(zip(*rows, strict=True))[1:] if rows else [()] * len(self.columns)
        found: list[dict[str, Sequence[Any]]] = [{} for _ in self.scan.terms]
        for column, values in zip(self.columns, by_column, strict=True):
            found[column.term][column.name] = values
        whole: list[dict[str, Any]] = [{} for _ in self.scan.terms]
        for column, value in zip(self.of_whole, self.whole()[0] if self.whole else (), strict=True):
            whole[column.term][column.name] = exact(value)
        return [
            of_columns(term.bound, services, columns, values)
            for term, columns, values in zip(self.scan.terms, found, whole, strict=True)
        ]


@dataclass(frozen=True)
class _Alone:
    """A rule whose own statement is under way."""

    bound: BoundRule
    rows: Later
    applies: Later | None

    @staticmethod
    def of(asking: Asking, bound: BoundRule) -> _Alone:
        population = compiler.population(bound)
        applies = None if population is None else asking.as_a_whole(population)
        return _Alone(bound, asking.as_a_whole(compiler.measuring(bound)), applies)

    def result(self, limits: StatementLimits) -> MeasuredRule:
        """The rule's results."""
        try:
            rows = self.rows()
            applies = None if self.applies is None else {row[0]: row[1] for row in self.applies()}
        except duckdb.Error as error:
            raise cannot_be_evaluated(self.bound, error, limits) from None
        return of_rows(rows, applies)


def cannot_be_evaluated(bound: BoundRule, error: duckdb.Error, limits: StatementLimits) -> InvalidInputError:
    """What is wrong with a rule whose statement the database gave up."""
    reason = f"{bound.rule.name} cannot be evaluated: {reason_of(error, limits)}"
    return InvalidInputError([Problem(bound.rule.document.place(("measure",)), reason)])


def seen_records(
    connection: duckdb.DuckDBPyConnection, record_type: RecordType
) -> tuple[int, Mapping[str | None, int]]:
    """How many records of a type there are: in total, and by service."""
    return totalled(seen_by_service(OneConnection(connection), record_type))


def seen_by_service(asking: Asking, record_type: RecordType, where: exp.Expr | None = None) -> Later:
    """Counts the records of a type by service; all, or those ``where`` is true."""
    service = compiler.service_id()
    table = exp.alias_(exp.table_(record_type.name, quoted=True), RECORD_ALIAS, table=True)
    query = exp.select(service, exp.Count(this=exp.Star())).from_(table).group_by(service.copy())
    if where is not None:
        query = query.where(where.copy())
    return asking.by_service(query)


def totalled(rows: Later) -> tuple[int, Mapping[str | None, int]]:
    """Counts by service with their total."""
    by_service = {row[0]: int(row[1]) for row in rows()}
    return sum(by_service.values()), by_service
