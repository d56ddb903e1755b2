"""Levels worked by hand: practices, gates, profiles at their edges, areas, the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest

from itomm.rules.model import Criterion
from itomm.rules.pack import load_packs
from itomm.scoring.assess import score_answers
from itomm.scoring.assessment import AnswerInForce, Interval, LevelRange, PracticeScore, ScopeScore
from itomm.scoring.levels import score_practice, score_scope
from itomm.scoring.points import rolled_up
from itomm.scoring.profiles import PROFILES
from tests.scoring.organisations import (
    PROFILE_NAMES,
    UNSURE,
    ProfileName,
    answer,
    criterion,
    model,
    rules,
)

# The content paper's IM-BKP: weights and gates of section 7.7.
BACKUP = [
    criterion("IM-BKP-2.1", 3, mandatory=True),
    criterion("IM-BKP-3.1", 2),
    criterion("IM-BKP-3.2", 3, mandatory=True),
    criterion("IM-BKP-4.1", 2),
    criterion("IM-BKP-5.1", 2),
]
LADDER = [criterion(f"A-P-{level}.1") for level in (2, 3, 4, 5)]


def practice(
    criteria: Sequence[Criterion], answers: Mapping[str, AnswerInForce], profile: ProfileName = "itomm"
) -> PracticeScore:
    found = score_practice(criteria[0].practice, criteria, answers, rules(profile))
    assert found is not None
    return found


def answered(criteria: Sequence[Criterion], *verdicts: str) -> dict[str, AnswerInForce]:
    return {each.id: answer(verdict) for each, verdict in zip(criteria, verdicts, strict=True)}


def exactly(number: Fraction | int) -> Interval:
    return Interval(Fraction(number), Fraction(number), Fraction(number))


def levels(level: LevelRange) -> tuple[int, int, int]:
    return level.low, level.point, level.high


def shipped(verdict: str, profile: ProfileName = "itomm") -> ScopeScore:
    questionnaire = load_packs(["itomm"]).model
    return score_answers(
        questionnaire, {each.id: answer(verdict) for each in questionnaire.criteria}, rules(profile)
    )


def test_the_worked_example_of_the_content_paper_is_level_2_index_2_50() -> None:
    # R(2) = 3/3 = 1; R(3) = (2 x 1/2 + 3 x 1/2) / 5 = 1/2 < 3/4: level 2, index 2 + 1/2
    found = practice(BACKUP, answered(BACKUP, "yes", "partial", "partial", "no", "no"))
    assert levels(found.level) == (2, 2, 2)
    assert found.index == exactly(Fraction(5, 2))
    assert found.held_back_by == ("IM-BKP-3.2", "IM-BKP-3.1")


def test_what_holds_a_practice_back_is_listed_gates_first_then_by_what_is_lost() -> None:
    criteria = [criterion("A-P-2.1", 1, mandatory=True), criterion("A-P-2.2", 3), criterion("A-P-2.3", 4)]
    found = practice(criteria, answered(criteria, "no", "no", "partial"))
    assert found.held_back_by == ("A-P-2.1", "A-P-2.2", "A-P-2.3")


def test_seven_more_restore_tests_lift_the_worked_example_to_level_3() -> None:
    # R(3) = (2 x 1/2 + 3 x 1) / 5 = 4/5 >= 3/4: level 3; R(4) = 0: index 3
    found = practice(BACKUP, answered(BACKUP, "yes", "partial", "yes", "no", "no"))
    assert levels(found.level) == (3, 3, 3)
    assert found.index == exactly(3)


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_all_yes_is_level_5(profile: ProfileName) -> None:
    found = shipped("yes", profile)
    assert found.level == LevelRange(5, 5, 5, rated=True)
    assert found.index == exactly(5)


def test_all_partial_is_level_1_at_half_way_to_level_2() -> None:
    found = shipped("partial")
    assert found.level == LevelRange(1, 1, 1, rated=True)
    assert found.index == exactly(Fraction(3, 2))


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_all_no_is_level_1_and_nothing_more(profile: ProfileName) -> None:
    found = shipped("no", profile)
    assert found.level == LevelRange(1, 1, 1, rated=True)
    assert found.index == exactly(1)


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_all_unknown_is_not_rated_and_may_be_anything(profile: ProfileName) -> None:
    found = shipped("unknown", profile)
    assert found.level == LevelRange(1, 1, 5, rated=False)
    assert found.index == Interval(Fraction(1), Fraction(1), Fraction(5))
    assert found.known_share == 0


def test_an_index_never_reaches_the_next_level_by_itself() -> None:
    # Level 4 lacks only its gate (weight 1 of 1000): 0.999 of its points would round up, so 0.99 is the most.
    criteria = [*LADDER[:2], criterion("A-P-4.1", 999), criterion("A-P-4.2", 1, mandatory=True)]
    found = practice(criteria, answered(criteria, "yes", "yes", "yes", "no"))
    assert found.level.point == 3
    assert found.index == exactly(Fraction(399, 100))


def test_only_the_next_level_counts_so_high_levels_cannot_buy_back_a_low_one() -> None:
    found = practice(LADDER, answered(LADDER, "no", "yes", "yes", "yes"))
    assert levels(found.level) == (1, 1, 1)
    assert found.index == exactly(1)


# --- mandatory criteria ------------------------------------------------------------------------------

GATED = [criterion("A-P-2.1", 9), criterion("A-P-2.2", 1, mandatory=True)]


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        # 9/10 of the points would do for level 2, and nothing above applies: open is 5, shut is 1
        (answer("yes"), (5, 5, 5)),
        (answer("partial"), (5, 5, 5)),
        (answer("no"), (1, 1, 1)),
        (answer("unknown"), (1, 1, 5)),
        (answer("no", UNSURE), (1, 1, 5)),
        (answer("yes", UNSURE), (5, 5, 5)),
        (answer("not_applicable"), (5, 5, 5)),
    ],
)
def test_a_mandatory_criterion_without_points_on_a_side_bars_its_level_there(
    gate: AnswerInForce, expected: tuple[int, int, int]
) -> None:
    found = practice(GATED, {"A-P-2.1": answer("yes"), "A-P-2.2": gate})
    assert levels(found.level) == expected


def test_a_rolled_up_gate_bars_only_when_no_service_has_points() -> None:
    one, nine = Fraction(1), Fraction(9)
    some = rolled_up([(one, answer("partial")), (nine, answer("no"))])
    none = rolled_up([(one, answer("no")), (nine, answer("no"))])
    assert practice(GATED, {"A-P-2.1": answer("yes"), "A-P-2.2": some}).level.point == 5
    assert practice(GATED, {"A-P-2.1": answer("yes"), "A-P-2.2": none}).level.point == 1


# --- profiles, exactly at their edges ----------------------------------------------------------------

EDGE = Fraction(1, 10**18)


@pytest.mark.parametrize(
    ("profile", "bar", "at_bar", "below_bar"),
    [
        ("itomm", Fraction(3, 4), True, False),
        ("iso33020", Fraction(1, 2), False, False),
        ("strict", Fraction(1), True, False),
    ],
)
def test_a_profile_is_met_at_its_target_bar_as_it_says(
    profile: str, bar: Fraction, at_bar: bool, below_bar: bool
) -> None:
    at_target = PROFILES[profile].at_target
    assert at_target.reached(bar) is at_bar
    assert at_target.reached(bar - EDGE) is below_bar
    assert at_target.reached(bar + EDGE) is True


@pytest.mark.parametrize(
    ("profile", "bar", "at_bar"),
    [("itomm", Fraction(3, 4), True), ("iso33020", Fraction(17, 20), False), ("strict", Fraction(1), True)],
)
def test_a_profile_is_met_below_its_target_as_it_says(profile: str, bar: Fraction, at_bar: bool) -> None:
    below = PROFILES[profile].below
    assert below.reached(bar) is at_bar
    assert below.reached(bar - EDGE) is False
    assert below.reached(bar + EDGE) is True


@pytest.mark.parametrize(
    ("profile", "yes", "no", "expected"),
    [
        # Level 2 weighs yes + no; all of level 3 and above is yes, so level 2's share decides.
        ("itomm", 75, 25, 5),
        ("itomm", 74, 26, 1),
        ("iso33020", 50, 50, 1),  # .50 is not above .50
        ("iso33020", 51, 49, 2),  # largely at the target, not fully below one
        ("iso33020", 85, 15, 2),  # .85 is not above .85
        ("iso33020", 86, 14, 5),
        ("strict", 99, 1, 1),
        ("strict", 100, 0, 5),
    ],
)
def test_a_practice_stands_where_its_profile_puts_it(
    profile: ProfileName, yes: int, no: int, expected: int
) -> None:
    criteria = [criterion("A-P-2.1", yes), *LADDER[1:]]
    verdicts = ["yes", "yes", "yes", "yes"]
    if no:
        criteria.append(criterion("A-P-2.2", no))
        verdicts.append("no")
    assert practice(criteria, answered(criteria, *verdicts), profile).level.point == expected


# --- not applicable ----------------------------------------------------------------------------------


def test_a_level_of_which_nothing_applies_is_passed_through() -> None:
    found = practice(LADDER, answered(LADDER, "yes", "not_applicable", "yes", "no"))
    assert levels(found.level) == (4, 4, 4)


def test_a_practice_of_which_nothing_applies_leaves() -> None:
    assert score_practice("A-P", LADDER, answered(LADDER, *["not_applicable"] * 4), rules()) is None
    criteria = [*LADDER, criterion("A-Q-2.1")]
    answers = answered(criteria, *["not_applicable"] * 4, "no")
    found = score_answers(model(criteria), answers, rules())
    assert [each.practice for each in found.practices] == ["A-Q"]
    assert found.index == exactly(1)


def test_an_area_of_which_nothing_applies_leaves() -> None:
    criteria = [criterion("A-P-2.1"), criterion("B-R-2.1")]
    found = score_answers(model(criteria), answered(criteria, "not_applicable", "yes"), rules())
    assert [each.area for each in found.areas] == ["B"]
    assert levels(found.level) == (5, 5, 5)


def test_a_scope_to_which_nothing_applies_is_not_rated() -> None:
    found = score_answers(model(LADDER), answered(LADDER, *["not_applicable"] * 4), rules())
    assert found.level == LevelRange(1, 1, 1, rated=False)
    assert found.areas == ()


def test_a_practice_of_which_nothing_is_known_does_not_pass_levels_of_which_nothing_applies() -> None:
    # P is level 1. Q leaves while none of it applies; were its lost answer to enter at level 2, past an empty
    # level 2, the mean index would rise from 1 to 3/2, because evidence was lost.
    criteria = [criterion("A-P-2.1"), criterion("A-Q-2.1"), criterion("A-Q-3.1")]
    before = score_answers(
        model(criteria), answered(criteria, "no", "not_applicable", "not_applicable"), rules()
    )
    after = score_answers(model(criteria), answered(criteria, "no", "not_applicable", "unknown"), rules())
    assert before.index == exactly(1)
    assert after.index == Interval(Fraction(1), Fraction(1), Fraction(3))


# --- areas and the whole -----------------------------------------------------------------------------


def area_level(*parts: tuple[int, int]) -> int:
    """The level of an area whose practices have these weights and levels."""
    practices = [
        (
            Fraction(weight),
            PracticeScore(
                f"A-{number}",
                LevelRange(level, level, level, rated=True),
                exactly(level),
                Fraction(1),
                Fraction(1),
                (),
            ),
        )
        for number, (weight, level) in enumerate(parts)
    ]
    found = score_scope([("A", Fraction(1), practices)], rules())
    assert found.level == found.areas[0].level
    return found.level.point


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (((3, 3), (1, 2)), 3),  # exactly 75 % at 3, the rest one below
        (((299, 3), (101, 2)), 2),  # 74.75 %
        (((3, 3), (1, 1)), 2),  # 75 % at 3, but one lies two below
        (((99, 5), (1, 1)), 2),  # nothing may lie below L - 1
        (((99, 5), (1, 4)), 5),
        (((1, 1),), 1),
        (((1, 2), (1, 4)), 2),
    ],
)
def test_an_area_is_at_the_level_that_three_quarters_reach_with_none_two_below(
    parts: tuple[tuple[int, int], ...], expected: int
) -> None:
    assert area_level(*parts) == expected


def test_the_whole_is_at_the_level_of_its_lowest_area_and_its_index_is_the_mean() -> None:
    criteria = [criterion("A-P-2.1"), criterion("B-R-2.1"), criterion("B-R-3.1")]
    found = score_answers(model(criteria), answered(criteria, "yes", "yes", "partial"), rules())
    assert [each.level.point for each in found.areas] == [5, 2]
    assert found.level.point == 2
    assert found.index == exactly((5 + Fraction(5, 2)) / 2)


# --- not rated ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("known", "unknown", "rated"), [(60, 40, True), (599, 401, False), (100, 0, True)])
def test_a_practice_is_rated_from_exactly_sixty_percent_known(known: int, unknown: int, rated: bool) -> None:
    criteria = [criterion("A-P-2.1", known)] + ([criterion("A-P-2.2", unknown)] if unknown else [])
    found = practice(criteria, answered(criteria, *["no", "unknown"][: len(criteria)]))
    assert found.level.rated is rated
    assert found.known_share == Fraction(known, known + unknown)


def test_what_lies_beyond_the_next_level_does_not_keep_a_practice_from_being_rated() -> None:
    found = practice(LADDER, answered(LADDER, "no", "unknown", "unknown", "unknown"))
    assert found.level.rated


def test_a_roll_up_keeps_the_share_that_is_known() -> None:
    found = rolled_up(
        [(Fraction(3), answer("yes")), (Fraction(1), answer("unknown")), (Fraction(6), answer("no"))]
    )
    assert found.points == Interval(Fraction(3, 10), Fraction(3, 10), Fraction(4, 10))
    assert found.known_share == Fraction(9, 10)
    assert found.verdict == "partial"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["yes", "yes"], "yes"),
        (["no", "no"], "no"),
        (["yes", "no"], "partial"),
        (["no", "unknown"], "unknown"),
        (["yes", "unknown"], "partial"),
        (["unknown", "unknown"], "unknown"),
        (["yes", "not_applicable"], "yes"),
        (["not_applicable", "not_applicable"], "not_applicable"),
    ],
)
def test_a_roll_up_is_named_by_what_all_its_services_say(verdicts: list[str], expected: str) -> None:
    assert rolled_up((Fraction(1), answer(verdict)) for verdict in verdicts).verdict == expected
