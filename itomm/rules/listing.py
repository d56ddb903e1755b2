"""Statements that list the records behind an answer, with how each fared in every part of its rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from itomm.evidence.segments.columns import PROVENANCE_COLUMNS
from itomm.rules.checks import checks_of
from itomm.rules.columns_read import columns_read
from itomm.rules.compiler import (
    WITH_FACTS,
    all_of,
    conditions,
    counting_condition,
    linked_by,
    service_id,
    with_linked_facts,
)
from itomm.rules.queries import SERVICE
from itomm.rules.rule import LINKED_ALIAS, RECORD_ALIAS, BoundRule, LinkedFact

_IDENTIFYING = ("key", "name", "title", "rule", "path", "iid", "tag", "identifier", "environment", "data_set")


def listing(bound: BoundRule, service: str | None, at_most: int | None) -> exp.Select:
    """The records that a rule looks at, with whether each counted and matched; all, or one service's.

    Columns: provenance, the telling fields, counts, matches, and one for each of the rule's checks, named
    by :func:`check_column`. Those that counted come first.
    """
    query = _judged(bound, service).order_by(*_order(bound), copy=False)
    return query if at_most is None else query.limit(at_most, copy=False)


def listing_by_service(bound: BoundRule, at_most: int) -> exp.Select:
    """As :func:`listing`, for every service at once: the first records of each."""
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[service_id()],
        order=exp.Order(expressions=_order(bound)),
    )
    query = _judged(bound, None).where(
        exp.Not(this=exp.Is(this=service_id(), expression=exp.Null())), copy=False
    )
    query.set("qualify", exp.Qualify(this=place <= at_most))
    return query.order_by(service_id(), *_order(bound), copy=False)


def sampling(bound: BoundRule, service: str | None, size: int, seed: int) -> exp.Select:
    """Records that counted, drawn by seed: those whose SHA-256 over seed and identity come first.

    The hashed text is the seed, the record type, the source and the record's reference, with a line break
    between each, so that anybody can draw the same sample without this program.
    """
    named = [exp.column(name, table=RECORD_ALIAS, quoted=True) for name in ("source", "source_ref")]
    literals = [exp.Literal.string(text) for text in (str(seed), bound.rule.record_type.name)]
    text = exp.func("concat_ws", exp.func("chr", exp.Literal.number(10)), *literals, *named)
    lot = exp.Anonymous(this="sha256", expressions=[text])
    query = _judged(bound, service).where(exp.column("counts"), copy=False)
    drawn = exp.Ordered(this=lot, desc=False, nulls_first=False)
    return query.order_by(drawn, *_by_name(bound), copy=False).limit(size, copy=False)


def counted_places(bound: BoundRule) -> exp.Select:
    """Collection, page and position of every record that counted, for any service."""
    query = exp.select("collection", "page", "position").distinct()
    return query.from_(_judged(bound, None).subquery("listed")).where(exp.column("counts"))


def counted_among(bound: BoundRule, suspects: str) -> exp.Select:
    """Service, source and reference of the records that counted and stand in the table of suspects."""
    query = exp.select("listed.service_id", "listed.source", "listed.source_ref").distinct()
    named = exp.table_(suspects, quoted=True)
    return (
        query.from_(_judged(bound, None).subquery("listed"))
        .join(named, join_type="semi", using=["source", "source_ref"], dialect="duckdb")
        .where(exp.column("counts"))
    )


def linked_among(bound: BoundRule, fact: LinkedFact, suspects: str) -> exp.Select:
    """As :func:`counted_among`, for the records of another type that a fact finds for those that counted.

    The service is that of the record that counted.
    """
    counting = counting_condition(bound.measure)
    kept = [*conditions(bound), *([counting.copy()] if counting is not None else [])]
    record = exp.alias_(exp.table_(WITH_FACTS), RECORD_ALIAS, table=True)
    counted = exp.select(exp.Star()).from_(record).where(*kept).subquery(RECORD_ALIAS)
    named = exp.table_(fact.record_type.name, quoted=True)
    suspected = (
        exp.select(exp.Star())
        .from_(named)
        .join(
            exp.table_(suspects, quoted=True),
            join_type="semi",
            using=["source", "source_ref"],
            dialect="duckdb",
        )
    )
    written = bound.linked_conditions.get(fact.name)
    fits = [linked_by(theirs, ours) for theirs, ours in fact.on]
    fits += [written.copy()] if written is not None else []
    theirs = [exp.column(name, table=LINKED_ALIAS, quoted=True) for name in ("source", "source_ref")]
    return (
        exp.select(service_id(), *theirs)
        .distinct()
        .from_(counted)
        .join(suspected.subquery(LINKED_ALIAS), on=exp.and_(*fits), join_type="inner")
        .with_(WITH_FACTS, as_=with_linked_facts(bound), copy=False)
    )


def telling_fields(bound: BoundRule) -> list[str]:
    """The field that names the record, those that the rule reads, and a second name."""
    record_type = bound.rule.record_type
    trees = [bound.where, bound.measure.condition, bound.measure.population, bound.measure.value]
    read = {column.name for tree in trees if tree is not None for column in tree.find_all(exp.Column)}
    read |= {ours.name for fact in bound.rule.linked for _, ours in fact.on}
    if bound.rule.window_field is not None:
        read.add(bound.rule.window_field)
    naming = [name for name in _IDENTIFYING if name in record_type.fields]
    if bound.query is not None:
        return list(
            dict.fromkeys([*naming[:1], *(name for name in bound.query.gives.fields if name != SERVICE)])
        )
    facts = [fact.name for fact in bound.rule.linked]
    ordered = [*naming[:1], *(name for name in record_type.fields if name in read), *facts, *naming[1:2]]
    return list(dict.fromkeys(ordered))


def columns_listed(rules: Sequence[BoundRule]) -> Mapping[str, frozenset[str]]:
    """By record type, the columns that listing the records of rules needs."""
    found = {name: set(columns) for name, columns in columns_read(rules).items()}
    for bound in rules:
        own = found.setdefault(bound.rule.record_type.name, set())
        given = bound.query.gives.fields if bound.query else {}
        own |= {*PROVENANCE_COLUMNS, *telling_fields(bound), *_moments(bound)} - given.keys()
    return {name: frozenset(columns) for name, columns in found.items()}


def check_column(number: int) -> str:
    """The column that says whether a record passes the rule's check of that number."""
    return f"check {number}"


def _moments(bound: BoundRule) -> list[str]:
    newest_first = bound.rule.window_field or bound.rule.record_type.occurred
    return [newest_first] if newest_first is not None else []


def _judged(bound: BoundRule, service: str | None) -> exp.Select:
    counts = all_of(conditions(bound)) or exp.true()
    population = counting_condition(bound.measure)
    if population is not None:
        counts = exp.and_(counts, population.copy(), copy=False)
    condition = bound.measure.condition
    matches = exp.and_(counts.copy(), condition.copy(), copy=False) if condition is not None else exp.Null()
    shown = dict.fromkeys([*PROVENANCE_COLUMNS, *telling_fields(bound), *_moments(bound)])
    checks = [
        exp.alias_(exp.Paren(this=check.condition.copy()), check_column(number), quoted=True)
        for number, check in enumerate(checks_of(bound))
    ]
    return (
        exp.select(
            *[exp.column(name, table=RECORD_ALIAS, quoted=True) for name in shown],
            exp.alias_(exp.Coalesce(this=exp.Paren(this=counts), expressions=[exp.false()]), "counts"),
            exp.alias_(exp.Paren(this=matches), "matches"),
            *checks,
        )
        .from_(exp.alias_(exp.table_(WITH_FACTS), RECORD_ALIAS, table=True), copy=False)
        .with_(WITH_FACTS, as_=_facts(bound, service, list(shown)), copy=False)
    )


def _facts(bound: BoundRule, service: str | None, shown: Sequence[str]) -> exp.Select:
    return bound.query.records(shown, service) if bound.query else with_linked_facts(bound, service)


def _order(bound: BoundRule) -> list[exp.Ordered]:
    """Counted before not counted, not matching before matching, then the newest, then by name."""
    order = [
        exp.Ordered(this=exp.column("counts"), desc=True, nulls_first=False),
        exp.Ordered(this=exp.column("matches"), desc=False, nulls_first=True),
    ]
    for name in _moments(bound):
        moment = exp.column(name, table=RECORD_ALIAS, quoted=True)
        order.append(exp.Ordered(this=moment, desc=True, nulls_first=False))
    return order + _by_name(bound)


def _by_name(bound: BoundRule) -> list[exp.Ordered]:
    """By identity; a record of several services, or in several groups of a query, by these as well."""
    groups = list(bound.query.gives.fields) if bound.query else []
    named = dict.fromkeys(["source", "source_ref", "service_id", *groups])
    columns = [exp.column(name, table=RECORD_ALIAS, quoted=True) for name in named]
    return [exp.Ordered(this=column, desc=False, nulls_first=False) for column in columns]
