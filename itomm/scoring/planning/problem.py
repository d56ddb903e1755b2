"""The integer programme behind a roadmap: a number for each possible step, exact throughout.

Costs become whole numbers, and a step's key is its cost, above a count of one, above a bit of its own. So the
sum of keys tells which steps were chosen, and comparing sums compares cost first, then how many steps, then
which: of equally cheap sets, those without the later criteria of the questionnaire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from itomm.rules.model import Criterion
from itomm.scoring.levels import AREA_WEIGHT_AT_LEVEL
from itomm.scoring.planning.cover import Part, cheapest
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Step
from itomm.scoring.points import NONE
from itomm.scoring.profiles import Bar


@dataclass(frozen=True)
class Fixed:
    """Steps that must be taken, and steps that must not, each as a set of bits."""

    taken: int = 0
    left: int = 0


class Problem:
    """Finds the cheapest steps to a level of a practice, of areas, where some steps are fixed."""

    def __init__(self, standing: Standing, steps: Mapping[str, Step]) -> None:
        self._standing = standing
        self._levels = standing.rules.levels
        self.bits = {criterion: 1 << place for place, criterion in enumerate(steps)}
        scale = lcm(*(step.cost.denominator for step in steps.values()))
        room = len(steps)
        self.keys = {
            criterion: ((int(step.cost * scale) * (room + 1) + 1) << room) + self.bits[criterion]
            for criterion, step in steps.items()
        }
        self.everything = (1 << room) - 1
        self._bits_of_practice = {
            practice.id: sum(self.bits.get(each.id, 0) for each in standing.criteria_of[practice.id])
            for practice in standing.model.practices
        }
        self._found: dict[tuple[str, int, int, int], int | None] = {}

    def chosen(self, key: int) -> int:
        """The steps behind a sum of keys, as bits."""
        return key & self.everything

    def sum_of(self, bits: int) -> int:
        """The sum of the keys of steps given as bits."""
        return sum(self.keys[criterion] for criterion, bit in self.bits.items() if bits & bit)

    def bits_of(self, practices: Iterable[str]) -> int:
        """All possible steps of some practices."""
        return sum(self._bits_of_practice[practice] for practice in practices)

    def area(self, area: str, level: int, fixed: Fixed) -> int | None:
        """The least sum of keys with which an area attains a level; None when it cannot."""
        total, base, extras = NONE, 0, []
        below = self._below(level)
        for practice in self.practices_of(area):
            weight = next(each.weight for each in self._standing.model.practices if each.id == practice)
            total += weight
            floor, top = self.practice(practice, below, fixed), self.practice(practice, level, fixed)
            if floor is None:
                return None
            base += floor
            if top is not None:
                extras.append((weight, top - floor))
        weights = _whole([AREA_WEIGHT_AT_LEVEL * total, *(weight for weight, _ in extras)])
        parts = [Part(weight, key) for weight, (_, key) in zip(weights[1:], extras, strict=True)]
        reaching = cheapest(parts, weights[0])
        return None if reaching is None else base + reaching

    def practices_of(self, area: str) -> list[str]:
        """The practices of an area of which something applies."""
        return [
            practice.id
            for practice in self._standing.model.practices
            if practice.area == area and self._applicable(practice.id)
        ]

    def practice(self, practice: str, level: int, fixed: Fixed) -> int | None:
        """The least sum of keys with which a practice attains a level; None when it cannot."""
        own = self._bits_of_practice[practice]
        asked = (practice, level, fixed.taken & own, fixed.left & own)
        if asked not in self._found:
            self._found[asked] = self._practice(practice, level, Fixed(*asked[2:]))
        return self._found[asked]

    def _practice(self, practice: str, level: int, fixed: Fixed) -> int | None:
        criteria = self._applicable(practice)
        profile = self._standing.rules.profile
        above = sum(self.bits[each.id] for each in criteria if each.level > level and each.id in self.bits)
        key = self.sum_of(fixed.taken & above)
        for each in self._levels[1:]:
            if each <= level:
                bar = profile.at_target if each == level else profile.below
                cheapest_here = self._level([c for c in criteria if c.level == each], bar, fixed)
                if cheapest_here is None:
                    return None
                key += cheapest_here
        if not key and level > self._levels[0] and not self._is_known(criteria):
            # a practice of which nothing is known stands at the lowest level, whatever its levels hold
            free = [self.keys[each.id] for each in criteria if not self.bits[each.id] & fixed.left]
            return min(free, default=None)
        return key

    def _level(self, criteria: list[Criterion], bar: Bar, fixed: Fixed) -> int | None:
        """The least sum of keys with which one level's criteria reach a bar."""
        points = {each.id: self._points(each.id) for each in criteria}
        must = [each for each in criteria if self._must(each, fixed)]
        if any(self.bits[each.id] & fixed.left for each in must):
            return None
        free = [
            each
            for each in criteria
            if each.id in self.bits and each not in must and not self.bits[each.id] & fixed.left
        ]
        got = sum((each.weight * points[each.id] for each in criteria), NONE)
        got += sum((each.weight * (1 - points[each.id]) for each in must), NONE)
        wanted = bar.share * sum((each.weight for each in criteria), NONE)
        need, *gains = _whole([wanted - got, *(each.weight * (1 - points[each.id]) for each in free)])
        if criteria and bar.above:
            need += 1
        parts = [Part(gain, self.keys[each.id]) for gain, each in zip(gains, free, strict=True)]
        found = cheapest(parts, max(need, 0))
        return None if found is None else found + sum(self.keys[each.id] for each in must)

    def _must(self, criterion: Criterion, fixed: Fixed) -> bool:
        if criterion.id not in self.bits:
            return False
        blocking = criterion.mandatory and self._points(criterion.id) == 0
        return blocking or bool(self.bits[criterion.id] & fixed.taken)

    def _applicable(self, practice: str) -> list[Criterion]:
        answers = self._standing.answers
        return [each for each in self._standing.criteria_of[practice] if answers[each.id].points is not None]

    def _points(self, criterion: str) -> Fraction:
        points = self._standing.answers[criterion].points
        return points.point if points else NONE

    def _is_known(self, criteria: Iterable[Criterion]) -> bool:
        return any(self._standing.answers[each.id].known_share for each in criteria)

    def _below(self, level: int) -> int:
        return self._levels[list(self._levels).index(level) - 1]


def _whole(values: list[Fraction]) -> list[int]:
    """Fractions as whole numbers of their smallest common part."""
    scale = lcm(*(value.denominator for value in values))
    return [value.numerator * (scale // value.denominator) for value in values]
