"""From a peer's partial results to answers, by hand and without itomm's rules: what itomm must say, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.config.quantities import DAY, HOUR, MINUTE, Dimension, Quantity, format_quantity

Partial = Sequence[int | None]
Said = tuple[str, str | None, int, int | None, str | None]
"""Verdict, reason, how many counted, how many of these matched, and the measure as it is shown."""


@dataclass(frozen=True)
class Graded:
    """How a rule's partial result is measured and graded."""

    dimension: Dimension
    measure: Callable[[int, int, int, int], Fraction]  # of counted, matched, value and the as-of instant
    yes: Callable[[Fraction], bool]
    partial: Callable[[Fraction], bool] = lambda _: False
    minimum: int = 1
    if_missing: str = "unknown"

    def said(self, partial: Partial, as_of: int) -> Said:
        counted, matched, value = partial[0] or 0, partial[1], partial[2]
        if counted == 0:
            reason = "insufficient_sample" if self.if_missing == "unknown" else None
            return self.if_missing, reason, 0, None, None
        measured = self.measure(counted, matched or 0, value or 0, as_of)
        shown = format_quantity(Quantity(self.dimension, measured))
        if counted < self.minimum:
            return "unknown", "insufficient_sample", counted, matched, shown
        verdict = "yes" if self.yes(measured) else "partial" if self.partial(measured) else "no"
        return verdict, None, counted, matched, shown


def _share(minimum: int) -> Graded:
    return Graded(
        Dimension.SHARE,
        lambda counted, matched, _value, _as_of: Fraction(matched, counted),
        lambda share: share >= Fraction(9, 10),
        lambda share: share >= Fraction(7, 10),
        minimum,
    )


def _value(best: Fraction, still: Fraction, minimum: int) -> Graded:
    return Graded(
        Dimension.DURATION,
        lambda _counted, _matched, value, _as_of: Fraction(value),
        lambda time: time <= best,
        lambda time: time <= still,
        minimum,
    )


GRADES: Mapping[str, Graded] = {
    "incident-restore-time": _value(4 * HOUR, 24 * HOUR, 5),
    "incidents-picked-up": _share(5),
    "deployments-automated": _share(5),
    "deployment-frequency": Graded(
        Dimension.RATE,
        lambda counted, _matched, _value, _as_of: Fraction(counted, 90),
        lambda a_day: a_day * 7 >= 3,
        lambda a_day: a_day * 7 >= 1,
    ),
    "newest-deployment": Graded(
        Dimension.DURATION,
        lambda _counted, _matched, newest, as_of: Fraction(as_of - newest),
        lambda age: age <= 7 * DAY,
        lambda age: age <= 30 * DAY,
    ),
    "pipelines-green": _share(10),
    "pipeline-duration": _value(15 * MINUTE, 30 * MINUTE, 10),
    "old-findings-open": Graded(
        Dimension.NUMBER,
        lambda _counted, matched, _value, _as_of: Fraction(matched),
        lambda number: number == 0,
        lambda number: number <= 2,
        if_missing="yes",
    ),
    "known-exploited-open": Graded(
        Dimension.NUMBER,
        lambda _counted, matched, _value, _as_of: Fraction(int(matched > 0)),
        lambda found: found == 0,
        if_missing="yes",
    ),
    "merge-requests-reviewed": _share(10),
}
