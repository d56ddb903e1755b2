"""What a rule might conclude, whatever the untold fields hold: every grade its measure may get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from itomm.rules.answer import Verdict
from itomm.rules.grades import Grade
from itomm.rules.measures import Measure, MeasureKind
from itomm.rules.rule import BoundRule

Range = tuple[Fraction | int | None, Fraction | int | None]
"""The least and the greatest value; None where nothing bounds it."""
_ANY: Range = (None, None)


@dataclass(frozen=True)
class Bounds:
    """How many records of one scope surely and possibly count, and between which values a measure lies.

    The fields are the columns of :func:`~itomm.rules.untold.statement.bounding`. ``open_ended``: nothing
    bounds what a query gives.
    """

    sure: int = 0
    possible: int = 0
    sure_matched: int = 0
    possible_matched: int = 0
    sure_unmatched: int = 0
    possible_unmatched: int = 0
    sure_earlier: int = 0
    possible_earlier: int = 0
    low: Fraction | None = None
    high: Fraction | None = None
    open_ended: bool = False

    @property
    def is_decided(self) -> bool:
        """Whether nothing hangs on what is untold."""
        return not self.open_ended and (
            self.sure == self.possible
            and self.sure_matched == self.possible_matched
            and self.sure_unmatched == self.possible_unmatched
            and self.sure_earlier == self.possible_earlier
        )

    def may_satisfy(self, measure: Measure) -> tuple[bool, bool]:
        """Of a share of services: whether a service surely is one of them, and whether it may be."""
        if self.open_ended:
            return False, True
        if measure.at_least_share is not None:
            least, most = self.sure_matched, self.possible_matched
            surely = self.sure > 0 and least >= measure.at_least_share * (least + self.possible_unmatched)
            possibly = most > 0 and most >= measure.at_least_share * (most + self.sure_unmatched)
            return surely, possibly
        wanted = measure.at_least or 1
        if measure.condition is None:
            return self.sure >= wanted, self.possible >= wanted
        return self.sure_matched >= wanted, self.possible_matched >= wanted


def possible_verdicts(bound: BoundRule, bounds: Bounds, without_records: Verdict | None) -> set[Verdict]:
    """Every verdict that some content of the untold fields would give; unknown stands for too few records.

    ``without_records`` is the verdict where no record counts; None for unknown.
    """
    rule = bound.rule
    found: set[Verdict] = set()
    sure, possible = bounds.sure + bounds.sure_earlier, bounds.possible + bounds.possible_earlier
    if bounds.open_ended:
        return {Verdict.UNKNOWN} | verdicts_between(rule.grade, _ANY)
    if sure == 0:
        found.add(without_records or Verdict.UNKNOWN)
    least, most = bounds.sure, bounds.possible
    if bound.measure.kind is MeasureKind.TREND:
        least, most = min(least, bounds.sure_earlier), min(most, bounds.possible_earlier)
    if possible and max(least, int(bound.measure.kind is not MeasureKind.TREND)) < rule.minimum_sample:
        found.add(Verdict.UNKNOWN)
    if possible and most >= rule.minimum_sample:
        found |= verdicts_between(rule.grade, _RANGES.get(bound.measure.kind, _unbounded)(bound, bounds))
    return found


def verdicts_between(grade: Grade, between: Range) -> set[Verdict]:
    """Every verdict that a value from the least to the greatest gets, or two of them when there are more."""
    steps = grade.steps
    low = steps[0] - 1 if between[0] is None else between[0]
    high = steps[-1] + 1 if between[1] is None else between[1]
    found = {grade.verdict(low), grade.verdict(high)}
    inside = [each for each in steps if low < each < high]
    if len(found) > 1 or not inside:
        return found
    points = [Fraction(each) for each in (low, *inside, high)]
    between_points = [(first + second) / 2 for first, second in pairwise(points)]
    return found | {grade.verdict(value) for value in (*inside, *between_points)}


def _count(bound: BoundRule, bounds: Bounds) -> Range:
    if bound.measure.condition is None:
        return bounds.sure, bounds.possible
    return bounds.sure_matched, bounds.possible_matched


def _exists(bound: BoundRule, bounds: Bounds) -> Range:
    least, most = _count(bound, bounds)
    return int(bool(least)), int(bool(most))


def _ratio(_bound: BoundRule, bounds: Bounds) -> Range:
    least = bounds.sure_matched + bounds.possible_unmatched
    most = bounds.possible_matched + bounds.sure_unmatched
    return (
        Fraction(bounds.sure_matched, least) if least else 1,
        Fraction(bounds.possible_matched, most) if most else 0,
    )


def _rate(bound: BoundRule, bounds: Bounds) -> Range:
    days = bound.rule.window_days or 1
    return Fraction(bounds.sure, days), Fraction(bounds.possible, days)


def _days_since(bound: BoundRule, bounds: Bounds) -> Range:
    if bounds.low is None:
        return 0, None
    as_of = Fraction(int(bound.as_of.timestamp()) * 1_000_000 + bound.as_of.microsecond)
    return 0, max(Fraction(0), as_of - bounds.low)


def _trend(bound: BoundRule, bounds: Bounds) -> Range:
    if bound.measure.of_trend is not MeasureKind.COUNT or not bounds.possible_earlier:
        return _ANY
    most = Fraction(bounds.possible, bounds.sure_earlier) - 1 if bounds.sure_earlier else None
    return Fraction(bounds.sure, bounds.possible_earlier) - 1, most


def _between(_bound: BoundRule, bounds: Bounds) -> Range:
    return bounds.low, bounds.high


def _unbounded(_bound: BoundRule, _bounds: Bounds) -> Range:
    return _ANY


_RANGES: Mapping[MeasureKind, Callable[[BoundRule, Bounds], Range]] = {
    MeasureKind.COUNT: _count,
    MeasureKind.EXISTS: _exists,
    MeasureKind.RATIO: _ratio,
    MeasureKind.RATE: _rate,
    MeasureKind.DAYS_SINCE: _days_since,
    MeasureKind.TREND: _trend,
    MeasureKind.MEDIAN: _between,
    MeasureKind.PERCENTILE: _between,
    MeasureKind.MINIMUM: _between,
    MeasureKind.MAXIMUM: _between,
    MeasureKind.DISTINCT: _between,
}
"""Sums and averages are bounded by nothing: one untold value may be of any size."""
