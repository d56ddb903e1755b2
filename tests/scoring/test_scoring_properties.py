"""What must hold for every organisation, under every view, in every scope, by every profile."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.evidence.decisions import Decisions
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assessment import Interval, ScopeResult, View
from itomm.scoring.points import LOW_CONFIDENCE_BELOW
from tests.scoring.organisations import indices_in, inferred, levels_in
from tests.scoring.strategies import LOST, Company, Place, companies, sorted_places

Thing = TypeVar("Thing")
LADDER = (Verdict.NO, Verdict.PARTIAL, Verdict.YES)

quickly = settings(max_examples=20, deadline=None, derandomize=True)
thoroughly = settings(max_examples=40, deadline=None, derandomize=True)


def numbers(results: Mapping[str, ScopeResult], *views: View) -> dict[str, Interval]:
    """Every level, index and criterion's points, by scope and view; what does not apply has none."""
    return {
        f"{scope}, {view}, {where}": interval
        for scope, result in results.items()
        for view in views or View
        for where, interval in _numbers_of(result, view)
    }


def _numbers_of(result: ScopeResult, view: View) -> Iterator[tuple[str, Interval]]:
    for where, level in levels_in(result.views[view]):
        yield f"level of {where}", Interval(Fraction(level.low), Fraction(level.point), Fraction(level.high))
    for where, index in indices_in(result.views[view]):
        yield f"index of {where}", index
    for answer in result.answers:
        points = answer.in_force[view].points
        if points is not None:
            yield f"points of {answer.criterion}", points


@thoroughly
@given(companies())
def test_every_number_lies_between_its_bounds(company: Company) -> None:
    for where, interval in numbers(company.scored()).items():
        assert interval.low <= interval.point <= interval.high, where


@quickly
@given(companies())
def test_bounds_meet_where_nothing_is_unknown_or_weak(company: Company) -> None:
    for result in company.scored().values():
        for view in View:
            in_force = [answer.in_force[view] for answer in result.answers]
            if all(each.points is None or each.points.low == each.points.high for each in in_force):
                for where, interval in _numbers_of(result, view):
                    assert interval.low == interval.high, where


@quickly
@given(companies(decided=False))
def test_an_organisation_that_is_surely_known_has_no_bounds(company: Company) -> None:
    sure = {
        place: replace(said, verdict=Verdict.NO, reason=None, confidence=Fraction(9, 10))
        if said.verdict is Verdict.UNKNOWN or said.confidence < LOW_CONFIDENCE_BELOW
        else said
        for place, said in company.found.items()
    }
    known = {(each.id, None): inferred("no") for each in company.questionnaire.criteria} | sure
    for where, interval in numbers(company.answering(known).scored()).items():
        assert interval.low == interval.high, where


@quickly
@given(companies(decided=False))
def test_with_nothing_decided_all_views_are_equal(company: Company) -> None:
    for result in company.scored().values():
        assert result.views[View.EVIDENCE] == result.views[View.STATED] == result.views[View.OVERRIDES]
        for answer in result.answers:
            assert answer.in_force[View.EVIDENCE] == answer.in_force[View.STATED]
            assert answer.in_force[View.EVIDENCE] == answer.in_force[View.OVERRIDES]


@quickly
@given(companies())
def test_decisions_leave_no_trace_in_the_view_on_evidence_alone(company: Company) -> None:
    undecided = replace(company, decisions=Decisions()).scored()
    assert numbers(company.scored(), View.EVIDENCE) == numbers(undecided, View.EVIDENCE)


@thoroughly
@given(companies(), st.data())
def test_a_better_answer_of_a_rule_never_lowers_any_number(company: Company, data: st.DataObject) -> None:
    improvable = [place for place in sorted_places(company) if company.found[place].verdict in LADDER[:2]]
    if not improvable:
        return
    place = data.draw(st.sampled_from(improvable))
    said = company.found[place]
    better = replace(said, verdict=LADDER[LADDER.index(said.verdict) + 1])
    # An override that saw the old answer drifts and has to be renewed; that is asserted elsewhere.
    standing = replace(company, decisions=replace(company.decisions, overrides=()))
    assert_nowhere_lower(standing.scored(), standing.answering({place: better}).scored())


@thoroughly
@given(companies(), st.data())
def test_an_unknown_that_turns_out_yes_never_lowers_any_number_on_evidence(
    company: Company, data: st.DataObject
) -> None:
    unknown = [place for place in sorted_places(company) if company.found[place].verdict is Verdict.UNKNOWN]
    if not unknown:
        return
    place = data.draw(st.sampled_from(unknown))
    after = company.answering({place: inferred("yes", base="direct")}).scored()
    assert_nowhere_lower(company.scored(), after, View.EVIDENCE)
    standing = replace(company, decisions=replace(company.decisions, overrides=()))
    assert_nowhere_lower(
        standing.scored(), standing.answering({place: inferred("yes")}).scored(), View.STATED
    )


@thoroughly
@given(companies(), st.data())
def test_a_better_statement_never_lowers_any_number(company: Company, data: st.DataObject) -> None:
    improvable = [
        number for number, each in enumerate(company.decisions.answers) if each.verdict in {"no", "partial"}
    ]
    if not improvable:
        return
    number = data.draw(st.sampled_from(improvable))
    said = list(company.decisions.answers)
    said[number] = replace(said[number], verdict={"no": "partial", "partial": "yes"}[said[number].verdict])
    after = replace(company, decisions=replace(company.decisions, answers=tuple(said)))
    assert_nowhere_lower(company.scored(), after.scored())


@thoroughly
@given(companies(), st.data())
def test_a_better_override_never_lowers_any_number(company: Company, data: st.DataObject) -> None:
    improvable = [
        number for number, each in enumerate(company.decisions.overrides) if each.verdict in {"no", "partial"}
    ]
    if not improvable:
        return
    number = data.draw(st.sampled_from(improvable))
    said = list(company.decisions.overrides)
    said[number] = replace(said[number], verdict={"no": "partial", "partial": "yes"}[said[number].verdict])
    after = replace(company, decisions=replace(company.decisions, overrides=tuple(said)))
    assert_nowhere_lower(company.scored(), after.scored())


@settings(thoroughly, max_examples=200)
@given(companies(), st.data())
def test_a_failing_collector_never_raises_a_number_and_never_narrows_an_interval(
    company: Company, data: st.DataObject
) -> None:
    before = company.scored()
    after = company.answering(data.draw(failures(company))).scored()
    for result in before.values():
        lost = after[result.id]
        for view in View:
            was, now = dict(_numbers_of(result, view)), dict(_numbers_of(lost, view))
            for where, interval in was.items():
                place = f"{where} of {result.id} under {view}"
                assert now[where].low <= interval.low, place
                assert now[where].point <= interval.point, place
                assert now[where].high >= interval.high, place


@st.composite
def failures(draw: st.DrawFn, company: Company) -> dict[Place, InferredAnswer]:
    """The answers of some rules' collector lost, all for one reason."""
    reason = draw(st.sampled_from(LOST))
    places = sorted_places(company)
    gone = draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    return {place: inferred("unknown", reason, base=company.found[place].base) for place in gone}


@quickly
@given(companies(), st.randoms(use_true_random=False))
def test_order_of_services_criteria_and_decisions_never_matters(
    company: Company, chance: random.Random
) -> None:
    def shuffled(things: Iterable[Thing]) -> tuple[Thing, ...]:
        listed = list(things)
        chance.shuffle(listed)
        return tuple(listed)

    questionnaire, decisions = company.questionnaire, company.decisions
    reordered = Company(
        services=shuffled(company.services),
        found=dict(shuffled(company.found.items())),
        decisions=Decisions(
            shuffled(decisions.answers),
            shuffled(replace(each, decisions=shuffled(each.decisions)) for each in decisions.overrides),
        ),
        questionnaire=replace(
            questionnaire,
            areas=shuffled(questionnaire.areas),
            practices=shuffled(questionnaire.practices),
            criteria=shuffled(questionnaire.criteria),
        ),
        profile=company.profile,
    )
    assert numbers(company.scored()) == numbers(reordered.scored())


@quickly
@given(companies(), st.data())
def test_not_applicable_is_the_same_as_not_being_asked(company: Company, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from([each.id for each in company.questionnaire.criteria]))
    undecided = replace(
        company,
        decisions=Decisions(
            tuple(each for each in company.decisions.answers if each.criterion != gone),
            tuple(each for each in company.decisions.overrides if each.criterion != gone),
        ),
    )
    without = replace(
        undecided,
        questionnaire=replace(
            company.questionnaire,
            criteria=tuple(each for each in company.questionnaire.criteria if each.id != gone),
        ),
    )
    places: list[Place] = [(gone, None), *((gone, each.id) for each in company.services)]
    marked = undecided.answering(dict.fromkeys(places, inferred("not_applicable")))
    assert numbers(marked.scored()) == numbers(without.scored())


def assert_nowhere_lower(
    before: Mapping[str, ScopeResult], after: Mapping[str, ScopeResult], *views: View
) -> None:
    was, now = numbers(before, *views), numbers(after, *views)
    for where, interval in was.items():
        assert now[where].low >= interval.low, where
        assert now[where].point >= interval.point, where
        assert now[where].high >= interval.high, where
