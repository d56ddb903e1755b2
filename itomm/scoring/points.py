"""Points: what an answer is worth at its lower bound, point and upper bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from itomm.scoring.assessment import AnswerInForce, Interval

NONE, HALF, FULL = Fraction(0), Fraction(1, 2), Fraction(1)
LOW_CONFIDENCE_BELOW = Fraction(3, 5)
"""Below this, a yes counts half in ``low`` and a no counts half in ``high`` (content paper, 7.5)."""

UNKNOWN_POINTS = Interval(NONE, NONE, FULL)


def points(verdict: Verdict, confidence: Fraction) -> Interval | None:
    """Points of a verdict held with some confidence; None when not applicable."""
    unsure = confidence < LOW_CONFIDENCE_BELOW
    match verdict:
        case Verdict.YES:
            return Interval(HALF if unsure else FULL, FULL, FULL)
        case Verdict.PARTIAL:
            return Interval(HALF, HALF, HALF)
        case Verdict.NO:
            return Interval(NONE, NONE, HALF if unsure else NONE)
        case Verdict.UNKNOWN:
            return UNKNOWN_POINTS
        case Verdict.NOT_APPLICABLE:
            return None


def in_force(
    verdict: Verdict, confidence: Fraction, layer: str, reason: UnknownReason | None = None
) -> AnswerInForce:
    """One answer as it counts."""
    known = NONE if verdict is Verdict.UNKNOWN else FULL
    return AnswerInForce(verdict, points(verdict, confidence), known, confidence, layer, reason)


def rolled_up(parts: Iterable[tuple[Fraction, AnswerInForce]]) -> AnswerInForce:
    """The weighted mean of several scopes' answers; not applicable ones leave both sides."""
    applicable = [(weight, answer) for weight, answer in parts if answer.points is not None]
    if not applicable:
        return AnswerInForce(Verdict.NOT_APPLICABLE, None, FULL, FULL, "roll_up")
    total = sum((weight for weight, _ in applicable), NONE)
    known = sum((weight * answer.known_share for weight, answer in applicable), NONE)
    sure = sum((weight * answer.known_share * answer.confidence for weight, answer in applicable), NONE)
    interval = Interval(
        *(
            sum((weight * side(answer.points) for weight, answer in applicable if answer.points), NONE)
            / total
            for side in (_low, _point, _high)
        )
    )
    verdict = _verdict(interval, known / total)
    return AnswerInForce(
        verdict=verdict,
        points=interval,
        known_share=known / total,
        confidence=sure / known if known else NONE,
        layer="roll_up",
        reason=_main_reason(applicable) if verdict is Verdict.UNKNOWN else None,
    )


def _main_reason(parts: Sequence[tuple[Fraction, AnswerInForce]]) -> UnknownReason | None:
    """The reason behind most of the unknown weight; of equals, the first by name."""
    weights: dict[UnknownReason, Fraction] = {}
    for weight, answer in parts:
        if answer.reason is not None:
            weights[answer.reason] = weights.get(answer.reason, NONE) + weight * (1 - answer.known_share)
    return min(weights, key=lambda reason: (-weights[reason], reason), default=None)


def filled(roll_up: AnswerInForce, stated: AnswerInForce, lost: Fraction) -> AnswerInForce:
    """A roll-up whose unknown share is answered by what was stated about the whole.

    ``lost`` is the part of the unknown share that stays unknown, whatever was stated.
    """
    known, open_share = roll_up.known_share, FULL - roll_up.known_share - lost
    if roll_up.points is None or stated.points is None or open_share == NONE:
        return roll_up
    interval = Interval(
        roll_up.points.low + open_share * (stated.points.low - UNKNOWN_POINTS.low),
        roll_up.points.point + open_share * (stated.points.point - UNKNOWN_POINTS.point),
        roll_up.points.high + open_share * (stated.points.high - UNKNOWN_POINTS.high),
    )
    verdict = _verdict(interval, known + open_share)
    return AnswerInForce(
        verdict=verdict,
        points=interval,
        known_share=known + open_share,
        confidence=(known * roll_up.confidence + open_share * stated.confidence) / (known + open_share),
        layer=roll_up.layer,
        reason=roll_up.reason if verdict is Verdict.UNKNOWN else None,
    )


def certain_verdict(roll_up: AnswerInForce) -> Verdict | None:
    """The verdict that a roll-up keeps whatever its unknown share turns out to be; None when it has none."""
    if roll_up.points is None or roll_up.known_share == FULL:
        return roll_up.verdict
    missed = roll_up.known_share - roll_up.points.point
    return Verdict.PARTIAL if roll_up.points.point > NONE and missed > NONE else None


def _low(interval: Interval) -> Fraction:
    return interval.low


def _point(interval: Interval) -> Fraction:
    return interval.point


def _high(interval: Interval) -> Fraction:
    return interval.high


def _verdict(interval: Interval, known_share: Fraction) -> Verdict:
    if known_share == 0:
        return Verdict.UNKNOWN
    if interval.point == FULL:
        return Verdict.YES
    if interval.point == NONE:
        return Verdict.NO if known_share == FULL else Verdict.UNKNOWN
    return Verdict.PARTIAL
