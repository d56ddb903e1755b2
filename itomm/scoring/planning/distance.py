"""How far a measured value lies from the thresholds around it, in its own unit and in words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

from itomm.config.quantities import Quantity, format_quantity, parse_quantity
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.grades import Grade, Threshold, parse_threshold


@dataclass(frozen=True)
class Distance:
    """Where a measured value stands.

    ``short`` says how much is missing to the next better answer, ``spare`` how much may be lost before the
    answer gets worse; each is empty where there is no such answer. Values other than shares of records are
    as exact as the measured value is written.
    """

    standing: str
    short: str
    spare: str

    @property
    def text(self) -> str:
        """All of it in a line."""
        return "; ".join(part for part in (self.standing, self.short, self.spare) if part)


def distance_of(answer: InferredAnswer | None) -> Distance | None:
    """The distance of an answer that a rule measured; None where nothing was, or it cannot be put so."""
    if answer is None or answer.measured is None or answer.verdict not in _LADDER:
        return None
    if answer.matched is not None and answer.counted:
        return _of_records(answer, answer.matched, answer.counted)
    return _of_value(answer, answer.measured)


_LADDER = (Verdict.NO, Verdict.PARTIAL, Verdict.YES)


def _of_records(answer: InferredAnswer, matched: int, counted: int) -> Distance | None:
    share = Quantity(parse_quantity("0 %").dimension, Fraction(matched, counted))
    grade = _grade(answer, share)
    if grade is None or grade.verdict(share.value) is not answer.verdict:
        return None
    better, worse = "", ""
    for moved in _crossings(grade, matched, counted):
        verdict = grade.verdict(Fraction(moved, counted))
        words = "more" if moved > matched else "fewer"
        said = f"{abs(moved - matched)} {words} would make it {verdict}"
        rank = _LADDER.index(verdict) - _LADDER.index(answer.verdict)
        better = better or (said if rank > 0 else "")
        worse = worse or (said if rank < 0 else "")
    return Distance(f"{matched} of {counted} ({answer.measured})", better, worse)


def _crossings(grade: Grade, matched: int, counted: int) -> list[int]:
    """The numbers of records beside each bound, the nearest first: nowhere else does the answer change."""
    thresholds = [each for each in (grade.yes, grade.partial) if each is not None]
    bounds = [floor(each.bound.value * counted) for part in thresholds for each in part.comparisons]
    beside = {bound + step for bound in bounds for step in (-1, 0, 1)}
    inside = [each for each in beside if 0 <= each <= counted]
    return sorted(inside, key=lambda each: (abs(each - matched), -each))


def _of_value(answer: InferredAnswer, text: str) -> Distance | None:
    measured = written_quantity(text)
    grade = _grade(answer, measured) if measured else None
    if measured is None or grade is None or grade.verdict(measured.value) is not answer.verdict:
        return None
    better = worse = ""
    if answer.verdict is not Verdict.YES:
        aims = [grade.partial] if answer.verdict is Verdict.NO and grade.partial else [grade.yes]
        better = _missing(measured, aims[0], Verdict.PARTIAL if aims[0] is grade.partial else Verdict.YES)
    if answer.verdict is not Verdict.NO:
        holds = grade.yes if answer.verdict is Verdict.YES else grade.partial
        worse = _to_spare(measured, holds, answer.verdict) if holds else ""
    return Distance(text, better, worse)


def _missing(measured: Quantity, wanted: Threshold, verdict: Verdict) -> str:
    failed = next((each for each in wanted.comparisons if not each.holds(measured.value)), None)
    if failed is None:
        return ""
    gap = abs(measured.value - failed.bound.value)
    direction = "less" if measured.value > failed.bound.value else "more"
    return f"{_amount(measured, gap)} {direction} would make it {verdict} ({wanted.text})"


def _to_spare(measured: Quantity, held: Threshold, verdict: Verdict) -> str:
    nearest = min(abs(measured.value - each.bound.value) for each in held.comparisons)
    return f"{_amount(measured, nearest)} to spare before it is no longer {verdict} ({held.text})"


def _amount(like: Quantity, value: Fraction) -> str:
    return format_quantity(Quantity(like.dimension, value))


def _grade(answer: InferredAnswer, measured: Quantity) -> Grade | None:
    try:
        yes = parse_threshold(answer.grade_yes, measured.dimension)
        partial = parse_threshold(answer.grade_partial, measured.dimension) if answer.grade_partial else None
    except ValueError:
        return None
    return Grade(yes, partial)


def written_quantity(text: str) -> Quantity | None:
    """A quantity as it is written for people, of one unit or of several; None when it is none."""
    sign, words = (-1, text[1:].split()) if text.startswith("-") else (1, text.split())
    try:
        pairs = zip(words[::2], words[1::2], strict=True) if len(words) > 1 else [(words[0], "")]
        parts = [parse_quantity(f"{number} {unit}") for number, unit in pairs]
    except ValueError:
        return None
    if not parts or any(one.dimension is not other.dimension for one, other in pairwise(parts)):
        return None
    return Quantity(parts[0].dimension, sign * sum((each.value for each in parts), Fraction(0)))
