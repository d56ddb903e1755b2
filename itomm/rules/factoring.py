"""Which rules share a scan: those over one record type with an equality in common.

A shared condition is read once, for all rules of the scan; what a rule asks for besides becomes a filter of
its aggregates. See docs/explanation/how-rules-are-evaluated.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from itomm.evidence.record_types import RecordType
from itomm.rules.compiler import window_start
from itomm.rules.conjuncts import conjuncts
from itomm.rules.rule import BoundRule

LEAST_SHARING = 2
"""Rules that must have a condition in common to be worth a scan of their own; the rest share one scan."""
MOST_IN_A_SCAN = 40
"""Rules in one scan at most: every aggregate keeps a state for each service, and a scan with hundreds of them
no longer fits the processor's caches. Measured with bench/rules/scale."""


@dataclass(frozen=True)
class Term:
    """A rule's part of a scan: what must hold besides what the scan's filter says; None when nothing."""

    bound: BoundRule
    condition: exp.Expr | None


@dataclass(frozen=True)
class Scan:
    """Rules that are measured together by one pass over the records of a type.

    ``shared`` must hold for every record of the scan; ``since`` and ``until`` bound the instants of
    ``window_field``, when all rules have a window over that field.
    """

    record_type: RecordType
    shared: tuple[exp.Expr, ...]
    terms: tuple[Term, ...]
    window_field: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def can_share(bound: BoundRule) -> bool:
    """Whether a rule looks at its own record type alone, so that others can be measured beside it."""
    return not bound.rule.linked and bound.services is None and bound.query is None


def scans_of(rules: Sequence[BoundRule]) -> list[Scan]:
    """Scans for rules that can share; the same rules give the same scans, whatever their order."""
    by_type: dict[str, list[BoundRule]] = {}
    for bound in sorted(rules, key=lambda each: each.rule.name):
        by_type.setdefault(bound.rule.record_type.name, []).append(bound)
    return [
        _scan(part)
        for _, of_type in sorted(by_type.items())
        for group in _groups(of_type)
        for part in _portions(group)
    ]


def _groups(rules: Sequence[BoundRule]) -> Iterator[list[BoundRule]]:
    """First those with the equality that most have, then the next of the others, at last those without."""
    sharable = {bound.rule.name: _sharable(bound) for bound in rules}
    left = list(rules)
    while left:
        counts = Counter(text for bound in left for text in sharable[bound.rule.name])
        best = min(counts, key=lambda text: (-counts[text], " = " not in text, text), default=None)
        if best is None or counts[best] < LEAST_SHARING:
            yield left
            return
        yield [bound for bound in left if best in sharable[bound.rule.name]]
        left = [bound for bound in left if best not in sharable[bound.rule.name]]


def _portions(group: Sequence[BoundRule]) -> Iterator[Sequence[BoundRule]]:
    for first in range(0, len(group), MOST_IN_A_SCAN):
        yield group[first : first + MOST_IN_A_SCAN]


def _sharable(bound: BoundRule) -> Mapping[str, exp.Expr]:
    """By its text, what is cheap to read and rules often have in common: equalities, and yes/no fields."""
    return {_text(each): each for each in conjuncts(bound.where) if _is_plain(each)}


def _is_plain(condition: exp.Expr) -> bool:
    match condition:
        case exp.EQ():
            sides = (condition.this, condition.expression)
            return any(isinstance(side, exp.Column) for side in sides) and any(
                isinstance(side, exp.Literal | exp.Boolean) for side in sides
            )
        case exp.Not():
            inner = condition.this.this if isinstance(condition.this, exp.Paren) else condition.this
            return isinstance(inner, exp.Column)
        case exp.Column():
            return True
        case _:
            return False


def _scan(rules: Sequence[BoundRule]) -> Scan:
    by_rule = [{_text(each): each for each in conjuncts(bound.where)} for bound in rules]
    common = set.intersection(*(set(each) for each in by_rule))
    fields = {bound.rule.window_field for bound in rules}
    window_field = next(iter(fields)) if len(fields) == 1 else None
    since = min(map(window_start, rules)) if window_field else None
    return Scan(
        record_type=rules[0].rule.record_type,
        shared=tuple(by_rule[0][text] for text in sorted(common)),
        terms=tuple(
            Term(bound, _all([tree for text, tree in own.items() if text not in common]))
            for bound, own in zip(rules, by_rule, strict=True)
        ),
        window_field=window_field,
        since=since,
        until=rules[0].as_of if window_field else None,
    )


def _all(conditions: Sequence[exp.Expr]) -> exp.Expr | None:
    return exp.and_(*(each.copy() for each in conditions), copy=False) if conditions else None


def _text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb")
