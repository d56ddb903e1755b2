"""From a measured value to an answer: edges are exact, units fit, and too little is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError
from itomm.config.quantities import Dimension
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from itomm.rules.grades import Grade, parse_threshold
from tests.rules.rules_as_text import answer_to, rule_of

Records = Sequence[Mapping[str, object]]


def share(good: int, total: int, grade: dict[str, str]) -> Verdict:
    rule = rule_of(measure={"ratio": {"where": "major"}}, grade=grade)
    records = [{"major": True, "repeat": good}] if good else []
    if total > good:
        records = [*records, {"major": False, "repeat": total - good}]
    return answer_to(rule, records).verdict


@pytest.mark.parametrize(
    ("good", "total", "grade", "verdict"),
    [
        (3, 20, {"yes": "<= 15 %"}, Verdict.YES),
        (3, 20, {"yes": "< 15 %"}, Verdict.NO),
        (3, 20, {"yes": ">= 15 %"}, Verdict.YES),
        (3, 20, {"yes": "> 15 %", "partial": "= 15 %"}, Verdict.PARTIAL),
        (1, 3, {"yes": ">= 33.3 %"}, Verdict.YES),
        (1, 3, {"yes": ">= 33.4 %"}, Verdict.NO),
        (2, 3, {"yes": ">= 0.67", "partial": ">= 0.66"}, Verdict.PARTIAL),
        (7, 10, {"yes": ">= 70 %"}, Verdict.YES),
        (29, 100, {"yes": ">= 29 %"}, Verdict.YES),
        (0, 5, {"yes": "= 0 %"}, Verdict.YES),
        (5, 5, {"yes": ">= 100 %"}, Verdict.YES),
        (1, 2, {"yes": ">= 40 % and <= 50 %"}, Verdict.YES),
        (1, 2, {"yes": ">= 40 % and < 50 %", "partial": ">= 30 %"}, Verdict.PARTIAL),
    ],
)
def test_a_value_at_the_edge_is_graded_exactly(
    good: int, total: int, grade: dict[str, str], verdict: Verdict
) -> None:
    assert share(good, total, grade) is verdict


@settings(deadline=None, max_examples=300)
@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 1000))
def test_grades_compare_fractions(part: int, whole: int, permille: int) -> None:
    text = f"{permille // 10}.{permille % 10} %"
    grade = Grade(
        parse_threshold(f">= {text}", Dimension.SHARE), parse_threshold(f"< {text}", Dimension.SHARE)
    )
    expected = Verdict.YES if part * 1000 >= permille * whole else Verdict.PARTIAL
    assert grade.verdict(Fraction(part, whole)) is expected


@pytest.mark.parametrize(
    ("measure", "grade"),
    [
        ({"count": True}, ">= 4 h"),
        ({"count": True}, ">= 3 /week"),
        ({"ratio": {"where": "major"}}, ">= 4 h"),
        ({"median": "restored_at - opened_at"}, "<= 4"),
        ({"median": "restored_at - opened_at"}, "<= 90 %"),
        ({"median": "severity"}, "<= 4 h"),
        ({"days_since": "opened_at"}, "<= 30"),
        ({"rate": {"per": "week"}}, ">= 3"),
        ({"trend": {"count": True}}, "<= 1 d"),
        ({"share_of_services": True}, ">= 5 min"),
    ],
)
def test_a_unit_that_does_not_fit_the_measure_is_refused(measure: object, grade: str) -> None:
    with pytest.raises(InvalidInputError, match="but the measure gives a"):
        rule_of(measure=measure, grade={"yes": grade}, window={"field": "opened_at", "days": 30})


@pytest.mark.parametrize(
    "grade", ["4 h", "", "yes", "=> 4", ">= four", ">= 4 fortnights", ">= 4 or <= 5", ">= 1 and"]
)
def test_what_is_no_comparison_is_refused(grade: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^rules\.yaml:1:\d+: grade\.yes: "):
        rule_of(grade={"yes": grade})


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [
        ("unknown", Verdict.UNKNOWN),
        ("no_if_complete", Verdict.NO),
        ("yes_if_complete", Verdict.YES),
        ("not_applicable_if_complete", Verdict.NOT_APPLICABLE),
    ],
)
def test_no_record_means_what_the_rule_says_when_everything_was_collected(
    missing: str, verdict: Verdict
) -> None:
    for measure in ({"count": True}, {"ratio": {"where": "major"}}, {"median": "severity"}):
        unit = " %" if "ratio" in measure else ""
        rule = rule_of(measure=measure, missing=missing, grade={"yes": f">= 1{unit}"})
        answer = answer_to(rule, [])
        assert answer.verdict is verdict
        assert answer.counted == 0
        if verdict is Verdict.UNKNOWN:
            assert answer.reason is UnknownReason.INSUFFICIENT_SAMPLE
        else:
            assert answer.reason is None


@pytest.mark.parametrize("missing", ["no_if_complete", "yes_if_complete", "not_applicable_if_complete"])
def test_no_record_for_one_service_is_judged_by_itself(missing: str) -> None:
    rule = rule_of(per="service", missing=missing)
    records = [{"service": "a"}]
    assert answer_to(rule, records, services=["a", "b"], service="a").verdict is Verdict.YES
    assert answer_to(rule, records, services=["a", "b"], service="b").verdict == missing.removesuffix(
        "_if_complete"
    )


@pytest.mark.parametrize(("counted", "verdict"), [(0, "unknown"), (4, "unknown"), (5, "yes")])
def test_fewer_than_the_minimum_sample_is_unknown(counted: int, verdict: str) -> None:
    rule = rule_of(minimum_sample=5, measure={"ratio": {"where": "major"}}, grade={"yes": ">= 50 %"})
    answer = answer_to(rule, [{"major": True, "repeat": counted}] if counted else [])
    assert answer.verdict == verdict
    assert answer.reason == (None if verdict == "yes" else UnknownReason.INSUFFICIENT_SAMPLE)


def test_too_few_records_are_not_no_record() -> None:
    rule = rule_of(minimum_sample=5, missing="no_if_complete")
    assert answer_to(rule, [{}]).reason is UnknownReason.INSUFFICIENT_SAMPLE


def test_a_ratio_samples_its_denominator() -> None:
    rule = rule_of(
        minimum_sample=3,
        measure={"ratio": {"of": "severity = 1", "where": "major"}},
        grade={"yes": ">= 50 %"},
    )
    answer = answer_to(rule, [{"severity": 1, "major": True, "repeat": 2}, {"severity": 2, "repeat": 9}])
    assert (answer.reason, answer.counted) == (UnknownReason.INSUFFICIENT_SAMPLE, 2)


def test_a_share_of_services_samples_services() -> None:
    rule = rule_of(measure={"share_of_services": True}, minimum_sample=3, grade={"yes": ">= 50 %"})
    records: Records = [{"service": "a", "repeat": 9}, {"service": "b"}]
    assert answer_to(rule, records, services=["a", "b"]).reason is UnknownReason.INSUFFICIENT_SAMPLE
    assert answer_to(rule, records, services=["a", "b", "c"]).verdict is Verdict.YES


CATALOGUE = [{"id": "one", "tier": 1}, {"id": "two", "tier": 2}, {"id": "none"}]


@pytest.mark.parametrize(
    ("service", "verdict", "reason"),
    [
        ("one", Verdict.YES, None),
        ("two", Verdict.NOT_APPLICABLE, None),
        ("none", Verdict.UNKNOWN, UnknownReason.NEVER_COLLECTED),
    ],
)
def test_a_rule_applies_to_the_services_it_names(
    service: str, verdict: Verdict, reason: UnknownReason | None
) -> None:
    rule = rule_of(per="service", services="tier = 1")
    records = [{"service": each} for each in ("one", "two", "none")]
    answer = answer_to(rule, records, services=CATALOGUE, service=service)
    assert (answer.verdict, answer.reason) == (verdict, reason)


def test_records_of_other_services_do_not_count_for_the_organisation() -> None:
    rule = rule_of(services="tier = 1", per=["service", "organisation"])
    records: Records = [{"service": "one"}, {"service": "two", "repeat": 5}, {"service": None, "repeat": 5}]
    answer = answer_to(rule, records, services=CATALOGUE, scope="organisation")
    assert (answer.counted, answer.seen) == (1, 11)


@pytest.mark.parametrize(
    ("tiers", "verdict"),
    [
        ([2, 3], Verdict.NOT_APPLICABLE),
        ([2, None], Verdict.UNKNOWN),
        ([None, None], Verdict.UNKNOWN),
        ([1, None], Verdict.YES),
    ],
)
def test_the_organisation_is_outside_only_when_every_service_surely_is(
    tiers: list[int | None], verdict: Verdict
) -> None:
    services = [{"id": f"s{number}", "tier": tier} for number, tier in enumerate(tiers)]
    answer = answer_to(rule_of(services="tier = 1"), [{"service": "s0"}], services=services)
    assert answer.verdict is verdict


@pytest.mark.parametrize(
    ("good", "bad", "unclear", "verdict"),
    [(3, 0, 0, "yes"), (3, 0, 1, "yes"), (3, 0, 2, "unknown"), (0, 3, 1, "no"), (2, 1, 2, "unknown")],
)
def test_a_share_stands_only_if_unclassified_services_cannot_change_it(
    good: int, bad: int, unclear: int, verdict: str
) -> None:
    rule = rule_of(
        services="tier = 1", measure={"share_of_services": {"having": "major"}}, grade={"yes": ">= 75 %"}
    )
    classified = [f"s{number}" for number in range(good + bad)]
    services: Records = [
        *({"id": name, "tier": 1} for name in classified),
        *({"id": f"unclear{number}"} for number in range(unclear)),
    ]
    records: Records = [{"service": name, "major": place < good} for place, name in enumerate(classified)]
    assert answer_to(rule, records, services=services).verdict == verdict


@pytest.mark.parametrize(("base", "confidence"), [("direct", 0.9), ("proxy", 0.7), ("weak", 0.5)])
def test_confidence_begins_with_how_directly_the_record_tells(base: str, confidence: float) -> None:
    answer = answer_to(rule_of(confidence=base), [{}])
    assert (answer.base, float(answer.confidence)) == (base, confidence)


@pytest.mark.parametrize(("counted", "factor"), [(5, 0.8), (10, 0.9), (15, 1), (50, 1)])
def test_confidence_rises_with_the_sample(counted: int, factor: float) -> None:
    answer = answer_to(rule_of(minimum_sample=5), [{"repeat": counted}])
    assert answer.confidence == Fraction(9, 10) * Fraction(str(factor))


def test_an_answer_carries_what_explains_it() -> None:
    rule = rule_of(
        rule="by-name", grade={"yes": ">= 3", "partial": ">= 1"}, window={"field": "opened_at", "days": 30}
    )
    answer = answer_to(rule, [{"opened_at": "2026-10-20T00:00:00Z"}])
    assert (answer.rule, answer.grade_yes, answer.grade_partial) == ("by-name", ">= 3", ">= 1")
    assert (answer.verdict, answer.measured, answer.window_days) == (Verdict.PARTIAL, "1", 30)
    assert answer.record_types == ("incident",)
    assert answer.what_would_change_it
