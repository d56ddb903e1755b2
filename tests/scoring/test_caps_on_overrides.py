"""How much of a level rests on people's words, and what holds where more does than the policy lets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from itomm.config.settings import Configuration, OverrideSettings, Service
from itomm.config.yaml_source import Document
from itomm.evidence.decisions import Decisions
from itomm.reports.reliance import cap_sentence, reliance_on, reliance_sentence
from itomm.rules.answer import InferredAnswer
from itomm.scoring.assessment import Assessment, Reliance, ScopeResult, View
from itomm.scoring.gate import Demands, Outcome, checks
from itomm.scoring.reliance import Caps, reliances
from tests.scoring.organisations import (
    AS_OF,
    DAY,
    ORGANISATION,
    criterion,
    inferred,
    model,
    override,
    scored,
    service,
    stated,
)
from tests.scoring.organisations import settings as organisation_settings
from tests.scoring.strategies import Company, companies

CRITERIA = [criterion("A-P-2.1"), criterion("A-P-2.2", 3), criterion("A-P-3.1"), criterion("A-P-4.1")]
MODEL = model(CRITERIA)
YES, NO, UNKNOWN = inferred("yes"), inferred("no"), inferred("unknown")
THIRD = Caps(overrides=Fraction(1, 3))

Said = Mapping[str, InferredAnswer]


def results(
    said: Said, decisions: Decisions, services: Sequence[Service] = (service("s1"),)
) -> tuple[ScopeResult, ...]:
    found = {each.id: YES for each in CRITERIA} | dict(said)
    return tuple(scored(MODEL, services, by_organisation=found, decisions=decisions).values())


def assessed(scopes: Sequence[ScopeResult], caps: Caps) -> Assessment:
    inputs = dict.fromkeys(("snapshot", "model", "rules", "decisions", "settings"), "x")
    found = tuple(reliances(MODEL, scopes, caps))
    return Assessment(AS_OF, "itomm", "Acme", inputs, MODEL, tuple(scopes), (), reliances=found)


def whole(assessment: Assessment) -> Reliance:
    found = reliance_on(assessment, ORGANISATION)
    assert found is not None
    return found


RAISED = Decisions(overrides=(override("yes", "no", on="A-P-2.2"),))


def test_what_rests_on_an_override_is_the_share_of_points_that_the_level_would_lack() -> None:
    scopes = results({"A-P-2.2": NO, "A-P-4.1": NO}, RAISED)

    found = whole(assessed(scopes, Caps()))
    assert found.level.point == 3
    assert (found.on_overrides, found.on_stated) == (Fraction(3, 5), Fraction(0))
    assert (found.exceeded, found.holds) == ((), found.level)


def test_above_the_cap_the_level_without_overrides_holds_and_no_view_changes() -> None:
    scopes = results({"A-P-2.2": NO}, RAISED)
    before = [scope.views for scope in scopes]

    assessment = assessed(scopes, THIRD)
    assert whole(assessment).exceeded == ("overrides",)
    assert (whole(assessment).level.point, whole(assessment).holds.point) == (5, 1)
    assert cap_sentence(whole(assessment)) == (
        "50 % of what carries the level rests on overrides, and 33 % may. So it is capped: level 1 holds."
    )
    assert [scope.views for scope in assessment.scopes] == before
    assert assessment.scopes[0].views[View.OVERRIDES].level.point == 5


def test_at_the_cap_the_level_stands() -> None:
    assessment = assessed(results({"A-P-2.2": NO}, RAISED), Caps(overrides=Fraction(1, 2)))

    assert whole(assessment).exceeded == ()
    assert cap_sentence(whole(assessment)) == ""


def test_stated_answers_are_told_apart_and_capped_with_overrides_together() -> None:
    decisions = Decisions(
        answers=(stated("yes", on="A-P-2.1"), stated("yes", on="A-P-3.1")),
        overrides=(override("yes", "no", on="A-P-4.1"),),
    )
    scopes = results({"A-P-2.1": UNKNOWN, "A-P-3.1": UNKNOWN, "A-P-4.1": NO}, decisions)

    found = whole(assessed(scopes, Caps(overrides=Fraction(1, 6), people=Fraction(2, 5))))
    assert (found.on_overrides, found.on_stated) == (Fraction(1, 6), Fraction(1, 3))
    assert found.exceeded == ("people",)
    assert found.holds.point == scopes[0].views[View.EVIDENCE].level.point == 2
    assert reliance_sentence(found) == (
        "17 % of what carries the level with overrides rests on overrides, 33 % on stated answers."
    )


def test_an_override_that_lowers_carries_nothing() -> None:
    lowered = Decisions(overrides=(override("no", "yes", on="A-P-3.1"),))

    assert assessed(results({}, lowered), THIRD).reliances == ()


def test_taking_a_criterion_out_counts_as_the_points_that_it_would_lack() -> None:
    out = Decisions(overrides=(override("not_applicable", "no", on="A-P-2.2"),))

    found = whole(assessed(results({"A-P-2.2": NO}, out), Caps()))
    assert found.on_overrides == Fraction(3, 6)


def test_an_override_of_one_service_weighs_in_the_organisation_by_the_services_weight() -> None:
    services = (service("s1", "3"), service("s2", "1"))
    found = {(each.id, one.id): YES for each in CRITERIA for one in services}
    found["A-P-2.1", "s2"] = NO
    decisions = Decisions(overrides=(override("yes", "no", "s2", "A-P-2.1"),))
    scopes = tuple(scored(MODEL, services, by_service=found, decisions=decisions).values())

    assessment = assessed(scopes, THIRD)
    assert whole(assessment).on_overrides == Fraction(1, 4) / 6
    of_service = reliance_on(assessment, "s2")
    assert of_service is not None
    assert of_service.on_overrides == Fraction(1, 6)
    assert reliance_on(assessment, "s1") is None


def test_when_the_override_ends_nothing_is_capped_any_more() -> None:
    found = {each.id: YES for each in CRITERIA} | {"A-P-2.2": NO}

    def capped(days: int) -> list[Reliance]:
        scopes = scored(
            MODEL, [service("s1")], by_organisation=found, decisions=RAISED, as_of=AS_OF + days * DAY
        )
        return [each for each in reliances(MODEL, tuple(scopes.values()), THIRD) if each.exceeded]

    assert capped(89)
    assert not capped(90)


@pytest.mark.parametrize(
    ("demands", "outcome"),
    [
        (Demands(level=2), Outcome.NOT_MET),
        (Demands(level=1), Outcome.MET),
        (Demands(areas={"A": 2}), Outcome.NOT_MET),
        (Demands(practices={"A-P": 2}), Outcome.NOT_MET),
        (Demands(scopes={ORGANISATION: 2}), Outcome.NOT_MET),
        (Demands(within_caps=True), Outcome.NOT_MET),
    ],
)
def test_a_gate_asks_about_what_holds(demands: Demands, outcome: Outcome) -> None:
    capped = assessed(results({"A-P-2.2": NO}, RAISED), THIRD)
    uncapped = assessed(results({"A-P-2.2": NO}, RAISED), Caps(overrides=Fraction(1, 2)))

    assert checks(capped, View.OVERRIDES, demands)[0].outcome is outcome
    assert checks(uncapped, View.OVERRIDES, demands)[0].outcome is Outcome.MET


def test_a_gate_says_why_a_level_is_capped() -> None:
    capped = assessed(results({"A-P-2.2": NO}, RAISED), THIRD)

    level, caps = checks(capped, View.OVERRIDES, Demands(level=2, within_caps=True))[:2]
    assert level.found == "level 1, capped"
    assert level.detail.startswith("With overrides it is 5, but more of it rests on people's words than may.")
    assert caps.found.startswith("acme (50 % on overrides, 0 % on stated answers); acme A (50 %")


@pytest.mark.parametrize("written", ["30 %", "30%", "0.3", Decimal("0.3")])
def test_a_cap_is_written_as_a_share(written: object) -> None:
    caps = Caps.of(OverrideSettings.model_validate({"most_on_overrides": written}))

    assert (caps.overrides, caps.people) == (Fraction(3, 10), None)


@pytest.mark.parametrize("written", ["130 %", "-1 %", "3 h", "most"])
def test_what_is_no_share_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        OverrideSettings.model_validate({"most_on_people": written})


def test_only_a_cap_that_is_set_changes_what_settings_say() -> None:
    def digest(**caps: str) -> str:
        overrides = OverrideSettings.model_validate(caps)
        chosen = organisation_settings([service("s1")]).model_copy(update={"overrides": overrides})
        return Configuration(chosen, Document(None, "itomm.yaml", "", {})).scoring_digest

    assert digest() == digest(longest_days="90")
    assert len({digest(), digest(most_on_overrides="30 %"), digest(most_on_people="30 %")}) == 3


caps_drawn = st.builds(
    Caps, *[st.sampled_from([None, Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(1)])] * 2
)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(companies(), caps_drawn)
def test_shares_are_parts_of_one_and_what_holds_is_never_more(company: Company, caps: Caps) -> None:
    scopes = tuple(company.scored().values())

    for each in reliances(company.questionnaire, scopes, caps):
        assert each.on_overrides >= 0
        assert each.on_stated >= 0
        assert 0 < each.on_overrides + each.on_stated <= 1
        assert each.holds.point <= each.level.point
        assert each.exceeded or each.holds == each.level
    assert company.scored() == {scope.id: scope for scope in scopes}
