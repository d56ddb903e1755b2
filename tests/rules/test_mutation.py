"""Small changes to rules: what is changed, what tests notice, what is proved to change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from itomm.rules.mutation.mutants import mutants_of
from itomm.rules.mutation.numbers import neighbours
from itomm.rules.mutation.running import TriedMutant, share_killed, stale_reasons, try_mutants
from itomm.rules.pack import load_packs
from tests.rules.rules_as_text import rule_of

INCIDENT = {"created_at": "2026-10-01T08:00:00Z"}


def changes(**parts: object) -> list[str]:
    return [mutant.change for mutant in mutants_of(rule_of(**parts))]


def tried(tests: Sequence[object], **parts: object) -> dict[str, TriedMutant]:
    (mutants,) = try_mutants([rule_of(tests=list(tests), **parts)])
    return {mutant.change: mutant for mutant in mutants}


@pytest.mark.parametrize(
    ("written", "others"),
    [
        ("90 %", ["91 %", "89 %"]),
        ("0.5", ["0.6", "0.4"]),
        ("4 h", ["5 h", "3 h"]),
        ("-10 %", ["-9 %", "-11 %"]),
    ],
)
def test_a_number_has_two_neighbours_in_its_last_digit(written: str, others: list[str]) -> None:
    assert list(neighbours(written)) == others


def test_limits_are_moved_and_their_comparisons_changed() -> None:
    found = changes(measure={"ratio": {"where": "major"}}, grade={"yes": ">= 90 %", "partial": "> 50 %"})

    for after in ("> 90 %", "< 90 %", ">= 91 %", ">= 89 %"):
        assert f"grade.yes: >= 90 % → {after}" in found
    assert "grade.partial: > 50 % → >= 50 %" in found
    assert "grade.partial: partial > 50 % → no partial" in found


@pytest.mark.parametrize(
    ("where", "after"),
    [
        ("severity <= 2", "severity < 2"),
        ("severity <= 2", "severity <= 3"),
        ("severity <= 2 and major", "severity <= 2"),
        ("severity <= 2 and major", "major"),
        ("severity <= 2 and major", "(severity <= 2 OR major)"),
        ("major or security", "(major AND security)"),
        ("severity in (1, 2)", "severity IN (1)"),
        ("severity is null", "NOT (severity IS NULL)"),
        ("not major", "major"),
        ("resolved_at > as_of - interval '30 days'", "resolved_at > as_of - INTERVAL '31 DAYS'"),
        ("coalesce(team, 'x') = 'a'", "team = 'a'"),
        ("lower(team) = 'a'", "team = 'a'"),
        ("case when major then 1 else 0 end = 1", "CASE WHEN major THEN 1 END = 1"),
        ("greatest(created_at, updated_at) < as_of", "LEAST(created_at, updated_at) < as_of"),
        ("list_contains(labels, 'a')", "LIST_CONTAINS(labels, 'ax')"),
    ],
)
def test_filters_are_changed_in_every_part(where: str, after: str) -> None:
    changed = [mutant.rule.written.where for mutant in mutants_of(rule_of(where=where))]

    assert _plain(after) in [_plain(str(each)) for each in changed]


def _plain(text: str) -> str:
    return text.replace('"', "").replace("'31' DAYS", "'31 DAYS'").replace("ARRAY_CONTAINS", "LIST_CONTAINS")


def test_windows_samples_missing_policies_and_measures_are_changed() -> None:
    found = changes(
        window={"field": "created_at", "days": 90},
        minimum_sample=5,
        measure={"median": "resolved_at - created_at"},
        grade={"yes": "<= 4 h"},
    )

    assert {
        "window.days: 90 days → 91 days",
        "window.days: 90 days → 89 days",
        "minimum_sample: minimum_sample 5 → 6",
        "minimum_sample: minimum_sample 5 → 4",
        "missing: unknown → no_if_complete",
        "measure: median → avg",
        "measure: median → max",
    } <= set(found)


def test_no_mutant_is_the_rule_itself_or_another_mutant() -> None:
    rule = rule_of(where="severity <= 2 and severity <= 2 and major")
    digests = [mutant.rule.digest for mutant in mutants_of(rule)]

    assert rule.digest not in digests
    assert len(digests) == len(set(digests))


@pytest.mark.parametrize(
    ("parts", "change"),
    [
        ({"measure": {"distinct": "team"}, "grade": {"yes": "<= 0"}}, "grade.yes: <= 0 → < 0"),
        (
            {"measure": {"count": "major"}, "grade": {"yes": "< 9", "partial": "<= 8"}},
            "grade.partial: <= 8 → < 8",
        ),
        (
            {"measure": {"exists": "major"}, "grade": {"yes": ">= 1", "partial": "> 1"}},
            "grade.partial: > 1 → > 2",
        ),
        ({"where": "severity <= 5"}, "where: severity <= 5 → severity <= 6"),
        (
            {"where": "resolved_at is not null and major", "window": {"field": "resolved_at", "days": 9}},
            "where: NOT resolved_at IS NULL AND major → major",
        ),
    ],
)
def test_what_can_change_no_answer_is_proved_alike(parts: dict[str, object], change: str) -> None:
    found = {mutant.change: mutant.alike for mutant in mutants_of(rule_of(**parts))}

    assert found[change]


def test_what_can_change_an_answer_is_never_called_alike() -> None:
    kept = mutants_of(
        rule_of(where="severity <= 4", measure={"ratio": {"where": "major"}}, grade={"yes": ">= 99 %"})
    )

    alike = {mutant.change for mutant in kept if mutant.alike}
    assert "where: severity <= 4 → severity <= 3" not in alike
    assert "where: severity <= 4 → severity <= 5" not in alike
    assert "grade.yes: >= 99 % → >= 100 %" not in alike
    assert "grade.yes: >= 99 % → > 99 %" not in alike


def test_a_test_kills_what_it_notices_and_nothing_else() -> None:
    found = tried(
        [
            {
                "name": "one of two counts",
                "given": {"incident": [{**INCIDENT, "severity": 2}, {**INCIDENT, "severity": 3}]},
                "expect": {"answer": "yes", "counted": 1},
            }
        ],
        where="severity <= 2",
    )

    assert found["where: severity <= 2 → severity < 2"].killed_by == "one of two counts"
    assert found["where: severity <= 2 → severity <= 3"].killed_by == "one of two counts"
    assert found["missing: unknown → no_if_complete"].killed_by == ""
    assert found["missing: unknown → no_if_complete"].seen_by.startswith("a complete collection")


def test_without_tests_nothing_is_killed() -> None:
    found = tried([], where="severity <= 2")

    assert share_killed(list(found.values())) == 0
    assert all(mutant.killed_by == "" for mutant in found.values())


def test_a_reason_is_shown_with_its_survivor_and_stale_reasons_are_named() -> None:
    reasons = [
        {"change": "missing: unknown → no_if_complete", "reason": "Nobody asks this without incidents."},
        {"change": "where: gone", "reason": "This stood here before the rule was changed."},
    ]
    rule = rule_of(where="severity <= 2", mutants=reasons)
    (mutants,) = try_mutants([rule])

    accepted = {mutant.change: mutant.accepted for mutant in mutants if mutant.accepted}
    assert accepted == {"missing: unknown → no_if_complete": "Nobody asks this without incidents."}
    assert [change for _, change in stale_reasons([rule], mutants)] == ["where: gone"]
    assert rule.digest == rule_of(where="severity <= 2").digest


@pytest.mark.parametrize("name", ["incidents-fully-logged", "postmortems-shared-work"])
def test_tests_of_shipped_rules_notice_nearly_every_change(name: str) -> None:
    rule = load_packs(["itomm"]).rule(name)
    assert rule is not None
    (mutants,) = try_mutants([rule])

    assert len(mutants) >= 20
    assert share_killed(mutants) >= Fraction(19, 20)


def test_the_second_questionnaire_is_tested_through_and_through() -> None:
    rules = load_packs(["oncall-check"]).rules
    mutants = [mutant for found in try_mutants(rules[:3]) for mutant in found]

    assert [each.change for each in mutants if not (each.killed_by or each.alike or each.accepted)] == []
