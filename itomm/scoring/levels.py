"""From points to levels of a practice: staged, never averaged, never rounded up.

Sources: DESIGN section 7, after SCAMPI A (practices), ISO/IEC 33020 (rating) and the content paper, 7.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from itomm.rules.model import Criterion
from itomm.scoring.assessment import AnswerInForce, AreaScore, Interval, LevelRange, PracticeScore, ScopeScore
from itomm.scoring.profiles import Profile

AREA_WEIGHT_AT_LEVEL = Fraction(3, 4)
MOST_OF_A_LEVEL = Fraction(99, 100)

Weight = Fraction | int
"""Weights are only ever compared with each other, so they may be scaled to whole numbers."""

Side = Callable[[Interval], Fraction]
SIDES: Mapping[str, Side] = {
    "low": lambda interval: interval.low,
    "point": lambda interval: interval.point,
    "high": lambda interval: interval.high,
}
Gates = tuple[tuple[bool, bool, bool], tuple[bool, bool, bool], bool, bool]
"""Whether a level is attained and whether it is passed, on each side; whether it applies, and is known."""


class Places(NamedTuple):
    """How many levels above the lowest a practice has attained, on each side.

    ``unknown`` says that nothing of the practice is known.
    """

    low: int
    point: int
    high: int
    unknown: bool = False


@dataclass(frozen=True)
class Rules:
    """What levels are computed with: the model's levels, a profile, and when a level is published."""

    levels: Sequence[int]
    profile: Profile
    minimum_known_share: Fraction


@dataclass(frozen=True)
class LevelRating:
    """One level of a practice, by itself. Tuples have a part for each side: low, point, high.

    ``attains`` says whether it is reached as the level aimed for, ``passes`` as one below it. ``index`` is
    the index of a practice that has attained the level before this one. ``weight`` is that of all criteria
    that apply, ``known`` the part of it that is known, ``sure`` that part times its confidence. ``lacking``
    are criteria that lack points: mandatory ones without any first, then the heaviest loss.
    """

    level: int
    attains: tuple[bool, bool, bool]
    passes: tuple[bool, bool, bool]
    index: tuple[Fraction, Fraction, Fraction]
    weight: Fraction
    known: Fraction
    sure: Fraction
    lacking: tuple[str, ...]

    @cached_property
    def gates(self) -> Gates:
        """What says how far a practice comes."""
        return self.attains, self.passes, self.weight > 0, self.known > 0

    @cached_property
    def known_share(self) -> Fraction:
        """The share of the weight that is known; all of it where nothing applies."""
        return self.known / self.weight if self.weight else Fraction(1)

    @cached_property
    def confidence(self) -> Fraction:
        """The mean confidence of what is known."""
        return self.sure / self.known if self.known else Fraction(0)


def rate_level(level: int, criteria: Iterable[tuple[Criterion, AnswerInForce]], rules: Rules) -> LevelRating:
    """Rate one level from its criteria with what counts for them; those that do not apply are left out.

    A mandatory criterion with no points on a side blocks its level on that side. So an unknown blocks the
    point and the lower bound, and a failing collector cannot lift a gate. A level of which nothing applies is
    passed through.
    """
    applicable = [(each, answer, answer.points) for each, answer in criteria if answer.points is not None]
    weights = [each.weight for each, _, _ in applicable]
    weight = sum(weights, Fraction(0))
    shares, attains, passes = [], [], []
    for side in SIDES.values():
        share, is_open = Fraction(1), True
        if weight:
            share = mean(weights, [side(got) for _, _, got in applicable])
            is_open = all(side(got) > 0 for each, _, got in applicable if each.mandatory)
        shares.append(share)
        attains.append(is_open and rules.profile.at_target.reached(share))
        passes.append(is_open and rules.profile.below.reached(share))
    before = max(each for each in rules.levels if each < level)
    low, point, high = (before + min(MOST_OF_A_LEVEL, share) for share in shares)
    return LevelRating(
        level=level,
        attains=(attains[0], attains[1], attains[2]),
        passes=(passes[0], passes[1], passes[2]),
        index=(low, point, high),
        weight=weight,
        known=weight * mean(weights, [answer.known_share for _, answer, _ in applicable]),
        sure=weight * mean(weights, [answer.known_share * answer.confidence for _, answer, _ in applicable]),
        lacking=_lacking((each, got.point) for each, _, got in applicable),
    )


def _lacking(points: Iterable[tuple[Criterion, Fraction]]) -> tuple[str, ...]:
    lacking = [
        (not (each.mandatory and point == 0), -each.weight * (1 - point), each.id)
        for each, point in points
        if point < 1
    ]
    return tuple(identifier for *_, identifier in sorted(lacking))


def score_practice(
    practice: str, criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], rules: Rules
) -> PracticeScore | None:
    """Score one practice from its criteria; None when nothing of it applies."""
    ratings = [
        rate_level(level, [(each, answers[each.id]) for each in criteria if each.level == level], rules)
        for level in rules.levels[1:]
    ]
    return staged(practice, ratings, rules)


def staged(practice: str, ratings: Sequence[LevelRating], rules: Rules) -> PracticeScore | None:
    """A practice from the ratings of its levels, lowest first; None when nothing of it applies."""
    places = places_of(ratings)
    return practice_at(practice, places, ratings, rules) if places is not None else None


def places_of(ratings: Sequence[LevelRating]) -> Places | None:
    """How far a practice has come, from the ratings of its levels; None when nothing of it applies.

    A level counts when all below it are passed. A practice of which nothing is known stands at the lowest
    level: otherwise one of which nothing applies would enter above it, past levels with nothing applicable,
    when evidence of its not being applicable is lost.
    """
    return _attained(tuple([rating.gates for rating in ratings]))


def practice_at(practice: str, places: Places, ratings: Sequence[LevelRating], rules: Rules) -> PracticeScore:
    """A practice that has come so far. Only the ratings up to the one after ``places.high`` are read."""
    if places.unknown:
        lowest = Fraction(rules.levels[0])
        low, point, high = lowest, lowest, _index(ratings, places.high, 2, rules)
    else:
        low, point, high = [_index(ratings, place, side, rules) for side, place in enumerate(places[:3])]
    attained = places.point
    known, confidence = _knowledge(ratings[: attained + 1])
    holding_back = ratings[attained::-1] if attained < len(rules.levels) - 1 else ()
    return PracticeScore(
        practice=practice,
        level=level_range(
            rules.levels[places.low],
            rules.levels[attained],
            rules.levels[places.high],
            rated=known >= rules.minimum_known_share,
        ),
        index=Interval(low, point, high),
        known_share=known,
        confidence=confidence,
        held_back_by=tuple([each for rating in holding_back for each in rating.lacking]),
    )


@lru_cache(maxsize=1024)
def level_range(low: int, point: int, high: int, *, rated: bool) -> LevelRange:
    """A level with its bounds; there are few, so each is made once."""
    return LevelRange(low, point, high, rated)


@lru_cache(maxsize=65536)
def _attained(gates: tuple[Gates, ...]) -> Places | None:
    """How far the gates let a practice come; there are few ways, so each is found once."""
    if not any(applies for *_, applies, _ in gates):
        return None
    low, point, high = [
        _attained_on([(attains[side], passes[side]) for attains, passes, *_ in gates])
        for side in range(len(SIDES))
    ]
    if not any(is_known for *_, is_known in gates):
        return Places(0, 0, high, unknown=True)
    return Places(low, point, high)


def _attained_on(gates: Sequence[tuple[bool, bool]]) -> int:
    attained = 0
    for place, (attains, passes) in enumerate(gates, start=1):
        if attains:
            attained = place
        if not passes:
            break
    return attained


def _index(ratings: Sequence[LevelRating], attained: int, side: int, rules: Rules) -> Fraction:
    if attained == len(rules.levels) - 1:
        return Fraction(rules.levels[attained])
    return ratings[attained].index[side]


def _knowledge(ratings: Sequence[LevelRating]) -> tuple[Fraction, Fraction]:
    """Share of weight that is known up to a level, and the mean confidence of what is known."""
    if len(ratings) == 1:
        return ratings[0].known_share, ratings[0].confidence
    weights = [rating.weight for rating in ratings]
    known = mean(weights, [rating.known_share for rating in ratings]) if any(weights) else Fraction(1)
    confidence = mean([rating.known for rating in ratings], [rating.confidence for rating in ratings])
    return known, confidence


def score_scope(
    areas: Sequence[tuple[str, Weight, Sequence[tuple[Weight, PracticeScore]]]], rules: Rules
) -> ScopeScore:
    """Score areas and the whole; each area is (id, weight, its practices with their weights)."""
    scored = [(weight, _area(area, practices, rules)) for area, weight, practices in areas if practices]
    lowest = rules.levels[0]
    weights = [weight for weight, _ in scored]
    known = mean(weights, [area.known_share for _, area in scored])
    return ScopeScore(
        level=level_range(
            min((area.level.low for _, area in scored), default=lowest),
            min((area.level.point for _, area in scored), default=lowest),
            min((area.level.high for _, area in scored), default=lowest),
            rated=bool(scored) and known >= rules.minimum_known_share,
        ),
        index=_mean_interval(weights, [area.index for _, area in scored], lowest),
        known_share=known,
        confidence=_mean_confidence(weights, [area for _, area in scored]),
        areas=tuple(area for _, area in scored),
        practices=tuple(practice for _, _, practices in areas for _, practice in practices),
    )


def _area(area: str, practices: Sequence[tuple[Weight, PracticeScore]], rules: Rules) -> AreaScore:
    weights = tuple(weight for weight, _ in practices)
    known = mean(weights, [practice.known_share for _, practice in practices])
    levels = [practice.level for _, practice in practices]
    all_levels = tuple(rules.levels)
    return AreaScore(
        area=area,
        level=level_range(
            _area_level(weights, tuple(level.low for level in levels), all_levels),
            _area_level(weights, tuple(level.point for level in levels), all_levels),
            _area_level(weights, tuple(level.high for level in levels), all_levels),
            rated=known >= rules.minimum_known_share,
        ),
        index=_mean_interval(weights, [practice.index for _, practice in practices], rules.levels[0]),
        known_share=known,
        confidence=_mean_confidence(weights, [practice for _, practice in practices]),
    )


@lru_cache(maxsize=65536)
def _area_level(weights: tuple[Weight, ...], levels: tuple[int, ...], all_levels: tuple[int, ...]) -> int:
    """The highest level that three quarters of the weight reach while nothing lies two levels below."""
    total = sum(weights, Fraction(0))
    worst = min(levels)
    attained = all_levels[0]
    for below, candidate in pairwise(all_levels):
        reaching = sum(
            (weight for weight, level in zip(weights, levels, strict=True) if level >= candidate), Fraction(0)
        )
        if reaching >= AREA_WEIGHT_AT_LEVEL * total and worst >= below:
            attained = candidate
    return attained


def _mean_confidence(weights: Sequence[Weight], scores: Sequence[AreaScore | PracticeScore]) -> Fraction:
    """The mean confidence of what is known."""
    above = below = 0
    common = 1  # of all that is added up so far
    for weight, score in zip(weights, scores, strict=True):
        heavy, light = weight.as_integer_ratio()
        known, of_all = score.known_share.as_integer_ratio()
        number, parts = score.confidence.as_integer_ratio()
        scale = light * of_all * parts
        if scale != common:
            above, below, heavy = above * scale, below * scale, heavy * common
            common *= scale
        above += heavy * known * number
        below += heavy * known * parts
    return Fraction(above, below) if below else Fraction(0)


def _mean_interval(weights: Sequence[Weight], parts: Sequence[Interval], lowest: int) -> Interval:
    if not parts:
        return Interval(Fraction(lowest), Fraction(lowest), Fraction(lowest))
    return Interval(
        mean(weights, [part.low for part in parts]),
        mean(weights, [part.point for part in parts]),
        mean(weights, [part.high for part in parts]),
    )


def mean(weights: Sequence[Weight], values: Sequence[Fraction]) -> Fraction:
    """The exact weighted mean; 0 without weight. In whole numbers, which is far quicker than fractions."""
    above, weight, common, per_weight = 0, 0, 1, 1
    for each, value in zip(weights, values, strict=True):
        heavy, light = each.as_integer_ratio()
        if light != per_weight:
            above, weight, heavy = above * light, weight * light, heavy * per_weight
            per_weight *= light
        number, parts = value.as_integer_ratio()
        if parts == common:
            above += heavy * number
        else:
            above = above * parts + heavy * number * common
            common *= parts
        weight += heavy
    return Fraction(above, weight * common) if weight else Fraction(0)
