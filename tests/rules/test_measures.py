"""Each measure on records whose result is worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

import pytest

from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from tests.rules.rules_as_text import answer_to, rule_of

Records = Sequence[Mapping[str, object]]
WINDOW = {"field": "opened_at", "days": 30}


def opened(day: int, **fields: object) -> dict[str, object]:
    """An incident of October, restored at noon of the same day unless told; opened at midnight."""
    return {"opened_at": f"2026-10-{day:02d}T00:00:00Z", **fields}


def restored_after(minutes: int, **fields: object) -> dict[str, object]:
    hours, rest = divmod(minutes, 60)
    return opened(10, restored_at=f"2026-10-10T{hours:02d}:{rest:02d}:00Z", **fields)


MIXED: Records = [
    {"severity": 1, "major": True, "team": "a"},
    {"severity": 2, "major": False, "team": "a"},
    {"severity": 2, "major": True, "team": None},
    {"severity": 4, "major": False, "team": "b"},
    {"severity": None, "major": None, "team": "b"},
]
TIMES: Records = [restored_after(minutes) for minutes in (30, 10, 40, 20)] + [opened(10)]


@pytest.mark.parametrize(
    ("measure", "records", "measured", "counted", "matched"),
    [
        ({"count": True}, MIXED, "5", 5, None),
        ({"count": "severity = 2"}, MIXED, "2", 5, 2),
        ({"count": "severity <> 2"}, MIXED, "2", 5, 2),
        ({"exists": True}, MIXED, "1", 5, None),
        ({"exists": "severity = 4"}, MIXED, "1", 5, 1),
        ({"exists": "severity = 3"}, MIXED, "0", 5, 0),
        ({"ratio": {"where": "severity <= 2"}}, MIXED, "60 %", 5, 3),
        ({"ratio": {"of": "severity <= 2", "where": "major"}}, MIXED, "66.7 %", 3, 2),
        ({"ratio": {"of": "team = 'b'", "where": "major"}}, MIXED, "0 %", 2, 0),
        ({"distinct": "severity"}, MIXED, "3", 4, None),
        ({"distinct": "team"}, MIXED, "2", 4, None),
        ({"distinct": "date_trunc('day', opened_at)"}, [opened(1), opened(2), opened(2)], "2", 3, None),
        ({"median": "restored_at - opened_at"}, TIMES, "20 min", 4, None),
        ({"median": "restored_at - opened_at"}, TIMES[:3], "30 min", 3, None),
        ({"percentile": {"of": "restored_at - opened_at", "at": 75}}, TIMES, "30 min", 4, None),
        ({"percentile": {"of": "restored_at - opened_at", "at": 76}}, TIMES, "40 min", 4, None),
        ({"percentile": {"of": "restored_at - opened_at", "at": "0.1"}}, TIMES, "10 min", 4, None),
        ({"sum": "restored_at - opened_at"}, TIMES, "1 h 40 min", 4, None),
        ({"avg": "restored_at - opened_at"}, TIMES, "25 min", 4, None),
        ({"avg": "severity"}, MIXED, "2.25", 4, None),
        ({"min": "restored_at - opened_at"}, TIMES, "10 min", 4, None),
        ({"max": "restored_at - opened_at"}, TIMES, "40 min", 4, None),
        ({"max": "severity * 2 - 1"}, MIXED, "7", 4, None),
        ({"days_since": "opened_at"}, [opened(2), opened(31), opened(30), {}], "1 d", 3, None),
        ({"days_since": "opened_at"}, [opened(30), {"opened_at": "2026-10-31T23:00:00Z"}], "1 h", 2, None),
    ],
)
def test_a_measure_gives_what_hand_and_head_give(
    measure: object, records: Records, measured: str, counted: int, matched: int | None
) -> None:
    unit = "min" if any(word in measured for word in (" min", " h", " d")) else "%" if "%" in measured else ""
    answer = answer_to(rule_of(measure=measure, grade={"yes": f">= 0 {unit}".strip()}), records)
    assert (answer.verdict, answer.measured) == (Verdict.YES, measured)
    assert (answer.counted, answer.matched, answer.seen) == (counted, matched, len(records))


@pytest.mark.parametrize(
    ("per", "grade"), [("day", "= 0.1 /day"), ("week", "= 0.7 /week"), ("month", "= 3 /month")]
)
def test_a_rate_is_counted_over_the_whole_window(per: str, grade: str) -> None:
    rule = rule_of(measure={"rate": {"per": per}}, window=WINDOW, grade={"yes": grade})
    answer = answer_to(rule, [opened(3), opened(20), opened(31), opened(1)])
    assert (answer.verdict, answer.measured, answer.counted) == (Verdict.YES, "0.7 /week", 3)


def test_a_window_is_open_at_its_beginning_and_closed_at_its_end() -> None:
    rule = rule_of(window={"field": "opened_at", "days": 31}, grade={"yes": "= 2"})
    at_edges = [
        {"opened_at": "2026-10-01T00:00:00Z"},
        {"opened_at": "2026-10-01T00:00:01Z"},
        {"opened_at": "2026-11-01T00:00:00Z"},
        {"opened_at": "2026-11-01T00:00:01Z"},
        {},
    ]
    answer = answer_to(rule, at_edges)
    assert (answer.counted, answer.verdict) == (2, Verdict.YES)


EARLIER, RECENT = [opened(day) for day in (3, 5, 9, 16)], [opened(day) for day in (18, 28, 31)]
"""The window is (2 Oct, 1 Nov]; it is halved at 17 Oct, which belongs to the earlier half."""


@pytest.mark.parametrize(
    ("records", "measured"),
    [
        ([*EARLIER, *RECENT], "-25 %"),
        ([*EARLIER, opened(17), *RECENT], "-40 %"),
        (EARLIER, "-100 %"),
        ([EARLIER[0], *RECENT], "200 %"),
    ],
)
def test_a_trend_compares_the_recent_half_with_the_earlier(records: Records, measured: str) -> None:
    rule = rule_of(
        measure={"trend": {"count": True}}, window=WINDOW, grade={"yes": "<= 0 %"}, minimum_sample=1
    )
    answer = answer_to(rule, records)
    assert answer.measured == measured
    assert answer.counted == len(records)


def test_a_trend_of_a_condition_counts_it_in_both_halves() -> None:
    rule = rule_of(measure={"trend": {"count": "major"}}, window=WINDOW, grade={"yes": "= 100 %"})
    major = [opened(5, major=True), opened(20, major=True), opened(21, major=True)]
    minor = [opened(day, major=False) for day in (3, 4, 6, 7, 8, 9)]
    answer = answer_to(rule, [*major, *minor])
    assert (answer.verdict, answer.measured, answer.counted) == (Verdict.YES, "100 %", 3)


def test_a_trend_of_medians_compares_medians() -> None:
    def took(day: int, minutes: int) -> dict[str, object]:
        return opened(day, restored_at=f"2026-10-{day:02d}T00:{minutes:02d}:00Z")

    rule = rule_of(
        measure={"trend": {"median": "restored_at - opened_at"}}, window=WINDOW, grade={"yes": "<= -10 %"}
    )
    records = [took(3, 10), took(4, 40), took(5, 59), took(20, 20), took(21, 30), took(22, 59), opened(23)]
    answer = answer_to(rule, records)
    assert (answer.verdict, answer.measured, answer.counted) == (Verdict.YES, "-25 %", 6)


@pytest.mark.parametrize(
    ("earlier", "recent", "enough"), [(3, 3, True), (2, 9, False), (9, 2, False), (0, 9, False)]
)
def test_a_trend_needs_its_sample_in_each_half(earlier: int, recent: int, enough: bool) -> None:
    rule = rule_of(
        measure={"trend": {"count": True}}, window=WINDOW, grade={"yes": "<= 0 %"}, minimum_sample=3
    )
    answer = answer_to(rule, [opened(5)] * earlier + [opened(25)] * recent)
    assert answer.verdict is (Verdict.YES if enough else Verdict.UNKNOWN)
    assert answer.reason is (None if enough else UnknownReason.INSUFFICIENT_SAMPLE)


SPREAD: Records = [
    *[{"service": "a", "major": True}] * 3,
    {"service": "b", "major": True},
    {"service": "b", "major": False},
    *[{"service": "c", "major": True}] * 4,
    {"service": "c", "major": None},
    {"service": None, "major": True},
]
SERVICES = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("form", "measured", "good", "satisfied"),
    [
        (True, "75 %", 3, "abc"),
        ({"having": "major"}, "75 %", 3, "abc"),
        ({"having": "major", "at_least": 3}, "50 %", 2, "ac"),
        ({"having": "major", "at_least": 5}, "0 %", 0, ""),
        ({"at_least": 2}, "75 %", 3, "abc"),
        ({"where": "major"}, "25 %", 1, "a"),
        ({"ratio": "major"}, "25 %", 1, "a"),
        ({"ratio": "major", "at_least": "80 %"}, "50 %", 2, "ac"),
        ({"ratio": "major", "at_least": "81 %"}, "25 %", 1, "a"),
        ({"ratio": "major", "at_least": 0.5}, "75 %", 3, "abc"),
    ],
)
def test_a_share_of_services_counts_services(form: object, measured: str, good: int, satisfied: str) -> None:
    rule = rule_of(
        measure={"share_of_services": form}, per=["service", "organisation"], grade={"yes": f">= {measured}"}
    )
    answer = answer_to(rule, SPREAD, services=SERVICES, scope="organisation")
    assert (answer.verdict, answer.measured) == (Verdict.YES, measured)
    assert (answer.counted, answer.matched) == (4, good)
    for service in SERVICES:
        own = answer_to(
            rule_of(measure={"share_of_services": form}, per="service", grade={"yes": "= 100 %"}),
            SPREAD,
            services=SERVICES,
            service=service,
        )
        assert own.verdict is (Verdict.YES if service in satisfied else Verdict.NO), service


def test_a_median_of_an_even_count_is_the_lower_of_the_two_in_the_middle() -> None:
    answer = answer_to(rule_of(measure={"median": "severity"}), [{"severity": each} for each in (1, 2, 3, 4)])
    assert answer.measured == "2"


@pytest.mark.parametrize("at", [1, 5, 7, 10, 29, 50, 57, 58, 90, 95, 99, 99.9])
def test_a_percentile_is_the_nearest_rank(at: float) -> None:
    for size in (1, 2, 3, 7, 10, 20, 50, 100):
        rule = rule_of(measure={"percentile": {"of": "reopened_count", "at": at}}, grade={"yes": ">= 0"})
        answer = answer_to(rule, [{"reopened_count": number} for number in range(1, size + 1)])
        rank = ceil(Fraction(str(at)) * size / 100)
        assert answer.measured == str(rank), (at, size)


def test_nulls_are_not_counted_by_a_measure_over_a_value() -> None:
    answer = answer_to(rule_of(measure={"sum": "severity"}), [{"severity": 1}, {"severity": None}, {}])
    assert (answer.measured, answer.counted, answer.seen) == ("1", 1, 3)


def test_only_nulls_are_no_record_at_all() -> None:
    for measure in (
        {"sum": "severity"},
        {"median": "severity"},
        {"days_since": "opened_at"},
        {"distinct": "severity"},
    ):
        unit = " d" if "days_since" in measure else ""
        answer = answer_to(rule_of(measure=measure, grade={"yes": f">= 0{unit}"}), [{}, {}])
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, UnknownReason.INSUFFICIENT_SAMPLE)
        assert (answer.measured, answer.counted, answer.seen) == (None, 0, 2)


def test_a_record_counts_only_when_its_filter_is_true() -> None:
    records: Records = [{"severity": 1}, {"severity": 3}, {"severity": None}]
    assert answer_to(rule_of(where="severity <= 2"), records).counted == 1
    assert answer_to(rule_of(where="not severity <= 2"), records).counted == 1
    assert answer_to(rule_of(where="severity <= 2 or severity is null"), records).counted == 2


def test_a_duration_field_is_measured_in_time() -> None:
    rule = rule_of(
        from_="sla_cycle",
        measure={"sum": "goal_s"},
        where="goal_s < interval '2 hours'",
        grade={"yes": "= 90 s"},
    )
    assert answer_to(rule, [{"goal_s": 60}, {"goal_s": "0.5 min"}, {"goal_s": "4 h"}]).verdict is Verdict.YES


def test_sums_of_decimals_are_exact() -> None:
    rule = rule_of(from_="survey_response", measure={"sum": "score"}, grade={"yes": "= 0.3"})
    assert answer_to(rule, [{"score": 0.1, "repeat": 3}]).verdict is Verdict.YES
