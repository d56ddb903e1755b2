"""From a rule to one statement that measures all services and the whole organisation at once.

The statement is a sqlglot tree made only of checked parts; it never exists as text that a person wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from sqlglot import exp

from itomm.evidence.reading.masking import instant_literal
from itomm.evidence.record_types import Field, FieldType
from itomm.rules.existence import any_fits
from itomm.rules.measures import Measure, MeasureKind
from itomm.rules.rule import LINKED_ALIAS, RECORD_ALIAS, BoundRule, LinkedFact

_SELECTED = "selected"
WITH_FACTS = "with_facts"


def service_id() -> exp.Column:
    """The column that says to which service a record belongs."""
    return exp.column("service_id", table=RECORD_ALIAS, quoted=True)


def measuring(bound: BoundRule) -> exp.Select:
    """One row for each service that has counted records, and one for all together.

    Columns: service_id, is_total, counted, matched, value, earlier_counted, earlier_value.
    """
    measure = bound.measure
    counted, matched, value = aggregates(measure, None)
    earlier_counted: exp.Expr = exp.Null()
    earlier_value: exp.Expr = exp.Null()
    if measure.kind is MeasureKind.TREND:
        middle = recent_half(bound)
        counted, matched, value = aggregates(measure, middle)
        earlier_counted, _, earlier_value = aggregates(measure, exp.Not(this=exp.Paren(this=middle.copy())))
    columns = {
        "counted": counted,
        "matched": matched,
        "value": value,
        "earlier_counted": earlier_counted,
        "earlier_value": earlier_value,
    }
    grouping = exp.GroupingSets(
        expressions=[exp.Tuple(expressions=[service_id()]), exp.Tuple(expressions=[])]
    )
    query = (
        exp.select(
            service_id(),
            exp.alias_(exp.Anonymous(this="grouping", expressions=[service_id()]), "is_total"),
            *[exp.alias_(tree, name) for name, tree in columns.items()],
        )
        .from_(exp.alias_(exp.table_(_SELECTED), RECORD_ALIAS, table=True), copy=False)
        .with_(WITH_FACTS, as_=with_linked_facts(bound), copy=False)
        .with_(_SELECTED, as_=_selected(bound), copy=False)
    )
    query.set("group", exp.Group(grouping_sets=[grouping]))
    return query


def population(bound: BoundRule) -> exp.Select | None:
    """For each service of the catalogue, whether the rule applies to it; None when it applies to all."""
    if bound.services is None:
        return None
    return exp.select(
        exp.column("source_ref", table=RECORD_ALIAS), exp.alias_(bound.services.copy(), "applies")
    ).from_(exp.alias_(exp.table_("service", quoted=True), RECORD_ALIAS, table=True))


def with_linked_facts(bound: BoundRule, service: str | None = None) -> exp.Select:
    """All records of a rule's type, or one service's, with a yes/no column for each linked fact."""
    source: exp.Expr = exp.table_(bound.rule.record_type.name, quoted=True)
    if bound.query is not None:
        source = bound.query.tree.subquery()
    query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(RECORD_ALIAS))).from_(
        exp.alias_(source, RECORD_ALIAS, table=True)
    )
    if service is not None:
        query.where(service_id().eq(exp.Literal.string(service)), copy=False)
    for fact in bound.rule.linked:
        query.select(exp.alias_(_fact(bound, fact), fact.name, quoted=True), copy=False)
    return query


def _fact(bound: BoundRule, fact: LinkedFact) -> exp.Expr:
    """Whether a linked record fits, or how many do."""
    pairs = [linked_by(theirs, ours) for theirs, ours in fact.on]
    written = bound.linked_conditions.get(fact.name)
    linked = exp.alias_(exp.table_(fact.record_type.name, quoted=True), LINKED_ALIAS, table=True)
    if not fact.is_number:
        return any_fits(linked, pairs, written)
    conditions = pairs if written is None else [*pairs, written]
    return exp.Subquery(this=exp.select(exp.Count(this=exp.Star())).from_(linked).where(*conditions))


def linked_by(theirs: Field, ours: Field) -> exp.Expr:
    """Whether a linked record belongs to a record by one pair of fields."""
    left = exp.column(theirs.name, table=LINKED_ALIAS, quoted=True)
    right = exp.column(ours.name, table=RECORD_ALIAS, quoted=True)
    if theirs.type is FieldType.LIST and ours.type is FieldType.LIST:
        return exp.func("list_has_any", left, right)
    if theirs.type is FieldType.LIST:
        return exp.func("list_contains", left, right)
    if ours.type is FieldType.LIST:
        return exp.func("list_contains", right, left)
    return left.eq(right)


def _selected(bound: BoundRule) -> exp.Select:
    query = exp.select(exp.Star()).from_(exp.alias_(exp.table_(WITH_FACTS), RECORD_ALIAS, table=True))
    found = conditions(bound)
    return query.where(*found, copy=False) if found else query


def conditions(bound: BoundRule) -> list[exp.Expr]:
    """What makes a record a selected one: its service, the filter, the window."""
    every: list[exp.Expr] = []
    if bound.services is not None:
        every.append(in_scope(bound))
    if bound.where is not None:
        every.append(exp.Paren(this=bound.where.copy()))
    if bound.rule.window_field is not None:
        every += in_window(bound)
    return every


def in_scope(bound: BoundRule) -> exp.Expr:
    """Whether a record's service is one that the rule applies to."""
    applies = exp.select(exp.column("source_ref", table="member")).from_(
        exp.alias_(_members(bound), "member", table=True)
    )
    return exp.In(this=service_id(), query=exp.Subquery(this=applies))


def in_window(bound: BoundRule) -> list[exp.Expr]:
    """Whether a record lies in the rule's window."""
    moment = exp.column(str(bound.rule.window_field), table=RECORD_ALIAS, quoted=True)
    return [moment > instant_literal(window_start(bound)), moment.copy() <= instant_literal(bound.as_of)]


def _members(bound: BoundRule) -> exp.Subquery:
    members = population(bound)
    if members is None or bound.services is None:
        raise ValueError(f"{bound.rule.name} applies to all services")
    return exp.Subquery(this=members.where(bound.services.copy()))


def window_start(bound: BoundRule) -> datetime:
    """The instant after which records count."""
    return bound.as_of - timedelta(days=bound.rule.window_days or 0)


def recent_half(bound: BoundRule) -> exp.Expr:
    """Whether a record lies in the recent half of its rule's window."""
    moment = exp.column(str(bound.rule.window_field), table=RECORD_ALIAS, quoted=True)
    half = timedelta(days=bound.rule.window_days or 0) / 2
    return moment > instant_literal(bound.as_of - half)


def counting_condition(measure: Measure) -> exp.Expr | None:
    """What makes a selected record count, beyond being selected."""
    if measure.population is not None:
        return measure.population
    if measure.value is not None:
        return exp.Not(this=exp.Is(this=exp.Paren(this=measure.value), expression=exp.Null()))
    return None


def aggregates(measure: Measure, only: exp.Expr | None) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """Expressions for counted, matched and value, over the records for which ``only`` is true."""
    counting = all_of([part for part in (only, counting_condition(measure)) if part is not None])
    counted = _count(counting)
    matching = all_of([part for part in (counting, measure.condition) if part is not None])
    matched: exp.Expr = _count(matching) if measure.condition is not None else exp.Null()
    value: exp.Expr = exp.Null()
    if measure.value is not None:
        value = _filtered(_value_aggregate(measure), only)
    return counted, matched, value


def _value_aggregate(measure: Measure) -> exp.Expr:
    value = measure.value.copy() if measure.value is not None else exp.Null()
    kind = measure.of_trend if measure.kind is MeasureKind.TREND else measure.kind
    match kind:
        case MeasureKind.SUM | MeasureKind.AVERAGE:
            return exp.Sum(this=value)
        case MeasureKind.MINIMUM:
            return exp.Min(this=value)
        case MeasureKind.MAXIMUM | MeasureKind.DAYS_SINCE:
            return exp.Max(this=value)
        case MeasureKind.DISTINCT:
            return exp.Count(this=exp.Distinct(expressions=[value]))
        case _:
            share = exp.Literal.number(str(float(measure.percentile / Fraction(100))))
            return exp.Anonymous(this="quantile_disc", expressions=[value, share])


def _count(condition: exp.Expr | None) -> exp.Expr:
    return _filtered(exp.Count(this=exp.Star()), condition)


def _filtered(aggregate: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))


def all_of(conditions: Sequence[exp.Expr]) -> exp.Expr | None:
    """One condition for all; None when there is none."""
    if not conditions:
        return None
    return exp.and_(*[condition.copy() for condition in conditions])
