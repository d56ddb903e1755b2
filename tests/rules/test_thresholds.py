"""Thresholds are in the unit of the measure and within its reach; nothing reads as past one it misses."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError
from itomm.config.quantities import Dimension, Quantity
from itomm.config.yaml_source import parse_documents
from itomm.rules.answer import Verdict
from itomm.rules.grades import Grade, parse_threshold
from itomm.rules.rule_reader import read_rule
from tests.rules.rules_as_text import answer_to, rule_of

WINDOW = {"field": "opened_at", "days": 30}
RATIO = {"ratio": {"where": "major"}}
RESTORE = {"median": "restored_at - opened_at"}


def fault(measure: Mapping[str, object], grade: str) -> str:
    with pytest.raises(InvalidInputError) as raised:
        rule_of(measure=measure, grade={"yes": grade}, window=WINDOW)
    return str(raised.value)


@pytest.mark.parametrize(
    ("measure", "grade", "said"),
    [
        (RATIO, ">= 90", "'90' is no share that can be reached\n    Write 90 %."),
        (RATIO, ">= 101 %", "'101 %' is no share that can be reached\n    Write 0 % to 100 %."),
        (RATIO, ">= -1 %", "'-1 %' is no share that can be reached"),
        ({"share_of_services": True}, ">= 1.5", "'1.5' is no share that can be reached"),
        ({"count": True}, ">= 90 %", "'90 %' is a share, but the measure gives a number"),
        ({"distinct": "team"}, ">= 0.1 %", "'0.1 %' is a share, but the measure gives a number"),
        ({"exists": "major"}, ">= -1", "'-1': exists is never negative"),
        ({"count": True}, "> -1", "is never negative"),
        (RESTORE, "<= -4 h", "'-4 h' is a negative duration"),
        (RESTORE, "<= 4", "Write a length of time, such as 30 min, 4 h, 7 d or 2 wk."),
        ({"days_since": "opened_at"}, "<= -1 d", "'-1 d' is a negative duration"),
        ({"rate": {"per": "week"}}, ">= -3 /week", "'-3 /week' is a negative rate"),
        ({"rate": {"per": "week"}}, ">= 3", "Write how many in which time, such as 3 /week"),
        ({"rate": {"per": "week"}}, ">= 3 d", "'3 d' is a duration, but the measure gives a rate"),
        (RATIO, ">= 60 % and <= 50 %", "no value is >= 60 % and <= 50 %"),
        (RATIO, "> 50 % and < 50 %", "no value is > 50 % and < 50 %"),
        (RATIO, "= 50 % and = 60 %", "no value is = 50 % and = 60 %"),
        (RATIO, ">= 60 % or <= 50 %", "'60 % or <= 50 %' is no quantity"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused_with_what_would_do(
    measure: Mapping[str, object], grade: str, said: str
) -> None:
    assert said in fault(measure, grade)


@pytest.mark.parametrize(
    ("written", "pointed_at"),
    [
        ("grade: {yes: '>= 90 % and <= 101 %'}", "101 %'"),
        ("grade: {yes: '>= 90 % and  around 95 %'}", "around 95 %'"),
        ("grade: {yes: '>= 90 %', partial: \">= 4 h\"}", '4 h"'),
        ("grade:\n  yes:\n    measured: >-\n      >= 90 %\n      and <= 9 hours\n    days: 7", "9 hours"),
    ],
)
def test_a_fault_of_a_threshold_is_told_at_its_own_words(written: str, pointed_at: str) -> None:
    head = "rule: under-test\nanswers: A-P-2.1\nper: service\nfrom: incident\nmissing: unknown\n"
    window = "confidence: direct\nwindow: {field: opened_at, days: 30}\nmeasure: {ratio: {where: major}}\n"
    text = f"{head}{window}{written}\n"
    with pytest.raises(InvalidInputError) as raised:
        read_rule(parse_documents(text, "rules.yaml")[0])
    (problem,) = raised.value.problems
    assert text.splitlines()[problem.place.line - 1][problem.place.column - 1 :].startswith(pointed_at)


@pytest.mark.parametrize(
    ("measure", "grade"),
    [
        (RATIO, "> 0 % and < 100 %"),
        (RATIO, ">= 0.9"),
        (RATIO, ">= 50 %\tand\n<= 50 %"),
        ({"trend": {"count": True}}, "<= -10 %"),
        ({"trend": {"count": True}}, "<= 250 %"),
        ({"median": "reopened_count"}, ">= -3"),
        ({"avg": "reopened_count"}, ">= 50 %"),
        (RESTORE, "<= 0 h"),
    ],
)
def test_what_can_be_reached_is_allowed(measure: Mapping[str, object], grade: str) -> None:
    rule = rule_of(measure=measure, grade={"yes": grade}, window=WINDOW)
    assert rule.grade.yes.text == " ".join(grade.split())


@pytest.mark.parametrize(("per", "same"), [("day", "1 /day"), ("week", "7 /week"), ("month", "30 /month")])
def test_a_rate_compares_exactly_whatever_time_it_is_written_for(per: str, same: str) -> None:
    times = [{"opened_at": "2026-10-15T00:00:00Z", "repeat": 30}]
    exactly = rule_of(measure={"rate": {"per": per}}, grade={"yes": f"= {same}"}, window=WINDOW)
    assert answer_to(exactly, times).verdict is Verdict.YES
    more = rule_of(measure={"rate": {"per": per}}, grade={"yes": f"> {same}"}, window=WINDOW)
    assert answer_to(more, times).verdict is Verdict.NO


def test_a_share_that_misses_its_threshold_by_little_does_not_read_as_reaching_it() -> None:
    rule = rule_of(measure=RATIO, grade={"yes": ">= 90 %", "partial": ">= 50 %"})
    answer = answer_to(rule, [{"major": True, "repeat": 2249}, {"major": False, "repeat": 251}])
    assert (answer.verdict, answer.measured) == (Verdict.PARTIAL, "89.96 %")


def test_a_duration_that_misses_its_threshold_by_a_second_says_so() -> None:
    records = [{"opened_at": "2026-10-15T00:00:00Z", "restored_at": "2026-10-15T04:00:01Z"}]
    answer = answer_to(rule_of(measure=RESTORE, grade={"yes": "<= 4 h"}), records)
    assert (answer.verdict, answer.measured) == (Verdict.NO, "4 h 1 s")
    assert answer.what_would_change_it == "Getting from 4 h 1 s to <= 4 h would make it yes."


@given(
    value=st.fractions(min_value=0, max_value=1, max_denominator=100_000),
    yes=st.integers(0, 1000),
    partial=st.integers(0, 1000),
    symbols=st.tuples(*[st.sampled_from([">=", ">", "<=", "<", "="])] * 2),
)
def test_a_share_reads_as_its_verdict_says(
    value: Fraction, yes: int, partial: int, symbols: tuple[str, str]
) -> None:
    first, second = (
        parse_threshold(f"{symbol} {bound / 10:.1f} %", Dimension.SHARE)
        for symbol, bound in zip(symbols, (yes, partial), strict=True)
    )
    grade = Grade(first, second)
    shown = grade.shown(Quantity(Dimension.SHARE, value)).removesuffix(" %")
    assert grade.verdict(Fraction(shown) / 100) is grade.verdict(value)
