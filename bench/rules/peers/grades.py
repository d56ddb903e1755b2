"""From a peer's partial results to answers, by hand and without itomm's rules: what itomm must say, too."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.config.quantities import DAY, HOUR, MINUTE, Dimension, Quantity, format_quantity

Partial = Sequence[int | None]
Said = tuple[str, str | None, int, int | None, str | None]
"""Verdict, reason, how many counted, how many of these matched, and the measure as it is shown."""


@dataclass(frozen=True)
class Graded:
    """How a rule's partial result is measured and graded; yes and partial are the bounds to be reached."""

    dimension: Dimension
    measure: Callable[[int, int, int, int], Fraction]  # of counted, matched, value and the as-of instant
    reaches: Callable[[Fraction, Fraction], bool]  # the measure, and a bound
    yes: Fraction
    partial: Fraction | None
    minimum: int = 1
    if_missing: str = "unknown"

    def said(self, partial: Partial, as_of: int) -> Said:
        counted, matched, value = partial[0] or 0, partial[1], partial[2]
        if counted == 0:
            reason = "insufficient_sample" if self.if_missing == "unknown" else None
            return self.if_missing, reason, 0, None, None
        measured = self.measure(counted, matched or 0, value or 0, as_of)
        bounds = [bound for bound in (self.yes, self.partial) if bound is not None]
        shown = format_quantity(Quantity(self.dimension, measured), bounds)
        if counted < self.minimum:
            return "unknown", "insufficient_sample", counted, matched, shown
        verdicts = zip(bounds, ("yes", "partial"), strict=False)
        verdict = next((word for bound, word in verdicts if self.reaches(measured, bound)), "no")
        return verdict, None, counted, matched, shown


def _share(minimum: int) -> Graded:
    return Graded(
        Dimension.SHARE,
        lambda counted, matched, _value, _as_of: Fraction(matched, counted),
        operator.ge,
        Fraction(9, 10),
        Fraction(7, 10),
        minimum,
    )


def _value(best: Fraction, still: Fraction, minimum: int) -> Graded:
    return Graded(
        Dimension.DURATION,
        lambda _counted, _matched, value, _as_of: Fraction(value),
        operator.le,
        best,
        still,
        minimum,
    )


GRADES: Mapping[str, Graded] = {
    "incident-restore-time": _value(4 * HOUR, 24 * HOUR, 5),
    "incidents-picked-up": _share(5),
    "deployments-automated": _share(5),
    "deployment-frequency": Graded(
        Dimension.RATE,
        lambda counted, _matched, _value, _as_of: Fraction(counted, 90),
        operator.ge,
        Fraction(3, 7),
        Fraction(1, 7),
    ),
    "newest-deployment": Graded(
        Dimension.DURATION,
        lambda _counted, _matched, newest, as_of: Fraction(as_of - newest),
        operator.le,
        7 * DAY,
        30 * DAY,
    ),
    "pipelines-green": _share(10),
    "pipeline-duration": _value(15 * MINUTE, 30 * MINUTE, 10),
    "old-findings-open": Graded(
        Dimension.NUMBER,
        lambda _counted, matched, _value, _as_of: Fraction(matched),
        operator.le,
        Fraction(0),
        Fraction(2),
        if_missing="yes",
    ),
    "known-exploited-open": Graded(
        Dimension.NUMBER,
        lambda _counted, matched, _value, _as_of: Fraction(int(matched > 0)),
        operator.le,
        Fraction(0),
        None,
        if_missing="yes",
    ),
    "merge-requests-reviewed": _share(10),
}
