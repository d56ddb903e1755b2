"""Why two assessments differ: the changes sum exactly to the difference, each with its cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer
from itomm.rules.model import Model
from itomm.scoring.assessment import Assessment, ScopeResult, View
from itomm.scoring.comparing.causes import Cause
from itomm.scoring.comparing.comparison import Change, Comparison, compare
from tests.scoring.organisations import AS_OF, DAY, criterion, inferred, model, override, service, stated
from tests.scoring.strategies import Company, Place, companies, questionnaires

SHOPS = (service("s1"), service("s2", "3"))


def assessment(company: Company, run: str = "1", as_of: datetime = AS_OF, rules: str = "r") -> Assessment:
    return Assessment(
        as_of=as_of,
        profile=company.profile,
        organisation="Acme",
        inputs={"snapshot": run, "model": "m", "rules": rules, "decisions": "d", "settings": "s"},
        model=company.questionnaire,
        scopes=tuple(company.scored(as_of).values()),
        sources=(),
    )


def compared(
    one: Assessment, other: Assessment, scope: str = "acme", view: View = View.OVERRIDES
) -> Comparison:
    def found(side: Assessment) -> ScopeResult:
        return next(each for each in side.scopes if each.id == scope)

    return compare(one, other, (found(one), found(other)), view)


def one_question(
    said: Mapping[Place, InferredAnswer], decisions: Decisions | None = None, level: int = 2
) -> Company:
    listed = [criterion(f"A-P-{level}.1"), criterion("A-P-3.1")]
    return Company(model(listed), SHOPS, said, decisions or Decisions(), "itomm")


def whole(verdict: str, reason: UnknownReason | None = None) -> dict[Place, InferredAnswer]:
    return {("A-P-2.1", None): inferred(verdict, reason), ("A-P-3.1", None): inferred("no")}


def only(comparison: Comparison) -> Change:
    (change,) = comparison.changes
    return change


@settings(max_examples=50, deadline=None, derandomize=True)
@given(companies(), companies(), st.data())
def test_the_changes_sum_exactly_to_the_difference_of_what_was_published(
    one: Company, other: Company, data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        other = replace(other, questionnaire=one.questionnaire, profile=one.profile)
    later = AS_OF + data.draw(st.integers(0, 90)) * DAY
    before, after = assessment(one), assessment(other, "2", later, data.draw(st.sampled_from("rq")))
    view = data.draw(st.sampled_from(View))
    shared = {each.id for each in before.scopes} & {each.id for each in after.scopes}
    scope = data.draw(st.sampled_from(sorted(shared)))

    found = compared(before, after, scope, view)
    was, now = (side.views[view] for side in found.scopes)

    assert sum((each.index for each in found.changes), Fraction(0)) == found.index
    assert sum((each.level for each in found.changes), Fraction(0)) == found.level
    assert found.index == now.index.point - was.index.point
    assert found.level == now.level.point - was.level.point


@settings(max_examples=15, deadline=None, derandomize=True)
@given(companies(), companies())
def test_the_other_way_round_has_the_other_sign(one: Company, other: Company) -> None:
    other = replace(other, questionnaire=one.questionnaire)
    before, after = assessment(one), assessment(other, "2")

    def moved(comparison: Comparison, sign: int) -> dict[tuple[Cause, str | None], Fraction]:
        return {(each.cause, each.criterion): sign * each.index for each in comparison.changes}

    assert moved(compared(before, after), 1) == moved(compared(after, before), -1)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(companies())
def test_the_same_twice_has_no_changes(company: Company) -> None:
    assert compared(assessment(company), assessment(company)).changes == ()


@pytest.mark.parametrize(
    ("before", "after", "run", "cause"),
    [
        (inferred("no"), inferred("yes"), "2", Cause.EVIDENCE),
        (inferred("no"), inferred("yes"), "1", Cause.TIME),
        (inferred("yes"), inferred("unknown", UnknownReason.COLLECTION_FAILED), "2", Cause.COVERAGE),
        (inferred("unknown", UnknownReason.NEVER_COLLECTED), inferred("yes"), "2", Cause.COVERAGE),
        (inferred("yes"), inferred("unknown", UnknownReason.STALE), "2", Cause.TIME),
        (inferred("yes"), inferred("unknown", UnknownReason.INSUFFICIENT_SAMPLE), "2", Cause.EVIDENCE),
        (inferred("no"), replace(inferred("yes"), grade_yes=">= 50 %"), "2", Cause.RULE),
        (inferred("no"), replace(inferred("yes"), window_days=30), "2", Cause.RULE),
    ],
)
def test_a_change_has_the_cause_that_it_has(
    before: InferredAnswer, after: InferredAnswer, run: str, cause: Cause
) -> None:
    one, other = (
        one_question({("A-P-2.1", None): said, ("A-P-3.1", None): inferred("no")}) for said in (before, after)
    )
    later = AS_OF + DAY if run == "1" else AS_OF

    change = only(compared(assessment(one), assessment(other, run, later)))

    assert (change.cause, change.criterion) == (cause, "A-P-2.1")
    assert change.index != 0


def test_an_override_that_was_approved_is_its_own_cause() -> None:
    after = one_question(whole("no"), Decisions(overrides=(override("yes", "no"),)))

    change = only(compared(assessment(one_question(whole("no"))), assessment(after)))

    assert (change.cause, change.level) == (Cause.OVERRIDE, Fraction(1))


def test_an_override_that_ran_out_is_put_down_to_time() -> None:
    company = one_question(whole("no"), Decisions(overrides=(override("yes", "no", expires_at=AS_OF + DAY),)))

    change = only(compared(assessment(company), assessment(company, as_of=AS_OF + 2 * DAY)))

    assert (change.cause, change.level) == (Cause.TIME, Fraction(-1))


def test_a_statement_that_ran_out_is_put_down_to_time() -> None:
    said = whole("unknown", UnknownReason.NEVER_COLLECTED)
    company = one_question(said, Decisions(answers=(stated("yes", expires_at=AS_OF + DAY),)))

    change = only(compared(assessment(company), assessment(company, as_of=AS_OF + 2 * DAY)))

    assert (change.cause, change.level) == (Cause.TIME, Fraction(-1))


def test_evidence_under_an_override_that_holds_changes_nothing_with_overrides() -> None:
    decisions = Decisions(overrides=(override("yes", "unknown"),))
    before, after = one_question(whole("no"), decisions), one_question(whole("partial"), decisions)
    sides = assessment(before), assessment(after, "2")

    assert compared(*sides, view=View.OVERRIDES).index == 0
    assert only(compared(*sides, view=View.EVIDENCE)).cause is Cause.EVIDENCE


def test_services_that_moved_a_rolled_up_answer_are_named_by_cause() -> None:
    def company(first: InferredAnswer, second: InferredAnswer) -> Company:
        return one_question({("A-P-2.1", "s1"): first, ("A-P-2.1", "s2"): second})

    lost = inferred("unknown", UnknownReason.COLLECTION_FAILED)
    before = company(inferred("no"), inferred("yes"))
    found = compared(assessment(before), assessment(company(inferred("yes"), lost), "2"))
    by_cause = {each.cause: each for each in found.changes}

    assert by_cause[Cause.EVIDENCE].services == ("s1",)
    assert by_cause[Cause.COVERAGE].services == ("s2",)
    assert by_cause[Cause.EVIDENCE].index > 0 > by_cause[Cause.COVERAGE].index


@settings(max_examples=10, deadline=None, derandomize=True)
@given(companies(), questionnaires())
def test_another_questionnaire_is_a_cause_by_itself(company: Company, other: Model) -> None:
    changed = replace(company, questionnaire=other)
    found = compared(assessment(company), assessment(changed))

    assert {each.cause for each in found.changes} <= {Cause.MODEL}


def test_another_profile_is_a_change_of_settings() -> None:
    company = one_question(whole("partial"))
    found = compared(assessment(company), assessment(replace(company, profile="strict")))

    assert [each.cause for each in found.changes] == [Cause.SETTINGS]
    assert found.unlike == ("profile",)
