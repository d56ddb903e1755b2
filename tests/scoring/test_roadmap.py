"""The roadmap is the cheapest way there is: compared with every set of steps, and read step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.rules.answer import Verdict
from itomm.rules.model import Criterion, Model
from itomm.scoring.assessment import AnswerInForce, Interval
from itomm.scoring.assumptions import assumed
from itomm.scoring.planning.optimum import Aim, cheapest_steps
from itomm.scoring.planning.roadmap import level_of, roadmap
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Costs, Step, StepKind, possible_steps
from tests.scoring.organisations import PROFILE_NAMES, answer, criterion, model, rules

COSTS = Costs()
YES = assumed(Verdict.YES)


def with_steps(standing: Standing, chosen: tuple[str, ...]) -> Standing:
    return standing.answering(dict.fromkeys(chosen, YES))


def reaches(standing: Standing, aim: Aim) -> bool:
    level = level_of(standing.score(), aim)
    return level is not None and level.point >= aim.level


def keeps_dependencies(chosen: tuple[str, ...], steps: Mapping[str, Step]) -> bool:
    return all(other in chosen for each in chosen for other in steps[each].needs)


def by_trying_all(standing: Standing, steps: Mapping[str, Step], aim: Aim) -> tuple[str, ...] | None:
    """The cheapest of all sets of steps, found by scoring each of them."""
    places = {each: place for place, each in enumerate(steps)}
    found = [
        chosen
        for number in range(len(steps) + 1)
        for chosen in combinations(steps, number)
        if keeps_dependencies(chosen, steps) and reaches(with_steps(standing, chosen), aim)
    ]
    return min(found, key=lambda each: rank(each, steps, places), default=None)


def rank(
    chosen: tuple[str, ...], steps: Mapping[str, Step], places: Mapping[str, int]
) -> tuple[Fraction, int, int]:
    cost = sum((steps[each].cost for each in chosen), Fraction(0))
    return cost, len(chosen), sum(1 << places[each] for each in chosen)


PLACES = ("A-P-2.1", "A-P-2.2", "A-P-3.1", "A-P-3.2", "A-Q-2.1", "A-Q-3.1", "A-Q-4.1", "B-R-2.1", "B-R-3.1")


@st.composite
def answers_in_force(draw: st.DrawFn) -> AnswerInForce:
    said = draw(st.sampled_from(["yes", "partial", "no", "unknown", "not_applicable", "rolled_up"]))
    if said != "rolled_up":
        return answer(said)
    known = draw(st.sampled_from([Fraction(1), Fraction(2, 3), Fraction(1, 3)]))
    point = known * draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)]))
    verdict = Verdict.YES if point == 1 else Verdict.PARTIAL if point else Verdict.UNKNOWN
    interval = Interval(point, point, point + 1 - known)
    return AnswerInForce(verdict, interval, known, Fraction(9, 10), "roll_up")


@st.composite
def criteria(draw: st.DrawFn) -> list[Criterion]:
    kept = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=8, unique=True))
    made: list[Criterion] = []
    for place in sorted(kept):
        plain = criterion(place, draw(st.integers(1, 3)), mandatory=draw(st.booleans()))
        others = [each.id for each in made]
        needs = draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else []
        made.append(replace(plain, effort=draw(st.sampled_from("SML")), depends_on=tuple(needs)))
    return made


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    listed = draw(criteria())
    weights = {practice: draw(st.integers(1, 4)) for practice in ("A-P", "A-Q", "B-R")}
    return Standing(
        model(listed, weights),
        rules(draw(st.sampled_from(PROFILE_NAMES))),
        {each.id: draw(answers_in_force()) for each in listed},
    )


@st.composite
def aims(draw: st.DrawFn, questionnaire: Model) -> Aim:
    level = draw(st.integers(2, 5))
    kind = draw(st.sampled_from(["whole", "area", "practice"]))
    if kind == "area":
        return Aim(level, area=draw(st.sampled_from([each.id for each in questionnaire.areas])))
    if kind == "practice":
        return Aim(level, practice=draw(st.sampled_from([each.id for each in questionnaire.practices])))
    return Aim(level)


costs = st.builds(
    lambda small, medium, large, finding: Costs({"S": small, "M": medium, "L": large}, finding),
    *[st.sampled_from([Fraction(1, 3), Fraction(1), Fraction(3), Fraction(5, 2)])] * 3,
    st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2)]),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_no_set_of_steps_is_cheaper(data: st.DataObject) -> None:
    standing = data.draw(standings())
    aim = data.draw(aims(standing.model))
    if level_of(standing.score(), aim) is None:
        return
    steps = possible_steps(standing, data.draw(costs))
    assert cheapest_steps(standing, steps, aim) == by_trying_all(standing, steps, aim)


def small(
    said: Mapping[str, str], *, efforts: str = "", mandatory: Sequence[str] = (), **needs: str
) -> Standing:
    """Criteria with answers; efforts in their order, ``needs`` by number of criterion (c2="A-P-2.1")."""
    listed = [
        replace(
            criterion(each, mandatory=each in mandatory),
            effort=effort,
            depends_on=tuple(needs.get(f"c{number}", "").split()),
        )
        for number, (each, effort) in enumerate(zip(said, efforts or "S" * len(said), strict=True), start=1)
    ]
    return Standing(model(listed), rules(), {each: answer(verdict) for each, verdict in said.items()})


def taken(standing: Standing, aim: Aim, budget: Fraction | None = None) -> list[str]:
    return [each.step.criterion.id for each in roadmap(standing, aim, COSTS, budget=budget).steps]


def test_cheap_steps_are_preferred_and_what_is_met_is_in_hand() -> None:
    standing = small({"A-P-2.1": "yes", "A-P-2.2": "no", "A-P-2.3": "no", "A-P-2.4": "yes"}, efforts="SLMS")
    found = roadmap(standing, Aim(2), COSTS)

    assert [each.step.criterion.id for each in found.steps] == ["A-P-2.3"]
    assert found.cost == 3
    assert found.in_hand == ("A-P-2.1", "A-P-2.4")
    assert (found.now.point, found.after.point) == (1, 5), "levels 3 to 5 ask for nothing"


def test_what_is_mandatory_is_met_however_dear() -> None:
    said = {"A-P-2.1": "no", "A-P-2.2": "no", "A-P-2.3": "yes", "A-P-2.4": "yes"}
    standing = small(said, efforts="LSSS", mandatory=["A-P-2.1"])

    assert taken(standing, Aim(2)) == ["A-P-2.1"]


def test_of_equal_ways_the_first_in_the_questionnaire_is_taken() -> None:
    said = dict.fromkeys(("A-P-2.1", "A-P-2.2", "A-P-2.3", "A-P-2.4"), "no")

    assert taken(small(said), Aim(2)) == ["A-P-2.1", "A-P-2.2", "A-P-2.3"]


def test_what_a_step_needs_is_paid_for_and_comes_first() -> None:
    said = {"A-P-2.1": "no", "B-Q-2.1": "yes", "B-Q-4.1": "no"}
    standing = small(said, c1="B-Q-4.1")
    found = roadmap(standing, Aim(2, practice="A-P"), COSTS)

    assert [each.step.criterion.id for each in found.steps] == ["B-Q-4.1", "A-P-2.1"]
    assert found.cost == 2


def test_a_dearer_way_is_taken_when_the_cheap_one_needs_something_dear() -> None:
    said = {"A-P-2.1": "yes", "A-P-2.2": "yes", "A-P-2.3": "no", "A-P-2.4": "no", "B-Q-5.1": "no"}
    standing = small(said, efforts="SSSML", c3="B-Q-5.1")

    assert taken(standing, Aim(2, area="A")) == ["A-P-2.4"]


def test_an_unknown_answer_is_found_out_first_and_may_cost_no_more() -> None:
    said = {"A-P-2.1": "unknown", "A-P-2.2": "no"}
    found = roadmap(small(said, efforts="LM"), Aim(2), COSTS)
    by_criterion = {each.step.criterion.id: each.step for each in found.steps}

    assert by_criterion["A-P-2.1"].kind is StepKind.FIND_OUT
    assert by_criterion["A-P-2.2"].kind is StepKind.IMPROVE
    assert [found.cost, found.least_cost] == [1 + 8 + 3, 1 + 3]


def test_phases_keep_to_the_budget_but_for_a_step_that_is_dearer_by_itself() -> None:
    said = dict.fromkeys(("A-P-2.1", "A-P-2.2", "A-P-2.3"), "no")
    found = roadmap(small(said, efforts="SML"), Aim(5), COSTS, budget=Fraction(4))
    phases = {number: [str(each.step.cost) for each in steps] for number, steps in found.phases.items()}

    assert phases == {1: ["1", "3"], 2: ["8"]}


def test_the_next_best_step_brings_most_for_its_cost() -> None:
    said = {"A-P-2.1": "no", "A-P-2.2": "yes", "A-P-3.1": "no", "A-Q-2.1": "no", "A-Q-3.1": "no"}
    found = roadmap(small(said, efforts="MSSSS"), Aim(2), COSTS)

    assert [each.step.criterion.id for each in found.next_best] == ["A-Q-2.1", "A-P-2.1"]
    assert found.next_best[0].practice_level == 2
    assert found.next_best[0].gain == Fraction(1, 2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_steps_in_order_lead_to_the_level_and_never_down(data: st.DataObject) -> None:
    standing = data.draw(standings())
    aim = data.draw(aims(standing.model))
    if level_of(standing.score(), aim) is None:
        return
    found = roadmap(standing, aim, COSTS, budget=Fraction(3))
    names = [each.step.criterion.id for each in found.steps]

    assert found.reachable
    assert found.after.point >= aim.level
    assert found.after == level_of(with_steps(standing, tuple(names)).score(), aim)
    done: set[str] = set()
    before = standing.score().index.point
    for each in found.steps:
        done.add(each.step.criterion.id)
        index = with_steps(standing, tuple(done)).score().index.point
        assert index - before == each.gain >= 0
        assert set(each.step.needs) <= done
        before = index
