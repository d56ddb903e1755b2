"""The shipped questionnaire and its rules hold together and keep their promises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from itomm.collectors.discovery import collector_names, load_collector
from itomm.evidence.record_types import record_types
from itomm.rules.model import Criterion
from itomm.rules.pack import load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_document import LinkedDocument
from itomm.rules.rule_set import RuleSet

FRAMEWORKS = {"itil4", "iso20000", "cmmi", "cobit2019", "nist_csf2", "nist_800_53", "cis_v8_1", "dora"}

NOTHING_FOUND_IS_A_YES = {"SM-VUL-3.1", "SM-VUL-4.1", "SM-VUL-4.3", "SM-VUL-5.1", "SM-CRT-3.2"}
"""Only a complete search that found nothing wrong may turn no record into a yes."""

IMPORTED = {
    *("account", "configuration_item", "drift_report", "log_source"),
    *("on_call_schedule", "on_call_shift", "survey_response"),
}
"""Kept in tools that each organisation has others of, and so brought by an import; unknown without one."""


@pytest.fixture(scope="module")
def pack() -> RuleSet:
    return load_packs(["itomm"])


@pytest.fixture(scope="module")
def criteria(pack: RuleSet) -> Mapping[str, Criterion]:
    return pack.model.by_id


def test_there_are_four_areas_24_practices_and_130_criteria(pack: RuleSet) -> None:
    assert [area.id for area in pack.model.areas] == ["SD", "SS", "IM", "SM"]
    assert Counter(practice.area for practice in pack.model.practices) == dict.fromkeys(
        ["SD", "SS", "IM", "SM"], 6
    )
    assert len(pack.model.criteria) == 130
    assert pack.model.levels == {
        1: "Initial",
        2: "Repeatable",
        3: "Defined",
        4: "Managed",
        5: "Optimized",
    }


def test_ids_agree_with_area_practice_and_level(pack: RuleSet) -> None:
    for criterion in pack.model.criteria:
        assert re.fullmatch(rf"{criterion.practice}-{criterion.level}\.[1-9]", criterion.id)
        assert criterion.practice.startswith(f"{criterion.area}-")


def test_every_practice_has_criteria_at_levels_2_to_5(pack: RuleSet) -> None:
    levels = {practice.id: set[int]() for practice in pack.model.practices}
    for criterion in pack.model.criteria:
        levels[criterion.practice].add(criterion.level)
    assert all(found == {2, 3, 4, 5} for found in levels.values())


def test_every_criterion_is_written_out(pack: RuleSet) -> None:
    for criterion in pack.model.criteria:
        assert criterion.question.endswith("?"), criterion.id
        assert criterion.evidence_of_yes.endswith("."), criterion.id
        assert criterion.title, criterion.id
        assert criterion.why, criterion.id
        assert criterion.advice, criterion.id
        assert criterion.dimension in {"process", "people", "technology"}, criterion.id
        assert criterion.references, criterion.id
        assert set(criterion.references) <= FRAMEWORKS, criterion.id


def test_criteria_for_people_have_a_rubric_and_no_rule(pack: RuleSet) -> None:
    for criterion in pack.model.criteria:
        if criterion.mode == "human":
            assert set(criterion.rubric) == {"yes", "partial"}, criterion.id
            assert not pack.answering(criterion.id), criterion.id
        else:
            assert not criterion.rubric, criterion.id


def test_rules_answer_at_least_115_criteria_in_all_areas_at_all_levels(
    pack: RuleSet, criteria: Mapping[str, Criterion]
) -> None:
    answered = {rule.criterion for rule in pack.rules}
    assert len(answered) >= 115
    covered = {(criteria[each].area, criteria[each].level) for each in answered}
    assert covered == {(area, level) for area in ("SD", "SS", "IM", "SM") for level in (2, 3, 4, 5)}


def test_every_answered_criterion_is_answered_for_the_organisation(pack: RuleSet) -> None:
    for_all = {rule.criterion for rule in pack.rules if "organisation" in rule.per}
    assert for_all == {rule.criterion for rule in pack.rules}


def test_rules_stand_in_the_file_of_their_practice(pack: RuleSet, criteria: Mapping[str, Criterion]) -> None:
    for rule in pack.rules:
        practice = criteria[rule.criterion].practice
        assert rule.document.file.endswith(f"/{practice.lower()}.yaml"), rule.name


def test_rules_read_only_what_shipped_collectors_bring_or_what_is_imported(pack: RuleSet) -> None:
    collectors = [load_collector(name) for name in collector_names()]
    own = [each for each in collectors if not each.streams_are_configured]
    brought = {stream.record_type for each in own for stream in each.streams} & set(record_types())
    for rule in pack.rules:
        assert {needed.name for needed in rule.needed_types} <= brought | IMPORTED, rule.name


def test_rules_that_do_not_see_the_fact_itself_say_why_they_are_honest(pack: RuleSet) -> None:
    for rule in pack.rules:
        if rule.base != "direct":
            assert rule.because, rule.name


def test_nothing_found_is_a_yes_only_where_a_complete_search_means_just_that(pack: RuleSet) -> None:
    trusting = [rule for rule in pack.rules if rule.missing == "yes_if_complete"]
    assert {rule.criterion for rule in trusting} == NOTHING_FOUND_IS_A_YES
    assert all(rule.looked_type is not None for rule in trusting), "somebody must have looked"


def test_every_rule_is_tested_for_every_answer_it_can_give(pack: RuleSet) -> None:
    for rule in pack.rules:
        expected = {"yes", "no", "unknown"} | ({"partial"} if rule.grade.partial else set())
        expected |= {"not_applicable"} if rule.missing == "not_applicable_if_complete" else set()
        assert expected <= {test["expect"]["answer"] for test in rule.written.tests}, rule.name


def test_every_rule_is_tested_on_an_incomplete_stream(pack: RuleSet) -> None:
    for rule in pack.rules:
        lost = [(test, set(test.get("incomplete", ()))) for test in rule.written.tests]
        broken = [test for test, types in lost if types - rule.optional_types]
        assert broken, rule.name
        assert all(test["expect"]["answer"] == "unknown" for test in broken), rule.name


def test_every_linked_fact_has_a_test_that_gives_such_a_record(pack: RuleSet) -> None:
    for rule in pack.rules:
        given = {name for test in rule.written.tests for name, records in _given(test).items() if records}
        declared = {"service"} if any(test.get("services") for test in rule.written.tests) else set()
        linked = {fact.record_type.name for fact in rule.linked}
        assert linked <= given | declared, rule.name


def test_per_service_halves_grade_like_their_whole(pack: RuleSet) -> None:
    for rule in pack.rules:
        if rule.name.endswith("-per-service"):
            whole = _named(pack, rule.name.removesuffix("-per-service"))
            assert rule.grade == whole.grade, rule.name
            assert rule.written.where == whole.written.where, rule.name
            assert rule.written.measure == whole.written.measure, rule.name
            assert _without_service(rule) == _without_service(whole), rule.name
            assert rule.written.query == whole.written.query, rule.name
            assert rule.window_days == whole.window_days, rule.name


def _without_service(rule: Rule) -> dict[str, LinkedDocument]:
    """Linked facts, whether they are looked for among the service's own records or among all."""
    return {
        name: fact.model_copy(
            update={"on": {theirs: ours for theirs, ours in fact.on.items() if theirs != "service_id"}}
        )
        for name, fact in rule.written.linked.items()
    }


def _named(pack: RuleSet, name: str) -> Rule:
    found = pack.rule(name)
    assert found is not None, name
    return found


def _given(test: Mapping[str, object]) -> Mapping[str, object]:
    given = test.get("given", {})
    assert isinstance(given, dict)
    return given
