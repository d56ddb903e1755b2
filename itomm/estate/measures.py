"""What the truth measures, and how a measured value becomes an answer. Independent of the rule engine."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from itomm.config.quantities import DAY, SECOND, Dimension, Quantity, format_quantity

_DEFINITIONS = Path(__file__).parent / "truth_criteria.yaml"
_WHOLE_THINGS = frozenset(
    {"services", "repositories", "none", "slos", "schedules", "certificates", "rules", "resources"}
)
"""Sample units of which one service has few: the smallest sample then holds for the company only."""


@dataclass(frozen=True)
class Definition:
    """How one criterion is judged; thresholds are in the unit."""

    unit: str
    higher: bool
    yes: Fraction
    partial: Fraction
    sample: int
    sample_unit: str
    empty: str


@dataclass(frozen=True)
class Share:
    """A ratio: ``matched`` of ``counted``."""

    matched: int
    counted: int


@dataclass(frozen=True)
class Median:
    """Durations in seconds, of which the middle one counts."""

    seconds: Sequence[float]


@dataclass(frozen=True)
class MedianShare:
    """Shares of several things, of which the middle one counts."""

    shares: Sequence[Fraction]


@dataclass(frozen=True)
class Mean:
    """Values of which the mean counts."""

    values: Sequence[Fraction]


@dataclass(frozen=True)
class Count:
    """A number of things."""

    number: int


@dataclass(frozen=True)
class Age:
    """Days since the newest thing; None when there is none."""

    days: int | None


@dataclass(frozen=True)
class Trend:
    """Two figures: of the earlier and of the recent half, with how many records each rests on."""

    earlier: Fraction | None
    recent: Fraction | None
    smaller_sample: int
    as_good_as_it_gets: bool = False


@dataclass(frozen=True)
class NotApplicable:
    """The criterion does not apply to this scope."""

    why: str


Measurement = Share | Median | MedianShare | Mean | Count | Age | Trend | NotApplicable


@dataclass(frozen=True)
class Answer:
    """A true answer: yes, partial, no, not_applicable or unknown."""

    answer: str
    measured: str | None
    why: str

    def document(self) -> dict[str, str | None]:
        """Plain data."""
        return {"answer": self.answer, "measured": self.measured, "why": self.why}


def load_definitions() -> Mapping[str, Definition | None]:
    """All criteria in the questionnaire's order; None for those that people answer."""
    document = yaml.load(
        _DEFINITIONS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )  # a safe loader, in C
    return {name: _definition(row) for name, row in document.items()}


def graded(definition: Definition, measurement: Measurement, *, one_service: bool) -> Answer:
    """The answer that a measurement gives."""
    sample = 1 if one_service and definition.sample_unit in _WHOLE_THINGS else max(definition.sample, 1)
    match measurement:
        case NotApplicable(why):
            answer = Answer("not_applicable", None, why)
        case Share():
            answer = _graded_share(definition, measurement, sample)
        case Median():
            answer = _graded_median(definition, measurement, sample)
        case MedianShare():
            answer = _graded_median_share(definition, measurement, sample)
        case Mean():
            answer = _graded_mean(definition, measurement, sample)
        case Count(number):
            answer = _answer(definition, Fraction(number), str(number), "counted")
        case Age():
            answer = _graded_age(definition, measurement)
        case Trend():
            answer = _graded_trend(definition, measurement)
    return answer


def _graded_share(definition: Definition, share: Share, sample: int) -> Answer:
    if share.counted == 0:
        return _empty(definition, "there is none")
    if share.counted < sample:
        return Answer("unknown", None, f"only {share.counted} of at least {sample} {definition.sample_unit}")
    value = Fraction(share.matched, share.counted)
    text = format_quantity(Quantity(Dimension.SHARE, value))
    return _answer(definition, value, text, f"{share.matched} of {share.counted} {definition.sample_unit}")


def _graded_median(definition: Definition, median: Median, sample: int) -> Answer:
    if not median.seconds:
        return _empty(definition, "there is none")
    if len(median.seconds) < sample:
        return Answer("unknown", None, f"only {len(median.seconds)} of at least {sample} records")
    seconds = Fraction(round(statistics.median(median.seconds)))
    per_unit = Fraction(86_400 if definition.unit == "days" else 3600)
    text = format_quantity(Quantity(Dimension.DURATION, seconds * SECOND))
    return _answer(definition, seconds / per_unit, text, f"median of {len(median.seconds)}")


def _graded_median_share(definition: Definition, median: MedianShare, sample: int) -> Answer:
    number = len(median.shares)
    if number < sample:
        return Answer("unknown", None, f"only {number} of at least {sample} {definition.sample_unit}")
    value = statistics.median_low(median.shares)
    text = format_quantity(Quantity(Dimension.SHARE, value))
    return _answer(definition, value, text, f"median of {number} {definition.sample_unit}")


def _graded_mean(definition: Definition, mean: Mean, sample: int) -> Answer:
    number = len(mean.values)
    if number == 0:
        return _empty(definition, "there is none")
    if number < sample:
        return Answer("unknown", None, f"only {number} of at least {sample} {definition.sample_unit}")
    value = statistics.mean(mean.values)
    text = format_quantity(Quantity(Dimension.SHARE, value))
    return _answer(definition, value, text, f"mean of {number} {definition.sample_unit}")


def _graded_age(definition: Definition, age: Age) -> Answer:
    if age.days is None:
        return _empty(definition, "there is none")
    text = format_quantity(Quantity(Dimension.DURATION, age.days * DAY))
    return _answer(definition, Fraction(age.days), text, "age of the newest")


def _graded_trend(definition: Definition, trend: Trend) -> Answer:
    if trend.as_good_as_it_gets:
        return _answer(definition, Fraction(-1), "-100 %", "nothing left to improve")
    if trend.smaller_sample < definition.sample:
        why = f"only {trend.smaller_sample} of at least {definition.sample} {definition.sample_unit}"
        return Answer("unknown", None, why)
    if trend.earlier == 0 and trend.recent:
        return Answer("no", None, f"grew from none to {trend.recent}")
    if not trend.earlier or trend.recent is None:
        return _empty(definition, "there is no earlier figure")
    change = (trend.recent - trend.earlier) / trend.earlier
    text = format_quantity(Quantity(Dimension.SHARE, change))
    return _answer(definition, change, text, "recent half against earlier half")


def _answer(definition: Definition, value: Fraction, measured: str, why: str) -> Answer:
    def reaches(threshold: Fraction) -> bool:
        return value >= threshold if definition.higher else value <= threshold

    word = "yes" if reaches(definition.yes) else "partial" if reaches(definition.partial) else "no"
    return Answer(word, measured, why)


def _empty(definition: Definition, why: str) -> Answer:
    return Answer(definition.empty, None, why)


def _definition(row: Mapping[str, Any]) -> Definition | None:
    if row["unit"] == "people":
        return None
    return Definition(
        unit=row["unit"],
        higher=row["better"] == "higher",
        yes=Fraction(str(row["yes"])),
        partial=Fraction(str(row["partial"])),
        sample=row["sample"],
        sample_unit=row["of"],
        empty=row["empty"],
    )
