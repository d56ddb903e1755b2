"""The statement that counts, beside what a rule measures, what it might measure if untold fields were told.

Asked only of rules that read a field which a source cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from fractions import Fraction

from sqlglot import exp

from itomm.rules.compiler import (
    WITH_FACTS,
    conditions,
    counting_condition,
    linked_by,
    recent_half,
    service_id,
    with_linked_facts,
)
from itomm.rules.conjuncts import conjuncts
from itomm.rules.existence import any_fits
from itomm.rules.measures import Measure, MeasureKind
from itomm.rules.rule import LINKED_ALIAS, RECORD_ALIAS, BoundRule, LinkedFact
from itomm.rules.untold.clarity import Clarity, Flags, any_of
from itomm.rules.untold.silences import Silence

COLUMNS = (
    "sure",
    "possible",
    "sure_matched",
    "possible_matched",
    "sure_unmatched",
    "possible_unmatched",
    "sure_earlier",
    "possible_earlier",
    "low",
    "high",
)
_JUDGED = "judged"
_GATHERED = "gathered"
_RANKED = frozenset({MeasureKind.MEDIAN, MeasureKind.PERCENTILE})


def flags_of(
    record_type: str, alias: str, silences: Sequence[Silence]
) -> Iterator[tuple[tuple[str, str], exp.Expr]]:
    """For each field of a type that some source cannot tell, of which records of a table that is."""
    own = [each for each in silences if each.record_type == record_type]
    for name in sorted({each.field for each in own}):
        silent = any_of([each.condition(alias) for each in own if each.field == name])
        if silent is not None:
            yield (alias, name), silent


def bounding(
    bound: BoundRule, silences: Sequence[Silence], doubtful: AbstractSet[str] = frozenset()
) -> exp.Select:
    """One row for each service with records that may count, and one for all together.

    Of linked records of the ``doubtful`` types, any may be there, and any may not.

    Columns: service_id, is_total, then :data:`COLUMNS`: how many records surely and possibly count (of a
    trend: in the recent half, and in the earlier), satisfy the condition or not; and between which values
    the measure lies, null where nothing bounds it.
    """
    facts = with_linked_facts(bound)
    flags = dict(flags_of(bound.rule.record_type.name, RECORD_ALIAS, silences))
    for fact in bound.rule.linked:
        in_doubt = fact.record_type.name in doubtful
        unclear = exp.true() if in_doubt else _unclear_fact(bound, fact, flags, silences)
        if unclear is not None:
            name = f"{fact.name} unclear"
            facts.select(exp.alias_(unclear, name, quoted=True), copy=False)
            flags[RECORD_ALIAS, fact.name] = exp.column(name, table=RECORD_ALIAS, quoted=True)
    services = Clarity(dict(flags_of("service", RECORD_ALIAS, silences)))
    judged = _judged(bound, Clarity(flags), services)
    gathered = _gathered(bound.measure)
    value = _value_bounds(bound.measure)
    return (
        exp.select("service_id", "is_total", *COLUMNS[:-2], *value)
        .from_(_GATHERED)
        .with_(WITH_FACTS, as_=facts, copy=False)
        .with_(_JUDGED, as_=judged, copy=False)
        .with_(_GATHERED, as_=gathered, copy=False)
    )


def silent_rows(bound: BoundRule, silences: Sequence[Silence]) -> exp.Select:
    """Of a rule with a query: by service, the records of its main type that do not tell what it reads.

    Columns: service_id, is_total, rows.
    """
    own = bound.rule.record_type.name
    silent = any_of([each.condition(RECORD_ALIAS) for each in silences if each.record_type == own])
    table = exp.alias_(exp.table_(own, quoted=True), RECORD_ALIAS, table=True)
    query = exp.select(service_id(), _is_total(), exp.Count(this=exp.Star())).from_(table)
    return _by_service(query.where(silent or exp.false()))


def silent_elsewhere(bound: BoundRule, silences: Sequence[Silence]) -> exp.Select | None:
    """Of a rule with a query: how many joined records do not tell what it reads; None when none can be."""
    own = bound.rule.record_type.name
    joined = sorted({each.record_type for each in silences} - {own})
    counts = [
        exp.Subquery(
            this=exp.select(exp.Count(this=exp.Star()))
            .from_(exp.alias_(exp.table_(name, quoted=True), RECORD_ALIAS, table=True))
            .where(any_of([each.condition(RECORD_ALIAS) for each in silences if each.record_type == name]))
        )
        for name in joined
    ]
    return exp.select(*counts) if counts else None


def _unclear_fact(
    bound: BoundRule, fact: LinkedFact, flags: Flags, silences: Sequence[Silence]
) -> exp.Expr | None:
    """For which records it is unclear whether a linked record fits, or how many do; None for none."""
    both = {**flags, **dict(flags_of(fact.record_type.name, LINKED_ALIAS, silences))}
    clarity = Clarity(both)
    written = bound.linked_conditions.get(fact.name)
    belongs = [linked_by(theirs, ours) for theirs, ours in fact.on]
    ours_untold = any_of([both.get((RECORD_ALIAS, ours.name)) for _, ours in fact.on])
    maybe: list[exp.Expr] = []
    if written is not None and clarity.unclear(written) is not None:
        undecided = exp.and_(clarity.possibly(written), exp.Not(this=clarity.surely(written)), copy=False)
        maybe.append(_exists(fact, [*belongs, undecided]))
    theirs_untold = any_of([both.get((LINKED_ALIAS, theirs.name)) for theirs, _ in fact.on])
    if theirs_untold is not None:
        alone = [part for part in conjuncts(written) if _is_about_linked_only(part)]
        maybe.append(_exists(fact, [theirs_untold, *map(clarity.possibly, alone)]))
    some = any_of(maybe)
    if some is not None and not fact.is_number:
        sure = None if written is None else clarity.surely(written)
        some = exp.and_(some, exp.Not(this=exp.Paren(this=any_fits(_table(fact), belongs, sure))), copy=False)
    return any_of([ours_untold and ours_untold.copy(), some])


def _is_about_linked_only(condition: exp.Expr) -> bool:
    return all(column.table == LINKED_ALIAS for column in condition.find_all(exp.Column))


def _exists(fact: LinkedFact, found: Sequence[exp.Expr]) -> exp.Expr:
    query = exp.select(exp.Literal.number(1)).from_(_table(fact))
    return exp.Exists(this=query.where(*(each.copy() for each in found), copy=False))


def _table(fact: LinkedFact) -> exp.Expr:
    return exp.alias_(exp.table_(fact.record_type.name, quoted=True), LINKED_ALIAS, table=True)


def _judged(bound: BoundRule, clarity: Clarity, of_services: Clarity) -> exp.Select:
    """Each record that may be selected, with what is sure and what is possible of it."""
    measure = bound.measure
    selecting = conditions(replace(bound, services=None))
    sure, possible = [*map(clarity.surely, selecting)], [*map(clarity.possibly, selecting)]
    if bound.services is not None:
        sure.append(_in_scope(of_services.surely(bound.services)))
        possible.append(_in_scope(of_services.possibly(bound.services)))
    selected = [each.copy() for each in possible]
    counting = counting_condition(measure)
    if counting is not None:
        sure.append(clarity.surely(counting))
        possible.append(clarity.possibly(counting))
    columns: dict[str, exp.Expr] = {
        "sure": exp.and_(exp.true(), *sure, copy=False),
        "possible": exp.and_(exp.true(), *possible, copy=False),
    }
    if measure.condition is not None:
        columns["surely_matches"] = clarity.surely(measure.condition)
        columns["possibly_matches"] = clarity.possibly(measure.condition)
    if measure.value is not None:
        columns["value"] = measure.value.copy()
    if measure.kind is MeasureKind.TREND:
        half = recent_half(bound)
        columns["surely_recent"] = clarity.surely(half)
        columns["possibly_recent"] = clarity.possibly(half)
    query = exp.select(service_id(), *[exp.alias_(tree, name) for name, tree in columns.items()])
    table = exp.alias_(exp.table_(WITH_FACTS), RECORD_ALIAS, table=True)
    return query.from_(table).where(*selected, copy=False)


def _in_scope(condition: exp.Expr) -> exp.Expr:
    """Whether a record's service is one for which a condition holds; never null."""
    services = exp.select(exp.column("source_ref", table=RECORD_ALIAS, quoted=True)).from_(
        exp.alias_(exp.table_("service", quoted=True), RECORD_ALIAS, table=True)
    )
    found = exp.In(this=service_id(), query=exp.Subquery(this=services.where(condition)))
    return exp.func("coalesce", found, exp.false())


def _gathered(measure: Measure) -> exp.Select:
    """The judged records by service and together."""
    every: Mapping[str, str] = {
        "sure": "sure",
        "possible": "possible",
        "sure_matched": "sure and surely_matches",
        "possible_matched": "possible and possibly_matches",
        "sure_unmatched": "sure and not possibly_matches",
        "possible_unmatched": "possible and not surely_matches",
        "sure_earlier": "sure and not possibly_recent",
        "possible_earlier": "possible and not surely_recent",
    }
    recent = {"sure": "sure and surely_recent", "possible": "possible and possibly_recent"}
    told = {**every, **(recent if measure.kind is MeasureKind.TREND else {})}
    if measure.condition is None:
        told = {name: text for name, text in told.items() if "match" not in name}
    if measure.kind is not MeasureKind.TREND:
        told = {name: text for name, text in told.items() if "earlier" not in name}
    counts = [
        exp.alias_(_counted(_written(told[name])) if name in told else exp.Literal.number(0), name)
        for name in every
    ]
    values = _gathered_value(measure)
    table = exp.alias_(exp.table_(_JUDGED), RECORD_ALIAS, table=True)
    query = exp.select(service_id(), _is_total(), *counts, *([values] if values else []))
    return _by_service(query.from_(table))


def _gathered_value(measure: Measure) -> exp.Expr | None:
    """What is kept of the values that surely count, for :func:`_value_bounds`."""
    value = exp.column("value")
    match measure.kind:
        case MeasureKind.MINIMUM:
            found: exp.Expr = exp.Min(this=value)
        case MeasureKind.MAXIMUM | MeasureKind.DAYS_SINCE:
            found = exp.Max(this=value)
        case MeasureKind.DISTINCT:
            found = exp.Count(this=exp.Distinct(expressions=[value]))
        case kind if kind in _RANKED:
            found = exp.func("list", value)
        case _:
            return None
    kept = exp.Filter(this=found, expression=exp.Where(this=exp.column("sure")))
    return exp.alias_(exp.func("list_sort", kept) if measure.kind in _RANKED else kept, "told")


def _value_bounds(measure: Measure) -> list[exp.Expr]:
    """Between which values a measure over values lies: undecided records may hold any value, or none."""
    low: exp.Expr = exp.Null()
    high: exp.Expr = exp.Null()
    match measure.kind:
        case MeasureKind.MINIMUM:
            high = exp.column("told")
        case MeasureKind.MAXIMUM | MeasureKind.DAYS_SINCE:
            low = exp.column("told")
        case MeasureKind.DISTINCT:
            low, high = exp.column("told"), _written("told + possible - sure")
        case kind if kind in _RANKED:
            share = Fraction(measure.percentile) / 100
            rank = _written(
                f"(possible * {share.numerator} + {share.denominator} - 1) // {share.denominator}"
            )
            undecided = _written("possible - sure")
            told = exp.func("list_extract", exp.column("told"), rank - undecided)
            low = exp.Case(ifs=[exp.If(this=rank > undecided, true=told)])
            high = exp.func("list_extract", exp.column("told"), rank.copy())
    return [exp.alias_(low, "low"), exp.alias_(high, "high")]


def _written(text: str) -> exp.Expr:
    """An expression of this module's own columns."""
    return exp.Paren(this=exp.condition(text, dialect="duckdb"))


def _counted(condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))


def _is_total() -> exp.Expr:
    return exp.alias_(exp.Anonymous(this="grouping", expressions=[service_id()]), "is_total")


def _by_service(query: exp.Select) -> exp.Select:
    """The query by service, and for all together."""
    tuples = [exp.Tuple(expressions=[service_id()]), exp.Tuple(expressions=[])]
    query.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=tuples)]))
    return query
