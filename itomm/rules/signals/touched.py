"""Which answers rest on records that a signal is about: only these are shown with a caveat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from itomm.rules.limits import rows
from itomm.rules.listing import counted_among
from itomm.rules.rule import BoundRule
from itomm.rules.signals.suspicion import Identity

_SUSPECTS = "suspects"

RuleKey = tuple[str, int | None]
"""A rule's name and the days of its window: one rule may have answered over windows of different lengths."""

Touched = Mapping[RuleKey, Mapping[str | None, frozenset[Identity]]]
"""By rule, and by service, None for the whole: the suspect records that counted."""


def touched_answers(
    connection: duckdb.DuckDBPyConnection, bounds: Sequence[BoundRule], suspects: Iterable[Identity]
) -> Touched:
    """For every rule that counted one of the suspects: which of them, for each service and for the whole."""
    by_type: dict[str, list[Identity]] = defaultdict(list)
    for each in sorted(set(suspects)):
        by_type[each.record_type].append(each)
    found: dict[RuleKey, Mapping[str | None, frozenset[Identity]]] = {}
    for record_type, of_type in by_type.items():
        _load(connection, of_type)
        for bound in bounds:
            if bound.rule.record_type.name == record_type and (counted := _counted(connection, bound)):
                found[bound.rule.name, bound.rule.window_days] = counted
    return found


def _load(connection: duckdb.DuckDBPyConnection, suspects: Sequence[Identity]) -> None:
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{_SUSPECTS}" (source VARCHAR, source_ref VARCHAR)')
    connection.execute(
        f'INSERT INTO "{_SUSPECTS}" SELECT unnest(?), unnest(?)',
        [[each.source for each in suspects], [each.source_ref for each in suspects]],
    )


def _counted(
    connection: duckdb.DuckDBPyConnection, bound: BoundRule
) -> Mapping[str | None, frozenset[Identity]]:
    found: dict[str | None, set[Identity]] = defaultdict(set)
    for service, source, source_ref in rows(
        connection, counted_among(bound, _SUSPECTS).sql(dialect="duckdb")
    ):
        identity = Identity(bound.rule.record_type.name, source, source_ref)
        found[None].add(identity)
        if service is not None:
            found[service].add(identity)
    return {place: frozenset(each) for place, each in found.items()}
