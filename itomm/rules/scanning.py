"""From a scan to its two statements: what every service measures, and what only all records together do.

Counts, sums and extremes of the whole are combined from those of the services, exactly. A median or a number
of different values is not made of its parts: for these there is a second statement over all records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from itomm.evidence.reading.masking import instant_literal
from itomm.rules.compiler import aggregates, all_of, counting_condition, recent_half, service_id, window_start
from itomm.rules.factoring import Scan, Term
from itomm.rules.measures import MeasureKind
from itomm.rules.rule import RECORD_ALIAS

COLUMNS = ("selected", "counted", "matched", "value", "earlier_counted", "earlier_value")
"""What a scan may say of a rule, in this order; ``selected`` only where more are selected than counted."""
NOT_MADE_OF_PARTS = frozenset(
    {MeasureKind.MEDIAN, MeasureKind.PERCENTILE, MeasureKind.DISTINCT, MeasureKind.TREND}
)
"""Measures whose value over all records does not follow from their values by service."""


@dataclass(frozen=True)
class Column:
    """One aggregate of a scan: of which of its terms, and which of :data:`COLUMNS`."""

    term: int
    name: str


def by_service(scan: Scan) -> tuple[exp.Select, tuple[Column, ...]]:
    """One row for each service with records in the scan: its id, then the columns."""
    found = [
        (Column(number, name), tree)
        for number, term in enumerate(scan.terms)
        for name, tree in _columns(scan, term)
    ]
    query = _records(scan).select(service_id(), *[tree for _, tree in found], append=False, copy=False)
    return query.group_by(service_id(), copy=False), tuple(column for column, _ in found)


def of_the_whole(scan: Scan) -> tuple[exp.Select, tuple[Column, ...]] | None:
    """One row with the values that only all records together give; None when no rule asks for one."""
    found = [
        (Column(number, name), tree)
        for number, term in enumerate(scan.terms)
        if "organisation" in term.bound.rule.per and term.bound.measure.kind in NOT_MADE_OF_PARTS
        for name, tree in _columns(scan, term)
        if name in {"value", "earlier_value"}
    ]
    if not found:
        return None
    query = _records(scan).select(*[tree for _, tree in found], append=False, copy=False)
    return query, tuple(column for column, _ in found)


def _records(scan: Scan) -> exp.Select:
    query = exp.select(exp.Star()).from_(
        exp.alias_(exp.table_(scan.record_type.name, quoted=True), RECORD_ALIAS, table=True), copy=False
    )
    conditions: list[exp.Expr] = [exp.Paren(this=each.copy()) for each in scan.shared]
    if scan.window_field is not None and scan.since is not None and scan.until is not None:
        moment = exp.column(scan.window_field, table=RECORD_ALIAS, quoted=True)
        conditions += [moment > instant_literal(scan.since), moment.copy() <= instant_literal(scan.until)]
    return query.where(*conditions, copy=False) if conditions else query


def _columns(scan: Scan, term: Term) -> Iterator[tuple[str, exp.Expr]]:
    measure = term.bound.measure
    own = _own_conditions(scan, term)
    recent = own
    if measure.kind is MeasureKind.TREND:
        half = recent_half(term.bound)
        recent = [*own, half]
        earlier = all_of([*own, exp.Not(this=exp.Paren(this=half.copy()))])
        earlier_counted, _, earlier_value = aggregates(measure, earlier)
        yield "earlier_counted", earlier_counted
        if measure.value is not None:
            yield "earlier_value", earlier_value
    counted, matched, value = aggregates(measure, all_of(recent))
    yield "counted", counted
    if measure.condition is not None:
        if counting_condition(measure) is not None:
            only = all_of(own)
            every = exp.Count(this=exp.Star())
            yield (
                "selected",
                every if only is None else exp.Filter(this=every, expression=exp.Where(this=only)),
            )
        yield "matched", matched
    if measure.value is not None:
        yield "value", value


def _own_conditions(scan: Scan, term: Term) -> Sequence[exp.Expr]:
    """What a rule asks of a record beyond what the scan's filter says."""
    own: list[exp.Expr] = [] if term.condition is None else [exp.Paren(this=term.condition)]
    bound = term.bound
    if bound.rule.window_field is not None:
        moment = exp.column(bound.rule.window_field, table=RECORD_ALIAS, quoted=True)
        start = window_start(bound)
        if scan.window_field is None or start != scan.since:
            own.append(moment > instant_literal(start))
        if scan.window_field is None:
            own.append(moment.copy() <= instant_literal(bound.as_of))
    return own
