"""From points to levels: practice, area, overall. Staged, never averaged, never rounded up.

Sources: DESIGN section 7, after SCAMPI A (practices), ISO/IEC 33020 (rating) and the content paper, 7.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.rules.model import Criterion
from itomm.scoring.assessment import AnswerInForce, AreaScore, Interval, LevelRange, PracticeScore, ScopeScore
from itomm.scoring.profiles import Profile

AREA_WEIGHT_AT_LEVEL = Fraction(3, 4)
MOST_OF_A_LEVEL = Fraction(99, 100)

Side = Callable[[Interval], Fraction]
SIDES: Mapping[str, Side] = {
    "low": lambda interval: interval.low,
    "point": lambda interval: interval.point,
    "high": lambda interval: interval.high,
}


@dataclass(frozen=True)
class Rules:
    """What levels are computed with: the model's levels, a profile, and when a level is published."""

    levels: Sequence[int]
    profile: Profile
    minimum_known_share: Fraction


@dataclass(frozen=True)
class _Rating:
    """A level's share of points on one side, and whether no mandatory criterion blocks it."""

    share: Fraction
    open: bool


@dataclass(frozen=True)
class _Staged:
    """A staged level with the continuous index beside it."""

    level: int
    index: Fraction


def score_practice(
    practice: str, criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], rules: Rules
) -> PracticeScore | None:
    """Score one practice; None when nothing of it applies.

    A mandatory criterion with no points on a side blocks its level on that side. So an unknown blocks the
    point and the lower bound, and a failing collector cannot lift a gate. A level of which nothing applies is
    passed through, but not by a practice of which nothing is known.
    """
    applicable = [each for each in criteria if answers[each.id].points is not None]
    if not applicable:
        return None
    staged = {name: _staged(applicable, answers, rules, side) for name, side in SIDES.items()}
    if not any(answers[each.id].known_share for each in applicable):
        # Otherwise a practice of which nothing applies would enter above level 1, past levels with nothing
        # applicable, when evidence of its not being applicable is lost.
        staged["low"] = staged["point"] = _Staged(rules.levels[0], Fraction(rules.levels[0]))
    level = staged["point"].level
    known, confidence = _knowledge(applicable, answers, up_to=_next_level(level, rules))
    return PracticeScore(
        practice=practice,
        level=LevelRange(
            low=staged["low"].level,
            point=level,
            high=staged["high"].level,
            rated=known >= rules.minimum_known_share,
        ),
        index=Interval(staged["low"].index, staged["point"].index, staged["high"].index),
        known_share=known,
        confidence=confidence,
        held_back_by=_holding_back(applicable, answers, level, rules),
    )


def score_scope(
    areas: Sequence[tuple[str, Fraction, Sequence[tuple[Fraction, PracticeScore]]]], rules: Rules
) -> ScopeScore:
    """Score areas and the whole; each area is (id, weight, its practices with their weights)."""
    scored = [(weight, _area(area, practices, rules)) for area, weight, practices in areas if practices]
    lowest = rules.levels[0]
    known = _mean((weight, area.known_share) for weight, area in scored)
    return ScopeScore(
        level=LevelRange(
            low=min((area.level.low for _, area in scored), default=lowest),
            point=min((area.level.point for _, area in scored), default=lowest),
            high=min((area.level.high for _, area in scored), default=lowest),
            rated=bool(scored) and known >= rules.minimum_known_share,
        ),
        index=_mean_interval([(weight, area.index) for weight, area in scored], lowest),
        known_share=known,
        confidence=_mean((weight * area.known_share, area.confidence) for weight, area in scored),
        areas=tuple(area for _, area in scored),
        practices=tuple(practice for _, _, practices in areas for _, practice in practices),
    )


def _area(area: str, practices: Sequence[tuple[Fraction, PracticeScore]], rules: Rules) -> AreaScore:
    known = _mean((weight, practice.known_share) for weight, practice in practices)
    low, point, high = (
        _area_level([(weight, level(practice.level)) for weight, practice in practices], rules)
        for level in (_low_level, _point_level, _high_level)
    )
    return AreaScore(
        area=area,
        level=LevelRange(low, point, high, rated=known >= rules.minimum_known_share),
        index=_mean_interval([(weight, practice.index) for weight, practice in practices], rules.levels[0]),
        known_share=known,
        confidence=_mean(
            (weight * practice.known_share, practice.confidence) for weight, practice in practices
        ),
    )


def _low_level(level: LevelRange) -> int:
    return level.low


def _point_level(level: LevelRange) -> int:
    return level.point


def _high_level(level: LevelRange) -> int:
    return level.high


def _area_level(levels: Sequence[tuple[Fraction, int]], rules: Rules) -> int:
    """The highest level that three quarters of the weight reach while nothing lies two levels below."""
    total = sum((weight for weight, _ in levels), Fraction(0))
    worst = min(level for _, level in levels)
    attained = rules.levels[0]
    for below, candidate in zip(rules.levels, rules.levels[1:], strict=False):
        reaching = sum((weight for weight, level in levels if level >= candidate), Fraction(0))
        if reaching >= AREA_WEIGHT_AT_LEVEL * total and worst >= below:
            attained = candidate
    return attained


def _staged(
    criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], rules: Rules, side: Side
) -> _Staged:
    ratings = {level: _rating(criteria, answers, level, side) for level in rules.levels[1:]}
    attained = rules.levels[0]
    for level in rules.levels[1:]:
        below = [ratings[each] for each in rules.levels[1:] if each < level]
        if not all(rating.open and rules.profile.below.reached(rating.share) for rating in below):
            break
        if ratings[level].open and rules.profile.at_target.reached(ratings[level].share):
            attained = level
    following = _next_level(attained, rules)
    if following == attained:
        return _Staged(attained, Fraction(attained))
    return _Staged(attained, attained + min(MOST_OF_A_LEVEL, ratings[following].share))


def _rating(
    criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], level: int, side: Side
) -> _Rating:
    scored = [
        (each, side(interval))
        for each in criteria
        if each.level == level and (interval := answers[each.id].points) is not None
    ]
    total = sum((each.weight for each, _ in scored), Fraction(0))
    if not total:
        return _Rating(Fraction(1), open=True)
    share = sum((each.weight * got for each, got in scored), Fraction(0)) / total
    return _Rating(share, open=all(got > 0 for each, got in scored if each.mandatory))


def _next_level(level: int, rules: Rules) -> int:
    return next((each for each in rules.levels if each > level), level)


def _knowledge(
    criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], up_to: int
) -> tuple[Fraction, Fraction]:
    """Share of weight that is known up to a level, and the mean confidence of what is known."""
    relevant = [(each.weight, answers[each.id]) for each in criteria if each.level <= up_to]
    known = _mean((weight, answer.known_share) for weight, answer in relevant)
    confidence = _mean((weight * answer.known_share, answer.confidence) for weight, answer in relevant)
    return (known if relevant else Fraction(1)), confidence


def _holding_back(
    criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], level: int, rules: Rules
) -> tuple[str, ...]:
    """Criteria up to the next level that lack points; mandatory ones and the heaviest loss first."""
    following = _next_level(level, rules)
    if following == level:
        return ()
    lacking = []
    for each in criteria:
        interval = answers[each.id].points
        if each.level <= following and interval is not None and interval.point < 1:
            lost = each.weight * (1 - interval.point)
            lacking.append((-each.level, not (each.mandatory and interval.point == 0), -lost, each.id))
    return tuple(identifier for *_, identifier in sorted(lacking))


def _mean(parts: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    pairs = list(parts)
    total = sum((weight for weight, _ in pairs), Fraction(0))
    return sum((weight * value for weight, value in pairs), Fraction(0)) / total if total else Fraction(0)


def _mean_interval(parts: Sequence[tuple[Fraction, Interval]], lowest: int) -> Interval:
    if not parts:
        return Interval(Fraction(lowest), Fraction(lowest), Fraction(lowest))
    return Interval(
        *(_mean((weight, side(interval)) for weight, interval in parts) for side in SIDES.values())
    )
