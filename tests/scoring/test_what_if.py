"""What would be, if: a supposed answer counts above all others, and only where it is supposed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.evidence.decisions import Decisions
from itomm.rules.answer import Verdict
from itomm.rules.evaluation import InferredAnswers
from itomm.scoring.assess import assess_answers, rules_for
from itomm.scoring.assessment import AnswerInForce, Assumption, ScopeResult, View
from itomm.scoring.scope_answers import ScopeAnswers
from itomm.scoring.what_if import what_if
from tests.scoring.organisations import (
    AS_OF,
    ORGANISATION,
    criterion,
    inferred,
    model,
    override,
    scored,
    service,
)
from tests.scoring.organisations import settings as company_settings
from tests.scoring.strategies import CRITERIA, Company, companies

SHOPS = [service("s1", group="g1"), service("s2", "3")]


def supposing(company: Company, *supposed: Assumption) -> dict[str, ScopeResult]:
    results = assess_answers(
        company.questionnaire,
        InferredAnswers(
            {on: said for (on, each), said in company.found.items() if each is None},
            {(on, each): said for (on, each), said in company.found.items() if each is not None},
        ),
        company.decisions,
        company_settings(company.services),
        AS_OF,
        profile=company.profile,
        assumptions=supposed,
    )
    return {result.id: result for result in results}


def in_force(results: dict[str, ScopeResult], scope: str, view: View = View.OVERRIDES) -> AnswerInForce:
    return results[scope].answers[0].in_force[view]


def one_question(said: dict[tuple[str, str | None], str], decisions: Decisions | None = None) -> Company:
    found = {place: inferred(verdict) for place, verdict in said.items()}
    return Company(model([criterion("A-P-2.1")]), tuple(SHOPS), found, decisions or Decisions(), "itomm")


def test_an_assumption_about_the_whole_holds_everywhere_and_is_marked() -> None:
    company = one_question({("A-P-2.1", "s1"): "no", ("A-P-2.1", "s2"): "no"})
    results = supposing(company, Assumption("A-P-2.1", ORGANISATION, Verdict.YES))

    for scope in (ORGANISATION, "g1", "s1", "s2"):
        for view in View:
            found = in_force(results, scope, view)
            assert (found.verdict, found.layer) == (Verdict.YES, "assumption")
    assert results["s1"].answers[0].inferred == inferred("no"), "what was found stays visible"


def test_an_assumption_about_a_service_is_rolled_up_and_leaves_the_others() -> None:
    company = one_question({("A-P-2.1", "s1"): "no", ("A-P-2.1", "s2"): "no"})
    results = supposing(company, Assumption("A-P-2.1", "s1", Verdict.YES))

    assert in_force(results, "s2").verdict is Verdict.NO
    points = in_force(results, ORGANISATION).points
    assert points is not None
    assert points.point * 4 == 1


def test_an_assumption_about_a_group_holds_for_its_services() -> None:
    company = one_question({("A-P-2.1", "s1"): "no", ("A-P-2.1", "s2"): "no"})
    results = supposing(company, Assumption("A-P-2.1", "g1", Verdict.PARTIAL))

    assert in_force(results, "s1").verdict is Verdict.PARTIAL
    assert in_force(results, "s2").verdict is Verdict.NO


def test_an_assumption_stands_above_an_override() -> None:
    decisions = Decisions(overrides=(override("yes", "no", "s1"),))
    company = one_question({("A-P-2.1", "s1"): "no", ("A-P-2.1", "s2"): "no"}, decisions)

    results = supposing(company, Assumption("A-P-2.1", "s1", Verdict.NO))

    assert in_force(results, "s1").verdict is Verdict.NO
    assert results["s1"].answers[0].overrides[0].state == "active", "and it stays visible"


@settings(max_examples=30, deadline=None, derandomize=True)
@given(companies(), st.sampled_from(CRITERIA))
def test_supposing_a_yes_of_the_whole_lowers_nothing_and_changes_no_other_answer(
    company: Company, on: str
) -> None:
    before, after = company.scored(), supposing(company, Assumption(on, ORGANISATION, Verdict.YES))

    for scope, result in after.items():
        for view in View:
            assert result.views[view].level.low >= before[scope].views[view].level.low
        others = [each for each in result.answers if each.criterion != on]
        assert others == [each for each in before[scope].answers if each.criterion != on]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(companies())
def test_supposing_nothing_changes_nothing(company: Company) -> None:
    assert supposing(company) == scored(
        company.questionnaire,
        company.services,
        by_service={(on, each): said for (on, each), said in company.found.items() if each is not None},
        by_organisation={on: said for (on, each), said in company.found.items() if each is None},
        decisions=company.decisions,
        profile=company.profile,
    )


@settings(max_examples=20, deadline=None, derandomize=True)
@given(companies(), st.sampled_from(CRITERIA), st.sampled_from(Verdict), st.data())
def test_supposing_onto_what_was_assessed_is_the_same_as_assessing_it(
    company: Company, on: str, verdict: Verdict, data: st.DataObject
) -> None:
    before = company.scored()
    assumption = Assumption(on, data.draw(st.sampled_from(sorted(before))), verdict)
    configured = company_settings(company.services)
    found = InferredAnswers(
        {on: said for (on, each), said in company.found.items() if each is None},
        {(on, each): said for (on, each), said in company.found.items() if each is not None},
    )
    answers = ScopeAnswers(found, company.decisions.known_at(AS_OF), configured, AS_OF, [assumption])
    rules = rules_for(company.questionnaire, company.profile, configured)

    supposed = {scope: what_if(base, company.questionnaire, rules, answers) for scope, base in before.items()}

    assert supposed == supposing(company, assumption)
