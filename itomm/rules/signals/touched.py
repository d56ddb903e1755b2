"""Which answers rest on records that a signal is about: only these are shown with a caveat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import duckdb
from sqlglot import exp

from itomm.rules.limits import rows
from itomm.rules.listing import counted_among, linked_among
from itomm.rules.rule import BoundRule
from itomm.rules.signals.suspicion import Identity

_SUSPECTS = "suspects"

RuleKey = tuple[str, int | None]
"""A rule's name and the days of its window: one rule may have answered over windows of different lengths."""

Touched = Mapping[RuleKey, Mapping[str | None, AbstractSet[Identity]]]
"""By rule, and by service, None for the whole: the suspect records that counted."""


def touched_answers(
    connection: duckdb.DuckDBPyConnection, bounds: Sequence[BoundRule], suspects: Iterable[Identity]
) -> Touched:
    """For every rule that counted one of the suspects: which of them, for each service and for the whole."""
    by_type: dict[str, list[Identity]] = defaultdict(list)
    for each in sorted(set(suspects)):
        by_type[each.record_type].append(each)
    found: dict[RuleKey, dict[str | None, set[Identity]]] = {}
    for record_type, of_type in by_type.items():
        _load(connection, of_type)
        for bound in bounds:
            key = bound.rule.name, bound.rule.window_days
            for query in _asking(bound, record_type):
                _add(connection, query, record_type, found.setdefault(key, defaultdict(set)))
    return found


def together(one: Touched, other: Touched) -> Touched:
    """What either has touched."""
    return {
        key: {
            place: one.get(key, {}).get(place, frozenset()) | other.get(key, {}).get(place, frozenset())
            for place in {*one.get(key, {}), *other.get(key, {})}
        }
        for key in {*one, *other}
    }


def _asking(bound: BoundRule, record_type: str) -> Iterator[exp.Select]:
    """Which suspects of a type a rule counted, or found for a record that it counted."""
    if bound.rule.record_type.name == record_type:
        yield counted_among(bound, _SUSPECTS)
    for fact in bound.rule.linked:
        if fact.record_type.name == record_type:
            yield linked_among(bound, fact, _SUSPECTS)


def _load(connection: duckdb.DuckDBPyConnection, suspects: Sequence[Identity]) -> None:
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{_SUSPECTS}" (source VARCHAR, source_ref VARCHAR)')
    connection.execute(
        f'INSERT INTO "{_SUSPECTS}" SELECT unnest(?), unnest(?)',
        [[each.source for each in suspects], [each.source_ref for each in suspects]],
    )


def _add(
    connection: duckdb.DuckDBPyConnection,
    query: exp.Select,
    record_type: str,
    found: dict[str | None, set[Identity]],
) -> None:
    for service, source, source_ref in rows(connection, query.sql(dialect="duckdb")):
        for place in (None, service) if service is not None else (None,):
            found[place].add(Identity(record_type, source, source_ref))
