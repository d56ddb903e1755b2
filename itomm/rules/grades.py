"""Grades: comparisons with quantities that turn a measured value into yes, partial or no."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from itomm.config.quantities import Dimension, Quantity, format_quantity, parse_quantity
from itomm.rules.answer import Verdict
from itomm.rules.expression_text import ExpressionError, shortened
from itomm.rules.measures import MeasureKind

_OPERATORS: Mapping[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"\s*(<=|>=|<|>|=)\s*(.+?)\s*")
_AND = re.compile(r"\s+and\s+")


@dataclass(frozen=True)
class Comparison:
    """One side of a grade, such as ``<= 4 h``."""

    symbol: str
    bound: Quantity

    def holds(self, value: Fraction | int) -> bool:
        """Whether an exact value in base units satisfies it; compared as whole numbers, which is quicker."""
        bound = self.bound.value
        return _OPERATORS[self.symbol](
            value.numerator * bound.denominator, bound.numerator * value.denominator
        )


@dataclass(frozen=True)
class Threshold:
    """All comparisons that must hold for a grade, and how it was written.

    ``days`` is the length of the window that it is about; None for the rule's own.
    """

    text: str
    comparisons: tuple[Comparison, ...]
    days: int | None = None

    def holds(self, value: Fraction | int) -> bool:
        """Whether all comparisons hold."""
        return all(comparison.holds(value) for comparison in self.comparisons)


@dataclass(frozen=True)
class Grade:
    """Thresholds for yes and, optionally, for partial; anything else is no."""

    yes: Threshold
    partial: Threshold | None = None

    def verdict(self, value: Fraction | int) -> Verdict:
        """The verdict for an exact measured value in base units."""
        if self.yes.holds(value):
            return Verdict.YES
        if self.partial is not None and self.partial.holds(value):
            return Verdict.PARTIAL
        return Verdict.NO

    def shown(self, measured: Quantity) -> str:
        """A measured value for people, never reading as if it reached a threshold that it misses."""
        return format_quantity(measured, self._bounds)

    @cached_property
    def steps(self) -> tuple[Fraction, ...]:
        """All values that a measured one is compared with, from the least, in base units."""
        return tuple(sorted(self._bounds))

    @cached_property
    def _bounds(self) -> tuple[Fraction, ...]:
        """All values that a measured one is compared with, in base units."""
        thresholds = [self.yes, self.partial] if self.partial else [self.yes]
        return tuple({each.bound.value: None for part in thresholds for each in part.comparisons})


def parse_threshold(text: str, dimension: Dimension, kind: MeasureKind | None = None) -> Threshold:
    """Read ``<= 4 h`` or ``>= 2 and <= 5`` for a measure of one dimension, or of one kind.

    Raises:
        ValueError: it is no comparison, its unit does not fit the measure, or no value can reach it.
    """
    begins = [0, *(each.end() for each in _AND.finditer(text))]
    comparisons = []
    for begin, part in zip(begins, _AND.split(text), strict=True):
        try:
            comparisons.append(_comparison(part, dimension, kind))
        except ExpressionError as error:
            error.offset = begin + (error.offset or 0)
            raise
    threshold = Threshold(" ".join(text.split()), tuple(comparisons))
    if not _can_hold(threshold):
        raise ExpressionError(f"no value is {shortened(threshold.text)}", "Both sides must hold together.")
    return threshold


def _comparison(part: str, dimension: Dimension, kind: MeasureKind | None) -> Comparison:
    match = _COMPARISON.fullmatch(part)
    if match is None:
        message = f"'{shortened(part.strip())}' is no comparison"
        raise ExpressionError(message, "Write for example '<= 4 h', '>= 90 %' or '>= 2 and <= 5'.")
    written = shortened(match[2])
    try:
        quantity = _in_dimension(parse_quantity(match[2]), dimension, kind, written)
        _refuse_impossible(quantity, kind, written)
    except ValueError as error:
        hint = error.hint if isinstance(error, ExpressionError) else ""
        raise ExpressionError(str(error), hint, match.start(2)) from None
    return Comparison(match[1], quantity)


_HOW_TO_WRITE = {
    Dimension.NUMBER: "Write a plain number, such as 3.",
    Dimension.SHARE: "Write a share, such as 90 %.",
    Dimension.DURATION: "Write a length of time, such as 30 min, 4 h, 7 d or 2 wk.",
    Dimension.RATE: "Write how many in which time, such as 3 /week (/day, /week, /month).",
}
_SHARES = frozenset({MeasureKind.RATIO, MeasureKind.SHARE_OF_SERVICES})
_COUNTS = frozenset({MeasureKind.COUNT, MeasureKind.DISTINCT, MeasureKind.EXISTS})


def _in_dimension(quantity: Quantity, wanted: Dimension, kind: MeasureKind | None, text: str) -> Quantity:
    if quantity.dimension is wanted:
        return quantity
    # a share may be written as a plain number, and a number between 0 and 1 that is no count as a share
    alike = {quantity.dimension, wanted} == {Dimension.NUMBER, Dimension.SHARE}
    if alike and kind not in _COUNTS:
        return Quantity(wanted, quantity.value)
    message = f"'{text}' is a {quantity.dimension}, but the measure gives a {wanted}"
    raise ExpressionError(message, _HOW_TO_WRITE[wanted])


def _refuse_impossible(quantity: Quantity, kind: MeasureKind | None, text: str) -> None:
    """A bound that the measure can never come near is a slip of the pen."""
    value = quantity.value
    if kind in _SHARES and not 0 <= value <= 1:
        hint = f"Write {text} %." if "%" not in text and 1 < value <= 100 else "Write 0 % to 100 %."
        raise ExpressionError(f"'{text}' is no share that can be reached", hint)
    if kind in _COUNTS and value < 0:
        raise ExpressionError(f"'{text}': {kind} is never negative", _HOW_TO_WRITE[Dimension.NUMBER])
    if quantity.dimension in {Dimension.DURATION, Dimension.RATE} and value < 0:
        hint = "For 'earlier than', turn the difference in 'measure' round."
        message = f"'{text}' is a negative {quantity.dimension}"
        raise ExpressionError(message, hint if quantity.dimension is Dimension.DURATION else "")


def _can_hold(threshold: Threshold) -> bool:
    """Whether there is a value for which all comparisons hold: one of the bounds, or one between two."""
    bounds = sorted({each.bound.value for each in threshold.comparisons})
    beyond = [bounds[0] - 1, *((low + high) / 2 for low, high in pairwise(bounds)), bounds[-1] + 1]
    return any(threshold.holds(value) for value in (*bounds, *beyond))
