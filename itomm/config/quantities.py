"""Quantities with units: ``4 h``, ``90 %``, ``3 /week``. Exact: a fraction in the dimension's base unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Dimension(StrEnum):
    """What a quantity measures, with its base unit."""

    NUMBER = "number"  # plain
    SHARE = "share"  # 1 is all
    DURATION = "duration"  # microseconds
    RATE = "rate"  # per day


MICROSECOND = Fraction(1)
SECOND = 1_000_000 * MICROSECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_DURATIONS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "wk": WEEK}
_RATES = {"/day": Fraction(1), "/week": Fraction(1, 7), "/month": Fraction(1, 30)}
_PATTERN = re.compile(r"\s*([-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(%|/?[a-z]+)?\s*")

UNITS = "a plain number, %, s, min, h, d, wk, /day, /week, /month"


@dataclass(frozen=True, order=True)
class Quantity:
    """An exact value in the base unit of its dimension."""

    dimension: Dimension
    value: Fraction


def parse_quantity(text: str) -> Quantity:
    """Read a quantity.

    Raises:
        ValueError: the text is no number with a known unit.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"'{shown}' is no quantity; write a number with a unit: {UNITS}")
    number, unit = Fraction(match[1]), match[2]
    if unit is None:
        return Quantity(Dimension.NUMBER, number)
    if unit == "%":
        return Quantity(Dimension.SHARE, number / 100)
    if unit in _DURATIONS:
        return Quantity(Dimension.DURATION, number * _DURATIONS[unit])
    if unit in _RATES:
        return Quantity(Dimension.RATE, number * _RATES[unit])
    raise ValueError(f"'{unit}' is no unit; known are {UNITS}")


def format_quantity(quantity: Quantity) -> str:
    """Write a quantity for people: shares to a tenth of a percent, durations in at most two units."""
    if quantity.dimension is Dimension.SHARE:
        return f"{decimal_text(quantity.value * 100, 1)} %"
    if quantity.dimension is Dimension.DURATION:
        return _duration_text(quantity.value)
    if quantity.dimension is Dimension.RATE:
        return f"{decimal_text(quantity.value * 7, 2)} /week"
    return decimal_text(quantity.value, 3)


def decimal_text(value: Fraction, places: int) -> str:
    """``value`` rounded half to even at ``places`` decimals, without trailing zeros."""
    scaled = _rounded(value, times=10**places)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 10**places)
    digits = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def _rounded(value: Fraction, *, times: int = 1, over: int = 1) -> int:
    """``value * times / over`` rounded half to even, in whole numbers: far quicker than fractions."""
    below = value.denominator * over
    whole, rest = divmod(value.numerator * times, below)
    return whole + (2 * rest > below or (2 * rest == below and whole % 2 == 1))


def _duration_text(microseconds: Fraction) -> str:
    if microseconds < 0:
        return "-" + _duration_text(-microseconds)
    seconds = _rounded(microseconds, over=1_000_000)
    if seconds < 1 and microseconds > 0:
        return f"{decimal_text(microseconds / SECOND, 3)} s"
    steps = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for index, (unit, size) in enumerate(steps):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            smaller = steps[index + 1] if index + 1 < len(steps) else None
            second = rest // smaller[1] if smaller else 0
            return f"{whole} {unit} {second} {smaller[0]}" if smaller and second else f"{whole} {unit}"
    return "0 s"
