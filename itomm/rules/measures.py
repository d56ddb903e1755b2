"""Measures: how the records that count become one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sqlglot import exp

from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.structure import nearest
from itomm.rules.expression_kinds import Kind
from itomm.rules.expression_text import PLAIN_NUMBER, ExpressionError, Names, shortened
from itomm.rules.expressions import parse_condition, parse_expression
from itomm.rules.fault_places import under


class MeasureKind(StrEnum):
    """The measures of the rule language."""

    COUNT = "count"
    RATIO = "ratio"
    SHARE_OF_SERVICES = "share_of_services"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    SUM = "sum"
    AVERAGE = "avg"
    MINIMUM = "min"
    MAXIMUM = "max"
    RATE = "rate"
    DAYS_SINCE = "days_since"
    TREND = "trend"
    EXISTS = "exists"
    DISTINCT = "distinct"


@dataclass(frozen=True)
class Measure:
    """A checked measure.

    Attributes:
        kind: which measure.
        dimension: unit of the result.
        condition: what a counted record must satisfy to match; None when all do.
        population: which selected records count: a ratio's denominator, what a trend counts; None for all.
        value: the expression that is aggregated, for measures over one.
        percentile: 0..100, for percentiles and medians.
        at_least: for share_of_services, how many matching records a service needs (a number), or which
            share of its counted records must match (a share); None for all.
        of_trend: what the trend is of: count or median.
    """

    kind: MeasureKind
    dimension: Dimension
    condition: exp.Expr | None = None
    population: exp.Expr | None = None
    value: exp.Expr | None = None
    percentile: Fraction = Fraction(50)
    at_least: Fraction | None = None
    at_least_share: Fraction | None = None
    of_trend: MeasureKind = MeasureKind.COUNT


_VALUE_DIMENSIONS = {Kind.NUMBER: Dimension.NUMBER, Kind.DURATION: Dimension.DURATION}
_OVER_A_VALUE = {
    MeasureKind.MEDIAN,
    MeasureKind.SUM,
    MeasureKind.AVERAGE,
    MeasureKind.MINIMUM,
    MeasureKind.MAXIMUM,
}
_PERIODS = {"day", "week", "month"}


def parse_measure(declared: object, names: Names) -> Measure:
    """Check the ``measure:`` of a rule.

    Raises:
        ExpressionError: it is no measure, or an expression in it does not fit.
    """
    if not isinstance(declared, dict) or len(declared) != 1:
        raise ExpressionError("'measure' takes exactly one measure", f"Known: {', '.join(MeasureKind)}.")
    (word, argument) = next(iter(declared.items()))
    try:
        kind = MeasureKind(word)
    except ValueError:
        with under(str(word)):
            raise ExpressionError(f"there is no measure '{word}'", nearest(str(word), MeasureKind)) from None
    with under(kind):
        return _PARSERS[kind](kind, argument, names)


def _count(kind: MeasureKind, argument: object, names: Names) -> Measure:
    condition = None if argument is True else parse_condition(_text(kind, argument), names)
    return Measure(kind, Dimension.NUMBER, condition=condition)


def _ratio(kind: MeasureKind, argument: object, names: Names) -> Measure:
    parts = _parts(kind, argument, {"of", "where"}, required=frozenset({"where"}))
    return Measure(
        kind,
        Dimension.SHARE,
        condition=_condition(kind, parts, "where", names),
        population=_condition(kind, parts, "of", names) if "of" in parts else None,
    )


def _share_of_services(kind: MeasureKind, argument: object, names: Names) -> Measure:
    parts = {} if argument is True else _parts(kind, argument, {"having", "where", "ratio", "at_least"})
    forms = sorted({"having", "where", "ratio"} & set(parts))
    if len(forms) > 1:
        raise ExpressionError("share_of_services takes one of 'having', 'where' and 'ratio'")
    form = forms[0] if forms else "having"
    condition = _condition(kind, parts, form, names) if forms else None
    if form == "where" and "at_least" in parts:
        raise ExpressionError("share_of_services: 'where' asks for all records; use 'ratio' with 'at_least'")
    try:
        bound = parse_quantity(str(parts.get("at_least", "1" if form == "having" else "100 %")))
    except ValueError as error:
        raise ExpressionError(f"at_least: {error}") from None
    if form == "having":
        if bound.dimension is not Dimension.NUMBER or bound.value < 1:
            raise ExpressionError("at_least counts records here; write a plain number from 1 up")
        return Measure(kind, Dimension.SHARE, condition=condition, at_least=bound.value)
    if bound.dimension not in {Dimension.SHARE, Dimension.NUMBER} or not 0 < bound.value <= 1:
        raise ExpressionError("at_least is a share of records here; write for example 80 %")
    return Measure(kind, Dimension.SHARE, condition=condition, at_least_share=bound.value)


def _over_value(kind: MeasureKind, argument: object, names: Names) -> Measure:
    value, dimension = _value(kind, argument, names)
    return Measure(kind, dimension, value=value)


def _percentile(kind: MeasureKind, argument: object, names: Names) -> Measure:
    parts = _parts(kind, argument, {"of", "at"}, required=frozenset({"of", "at"}))
    with under("of"):
        value, dimension = _value(kind, parts["of"], names)
    if not PLAIN_NUMBER.fullmatch(str(parts["at"])):
        raise ExpressionError(f"percentile: '{shortened(str(parts['at']))}' is no number")
    at = Fraction(str(parts["at"]))
    if not 0 < at < 100:
        raise ExpressionError("percentile: 'at' lies between 0 and 100")
    return Measure(kind, dimension, value=value, percentile=at)


def _rate(kind: MeasureKind, argument: object, _names: Names) -> Measure:
    parts = _parts(kind, argument, {"per"}, required=frozenset({"per"}))
    if parts["per"] not in _PERIODS:
        with under("per"):
            raise ExpressionError(f"'per' is day, week or month, not '{shortened(str(parts['per']))}'")
    return Measure(kind, Dimension.RATE)


def _days_since(kind: MeasureKind, argument: object, names: Names) -> Measure:
    typed = parse_expression(_text(kind, argument), names)
    if typed.kind is not Kind.INSTANT:
        message = f"days_since needs an instant, but this is {typed.kind.with_article}"
        raise ExpressionError(message, offset=0)
    return Measure(kind, Dimension.DURATION, value=exp.func("epoch_us", typed.tree))


def _trend(kind: MeasureKind, argument: object, names: Names) -> Measure:
    parts = _parts(kind, argument, {"count", "median"})
    if len(parts) != 1:
        raise ExpressionError("trend takes one of 'count' and 'median'")
    if "median" in parts:
        with under("median"):
            value, _ = _value(kind, parts["median"], names)
        return Measure(kind, Dimension.SHARE, value=value, of_trend=MeasureKind.MEDIAN)
    with under("count"):
        inner = _count(MeasureKind.COUNT, parts["count"], names)
    return Measure(kind, Dimension.SHARE, population=inner.condition)


def _exists(kind: MeasureKind, argument: object, names: Names) -> Measure:
    condition = None if argument is True else parse_condition(_text(kind, argument), names)
    return Measure(kind, Dimension.NUMBER, condition=condition)


def _distinct(kind: MeasureKind, argument: object, names: Names) -> Measure:
    typed = parse_expression(_text(kind, argument), names)
    if typed.kind in {Kind.LIST, Kind.STRUCTURED, Kind.NULL}:
        raise ExpressionError(f"distinct cannot count {typed.kind.with_article}", offset=0)
    return Measure(kind, Dimension.NUMBER, value=typed.tree)


_PARSERS = {
    MeasureKind.COUNT: _count,
    MeasureKind.RATIO: _ratio,
    MeasureKind.SHARE_OF_SERVICES: _share_of_services,
    MeasureKind.PERCENTILE: _percentile,
    MeasureKind.RATE: _rate,
    MeasureKind.DAYS_SINCE: _days_since,
    MeasureKind.TREND: _trend,
    MeasureKind.EXISTS: _exists,
    MeasureKind.DISTINCT: _distinct,
    **dict.fromkeys(_OVER_A_VALUE, _over_value),
}


def _condition(kind: MeasureKind, parts: Mapping[str, object], key: str, names: Names) -> exp.Expr:
    with under(key):
        return parse_condition(_text(kind, parts[key]), names)


def _value(kind: MeasureKind, argument: object, names: Names) -> tuple[exp.Expr, Dimension]:
    typed = parse_expression(_text(kind, argument), names)
    dimension = _VALUE_DIMENSIONS.get(typed.kind)
    if dimension is None:
        message = f"{kind} needs a number or a duration, but this is {typed.kind.with_article}"
        raise ExpressionError(message, offset=0)
    return typed.tree, dimension


def _parts(
    kind: MeasureKind, argument: object, allowed: set[str], required: frozenset[str] = frozenset()
) -> dict[str, object]:
    if not isinstance(argument, dict):
        raise ExpressionError(f"{kind} takes {' and '.join(sorted(allowed))}")
    unknown = sorted(set(argument) - allowed)
    if unknown:
        with under(unknown[0]):
            raise ExpressionError(f"unknown key '{unknown[0]}'", nearest(unknown[0], sorted(allowed)))
    missing = sorted(required - set(argument))
    if missing:
        raise ExpressionError(f"{kind}: the key '{missing[0]}' is missing")
    return argument


def _text(kind: MeasureKind, argument: object) -> str:
    if isinstance(argument, bool) or argument is None or isinstance(argument, (dict, list)):
        raise ExpressionError(f"{kind} needs an expression")
    return str(argument)
