"""A linked type that may have no source: without any, no record fits; with one, it must tell what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from itomm.config.errors import InvalidInputError
from itomm.evidence.observation import CollectionOutcome, UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import ServiceKeys, evaluate
from itomm.rules.linting.coverage import Brought, check_sources
from itomm.rules.rule import Rule
from tests.evidence.stores import DAY, NOON, collect, finding, finished, scan
from tests.rules.rules_as_text import answer_to, rule_of

WHY = "Who keeps no reviews has none that could name it."
REVIEW = {"from": "postmortem", "on": {"incident_key": "key"}, "none_without_source": WHY}
KNOWN = {"from": "problem", "on": {"incident_ids": "key"}, "none_without_source": WHY}
GRADE = {"yes": ">= 80 %", "partial": ">= 50 %"}
RATIO = {"measure": {"ratio": {"where": "major or there"}}, "grade": GRADE}


def incidents(major: int, others: int) -> list[dict[str, object]]:
    rows = [{"key": f"I-{number}", "major": number < major} for number in range(major + others)]
    return [*rows]


def answered(
    rule: Rule, major: int, others: int, reviewed: Sequence[str] = (), **case: Any
) -> InferredAnswer:
    given: Mapping[str, object] = {
        "incident": incidents(major, others),
        "postmortem": [{"incident_key": key} for key in reviewed],
    }
    return answer_to(rule, given=given, **case)


def test_with_a_source_it_is_linked_as_any_other_type() -> None:
    answer = answered(rule_of(linked={"there": REVIEW}, **RATIO), 4, 6, ["I-5", "I-6", "I-7", "I-8"])
    assert (answer.verdict, answer.matched) == ("yes", 8)


@pytest.mark.parametrize(("major", "verdict"), [(8, "yes"), (7, "partial"), (4, "no")])
def test_without_any_source_no_record_fits(major: int, verdict: str) -> None:
    rule = rule_of(linked={"there": REVIEW}, **RATIO)
    answer = answered(rule, major, 10 - major, never_collected=["postmortem"])
    assert (answer.verdict, answer.matched) == (verdict, major)
    assert answer.detail == "", "it is what was answered before there was such a fact"


@pytest.mark.parametrize("others", range(1, 11))
@pytest.mark.parametrize("reviewed", [[], ["I-9"]])
@pytest.mark.parametrize("counts", [False, True])
def test_a_source_that_was_not_read_in_full_decides_nothing(
    others: int, reviewed: Sequence[str], *, counts: bool
) -> None:
    """By hand: any of the records that nothing else decides may fit, and may not."""
    link = {**REVIEW, "count": True} if counts else REVIEW
    measure = {"ratio": {"where": f"major or there{' > 0' if counts else ''}"}}
    rule = rule_of(linked={"there": link}, measure=measure, grade=GRADE)
    answer = answered(rule, 10 - others, others, reviewed, incomplete=["postmortem"])
    possible = {str(rule.grade.verdict(Fraction(matched, 10))) for matched in range(10 - others, 11)}
    if len(possible) == 1:
        assert {answer.verdict} == possible
        assert answer.detail.endswith("; the answer is the same whatever it is")
        return
    assert (answer.verdict, answer.reason) == ("unknown", UnknownReason.COLLECTION_FAILED)
    assert answer.measured is None
    assert answer.detail == "postmortem from test: the test says so, and the answer hangs on it"
    assert answer.what_would_change_it.startswith("Mend the source")


def test_records_that_may_not_count_leave_it_open_too() -> None:
    rule = rule_of(linked={"there": REVIEW}, where="there", minimum_sample=3, grade={"yes": ">= 0"})
    assert answered(rule, 0, 2, incomplete=["postmortem"]).reason is UnknownReason.INSUFFICIENT_SAMPLE
    assert answered(rule, 0, 3, incomplete=["postmortem"]).reason is UnknownReason.COLLECTION_FAILED
    assert answered(rule, 0, 3, ["I-0", "I-1", "I-2"]).verdict == "yes"


def test_a_field_that_its_source_cannot_tell_leaves_it_open() -> None:
    rule = rule_of(linked={"there": REVIEW}, **RATIO)
    untold = {"postmortem": ["incident_key"]}
    assert answered(rule, 7, 3, ["I-0"], untold=untold).reason is UnknownReason.NEVER_COLLECTED
    assert answered(rule, 8, 2, ["I-0"], untold=untold).verdict == "yes"
    assert answered(rule, 7, 3, untold=untold).verdict == "partial", "there is no record that could name one"


def test_a_list_that_its_source_cannot_tell_leaves_open_what_no_list_of_another_names() -> None:
    rule = rule_of(linked={"there": KNOWN}, **RATIO)
    problems: list[dict[str, object]] = [{}, {"source": "other", "incident_ids": ["I-9", "I-8", "I-7"]}]
    given = {"incident": incidents(5, 5), "problem": problems}
    answer = answer_to(rule, given=given, untold={"problem": ["incident_ids"]})
    assert (answer.verdict, answer.reason) == ("yes", None), "8 of 10 whatever the first names"
    problems[1]["incident_ids"] = ["I-9", "I-8"]
    answer = answer_to(rule, given=given, untold={"problem": ["incident_ids"]})
    assert (answer.verdict, answer.reason) == ("unknown", UnknownReason.NEVER_COLLECTED)


def test_two_such_types_are_lost_one_by_one() -> None:
    rule = rule_of(
        linked={"there": REVIEW, "known": KNOWN},
        measure={"ratio": {"where": "major and not known or there"}},
        grade=GRADE,
    )
    assert rule.optional_types == {"postmortem", "problem"}
    assert answered(rule, 8, 2, never_collected=["postmortem", "problem"]).verdict == "yes"
    lost = answered(rule, 8, 2, never_collected=["postmortem"], incomplete=["problem"])
    assert (lost.verdict, lost.reason) == ("unknown", UnknownReason.COLLECTION_FAILED)
    assert answered(rule, 8, 2, incomplete=["postmortem"], never_collected=["problem"]).verdict == "yes"


# --- read from a store ----------------------------------------------------------------------------

WHERE = "detected_at > as_of - interval '100 days'"
FINDINGS = {"from": "vulnerability", "on": {"asset_ref": "asset_ref"}, "none_without_source": WHY}
SCANS: Mapping[str, Any] = {
    "from_": "security_scan",
    "linked": {"found": {**FINDINGS, "where": WHERE}},
    "measure": {"ratio": {"where": "found or blocking"}},
    "grade": {"yes": ">= 80 %"},
    "per": ["service", "organisation"],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def scanned(store: Store, *, blocking: bool = False) -> None:
    collect(store, "security_scan", {"1": scan("shop", blocking=blocking)}, services={"1": "shop"})


def answers(store: Store, rule: Rule) -> tuple[str, UnknownReason | None]:
    """The organisation's answer, which is the service's, too."""
    found = evaluate([rule], snapshot_of(store), [ServiceKeys("shop", {"tool": ["team/shop"]})], NOON)
    (answer,) = [*found.organisation.values()]
    (of_service,) = [*found.services.values()]
    assert (of_service.verdict, of_service.reason) == (answer.verdict, answer.reason)
    return str(answer.verdict), answer.reason


def test_without_any_collection_the_confidence_is_that_of_what_is_there(store: Store) -> None:
    scanned(store)
    assert answers(store, rule_of(**SCANS)) == ("no", None)
    found = evaluate([rule_of(**SCANS)], snapshot_of(store), [], NOON)
    assert [each.confidence for each in found.organisation.values()] == [Fraction(9, 10)], "direct"


LONG_AGO = NOON - 100 * DAY


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (finished(0, window_start=LONG_AGO), None),
        (finished(0, reason=UnknownReason.COLLECTION_FAILED), UnknownReason.COLLECTION_FAILED),
        (
            finished(0, reason=UnknownReason.PERMISSION_DENIED, denied=("team/till",)),
            UnknownReason.PERMISSION_DENIED,
        ),
        (finished(0, window_start=NOON - 30 * DAY), UnknownReason.INSUFFICIENT_COVERAGE),
        (finished(-90, window_start=LONG_AGO - 90 * DAY), UnknownReason.STALE),
    ],
)
def test_where_there_is_a_source_it_must_have_delivered_all(
    store: Store, outcome: CollectionOutcome, reason: UnknownReason | None
) -> None:
    """A denied part may hold what is linked to any service."""
    scanned(store)
    collect(store, "vulnerability", {}, outcome=outcome)
    assert answers(store, rule_of(**SCANS)) == ("no" if reason is None else "unknown", reason)


def test_what_does_not_hang_on_it_is_answered(store: Store) -> None:
    scanned(store, blocking=True)
    collect(store, "vulnerability", {}, outcome=finished(0, reason=UnknownReason.COLLECTION_FAILED))
    assert answers(store, rule_of(**SCANS)) == ("yes", None)


def test_one_of_two_sources_that_failed_is_enough_to_leave_it_open(store: Store) -> None:
    scanned(store)
    collect(store, "vulnerability", {}, source="good")
    collect(store, "vulnerability", {}, outcome=finished(0, reason=UnknownReason.COLLECTION_FAILED))
    assert answers(store, rule_of(**SCANS)) == ("unknown", UnknownReason.COLLECTION_FAILED)


def test_a_state_that_was_first_observed_later_leaves_it_open(store: Store) -> None:
    link = {"from": "security_scan", "on": {"asset_ref": "asset_ref"}, "none_without_source": WHY}
    rule = rule_of(
        from_="vulnerability",
        linked={"scanned": link},
        measure={"ratio": {"where": "scanned"}},
        grade={"yes": ">= 80 %"},
        per=["service", "organisation"],
    )
    collect(store, "vulnerability", {"1": finding(NOON - DAY)}, services={"1": "shop"})
    assert answers(store, rule) == ("no", None)
    collect(store, "security_scan", {}, outcome=finished(1))
    assert answers(store, rule) == ("unknown", UnknownReason.NEVER_COLLECTED)


# --- as it is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {"linked": {"there": {**REVIEW, "from": "incident", "on": {"key": "key"}}}},
        {
            "linked": {"there": {**REVIEW, "from": "service", "on": {"service_id": "service_id"}}},
            "services": "tier = 1",
        },
        {"linked": {"other": {"from": "postmortem", "on": {"incident_key": "key"}}, "there": REVIEW}},
    ],
)
def test_a_type_that_the_rule_needs_anyway_is_refused(parts: Mapping[str, object]) -> None:
    with pytest.raises(
        InvalidInputError, match=r"linked\.there\.none_without_source: the rule needs \w+ records"
    ):
        rule_of(**parts)


@pytest.mark.parametrize("why", ["", "none", True, 3])
def test_it_says_why(why: object) -> None:
    with pytest.raises(InvalidInputError, match=r"linked\.there\.none_without_source"):
        rule_of(linked={"there": {**REVIEW, "none_without_source": why}})


def test_it_is_part_of_what_the_rule_says_and_changes_no_other_rule() -> None:
    plain = {name: said for name, said in REVIEW.items() if name != "none_without_source"}
    assert rule_of(linked={"there": plain}).optional_types == frozenset()
    digests = [
        rule_of(linked={"there": {**plain, **more}}).digest for more in ({}, {"none_without_source": WHY})
    ]
    assert digests[0] != digests[1]
    assert digests[0] == "19c3e239ebe6f3e8ca16b7dbbd4590e716cb017d08ed331545081eabfbd3db9b", "as before"


def test_lint_does_not_miss_its_source() -> None:
    rule = rule_of(linked={"there": REVIEW})
    assert [*check_sources(rule, Brought(["incident"]))] == []
