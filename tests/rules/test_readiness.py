"""Missing evidence is neither a pass nor a fail: what rests on it is unknown, with the reason why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.evaluation import ServiceKeys, evaluate
from itomm.rules.readiness import freshness
from itomm.rules.rule import Rule
from tests.evidence.stores import DAY, NOON, collect, finding, finished, scan
from tests.rules.rules_as_text import rule_of

DENIED = UnknownReason.PERMISSION_DENIED
FAILED = UnknownReason.COLLECTION_FAILED
STATE = {"from_": "security_scan", "measure": {"ratio": {"where": "enabled"}}, "grade": {"yes": ">= 80 %"}}
EVENTS = {"from_": "vulnerability", "window": {"field": "detected_at", "days": 100}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def services(*ids: str, **keys: Sequence[str]) -> list[ServiceKeys]:
    return [ServiceKeys(each, {"tool": keys[each]} if each in keys else {}) for each in ids]


def answers(
    store: Store, rule: Rule, scope: Sequence[ServiceKeys] = (), as_of: datetime = NOON
) -> Mapping[str | None, InferredAnswer]:
    """Answers by service, and the organisation's at None."""
    found = evaluate([rule], snapshot_of(store), scope, as_of)
    by_service: dict[str | None, InferredAnswer] = {
        service: said for (_, service), said in found.services.items()
    }
    return {**by_service, **dict.fromkeys([None] * len(found.organisation), *found.organisation.values())}


def unknown_because(answer: InferredAnswer, reason: UnknownReason) -> None:
    assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, reason)
    assert answer.confidence == 0
    assert answer.detail


@pytest.mark.parametrize(
    "missing", ["unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete"]
)
def test_a_type_that_no_source_delivers_is_unknown(store: Store, missing: str) -> None:
    unknown_because(answers(store, rule_of(missing=missing))[None], UnknownReason.NEVER_COLLECTED)


@pytest.mark.parametrize(
    "missing", ["unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete"]
)
def test_a_failed_collection_is_unknown_whatever_was_read(store: Store, missing: str) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(0, reason=FAILED))
    answer = answers(store, rule_of(**STATE, missing=missing))[None]
    unknown_because(answer, FAILED)
    assert "security_scan from tool: the test says so" in answer.detail


def test_a_failed_source_makes_unknown_what_another_source_answers(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, source="good")
    collect(store, "security_scan", {}, source="tool", outcome=finished(0, reason=FAILED))
    unknown_because(answers(store, rule_of(**STATE))[None], FAILED)


def test_a_later_failure_overrules_an_earlier_success(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(0))
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(1, reason=FAILED))
    assert answers(store, rule_of(**STATE), as_of=NOON)[None].verdict is Verdict.YES
    unknown_because(answers(store, rule_of(**STATE), as_of=NOON + DAY)[None], FAILED)


def test_state_before_its_first_observation_is_unknown_and_says_when_that_was(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")})
    answer = answers(store, rule_of(**STATE), as_of=NOON - DAY)[None]
    unknown_because(answer, UnknownReason.NEVER_COLLECTED)
    assert "first observed at 2026-11-01T12:00:00Z" in answer.detail


PARTS = services("shop", "till", shop=["team/shop"], till=["Team/Till"])


def denied(store: Store, *parts: str) -> None:
    collect(
        store,
        "security_scan",
        {"1": scan("shop")},
        services={"1": "shop"},
        outcome=finished(0, reason=DENIED, denied=parts),
    )


@pytest.mark.parametrize("missing", ["unknown", "no_if_complete", "yes_if_complete"])
@pytest.mark.parametrize("named", ["Team/Till", "team/till"])
def test_a_denied_part_only_hits_the_service_it_belongs_to(store: Store, named: str, missing: str) -> None:
    denied(store, named)
    found = answers(store, rule_of(**STATE, per=["service", "organisation"], missing=missing), PARTS)
    assert found["shop"].verdict is Verdict.YES, "what was read of others counts"
    assert found["shop"].counted == 1
    unknown_because(found["till"], DENIED)
    unknown_because(found[None], DENIED)


def test_a_denied_part_belongs_to_a_service_of_its_name_when_no_keys_are_given(store: Store) -> None:
    denied(store, "till")
    found = answers(store, rule_of(**STATE, per="service"), services("shop", "till"))
    assert found["shop"].verdict is Verdict.YES
    unknown_because(found["till"], DENIED)


@pytest.mark.parametrize("missing", ["no_if_complete", "yes_if_complete", "not_applicable_if_complete"])
def test_a_denied_project_may_hold_tickets_of_every_service_known_by_component(
    store: Store, missing: str
) -> None:
    parts = ("OPS", "PAY", "WEB")
    collect(store, "security_scan", {}, outcome=finished(0, reason=DENIED, denied=("OPS",), requested=parts))
    scope = services("shop", "till", "site", till=["Till-Component"], site=["web", "Pay"])
    found = answers(store, rule_of(**STATE, per="service", missing=missing), scope)
    unknown_because(found["shop"], DENIED)
    unknown_because(found["till"], DENIED)
    assert found["site"].reason is None, "it is known by projects alone, and all of them were read"


def test_a_denial_of_everything_hits_all(store: Store) -> None:
    denied(store)
    for answer in answers(store, rule_of(**STATE, per=["service", "organisation"]), PARTS).values():
        unknown_because(answer, DENIED)


@pytest.mark.parametrize(
    ("grade", "verdict"),
    [(">= 50 %", "yes"), (">= 75 %", "unknown"), ("> 100 %", "no"), (">= 25 %", "yes"), ("< 50 %", "no")],
)
def test_a_share_is_graded_at_both_ends_of_what_was_denied(store: Store, grade: str, verdict: str) -> None:
    collect(
        store,
        "security_scan",
        {each: scan(each) for each in ("a", "b")},
        services={"a": "a", "b": "b"},
        outcome=finished(0, reason=DENIED, denied=("d",)),
    )
    rule = rule_of(from_="security_scan", measure={"share_of_services": True}, grade={"yes": grade})
    answer = answers(store, rule, services("a", "b", "c", "d"))[None]
    assert answer.verdict == verdict
    if verdict == "unknown":
        unknown_because(answer, DENIED)
        assert "1 of 4 services could not be read" in answer.detail


def test_a_share_of_services_that_were_all_denied_is_unknown(store: Store) -> None:
    collect(store, "security_scan", {}, outcome=finished(0, reason=DENIED, denied=("a", "b")))
    rule = rule_of(
        from_="security_scan",
        measure={"share_of_services": True},
        grade={"yes": ">= 0 %"},
        missing="yes_if_complete",
    )
    unknown_because(answers(store, rule, services("a", "b"))[None], DENIED)


def test_a_linked_type_must_be_there_too(store: Store) -> None:
    linked = {"reviewed": {"from": "postmortem", "on": {"incident_key": "key"}}}
    rule = rule_of(**STATE, linked={"kev": {"from": "vulnerability", "on": {"asset_ref": "asset_ref"}}})
    assert [each.name for each in rule_of(linked=linked).needed_types] == ["incident", "postmortem"]
    collect(store, "security_scan", {"1": scan("shop")})
    unknown_because(answers(store, rule)[None], UnknownReason.NEVER_COLLECTED)
    collect(store, "vulnerability", {}, outcome=finished(0, reason=FAILED))
    unknown_because(answers(store, rule)[None], FAILED)
    collect(store, "vulnerability", {}, outcome=finished(0))
    assert answers(store, rule)[None].verdict is Verdict.YES


def test_the_catalogue_must_be_there_for_a_rule_about_some_services(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, services={"1": "shop"})
    rule = rule_of(**STATE, services="tier = 1", per=["service", "organisation"])
    for answer in answers(store, rule, services("shop")).values():
        unknown_because(answer, UnknownReason.NEVER_COLLECTED)


@pytest.mark.parametrize(
    ("covered_days", "verdict"), [(100, "yes"), (400, "yes"), (90, "yes"), (89, "unknown"), (0, "unknown")]
)
def test_a_window_that_is_not_covered_is_unknown(store: Store, covered_days: int, verdict: str) -> None:
    outcome = finished(0, window_start=NOON - covered_days * DAY)
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=outcome)
    answer = answers(store, rule_of(**EVENTS))[None]
    assert answer.verdict == verdict
    if verdict == "unknown":
        unknown_because(answer, UnknownReason.INSUFFICIENT_COVERAGE)
        assert f"vulnerability covers {covered_days} % of the 100 days" in answer.detail


@pytest.mark.parametrize("missing", ["no_if_complete", "yes_if_complete", "not_applicable_if_complete"])
def test_no_record_in_a_window_that_is_not_covered_is_unknown(store: Store, missing: str) -> None:
    collect(store, "vulnerability", {}, outcome=finished(0, window_start=NOON - 50 * DAY))
    unknown_because(
        answers(store, rule_of(**EVENTS, missing=missing))[None], UnknownReason.INSUFFICIENT_COVERAGE
    )


def test_a_rule_may_ask_for_less_coverage_and_is_less_sure_then(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0, window_start=NOON - 60 * DAY))
    answer = answers(store, rule_of(**EVENTS, minimum_coverage="60 %"))[None]
    assert answer.verdict is Verdict.YES
    assert answer.confidence == Fraction(9, 10) * Fraction(60, 80)


def test_the_source_that_covers_least_decides(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0, window_start=NOON - 400 * DAY))
    collect(store, "vulnerability", {}, source="young", outcome=finished(0, window_start=NOON - 10 * DAY))
    unknown_because(answers(store, rule_of(**EVENTS))[None], UnknownReason.INSUFFICIENT_COVERAGE)


@pytest.mark.parametrize(
    ("last_read", "verdict", "covered"),
    [(0, "yes", None), (7, "yes", None), (8, "yes", None), (10, "yes", None), (11, "unknown", "89 %")],
)
def test_the_newest_part_of_a_window_must_be_covered_too(
    store: Store, last_read: int, verdict: str, covered: str | None
) -> None:
    """Vulnerabilities live seven days: so long what was read last still speaks for today."""
    outcome = finished(0, window_start=NOON - 300 * DAY)
    collect(store, "vulnerability", {"1": finding(NOON - 20 * DAY)}, outcome=outcome)
    answer = answers(store, rule_of(**EVENTS), as_of=NOON + last_read * DAY)[None]
    assert answer.verdict == verdict
    if covered:
        unknown_because(answer, UnknownReason.INSUFFICIENT_COVERAGE)
        assert f"vulnerability covers {covered} of the 100 days" in answer.detail
        assert answer.what_would_change_it == "Collect again, from at least 100 days back."


def test_sources_cover_only_what_all_of_them_cover(store: Store) -> None:
    young = finished(12, window_start=NOON - 70 * DAY)
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0, window_start=NOON - 400 * DAY))
    collect(store, "vulnerability", {}, source="young", outcome=young)
    answer = answers(store, rule_of(**EVENTS), as_of=NOON + 12 * DAY)[None]
    unknown_because(answer, UnknownReason.INSUFFICIENT_COVERAGE)
    assert "70 % of the 100 days" in answer.detail


def test_an_expression_that_looks_back_needs_coverage_too(store: Store) -> None:
    collect(store, "vulnerability", {}, outcome=finished(0, window_start=NOON - 30 * DAY))
    where = "detected_at > as_of - interval '40 days' - interval '60 days'"
    rule = rule_of(from_="vulnerability", where=where, missing="yes_if_complete")
    answer = answers(store, rule)[None]
    unknown_because(answer, UnknownReason.INSUFFICIENT_COVERAGE)
    assert "30 % of the 100 days" in answer.detail


def test_a_linked_fact_that_looks_before_its_record_needs_coverage_too(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0, window_start=NOON - 40 * DAY))
    where = "detected_at < base.detected_at and detected_at >= base.detected_at - interval '60 days'"
    again = {"from": "vulnerability", "on": {"service_id": "service_id"}, "where": where}
    rule = rule_of(
        from_="vulnerability",
        window={"field": "detected_at", "days": 40},
        linked={"before": again},
        measure={"ratio": {"where": "before"}},
        grade={"yes": "<= 10 %"},
    )
    answer = answers(store, rule)[None]
    unknown_because(answer, UnknownReason.INSUFFICIENT_COVERAGE)
    assert "40 % of the 100 days" in answer.detail


@pytest.mark.parametrize(
    ("age_days", "verdict", "confidence"),
    [
        (0, "yes", 0.9),
        (7, "yes", 0.9),
        (14, "yes", 0.45),
        (16, "unknown", 0),
        (22, "unknown", 0),
        (99, "unknown", 0),
    ],
)
def test_old_evidence_is_less_sure_and_then_unknown(
    store: Store, age_days: int, verdict: str, confidence: float
) -> None:
    """Vulnerabilities live seven days; from there confidence halves every seven days."""
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0))
    rule = rule_of(from_="vulnerability")
    answer = answers(store, rule, as_of=NOON + age_days * DAY)[None]
    assert (answer.verdict, float(answer.confidence)) == (verdict, confidence)
    if verdict == "unknown":
        unknown_because(answer, UnknownReason.STALE)


def test_freshness_halves_exactly_for_each_further_time_to_live() -> None:
    week = timedelta(days=7)
    assert [freshness(weeks * week, week) for weeks in (0, 1, 2, 3, 4)] == [
        1,
        1,
        Fraction(1, 2),
        Fraction(1, 4),
        Fraction(1, 8),
    ]
    assert freshness(-week, week) == 1
