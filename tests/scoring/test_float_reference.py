"""Agreement with an independent oracle: the same arithmetic in floats, over the shipped questionnaire."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import pytest

from itomm.rules.model import Criterion, Model
from itomm.rules.pack import load_packs
from itomm.scoring.assess import score_answers
from itomm.scoring.assessment import Interval, LevelRange
from tests.scoring.organisations import PROFILE_NAMES, ProfileName, answer, rules

SLACK = 1e-9
Bar = Callable[[float], bool]
BARS: Mapping[str, tuple[Bar, Bar]] = {  # profile: (met at the target, met below it)
    "itomm": (lambda share: share >= 0.75 - SLACK, lambda share: share >= 0.75 - SLACK),
    "iso33020": (lambda share: share > 0.5 + SLACK, lambda share: share > 0.85 + SLACK),
    "strict": (lambda share: share >= 1 - SLACK, lambda share: share >= 1 - SLACK),
}
Given = Mapping[str, tuple[str, float]]
Side = str


class Oracle:
    """Scores in floats, one side at a time."""

    def __init__(self, model: Model, given: Given, profile: ProfileName, side: Side) -> None:
        self.model = model
        self.given = given
        self.side = side
        self.at_target, self.below = BARS[profile]

    def points(self, criterion: Criterion) -> float | None:
        verdict, confidence = self.given[criterion.id]
        unsure = confidence < 0.6
        low, point, high = {
            "yes": (0.5 if unsure else 1.0, 1.0, 1.0),
            "partial": (0.5, 0.5, 0.5),
            "no": (0.0, 0.0, 0.5 if unsure else 0.0),
            "unknown": (0.0, 0.0, 1.0),
            "not_applicable": (None, None, None),
        }[verdict]
        return {"low": low, "point": point, "high": high}[self.side]

    def share(self, criteria: Sequence[Criterion], level: int) -> tuple[float, bool]:
        got = weight = 0.0
        gate = True
        for each in criteria:
            points = self.points(each)
            if each.level == level and points is not None:
                got += float(each.weight) * points
                weight += float(each.weight)
                gate = gate and not (each.mandatory and points == 0)
        return (got / weight, gate) if weight else (1.0, True)

    def practice(self, criteria: Sequence[Criterion]) -> tuple[int, float] | None:
        if all(self.points(each) is None for each in criteria):
            return None
        verdicts = {self.given[each.id][0] for each in criteria}
        if self.side != "high" and verdicts <= {"unknown", "not_applicable"}:
            return 1, 1.0
        level = 1
        for candidate in (2, 3, 4, 5):
            share, gate = self.share(criteria, candidate)
            if gate and self.at_target(share):
                level = candidate
            if not (gate and self.below(share)):
                break
        return level, 5.0 if level == 5 else level + min(0.99, self.share(criteria, level + 1)[0])

    def area(self, area: str) -> tuple[int, float] | None:
        scored = []
        for practice in self.model.practices:
            if practice.area == area:
                found = self.practice([each for each in self.model.criteria if each.practice == practice.id])
                if found is not None:
                    scored.append((float(practice.weight), *found))
        if not scored:
            return None
        total = sum(weight for weight, _, _ in scored)
        level = 1
        for candidate in (2, 3, 4, 5):
            reaching = sum(weight for weight, at, _ in scored if at >= candidate) / total
            if reaching >= 0.75 - SLACK and min(at for _, at, _ in scored) >= candidate - 1:
                level = candidate
        return level, sum(weight * index for weight, _, index in scored) / total

    def whole(self) -> tuple[int, float]:
        areas = [(float(area.weight), self.area(area.id)) for area in self.model.areas]
        scored = [(weight, *found) for weight, found in areas if found is not None]
        total = sum(weight for weight, _, _ in scored)
        return min(level for _, level, _ in scored), sum(
            weight * index for weight, _, index in scored
        ) / total


def random_answers(chance: random.Random, model: Model) -> dict[str, tuple[str, str]]:
    good = chance.choice([1, 3, 12, 60, 300])
    verdicts = ["yes", "partial", "no", "unknown", "not_applicable"]
    return {
        each.id: (chance.choices(verdicts, [good, 1, 1, 1, 1])[0], chance.choice(["0.45", "0.6", "0.9"]))
        for each in model.criteria
    }


def side_of(found: Interval | LevelRange, side: Side) -> Fraction | int:
    return {"low": found.low, "point": found.point, "high": found.high}[side]


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_exact_scores_agree_with_the_float_reference(profile: ProfileName) -> None:
    model = load_packs(["itomm"]).model
    chance = random.Random(f"reference {profile}")  # noqa: S311  no secret; the same organisations every time
    levels_drawn = set()
    for _ in range(120):
        given = random_answers(chance, model)
        exact = score_answers(
            model,
            {on: answer(verdict, Fraction(sure)) for on, (verdict, sure) in given.items()},
            rules(profile),
        )
        levels_drawn.add(exact.level.point)
        for side in ("low", "point", "high"):
            oracle = Oracle(
                model, {on: (said, float(sure)) for on, (said, sure) in given.items()}, profile, side
            )
            level, index = oracle.whole()
            assert side_of(exact.level, side) == level
            assert float(side_of(exact.index, side)) == pytest.approx(index)
            for area in exact.areas:
                found = oracle.area(area.area)
                assert found is not None
                assert side_of(area.level, side) == found[0]
                assert float(side_of(area.index, side)) == pytest.approx(found[1])
    assert len(levels_drawn) > 1
