"""Which values a measure can take, and so which answers a rule can give: by exact reasoning, not sampling.

A grade only compares a value with its bounds. Between two neighbouring bounds nothing changes, so one value
from each stretch that the measure can reach stands for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from itomm.config.quantities import Dimension
from itomm.rules.answer import Verdict
from itomm.rules.grades import Grade
from itomm.rules.measures import MeasureKind
from itomm.rules.rule import Rule


@dataclass(frozen=True)
class Reach:
    """The values that a measure can take, in base units.

    ``lower`` and ``upper`` are None where there is no limit. ``step`` is the distance between neighbouring
    values, which are its multiples; None when they lie densely. ``above`` leaves ``lower`` itself out.
    """

    lower: Fraction | None = None
    upper: Fraction | None = None
    step: Fraction | None = None
    above: bool = False

    def holds(self, value: Fraction) -> bool:
        """Whether the measure can have this value."""
        if self.lower is not None and (value < self.lower or (self.above and value == self.lower)):
            return False
        if self.upper is not None and value > self.upper:
            return False
        return self.step is None or (value / self.step).denominator == 1

    def representatives(self, bounds: Iterable[Fraction]) -> list[Fraction]:
        """One value for every bound that can be reached, and for every stretch between bounds."""
        limits = [limit for limit in (self.lower, self.upper) if limit is not None]
        marks = sorted({*bounds, *limits})
        if not marks:
            return [Fraction(0)]
        size = self.step or Fraction(1)
        candidates = [*marks, marks[0] - size, marks[-1] + size]
        for below, beyond in pairwise(marks):
            candidates.append((below + beyond) / 2)
        if self.step is not None:
            candidates += [neighbour for mark in marks for neighbour in self._neighbours(mark, self.step)]
        return sorted({candidate for candidate in candidates if self.holds(candidate)})

    @staticmethod
    def _neighbours(mark: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
        """The values just below and just above a bound."""
        place = mark / step
        return (ceil(place) - 1) * step, (floor(place) + 1) * step


_YES_OR_NO = Reach(Fraction(0), Fraction(1), step=Fraction(1))
_SHARE = Reach(Fraction(0), Fraction(1))


def reach_of(rule: Rule) -> Reach:
    """The values that a rule's measure can take where records count."""
    kind = rule.measure_kind
    argument = next(iter(rule.written.measure.values()))
    whole = argument is True
    least = Fraction(rule.minimum_sample)
    a_day = Fraction(1, rule.window_days or 1)
    of_services = _SHARE if "organisation" in rule.per else _YES_OR_NO
    of_counts = isinstance(argument, dict) and "count" in argument
    known = {
        MeasureKind.COUNT: Reach(least if whole else Fraction(0), step=Fraction(1)),
        MeasureKind.EXISTS: Reach(Fraction(1), Fraction(1)) if whole else _YES_OR_NO,
        MeasureKind.DISTINCT: Reach(Fraction(1), step=Fraction(1)),
        MeasureKind.RATIO: _SHARE,
        MeasureKind.SHARE_OF_SERVICES: of_services,
        MeasureKind.RATE: Reach(least * a_day, step=a_day),
        MeasureKind.DAYS_SINCE: Reach(Fraction(0), step=Fraction(1)),
        MeasureKind.TREND: Reach(Fraction(-1), above=True) if of_counts else Reach(),
        MeasureKind.AVERAGE: Reach(),
    }
    microseconds = Reach(step=Fraction(1)) if rule.dimension is Dimension.DURATION else Reach()
    return known.get(kind, microseconds)


def bounds_of(grade: Grade) -> set[Fraction]:
    """All values that a grade compares with."""
    thresholds = [part for part in (grade.yes, grade.partial) if part is not None]
    return {each.bound.value for part in thresholds for each in part.comparisons}


def graded(grade: Grade, value: Fraction) -> Verdict:
    """The verdict on a value that is the same in every window of the grade."""
    if grade.yes.holds(value):
        return Verdict.YES
    if grade.partial is not None and grade.partial.holds(value):
        return Verdict.PARTIAL
    return Verdict.NO


def graded_verdicts(rule: Rule) -> set[Verdict]:
    """The verdicts that a rule's grade can give on values that its measure can take."""
    values = reach_of(rule).representatives(bounds_of(rule.grade))
    if len(rule.windows) < 2:
        return {graded(rule.grade, value) for value in values}
    yes, partial = rule.grade.yes, rule.grade.partial  # each measured over its own window
    found = {Verdict.YES} if any(yes.holds(value) for value in values) else set()
    if all(yes.holds(value) for value in values):
        return found
    if partial is not None and any(partial.holds(value) for value in values):
        found.add(Verdict.PARTIAL)
    if partial is None or not all(partial.holds(value) for value in values):
        found.add(Verdict.NO)
    return found


_OF_MISSING = {
    "no_if_complete": Verdict.NO,
    "yes_if_complete": Verdict.YES,
    "not_applicable_if_complete": Verdict.NOT_APPLICABLE,
}


def reachable_verdicts(rule: Rule) -> set[Verdict]:
    """All answers that a rule can give: graded, from the missing policy, for services outside, or unknown."""
    found = graded_verdicts(rule) | {Verdict.UNKNOWN}
    if rule.missing in _OF_MISSING:
        found.add(_OF_MISSING[rule.missing])
    if rule.written.services is not None:
        found.add(Verdict.NOT_APPLICABLE)
    return found


def same_grades(first: Rule, second: Rule) -> bool:
    """Whether two rules that measure the same grade every value alike."""
    reach = reach_of(first)
    if reach != reach_of(second) or first.windows != second.windows or len(first.windows) > 1:
        return False
    values = reach.representatives(bounds_of(first.grade) | bounds_of(second.grade))
    return all(graded(first.grade, value) is graded(second.grade, value) for value in values)
