"""Nothing found is good news only where somebody is known to have looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from itomm.config.errors import InvalidInputError
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import answer_to, rule_of

Records = Sequence[Mapping[str, object]]
ON: Records = [{"enabled": True, "service": "checkout"}]
OFF: Records = [{"enabled": False, "service": "checkout"}]
ELSEWHERE: Records = [{"enabled": True, "service": "search"}]
FOUND: Records = [{"severity": "high", "state": "fixed", "service": "checkout"}]


def findings(**keys: Any) -> Rule:
    written: dict[str, Any] = {
        "per": ["service", "organisation"],
        "measure": {"ratio": {"where": "state = 'fixed'"}},
        "grade": {"yes": ">= 90 %"},
        "missing": "yes_if_complete",
        "looked": {"from": "security_scan", "where": "enabled"},
    }
    return rule_of(from_="vulnerability", **{**written, **keys})


def answered(rule: Rule, found: Records, scans: Records, **case: Any) -> InferredAnswer:
    given = {"vulnerability": found, "security_scan": scans}
    return answer_to(rule, given=given, services=["checkout", "search"], **case)


@pytest.mark.parametrize(
    ("found", "scans", "whole", "service"),
    [
        ([], ON, "yes", "yes"),
        ([], OFF, "unknown", "unknown"),
        ([], [], "unknown", "unknown"),
        ([], ELSEWHERE, "yes", "unknown"),
        (FOUND, [], "yes", "yes"),
        (FOUND, OFF, "yes", "yes"),
    ],
)
def test_only_an_empty_answer_asks_who_looked(
    found: Records, scans: Records, whole: str, service: str
) -> None:
    rule = findings()
    assert answered(rule, found, scans, scope="organisation").verdict == whole
    assert answered(rule, found, scans, service="checkout").verdict == service


def test_it_says_what_would_show_it() -> None:
    answer = answered(findings(), [], OFF, scope="organisation")
    assert answer.reason == "never_collected"
    assert (
        answer.detail == "no record counts, and no security_scan (enabled) record shows that anybody looked"
    )
    assert answer.what_would_change_it == "Switch on what looks for them, or let a person answer."


def test_it_says_how_many_records_show_it() -> None:
    one = answered(findings(), [], ON, scope="organisation")
    assert one.detail.endswith("; of security_scan (enabled) records, 1 shows that somebody looked")
    two = answered(findings(), [], [*ON, *ELSEWHERE], scope="organisation")
    assert two.detail.endswith("; of security_scan (enabled) records, 2 show that somebody looked")


def test_scans_that_were_never_collected_leave_what_was_found_to_be_judged() -> None:
    rule = findings()
    case = {"never_collected": ["security_scan"], "scope": "organisation"}
    assert answered(rule, FOUND, [], **case).verdict is Verdict.YES
    assert answered(rule, [], [], **case).verdict is Verdict.UNKNOWN


def test_any_record_shows_it_where_no_condition_is_written() -> None:
    rule = findings(looked={"from": "security_scan"})
    assert answered(rule, [], OFF, scope="organisation").verdict is Verdict.YES


@pytest.mark.parametrize("missing", ["unknown", "no_if_complete"])
def test_it_goes_only_with_an_empty_answer_that_is_no_bad_news(missing: str) -> None:
    with pytest.raises(InvalidInputError, match="looked: goes only with missing: yes_if_complete"):
        findings(missing=missing)


@pytest.mark.parametrize(
    ("looked", "message"),
    [
        ({"from": "security_scans"}, r"looked\.from: .*security_scans"),
        ({"from": "security_scan", "where": "enable"}, r"looked\.where: .*enable"),
        ({"where": "enabled"}, "the key .from. is missing"),
    ],
)
def test_what_is_wrong_with_it_is_told_at_its_place(looked: Mapping[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        findings(looked=looked)


def test_rules_without_it_keep_their_digest() -> None:
    plain = rule_of(measure={"count": True}, grade={"yes": ">= 1"})
    assert "looked" not in plain.written.model_dump(exclude_none=True)
    assert findings().digest != findings(looked={"from": "security_scan"}).digest
