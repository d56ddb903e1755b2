"""Scores many scopes of one questionnaire: what was rated once is not rated again.

Answers are told apart by identity. Scopes share the objects that say how answers count, so most levels, and
many whole practices, have been met before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm
from operator import itemgetter

from itomm.rules.model import Criterion, Model, Part
from itomm.scoring.assessment import AnswerInForce, PracticeScore, ScopeScore
from itomm.scoring.levels import LevelRating, Rules, places_of, practice_at, rate_level, score_scope

Answers = Sequence[AnswerInForce]
_KEPT = 8192
"""So many ratings of a level, and scores of a practice, are kept; with more, memory grows and hits do not."""


class Scorer:
    """Scores scopes from answers in the order of the questionnaire's criteria."""

    def __init__(self, model: Model, rules: Rules) -> None:
        self._rules = rules
        places = {criterion.id: place for place, criterion in enumerate(model.criteria)}
        practices = {
            practice.id: _Practice(
                practice.id,
                [each for each in model.criteria if each.practice == practice.id],
                places,
                rules,
            )
            for practice in model.practices
        }
        areas, parts = _whole(model.areas), _whole(model.practices)
        self._areas = [
            (
                area.id,
                areas[area.id],
                [(parts[each.id], practices[each.id]) for each in model.practices if each.area == area.id],
            )
            for area in model.areas
        ]

    def score(self, answers: Answers) -> ScopeScore:
        """One scope."""
        areas = []
        for area, area_weight, practices in self._areas:
            scored = [
                (weight, found)
                for weight, practice in practices
                if (found := practice.score(answers)) is not None
            ]
            areas.append((area, area_weight, scored))
        return score_scope(areas, self._rules)


class _Practice:
    """One practice: scores by the identity of its answers. What is kept keeps its answers alive."""

    def __init__(
        self, practice: str, criteria: Sequence[Criterion], places: dict[str, int], rules: Rules
    ) -> None:
        self._id, self._rules = practice, rules
        self._own = _picking([places[each.id] for each in criteria])
        self._levels = [
            _Level(level, [each for each in criteria if each.level == level], places, rules)
            for level in rules.levels[1:]
        ]
        self._known: dict[tuple[int, ...], tuple[Answers, PracticeScore | None]] = {}
        self._known_by_rating: dict[tuple[object, ...], tuple[Sequence[LevelRating], PracticeScore]] = {}

    def score(self, answers: Answers) -> PracticeScore | None:
        """The practice's score; None when nothing of it applies."""
        own = self._own(answers)
        key = tuple(map(id, own))
        known = self._known.get(key)
        if known is not None:
            return known[1]
        found = self._staged([level.rating(answers) for level in self._levels])
        if len(self._known) < _KEPT:
            self._known[key] = own, found
        return found

    def _staged(self, ratings: Sequence[LevelRating]) -> PracticeScore | None:
        """The score by the ratings; what lies beyond the level after the highest attained says nothing."""
        places = places_of(ratings)
        if places is None:
            return None
        telling = ratings[: places.high + 1]
        key = (places, *map(id, telling))
        known = self._known_by_rating.get(key)
        if known is not None:
            return known[1]
        found = practice_at(self._id, places, telling, self._rules)
        if len(self._known_by_rating) < _KEPT:
            self._known_by_rating[key] = telling, found
        return found


class _Level:
    """One level of a practice: ratings by the identity of its answers."""

    def __init__(
        self, level: int, criteria: Sequence[Criterion], places: dict[str, int], rules: Rules
    ) -> None:
        self._level, self._criteria, self._rules = level, criteria, rules
        self._own = _picking([places[each.id] for each in criteria])
        self._known: dict[tuple[int, ...], tuple[Answers, LevelRating]] = {}

    def rating(self, answers: Answers) -> LevelRating:
        """The level's rating."""
        own = self._own(answers)
        key = tuple(map(id, own))
        known = self._known.get(key)
        if known is not None:
            return known[1]
        found = rate_level(self._level, zip(self._criteria, own, strict=True), self._rules)
        if len(self._known) < _KEPT:
            self._known[key] = own, found
        return found


def _picking(places: Sequence[int]) -> Callable[[Answers], tuple[AnswerInForce, ...]]:
    """What picks the answers at some places."""
    match places:
        case []:
            return lambda _answers: ()
        case [place]:
            return lambda answers: (answers[place],)
        case _:
            return itemgetter(*places)


def _whole(parts: Sequence[Part]) -> dict[str, int]:
    """Weights in whole numbers, which are quicker; means and shares are the same."""
    scale = lcm(*(part.weight.denominator for part in parts))
    return {part.id: int(part.weight * scale) for part in parts}
