"""A gate is met, not met, or cannot be told; what is unknown neither meets a demand nor fails it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.reports.gate import GateShown, junit, markdown, summary
from itomm.rules.answer import InferredAnswer
from itomm.scoring.assessment import Assessment, SourceState, View
from itomm.scoring.comparing.comparison import Comparison, compare
from itomm.scoring.gate import Check, Demands, Outcome, checks, outcome_of
from tests.scoring.organisations import AS_OF, DAY, criterion, inferred, model, override, scored, service

CRITERIA = [criterion("A-P-2.1"), criterion("A-P-3.1"), criterion("B-Q-2.1"), criterion("B-Q-3.1")]
LOST = inferred("unknown", UnknownReason.COLLECTION_FAILED)
SOURCE = SourceState("jira", "jira", "incident", AS_OF, True, None, "", 3, None, None, ())


def assessment(
    said: Mapping[str, InferredAnswer], decisions: Decisions | None = None, run: str = "1"
) -> Assessment:
    found = {each.id: inferred("yes") for each in CRITERIA} | dict(said)
    results = scored(model(CRITERIA), [service("s1")], by_organisation=found, decisions=decisions)
    inputs = {"snapshot": run, "model": "m", "rules": "r", "decisions": "d", "settings": "s"}
    return Assessment(AS_OF, "itomm", "Acme", inputs, model(CRITERIA), tuple(results.values()), (SOURCE,))


def checked(found: Assessment, demands: Demands, baseline: Comparison | None = None) -> Check:
    allowing = replace(demands, allow_incomplete_sources=True)
    (check,) = checks(found, View.OVERRIDES, allowing, baseline)
    return check


def since(before: Assessment, after: Assessment) -> Comparison:
    return compare(before, after, (before.scopes[0], after.scopes[0]), View.OVERRIDES)


@pytest.mark.parametrize(
    ("said", "demands", "outcome"),
    [
        ({}, Demands(level=5), Outcome.MET),
        ({"A-P-3.1": inferred("no")}, Demands(level=2), Outcome.MET),
        ({"A-P-3.1": inferred("no")}, Demands(level=3), Outcome.NOT_MET),
        ({"A-P-3.1": inferred("no")}, Demands(areas={"B": 3}), Outcome.MET),
        ({"A-P-3.1": inferred("no")}, Demands(areas={"A": 3}), Outcome.NOT_MET),
        ({"A-P-3.1": inferred("no")}, Demands(practices={"A-P": 3}), Outcome.NOT_MET),
        ({"A-P-2.1": inferred("no")}, Demands(scopes={"s1": 2}), Outcome.NOT_MET),
        ({"A-P-2.1": LOST, "A-P-3.1": LOST}, Demands(practices={"A-P": 2}), Outcome.INCOMPLETE),
        ({"A-P-2.1": inferred("no"), "A-P-3.1": LOST}, Demands(practices={"A-P": 2}), Outcome.NOT_MET),
        ({"A-P-2.1": LOST, "A-P-3.1": LOST}, Demands(practices={"A-P": 1}), Outcome.MET),
        ({"A-P-2.1": inferred("not_applicable"), "A-P-3.1": inferred("not_applicable")},
         Demands(practices={"A-P": 2}), Outcome.NOT_MET),
        ({"A-P-2.1": LOST, "A-P-3.1": LOST}, Demands(coverage=Fraction(3, 5)), Outcome.INCOMPLETE),
        ({"A-P-2.1": LOST, "A-P-3.1": LOST}, Demands(coverage=Fraction(1, 2)), Outcome.MET),
    ],
)  # fmt: skip
def test_a_demand_is_met_or_not_or_cannot_be_told(
    said: Mapping[str, InferredAnswer], demands: Demands, outcome: Outcome
) -> None:
    assert checked(assessment(said), demands).outcome is outcome


def test_an_expired_override_fails_the_gate_until_it_is_withdrawn_or_renewed() -> None:
    expired = override("yes", "no", proposed_at=AS_OF - 9 * DAY, expires_at=AS_OF - DAY)
    renewed = override("yes", "no", proposed_at=AS_OF - 5 * DAY, identifier="O2")
    demands = Demands(no_expired_overrides=True)
    said = {"A-P-2.1": inferred("no")}

    alone = checked(assessment(said, Decisions(overrides=(expired,))), demands)
    both = checked(assessment(said, Decisions(overrides=(expired, renewed))), demands)

    assert alone.outcome is Outcome.NOT_MET
    assert "O1 (A-P-2.1, acme)" in alone.found
    assert both.outcome is Outcome.MET


def test_a_fall_beyond_the_limit_fails_and_one_within_it_does_not() -> None:
    before, after = assessment({}), assessment({"A-P-3.1": inferred("no")}, run="2")
    fall = since(before, after)

    assert fall.index == Fraction(-3, 2)
    assert checked(after, Demands(largest_drop=Fraction(3, 2)), fall).outcome is Outcome.MET
    assert checked(after, Demands(largest_drop=Fraction(149, 100)), fall).outcome is Outcome.NOT_MET
    assert checked(before, Demands(largest_drop=Fraction(0)), since(after, before)).outcome is Outcome.MET


def test_a_failing_collector_is_no_fall_and_no_proof_that_there_is_none() -> None:
    before, after = assessment({}), assessment({"A-P-2.1": LOST, "A-P-3.1": LOST}, run="2")

    check = checked(after, Demands(largest_drop=Fraction(1, 10)), since(before, after))

    assert check.outcome is Outcome.INCOMPLETE
    assert "could not be seen" in check.detail


def test_a_first_assessment_has_nothing_to_fall_from() -> None:
    assert checked(assessment({}), Demands(largest_drop=Fraction(0))).outcome is Outcome.MET


def test_an_incomplete_source_makes_the_gate_incomplete_unless_that_is_allowed() -> None:
    broken = replace(assessment({}), sources=(replace(SOURCE, complete=False),))

    found = checks(broken, View.OVERRIDES, Demands(level=2))
    allowed = checks(broken, View.OVERRIDES, Demands(level=2, allow_incomplete_sources=True))

    assert outcome_of(found) is Outcome.INCOMPLETE
    assert "jira (incident)" in found[-1].found
    assert outcome_of(allowed) is Outcome.MET


def test_what_is_surely_missed_comes_before_what_cannot_be_told() -> None:
    broken = replace(assessment({"A-P-2.1": inferred("no")}), sources=(replace(SOURCE, complete=False),))

    assert outcome_of(checks(broken, View.OVERRIDES, Demands(level=2))) is Outcome.NOT_MET


def test_reports_tell_failures_from_errors_and_hold_no_markup_of_others() -> None:
    found = assessment({"A-P-2.1": inferred("no"), "B-Q-2.1": LOST, "B-Q-3.1": LOST})
    demands = Demands(level=3, practices={"B-Q": 3, "A-P": 1})
    shown = GateShown(checks(found, View.OVERRIDES, demands), found, View.OVERRIDES, "")
    suite = ElementTree.fromstring(junit(shown))[0]  # noqa: S314  our own text

    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
    }
    assert [[child.tag for child in case] for case in suite] == [["failure"], [], ["error"], []]
    assert summary(shown) == "The gate is not met: 1 of 4 checks failed."
    hostile = replace(shown, checks=(replace(shown.checks[0], found="<b>|x\n# y"),))
    assert "\\<b\\>\\|x \\# y" in markdown(hostile)
