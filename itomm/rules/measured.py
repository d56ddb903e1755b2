"""What rules measure, before it is graded: exact, and the same whoever ran the statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from itomm.rules.measures import MeasureKind
from itomm.rules.rule import BoundRule


class Measured(NamedTuple):
    """What was found for one service, or for all together. Values are exact, in base units."""

    counted: int = 0
    matched: int | None = None
    value: int | Fraction | None = None
    earlier_counted: int | None = None
    earlier_value: int | Fraction | None = None


Figures = tuple[int, int | None, int | Fraction | None, int | None, int | Fraction | None]
"""The fields of :class:`Measured`, for services by the million: plain tuples are made quickly."""
NOTHING_MEASURED: Figures = Measured()


@dataclass(frozen=True)
class MeasuredRule:
    """A rule's partial results: in total, and by service (None holds unmapped records), each as plain fields.

    A service without records that the rule selects is left out. The total's value is only there for rules
    that answer for the organisation.
    """

    total: Measured
    by_service: Mapping[str | None, Figures]
    applies: Mapping[str, bool | None] | None


def of_columns(
    bound: BoundRule,
    services: Sequence[str | None],
    columns: Mapping[str, Sequence[Any]],
    whole: Mapping[str, Any],
) -> MeasuredRule:
    """One rule's results from its columns of a scan, and its values over all records."""
    counted = columns["counted"]
    matched, earlier_counted = columns.get("matched"), columns.get("earlier_counted")
    value, earlier_value = (_all_exact(columns.get(name)) for name in ("value", "earlier_value"))
    present = columns.get("selected", counted)
    if earlier_counted is not None:
        present = [sum(both) for both in zip(counted, earlier_counted, strict=True)]
    parts = (each or (None,) * len(services) for each in (matched, value, earlier_counted, earlier_value))
    figures = zip(counted, *parts, strict=True)
    by_service = {service: own for service, here, own in zip(services, present, figures, strict=True) if here}
    total = Measured(
        sum(counted),
        None if matched is None else sum(matched),
        whole["value"] if "value" in whole else _combined(bound, value or ()),
        None if earlier_counted is None else sum(earlier_counted),
        whole.get("earlier_value"),
    )
    return MeasuredRule(total, by_service, None)


def of_rows(rows: Sequence[Sequence[Any]], applies: Mapping[str, bool | None] | None) -> MeasuredRule:
    """A rule's results from the rows of its own statement."""
    total = Measured()
    by_service: dict[str | None, Figures] = {}
    for service, is_total, *rest in rows:
        counted, *others = map(exact, rest)
        measured = Measured(counted or 0, *others)  # type: ignore[arg-type]  # counts are whole
        if is_total:
            total = measured
        else:
            by_service[service] = measured
    return MeasuredRule(total, by_service, applies)


def exact(value: object) -> int | Fraction | None:
    """A value as the database gives it: a whole number, or a decimal as a fraction."""
    if isinstance(value, int):
        return value
    return Fraction(value) if isinstance(value, Decimal) else None


def _all_exact(values: Sequence[Any] | None) -> Sequence[int | Fraction | None] | None:
    """The values of one column, which has one type: whole numbers, or decimals as fractions."""
    first = next((value for value in values or () if value is not None), None)
    return [exact(value) for value in values or ()] if isinstance(first, Decimal) else values


def _combined(bound: BoundRule, values: Sequence[int | Fraction | None]) -> int | Fraction | None:
    """The value over all records from those by service; None where it does not follow from them."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    match bound.measure.kind:
        case MeasureKind.SUM | MeasureKind.AVERAGE:
            return sum(known)
        case MeasureKind.MINIMUM:
            return min(known)
        case MeasureKind.MAXIMUM | MeasureKind.DAYS_SINCE:
            return max(known)
        case _:
            return None
