"""Expressions mean what SQL means: three-valued logic, exact durations and instants, lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from itomm.config.quantities import DAY
from itomm.evidence.record_types import record_types
from itomm.rules.expression_kinds import Kind
from itomm.rules.expression_text import Names
from itomm.rules.expressions import parse_expression
from itomm.rules.looking_back import looked_back, looked_before_base
from itomm.rules.rule import linked_names
from tests.rules.rules_as_text import answer_to, rule_of

NAMES = Names(record_types()["incident"], datetime(2026, 11, 1, tzinfo=UTC))
INCIDENT: Mapping[str, object] = {
    "severity": 2,
    "priority": 1,
    "title": "Shop is down",
    "major": True,
    "opened_at": "2026-10-30T22:00:00Z",
    "resolved_at": "2026-10-31T02:30:00Z",
    "labels": ["Sev2", "shop"],
}
"""``team``, ``assignee``, ``due_at``, ``postmortem_id`` and ``security`` are null."""


def truth(text: str, **fields: object) -> bool | None:
    """What a condition is for the incident, as counted by a rule."""
    record = {**INCIDENT, **fields}

    def counts(condition: str) -> bool:
        return answer_to(rule_of(measure={"exists": condition}), [record]).measured == "1"

    if counts(text):
        return True
    return None if counts(f"({text}) is null") else False


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("severity", Kind.NUMBER),
        ("title", Kind.TEXT),
        ("opened_at", Kind.INSTANT),
        ("as_of", Kind.INSTANT),
        ("labels", Kind.LIST),
        ("links", Kind.STRUCTURED),
        ("major", Kind.BOOLEAN),
        ("null", Kind.NULL),
        ("'text'", Kind.TEXT),
        ("interval '2 weeks'", Kind.DURATION),
        ("resolved_at - opened_at", Kind.DURATION),
        ("resolved_at + interval '1 second'", Kind.INSTANT),
        ("severity * 2 + 1.5", Kind.NUMBER),
        ("-(resolved_at - opened_at)", Kind.DURATION),
        ("abs(opened_at - resolved_at)", Kind.DURATION),
        ("coalesce(restored_at, resolved_at)", Kind.INSTANT),
        ("greatest(severity, priority)", Kind.NUMBER),
        ("case when major then title end", Kind.TEXT),
        ("lower(title)", Kind.TEXT),
        ("length(title)", Kind.NUMBER),
        ("len(labels)", Kind.NUMBER),
        ("date_trunc('week', opened_at)", Kind.INSTANT),
        ("list_contains(labels, 'x')", Kind.BOOLEAN),
        ("severity in (1, 2) or title like 'a%'", Kind.BOOLEAN),
        ("service_id", Kind.TEXT),
        ("collected_at", Kind.INSTANT),
    ],
)
def test_every_expression_has_a_kind(text: str, kind: Kind) -> None:
    assert parse_expression(text, NAMES).kind is kind


@pytest.mark.parametrize("name", sorted(record_types()))
def test_every_field_can_be_named_and_tested_for_null(name: str) -> None:
    record_type = record_types()[name]
    names = Names(record_type, NAMES.as_of)
    for field in [*record_type.fields, *record_type.aliases]:
        word = f'"{field}"' if field == "end" else field  # 'end' closes a case
        assert parse_expression(f"{word} is not null", names).kind is Kind.BOOLEAN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("severity <= 2", True),
        ("severity < 2", False),
        ("severity <> 2", False),
        ("severity between 2 and 3", True),
        ("severity not between 2 and 3", False),
        ("severity in (1, 2)", True),
        ("severity not in (1, 2)", False),
        ("severity not in (1, 3)", True),
        ("title like 'Shop%'", True),
        ("title like '_hop is down'", True),
        ("title like 'shop%'", False),
        ("title not like 'Shop%'", False),
        ("title not like 'Till%'", True),
        ("not title like 'Till%'", True),
        ("lower(title) = 'shop is down'", True),
        ("length(title) = 12", True),
        ("major", True),
        ("major is true", True),
        ("major is not true", False),
        ("major = false", False),
        ("severity + priority * 2 = 4", True),
        ("(severity + priority) * 2 = 6", True),
        ("severity - 3 = -1", True),
        ("abs(severity - 5) = 3", True),
        ("greatest(severity, priority, 7) = 7", True),
        ("least(severity, priority) = 1", True),
        ("case when severity = 1 then 'a' when severity = 2 then 'b' else 'c' end = 'b'", True),
        ("case when severity = 1 then 10 end is null", True),
        ("list_contains(labels, 'shop')", True),
        ("list_contains(labels, 'SHOP')", False),
        ("len(labels) = 2", True),
        ("resolved_at - opened_at = interval '270 minutes'", True),
        ("resolved_at - opened_at < interval '4.5 hours'", False),
        ("resolved_at - opened_at <= interval '4.5 hours'", True),
        ("opened_at > as_of - interval '2 days'", True),
        ("opened_at > as_of - interval '26 hours'", False),
        ("opened_at >= as_of - interval '26 hours'", True),
        ("resolved_at + interval '1 week' > as_of", True),
        ("date_trunc('day', opened_at) = date_trunc('day', resolved_at)", False),
        ("date_trunc('day', resolved_at) - date_trunc('day', opened_at) = interval '1 day'", True),
        ("date_trunc('week', opened_at) = date_trunc('week', resolved_at)", True),
        ("date_trunc('month', as_of) = as_of", True),
        ("resolved_at - opened_at + interval '30 minutes' = interval '5 hours'", True),
        ("service_id = 's1'", True),
        ("source = 'test'", True),
        ("title = 'it''s'", False),
    ],
)
def test_a_condition_holds_as_in_sql(text: str, expected: bool) -> None:
    assert truth(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("team = 'a'", None),
        ("team <> 'a'", None),
        ("not team = 'a'", None),
        ("team in ('a', 'b')", None),
        ("team not in ('a', 'b')", None),
        ("team like 'a%'", None),
        ("team not like 'a%'", None),
        ("due_at > as_of", None),
        ("due_at - opened_at > interval '1 day'", None),
        ("due_at between opened_at and as_of", None),
        ("team is null", True),
        ("team is not null", False),
        ("security is true", False),
        ("security is not true", True),
        ("security and major", None),
        ("security and not major", False),
        ("security or major", True),
        ("security or not major", None),
        ("not security", None),
        ("null and not major", False),
        ("coalesce(team, 'a') = 'a'", True),
        ("coalesce(due_at, as_of) = as_of", True),
        ("length(team) = 0", None),
        ("case when security then 1 else 2 end = 2", True),
        ("greatest(opened_at, due_at) = opened_at", None),
        ("least(opened_at, due_at) = opened_at", None),
        ("list_contains(alert_event_ids, 'x')", None),
        ("len(alert_event_ids) = 0", None),
    ],
)
def test_null_is_neither_true_nor_false(text: str, expected: bool | None) -> None:
    assert truth(text) is expected


def test_an_empty_list_is_not_null() -> None:
    assert truth("len(labels) = 0 and not list_contains(labels, 'x')", labels=[]) is True


def test_text_is_compared_whole_and_never_read_as_sql() -> None:
    nasty = "'); drop table incident --"
    assert truth("title = 'it''s' or true = false", title="it's") is True
    assert truth("title like '%drop table%'", title=nasty) is True


def test_decimals_are_exact() -> None:
    assert (
        answer_to(
            rule_of(from_="survey_response", measure={"exists": "score = 0.3"}), [{"score": 0.3}]
        ).measured
        == "1"
    )
    assert (
        answer_to(
            rule_of(from_="survey_response", measure={"exists": "score * 3 = 0.3"}), [{"score": 0.1}]
        ).measured
        == "1"
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("severity = 1", 0),
        ("resolved_at - opened_at < interval '400 days'", 0),
        ("opened_at > as_of - interval '30 days'", 30),
        ("opened_at > as_of + interval '-30 days'", 30),
        ("as_of - opened_at <= interval '90 days'", 90),
        ("opened_at > as_of - interval '30 days' - interval '60 days'", 90),
        ("opened_at > as_of - interval '30 days' or resolved_at > as_of - interval '90 days'", 90),
        ("opened_at between as_of - interval '90 days' and as_of - interval '30 days'", 90),
        ("resolved_at - opened_at < interval '300 days' and opened_at > as_of - interval '7 days'", 7),
        ("date_trunc('day', opened_at) in (as_of - interval '1 day', as_of - interval '2 days')", 2),
        ("case when major = true then as_of - interval '50 days' else opened_at end", 50),
        ("as_of", 0),
    ],
)
def test_how_far_an_expression_looks_back_is_never_too_short(text: str, days: int) -> None:
    assert looked_back(text, NAMES) == Fraction(days) * DAY


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("opened_at < base.opened_at", 0),
        ("opened_at >= base.opened_at - interval '90 days'", 90),
        ("opened_at + interval '90 days' >= base.opened_at", 90),
        ("opened_at <= base.opened_at + interval '14 days'", 0),
        ("opened_at - interval '14 days' <= base.opened_at", 0),
        ("opened_at between base.opened_at - interval '2 days' and base.opened_at + interval '9 days'", 2),
        ("opened_at >= base.opened_at - coalesce(restored_at - opened_at, interval '3 days')", 3),
        ("opened_at >= as_of - interval '90 days'", 0),
    ],
)
def test_how_far_a_linked_fact_looks_before_its_record(text: str, days: int) -> None:
    names = linked_names(record_types()["incident"], record_types()["incident"], NAMES.as_of, {})
    assert looked_before_base(text, names) == Fraction(days) * DAY
