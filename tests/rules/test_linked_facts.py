"""Facts about other record types: found by equal fields, by lists, and by conditions on both records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from itomm.config.errors import InvalidInputError
from itomm.rules.answer import InferredAnswer
from tests.rules.rules_as_text import answer_to, rule_of

Records = Sequence[Mapping[str, object]]
FOUR_PARTS = ["timeline", "impact", "root_cause", "actions"]
INCIDENTS: Records = [{"key": "I-1", "resolved_at": "2026-10-01T00:00:00Z"}, {"key": "I-2"}, {"key": None}]


def linked(
    fact: Mapping[str, object], records: Records, other: Mapping[str, Records], **rule: object
) -> InferredAnswer:
    """How many of the records have the fact."""
    checked = rule_of(
        linked={"there": fact}, measure={"ratio": {"where": "there"}}, grade={"yes": ">= 0 %"}, **rule
    )
    return answer_to(checked, given={checked.record_type.name: records, **other})


def test_a_fact_holds_when_a_record_with_the_same_value_is_there() -> None:
    fact = {"from": "postmortem", "on": {"incident_key": "key"}}
    reviews: Records = [
        {"incident_key": "I-1"},
        {"incident_key": "I-1"},
        {"incident_key": "I-9"},
        {"incident_key": None},
    ]
    answer = linked(fact, INCIDENTS, {"postmortem": reviews})
    assert (answer.counted, answer.matched) == (3, 1)


def test_a_fact_is_false_and_not_null_when_nothing_is_there() -> None:
    fact = {"from": "postmortem", "on": {"incident_key": "key"}}
    rule = rule_of(linked={"there": fact}, where="not there")
    assert answer_to(rule, given={"incident": INCIDENTS, "postmortem": []}).counted == 3


@pytest.mark.parametrize(
    ("published", "matched"),
    [("2026-10-15T00:00:00Z", 1), ("2026-10-15T00:00:01Z", 0), ("2026-09-01T00:00:00Z", 1)],
)
def test_a_condition_may_compare_both_records(published: str, matched: int) -> None:
    fact = {
        "from": "postmortem",
        "on": {"incident_key": "key"},
        "where": "published_at <= base.resolved_at + interval '14 days'",
    }
    reviews: Records = [{"incident_key": key, "published_at": published} for key in ("I-1", "I-2")]
    assert linked(fact, INCIDENTS, {"postmortem": reviews}).matched == matched, "I-2 was never resolved"


@pytest.mark.parametrize(
    ("condition", "matched"),
    [
        ("published_at > base.resolved_at", 2),
        ("published_at >= base.resolved_at", 3),
        ("base.resolved_at > published_at", 1),
        ("published_at <= base.resolved_at", 2),
        ("base.resolved_at < published_at and length(sections) > 2", 1),
        ("not (published_at <= base.resolved_at)", 2),
        ("published_at > base.resolved_at or base.resolved_at is null", 3),
    ],
)
def test_a_comparison_with_the_record_holds_when_any_linked_record_meets_it(
    condition: str, matched: int
) -> None:
    """One question of the greatest or least linked value stands for all pairs; by hand, pair by pair."""
    incidents: Records = [
        {"key": "both", "resolved_at": "2026-10-05T00:00:00Z"},
        {"key": "after", "resolved_at": "2026-10-01T00:00:00Z"},
        {"key": "same", "resolved_at": "2026-10-09T00:00:00Z"},
        {"key": "unpublished", "resolved_at": "2026-10-01T00:00:00Z"},
        {"key": "open", "resolved_at": None},
        {"key": "nothing", "resolved_at": "2026-10-01T00:00:00Z"},
    ]
    reviews: Records = [
        {"incident_key": "both", "published_at": "2026-10-04T00:00:00Z", "sections": FOUR_PARTS},
        {"incident_key": "both", "published_at": "2026-10-06T00:00:00Z", "sections": ["impact"]},
        {"incident_key": "after", "published_at": "2026-10-09T00:00:00Z", "sections": FOUR_PARTS[:3]},
        {"incident_key": "same", "published_at": "2026-10-09T00:00:00Z", "sections": FOUR_PARTS},
        {"incident_key": "unpublished", "published_at": None, "sections": FOUR_PARTS},
        {"incident_key": "open", "published_at": "2026-10-09T00:00:00Z", "sections": FOUR_PARTS},
        {"incident_key": None, "published_at": "2026-10-09T00:00:00Z", "sections": FOUR_PARTS},
    ]
    fact = {"from": "postmortem", "on": {"incident_key": "key"}, "where": condition}
    assert linked(fact, incidents, {"postmortem": reviews}).matched == matched


def test_all_pairs_of_a_link_must_be_equal() -> None:
    fact = {"from": "vulnerability", "on": {"asset_ref": "asset_ref", "service_id": "service_id"}}
    scans: Records = [{"asset_ref": "x", "service": "a"}, {"asset_ref": "x", "service": "b"}]
    found: Records = [{"asset_ref": "x", "service": "b"}, {"asset_ref": "y", "service": "a"}]
    assert linked(fact, scans, {"vulnerability": found}, from_="security_scan").matched == 1


@pytest.mark.parametrize(
    ("theirs", "ours", "matched"),
    [
        ({"postmortem": [{"action_keys": ["I-1", "I-7"]}]}, "key", 1),
        ({"postmortem": [{"action_keys": []}]}, "key", 0),
        ({"postmortem": [{"action_keys": None}]}, "key", 0),
    ],
)
def test_a_list_of_the_other_record_links_by_what_it_contains(
    theirs: Mapping[str, Records], ours: str, matched: int
) -> None:
    fact = {"from": "postmortem", "on": {"action_keys": ours}}
    assert linked(fact, INCIDENTS, theirs).matched == matched


def test_a_list_of_the_own_record_links_by_what_it_contains() -> None:
    fact = {"from": "incident", "on": {"key": "incident_ids"}}
    problems: Records = [{"incident_ids": ["I-1", "I-5"]}, {"incident_ids": ["I-5"]}, {"incident_ids": None}]
    assert linked(fact, problems, {"incident": INCIDENTS}, from_="problem").matched == 1


def test_two_lists_link_when_they_share_something() -> None:
    fact = {"from": "postmortem", "on": {"action_keys": "labels"}}
    incidents: Records = [{"labels": ["a", "b"]}, {"labels": ["c"]}, {"labels": []}, {"labels": None}]
    assert linked(fact, incidents, {"postmortem": [{"action_keys": ["b", "x"]}]}).matched == 1


def test_several_facts_stand_side_by_side() -> None:
    rule = rule_of(
        linked={
            "reviewed": {"from": "postmortem", "on": {"incident_key": "key"}},
            "known": {"from": "problem", "on": {"incident_ids": "key"}},
        },
        where="reviewed and not known",
    )
    other: Mapping[str, Records] = {
        "incident": INCIDENTS,
        "postmortem": [{"incident_key": "I-1"}, {"incident_key": "I-2"}],
        "problem": [{"incident_ids": ["I-2"]}],
    }
    assert answer_to(rule, given=other).counted == 1


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"from": "postmortum", "on": {"incident_key": "key"}}, "there is no record type 'postmortum'"),
        ({"from": "postmortem", "on": {"incident": "key"}}, "postmortem cannot be linked by 'incident'"),
        ({"from": "postmortem", "on": {"incident_key": "kee"}}, "incident cannot be linked by 'kee'"),
        ({"from": "sla_cycle", "on": {"goal_s": "key"}}, "sla_cycle cannot be linked by 'goal_s'"),
        ({"from": "postmortem", "on": {"incident_key": "links"}}, "incident cannot be linked by 'links'"),
        (
            {"from": "postmortem", "on": {"incident_key": "severity"}},
            "'incident_key' is text, but 'severity' of",
        ),
        (
            {"from": "postmortem", "on": {"incident_key": "opened_at"}},
            "but 'opened_at' of incident is instant",
        ),
        ({"from": "postmortem", "on": {"incident_key": "key"}, "where": "key = 'x'"}, "has no field 'key'"),
        ({"from": "postmortem", "on": {"incident_key": "key"}, "where": "published_at"}, "must be yes/no"),
        ({"from": "postmortem", "on": {}}, "linked.there.on"),
        ({"from": "postmortem"}, "the key 'on' is missing"),
    ],
)
def test_a_link_that_cannot_be_is_refused(fact: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rule_of(linked={"there": fact})
    assert said in str(refused.value)


def test_a_fact_may_not_hide_a_field() -> None:
    with pytest.raises(InvalidInputError, match="incident already has a field 'severity'"):
        rule_of(linked={"severity": {"from": "postmortem", "on": {"incident_key": "key"}}})


REVIEWS = {"from": "postmortem", "on": {"incident_key": "key"}, "count": True}
REVIEWED: Records = [{"incident_key": key} for key in ("I-1", "I-1", "I-1", "I-2", "I-9", None)]


def number(measure: Mapping[str, object], **parts: object) -> InferredAnswer:
    """What is measured of the incidents, each with how many reviews it has."""
    rule = rule_of(linked={"reviews": REVIEWS}, measure=measure, grade={"yes": ">= 0"}, **parts)
    return answer_to(rule, given={"incident": INCIDENTS, "postmortem": REVIEWED})


@pytest.mark.parametrize(
    ("measure", "measured"),
    [
        ({"sum": "reviews"}, "4"),
        ({"max": "reviews"}, "3"),
        ({"min": "reviews"}, "0"),
        ({"median": "reviews"}, "1"),
        ({"avg": "reviews"}, "1.333"),
        ({"distinct": "reviews"}, "3"),
        ({"count": "reviews > 0"}, "2"),
        ({"sum": "reviews * 2 - 1"}, "5"),
        ({"max": "case when reviews > 2 then 2 else reviews end"}, "2"),
    ],
)
def test_a_linked_number_is_used_like_a_number_field(measure: Mapping[str, object], measured: str) -> None:
    answer = number(measure)
    assert (answer.measured, answer.counted) == (measured, 3), "a record without a key has none, not null"


@pytest.mark.parametrize(("days", "counted"), [(("02", "03", "01"), 1), (("03", "01", "01"), 0)])
def test_only_records_that_fit_are_counted(days: Sequence[str], counted: int) -> None:
    """The incident was resolved when the first of October began."""
    rule = rule_of(
        linked={"reviews": {**REVIEWS, "where": "published_at > base.resolved_at"}}, where="reviews >= 2"
    )
    reviews: Records = [{"incident_key": "I-1", "published_at": f"2026-10-{day}T00:00:00Z"} for day in days]
    assert answer_to(rule, given={"incident": INCIDENTS, "postmortem": reviews}).counted == counted


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"where": "reviews"}, "this is a number, but a condition must be yes/no"),
        ({"where": "not reviews"}, "'reviews' is a number, but yes/no is needed here"),
        ({"where": "reviews > '2'"}, "'reviews' is a number, but"),
        ({"where": "revews > 2"}, "Did you mean 'reviews'?"),
        ({"measure": {"median": "reviews"}, "grade": {"yes": "<= 4 h"}}, "the measure gives a number"),
    ],
)
def test_a_linked_number_is_not_taken_for_something_else(parts: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rule_of(linked={"reviews": REVIEWS}, **parts)
    assert said in str(refused.value)


@pytest.mark.parametrize("count", [False, 2, "reviews"])
def test_count_is_true_or_left_out(count: object) -> None:
    with pytest.raises(InvalidInputError, match=r"linked\.reviews\.count"):
        rule_of(linked={"reviews": {**REVIEWS, "count": count}})
