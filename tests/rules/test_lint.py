"""Lint finds rules that say less than they seem to, and is quiet about those that are right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from itomm.rules.linting.coverage import Brought
from itomm.rules.linting.finding import Finding, Severity
from itomm.rules.linting.lint import lint
from itomm.rules.model import Model
from itomm.rules.pack import load_packs
from itomm.rules.rule_set import RuleSet
from tests.rules.rules_as_text import rule_of

NO_MODEL = Model("m", "M", "1", {0: "a", 1: "b"}, (), (), ())
ALL_TESTED = [
    {"name": verdict, "expect": {"answer": verdict}} for verdict in ("yes", "partial", "no", "unknown")
]


def findings(brought: Sequence[str] = ("incident",), **parts: object) -> list[Finding]:
    rule = rule_of(**{"tests": ALL_TESTED, **parts})
    return lint(RuleSet(NO_MODEL, (rule,)), [rule], Brought(brought))


def codes(**parts: object) -> list[str]:
    return [finding.code for finding in findings(("incident",), **parts)]


@pytest.mark.parametrize(
    ("measure", "grade"),
    [
        ({"count": "severity = 1"}, {"yes": "< 0"}),
        ({"count": True}, {"yes": "= 0"}),
        ({"count": "severity = 1"}, {"yes": "> 2 and < 3"}),
        ({"exists": "severity = 1"}, {"yes": ">= 2"}),
        ({"ratio": {"where": "severity = 1"}}, {"yes": "> 100 %"}),
        ({"distinct": "team"}, {"yes": "< 1"}),
    ],
)
def test_a_grade_that_no_value_reaches_is_an_error(measure: object, grade: object) -> None:
    assert codes(measure=measure, grade=grade) == ["never-yes"]


@pytest.mark.parametrize(
    ("measure", "grade"),
    [
        ({"count": "severity = 1"}, {"yes": ">= 0"}),
        ({"count": "severity = 1"}, {"yes": "<= 2", "partial": "> 2"}),
        ({"ratio": {"where": "severity = 1"}}, {"yes": ">= 50 %", "partial": "< 50 %"}),
        ({"exists": "severity = 1"}, {"yes": "= 1", "partial": "< 1"}),
    ],
)
def test_a_rule_that_can_never_answer_no_is_an_error(measure: object, grade: object) -> None:
    assert codes(measure=measure, grade=grade) == ["never-no"]


def test_a_no_that_only_missing_gives_is_a_note() -> None:
    (found,) = findings(grade={"yes": ">= 1"}, missing="no_if_complete")

    assert (found.severity, found.code) == (Severity.NOTE, "no-only-when-missing")


@pytest.mark.parametrize(
    ("grade", "said"),
    [
        ({"yes": ">= 50 %", "partial": ">= 90 %"}, "lies inside yes"),
        ({"yes": ">= 90 %", "partial": "> 100 %"}, "no value is > 100 %"),
    ],
)
def test_a_partial_that_says_nothing_is_an_error(grade: object, said: str) -> None:
    (found,) = findings(measure={"ratio": {"where": "severity = 1"}}, grade=grade)

    assert found.code == "never-partial"
    assert said in found.text
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("minimum_sample", "found"), [(5, ["never-yes"]), (3, [])], ids=["needs five", "needs three"]
)
def test_what_a_plain_count_can_be_begins_at_the_minimum_sample(
    minimum_sample: int, found: list[str]
) -> None:
    assert codes(grade={"yes": "<= 3"}, minimum_sample=minimum_sample) == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("severity <= 2 and severity > 3", "never-true"),
        ("severity = 1 and severity = 2", "never-true"),
        ("reopened_count > 1 and reopened_count < 2", "never-true"),
        ("team = 'a' and team = 'b'", "never-true"),
        ("resolved_at is null and resolved_at > as_of - interval '1 day'", None),
        ("team is null and team = 'a'", "never-true"),
        ("severity <= 2 or severity > 3", None),
        ("severity >= 2 and severity <= 3", None),
        ("team = 'a' and assignee = 'b'", None),
    ],
)
def test_conditions_that_exclude_each_other_are_errors(where: str, found: str | None) -> None:
    assert codes(where=where, measure={"count": "major"}) == ([found] if found else [])


def test_a_value_that_a_field_never_has_is_an_error_with_the_nearest_one() -> None:
    (found,) = findings(where="status_category = 'dnoe'", measure={"count": "major"})

    assert found.code == "unlisted-value"
    assert found.text == "incident.status_category is never 'dnoe'"
    assert "Did you mean 'done'?" in found.hint


def test_what_is_declared_and_never_used_is_a_warning() -> None:
    linked = {"has_review": {"from": "postmortem", "on": {"incident_key": "key"}}}
    (found,) = findings(brought=("incident", "postmortem"), linked=linked, measure={"count": "major"})

    assert (found.code, found.severity) == ("unused-linked-fact", Severity.WARNING)
    assert findings(brought=("incident", "postmortem"), linked=linked, measure={"count": "has_review"}) == []


def test_evidence_that_no_source_brings_is_a_warning() -> None:
    (found,) = findings(brought=("change",), measure={"count": "major"})

    assert found.code == "no-source"
    assert found.text.startswith("no configured source brings incident records")


def test_evidence_that_only_an_import_brings_is_told_without_alarm() -> None:
    rule = rule_of(tests=ALL_TESTED, measure={"count": "major"})
    (found,) = lint(RuleSet(NO_MODEL, (rule,)), [rule], Brought(["change"], by_import=["incident"]))

    assert (found.code, found.severity) == ("import-only", Severity.NOTE)
    assert found.text == "only an import brings incident records (collectors files and http_json)"


def test_missing_and_unreadable_tests_are_found() -> None:
    assert codes(tests=[], measure={"count": "major"}) == ["untested"]
    assert codes(tests=ALL_TESTED[:1], measure={"count": "major"}) == ["untested-answer"]
    broken = findings(
        tests=[*ALL_TESTED, {"name": "x", "expect": {"answer": "maybe"}}], measure={"count": "major"}
    )
    assert [finding.code for finding in broken] == ["unreadable"]
    assert "'yes', 'partial', 'no'" in broken[0].text


def test_criteria_left_to_evidence_without_a_rule_are_found_with_their_place() -> None:
    shipped = load_packs(["itomm"])
    kept = tuple(rule for rule in shipped.rules if rule.criterion != "SS-INC-2.1")
    found = lint(
        RuleSet(shipped.model, kept, shipped.places),
        kept,
        Brought([each.name for rule in kept for each in rule.needed_types]),
    )

    (about,) = [each for each in found if each.about == "SS-INC-2.1"]
    assert about.code == "criterion-without-rule"
    assert about.severity is Severity.WARNING
    assert about.place.file.endswith("ss-inc.yaml")


@pytest.mark.parametrize("pack", ["itomm", "oncall-check"])
def test_shipped_rules_have_no_error_and_no_rule_has_a_warning(pack: str) -> None:
    rule_set = load_packs([pack])
    brought = {each.name for rule in rule_set.rules for each in rule.needed_types}

    found = lint(rule_set, rule_set.rules, Brought(brought))

    assert [each for each in found if each.severity is Severity.ERROR] == []
    assert {each.code for each in found if each.severity is Severity.WARNING} <= {"criterion-without-rule"}
