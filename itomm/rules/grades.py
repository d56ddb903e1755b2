"""Grades: comparisons with quantities that turn a measured value into yes, partial or no."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from itomm.config.quantities import Dimension, Quantity, parse_quantity
from itomm.rules.answer import Verdict

_OPERATORS: Mapping[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"\s*(<=|>=|<|>|=)\s*(.+?)\s*")


@dataclass(frozen=True)
class Comparison:
    """One side of a grade, such as ``<= 4 h``."""

    symbol: str
    bound: Quantity

    def holds(self, value: Fraction) -> bool:
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

    def holds(self, value: Fraction) -> bool:
        """Whether all comparisons hold."""
        return all(comparison.holds(value) for comparison in self.comparisons)


@dataclass(frozen=True)
class Grade:
    """Thresholds for yes and, optionally, for partial; anything else is no."""

    yes: Threshold
    partial: Threshold | None = None

    def verdict(self, value: Fraction) -> Verdict:
        """The verdict for an exact measured value in base units."""
        if self.yes.holds(value):
            return Verdict.YES
        if self.partial is not None and self.partial.holds(value):
            return Verdict.PARTIAL
        return Verdict.NO


def parse_threshold(text: str, dimension: Dimension) -> Threshold:
    """Read ``<= 4 h`` or ``>= 2 and <= 5`` for a measure of one dimension.

    Raises:
        ValueError: it is no comparison, or its unit does not fit the measure.
    """
    comparisons = []
    for part in text.split(" and "):
        match = _COMPARISON.fullmatch(part)
        if match is None:
            raise ValueError(f"'{part.strip()}' is no comparison; write for example '<= 4 h' or '>= 90 %'")
        comparisons.append(Comparison(match[1], _in_dimension(parse_quantity(match[2]), dimension, match[2])))
    return Threshold(" ".join(text.split()), tuple(comparisons))


def _in_dimension(quantity: Quantity, wanted: Dimension, text: str) -> Quantity:
    if quantity.dimension is wanted:
        return quantity
    # a share may be written as a plain number, and a plain number as a share of one
    if {quantity.dimension, wanted} == {Dimension.NUMBER, Dimension.SHARE}:
        return Quantity(wanted, quantity.value)
    raise ValueError(f"'{text}' is a {quantity.dimension}, but the measure gives a {wanted}")
