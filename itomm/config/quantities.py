"""Quantities with units: ``4 h``, ``90 %``, ``3 /week``. Exact: a fraction in the dimension's base unit."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import zip_longest


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
_UNITS = {"": Fraction(1), "%": Fraction(1, 100), **_DURATIONS, **_RATES}
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


def format_quantity(quantity: Quantity, beside: Collection[Fraction] = ()) -> str:
    """Write a quantity for people: shares to a tenth of a percent, durations in at most two units.

    ``beside`` are values in the base unit that it is compared with. Where rounding would let it read as
    reaching one that it misses, or the other way round, it is written as exactly as is needed to tell.
    """
    coarsest = _coarsest(quantity)
    if any(_differ_by_less(quantity.value, bound, coarsest) for bound in beside):
        for finer in range(_FINEST):
            text = _written(quantity, finer)
            said = _said(text)
            if all(_side(said, bound) == _side(quantity.value, bound) for bound in beside):
                return text
    return _written(quantity, 0)


_COARSEST = {
    Dimension.NUMBER: Fraction(1, 1000),
    Dimension.SHARE: Fraction(1, 1000),
    Dimension.RATE: Fraction(1, 100),
}
"""More than what is written for people is ever away from the value."""


def _coarsest(quantity: Quantity) -> Fraction:
    """As :data:`_COARSEST`; of two units of a duration the smaller one is an hour, a minute or a second."""
    if quantity.dimension is not Dimension.DURATION:
        return _COARSEST[quantity.dimension]
    length = abs(quantity.value)
    if length < HOUR - SECOND:
        return 2 * SECOND
    return MINUTE + SECOND if length < DAY - SECOND else HOUR + SECOND


_FINEST = 20


def _side(value: Fraction, bound: Fraction) -> int:
    return (value > bound) - (value < bound)


def _differ_by_less(value: Fraction, bound: Fraction, limit: Fraction) -> bool:
    """Whether they lie that near; in whole numbers, which is far quicker than fractions."""
    apart = abs(value.numerator * bound.denominator - bound.numerator * value.denominator)
    return apart * limit.denominator < limit.numerator * value.denominator * bound.denominator


def _written(quantity: Quantity, finer: int) -> str:
    """As people read it, with so many steps of exactness more."""
    match quantity.dimension:
        case Dimension.SHARE:
            return f"{decimal_text(quantity.value * 100, 1 + finer)} %"
        case Dimension.DURATION:
            return _duration_text(quantity.value, finer)
        case Dimension.RATE:
            return f"{decimal_text(quantity.value * 7, 2 + finer)} /week"
        case Dimension.NUMBER:
            return decimal_text(quantity.value, 3 + finer)


def _said(text: str) -> Fraction:
    """The value that a text from :func:`_written` says."""
    words = text.removeprefix("-").split()
    total = Fraction(0)
    for number, unit in zip_longest(words[::2], words[1::2], fillvalue=""):
        total += Fraction(number) * _UNITS[unit]
    return -total if text.startswith("-") else total


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


_STEPS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def _duration_text(microseconds: Fraction, finer: int) -> str:
    """Two neighbouring units; when finer first all units, then decimals of a second."""
    if microseconds < 0:
        text = _duration_text(-microseconds, finer)
        return text if text == "0 s" else f"-{text}"
    seconds = _rounded(microseconds, over=1_000_000)
    if seconds < 1 and microseconds > 0:
        return f"{decimal_text(microseconds / SECOND, 3 + finer)} s"
    if finer > 1:
        return _in_units(decimal_text(microseconds / SECOND, finer - 1), len(_STEPS))
    return _in_units(str(seconds), len(_STEPS) if finer else 2)


def _in_units(seconds: str, most: int) -> str:
    """Seconds in so many neighbouring units at most, from the largest that fits; what is smaller is left."""
    whole, _, decimals = seconds.partition(".")
    left = int(whole)
    parts = []
    for unit, size in [step for step in _STEPS if step[1] <= left][:most]:
        count, left = divmod(left, size)
        fraction = f".{decimals}" if decimals and unit == "s" else ""
        if count or fraction:
            parts.append(f"{count}{fraction} {unit}")
    return " ".join(parts) or f"{seconds} s"
