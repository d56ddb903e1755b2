"""What hangs on single answers: compared with turning every set of answers, and read in words."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assumptions import assumed
from itomm.scoring.planning.distance import distance_of
from itomm.scoring.planning.optimum import Aim
from itomm.scoring.planning.roadmap import level_of
from itomm.scoring.planning.sensitivity import moves, robustness
from itomm.scoring.planning.standing import Standing
from tests.scoring.organisations import answer, criterion, inferred, model, rules
from tests.scoring.test_roadmap import aims, standings

SPARE = "to spare before it is no longer"


def level_with(standing: Standing, turned: tuple[str, ...], to: Verdict, aim: Aim) -> int:
    level = level_of(standing.answering(dict.fromkeys(turned, assumed(to))).score(), aim)
    assert level is not None
    return level.point


def fewest_by_trying_all(standing: Standing, aim: Aim, to: Verdict, now: int) -> int:
    """The smallest number of answers that, turned, give a higher (yes) or lower (no) level; 0 for none."""
    applicable = [each for each, counts in standing.answers.items() if counts.points is not None]
    for number in range(1, len(applicable) + 1):
        for turned in combinations(applicable, number):
            level = level_with(standing, turned, to, aim)
            if level > now if to is Verdict.YES else level < now:
                return number
    return 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_no_fewer_answers_change_the_level(data: st.DataObject) -> None:
    standing = data.draw(standings())
    aim = data.draw(aims(standing.model))
    found = robustness(standing, aim)
    if found is None:
        return

    assert len(found.to_raise) == fewest_by_trying_all(standing, aim, Verdict.YES, found.level)
    assert len(found.to_lower) == fewest_by_trying_all(standing, aim, Verdict.NO, found.level)
    if found.to_raise:
        assert level_with(standing, found.to_raise, Verdict.YES, aim) > found.level
    if found.to_lower:
        assert level_with(standing, found.to_lower, Verdict.NO, aim) < found.level


@settings(max_examples=20, deadline=None, derandomize=True)
@given(standings())
def test_moves_are_all_single_answers_that_move_a_level(standing: Standing) -> None:
    found = {(each.criterion.id, each.to): each for each in moves(standing)}
    for each in standing.model.criteria:
        if standing.answers[each.id].points is None:
            continue
        for verdict in (Verdict.YES, Verdict.NO):
            after = level_with(standing, (each.id,), verdict, Aim(0, practice=each.practice))
            before = level_with(standing, (), verdict, Aim(0, practice=each.practice))
            if after != before:
                assert found[each.id, verdict].practice == (before, after)


def test_a_mandatory_answer_carries_its_level_alone() -> None:
    listed = [criterion("A-P-2.1", mandatory=True), criterion("A-P-2.2"), criterion("A-P-2.3")]
    standing = Standing(model(listed), rules(), {each.id: answer("yes") for each in listed})

    found = robustness(standing, Aim(0))

    assert found is not None
    assert found.to_lower == ("A-P-2.1",)
    assert (found.fewest, found.to_raise) == (1, ())


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            replace(inferred("partial"), measured="77.8 %", counted=9, matched=7, grade_yes=">= 90 %",
                    grade_partial=">= 50 %"),
            "7 of 9 (77.8 %); 2 more would make it yes; 3 fewer would make it no",
        ),
        (
            replace(inferred("yes"), measured="8.3 %", counted=12, matched=1, grade_yes="<= 10 %",
                    grade_partial="<= 20 %"),
            "1 of 12 (8.3 %); 1 more would make it partial",
        ),
        (
            replace(inferred("partial"), measured="6 h 10 min", grade_yes="<= 4 h", grade_partial="<= 24 h"),
            f"6 h 10 min; 2 h 10 min less would make it yes (<= 4 h); 17 h 50 min {SPARE} partial (<= 24 h)",
        ),
        (
            replace(inferred("no"), measured="-4.8 %", grade_yes="<= -10 %", grade_partial="<= -5 %"),
            "-4.8 %; 0.2 % less would make it partial (<= -5 %)",
        ),
        (
            replace(inferred("yes"), measured="2.5 /week", grade_yes=">= 1 /week"),
            f"2.5 /week; 1.5 /week {SPARE} yes (>= 1 /week)",
        ),
    ],
)  # fmt: skip
def test_the_distance_to_the_next_threshold_is_told_in_its_own_unit(said: InferredAnswer, text: str) -> None:
    distance = distance_of(said)

    assert distance is not None
    assert distance.text == text


@pytest.mark.parametrize(
    "said",
    [
        None,
        inferred("unknown"),
        inferred("yes"),
        replace(inferred("yes"), measured="a lot", grade_yes=">= 3"),
        replace(inferred("yes"), measured="2", grade_yes=">= 3"),
    ],
)
def test_what_was_not_measured_or_is_graded_otherwise_has_no_distance(said: InferredAnswer | None) -> None:
    assert distance_of(said) is None
