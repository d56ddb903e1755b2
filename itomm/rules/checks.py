"""What a record must pass to count, part by part, and in words why one did not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlglot import exp
from sqlglot.dialects import DuckDB
from sqlglot.tokenizer_core import TokenType

from itomm.rules.compiler import all_of, in_scope, in_window, window_start
from itomm.rules.conjuncts import conjuncts
from itomm.rules.rule import RECORD_ALIAS, BoundRule


class Part(StrEnum):
    """Parts of a rule that leave records out."""

    SERVICES = "services"
    WINDOW = "window"
    WHERE = "where"
    MEASURE = "measure"
    VALUE = "value"


@dataclass(frozen=True)
class Check:
    """One condition that a record must pass: from which part of the rule, its text, the fields it reads."""

    part: Part
    condition: exp.Expr
    text: str
    reads: tuple[str, ...]


def checks_of(bound: BoundRule) -> list[Check]:
    """A rule's checks, in the order in which the rule is read."""
    return list(_checks(bound))


def why_not(
    bound: BoundRule,
    checks: Sequence[Check],
    row: Mapping[str, object],
    passed: Sequence[bool | None],
    untold: Collection[str] = (),
) -> str:
    """Why a record did not count; "" when it passed every check. ``row`` holds the fields the checks read.

    ``untold`` are fields that are empty because the source cannot tell them.
    """
    return "; ".join(
        _reason(bound, check, row, untold, known=verdict is not None)
        for check, verdict in zip(checks, passed, strict=True)
        if not verdict
    )


def _checks(bound: BoundRule) -> Iterator[Check]:
    written = bound.rule.written
    if bound.services is not None:
        yield Check(Part.SERVICES, in_scope(bound), str(written.services), ("service_id",))
    if bound.rule.window_field is not None:
        condition = all_of(in_window(bound))
        if condition is not None:
            yield Check(
                Part.WINDOW, condition, f"the last {bound.rule.window_days} days", (bound.rule.window_field,)
            )
    yield from _each(Part.WHERE, bound.where, written.where or "")
    population = bound.measure.population
    if population is not None:
        yield from _each(Part.MEASURE, population, _population_text(written.measure))
    elif bound.measure.value is not None:
        value = bound.measure.value
        known = exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))
        yield Check(Part.VALUE, known, "", fields_of(value))


def _each(part: Part, condition: exp.Expr | None, text: str) -> Iterator[Check]:
    """One check for each condition that must hold, worded as the rule words it."""
    if condition is None:
        return
    compiled, worded = conjuncts(condition), _split(text)
    if len(worded) != len(compiled):  # in parentheses, for example: then as a whole
        compiled, worded = [condition], [text]
    for tree, words in zip(compiled, worded, strict=True):
        yield Check(part, tree, " ".join(words.split()), fields_of(tree))


def _split(text: str) -> list[str]:
    """The parts of a text between its outermost "and"s."""
    parts: list[str] = []
    begun = depth = between = 0
    for token in DuckDB().tokenize(f"{text} "):  # without a blank, $a and '' at the very end are not read
        match token.token_type:
            case TokenType.L_PAREN | TokenType.CASE:
                depth += 1
            case TokenType.R_PAREN | TokenType.END:
                depth -= 1
            case TokenType.BETWEEN if depth == 0:
                between += 1
            case TokenType.AND if depth == 0 and between:
                between -= 1
            case TokenType.AND if depth == 0:
                parts.append(text[begun : token.start])
                begun = token.end + 1
    return [*parts, text[begun:]]


def _population_text(measure: object) -> str:
    """The condition that says which records a measure counts: a ratio's 'of', a trend's 'count'."""
    (argument,) = measure.values() if isinstance(measure, dict) else ({},)
    text = argument.get("of", argument.get("count")) if isinstance(argument, dict) else None
    return text if isinstance(text, str) else ""


def fields_of(tree: exp.Expr | None) -> tuple[str, ...]:
    """The fields of the rule's record that an expression names."""
    found = tree.find_all(exp.Column) if tree is not None else ()
    columns = [column for column in found if column.table == RECORD_ALIAS]
    return tuple(dict.fromkeys(column.name for column in columns))


def _reason(
    bound: BoundRule, check: Check, row: Mapping[str, object], untold: Collection[str], *, known: bool
) -> str:
    silent = [name for name in check.reads if name in untold]
    empty = [name for name in check.reads if name in row and row[name] is None and name not in untold]
    because = f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty" if empty else ""
    if silent:
        because = f"{row['source']} cannot tell {' and '.join(silent)}"
        known = False
    match check.part:
        case Part.SERVICES:
            return "it belongs to no service" if empty else f"its service is not one of: {check.text}"
        case Part.WINDOW:
            return because or _outside(bound, row.get(check.reads[0]))
        case Part.VALUE:
            return f"nothing to measure: {because or 'the value is empty'}"
        case _:
            told = f"{check.part} {check.text}"
            return f"{told}: false" if known else f"{told}: not known" + (f", {because}" if because else "")


def _outside(bound: BoundRule, moment: object) -> str:
    days, field = bound.rule.window_days, bound.rule.window_field
    before = isinstance(moment, datetime) and moment.replace(tzinfo=UTC) <= window_start(bound)
    return f"{field} lies {'before' if before else 'after'} the window of {days} days"
