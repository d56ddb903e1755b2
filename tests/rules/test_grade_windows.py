"""Each grade may look back over a window of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pytest

from itomm.config.errors import InvalidInputError
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.records import places_that_counted
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import answer_to, rule_of

LATE = {"opened_at": "2026-10-20T00:00:00Z"}
EARLY = {"opened_at": "2026-06-20T00:00:00Z"}
Records = Sequence[Mapping[str, object]]


def lasting(**parts: object) -> Rule:
    """Yes when half a year was quick, partial when the last month was."""
    return rule_of(
        **{
            "window": {"field": "opened_at", "days": 90},
            "measure": {"median": "restored_at - opened_at"},
            "grade": {
                "yes": {"measured": "<= 4 h", "days": 180},
                "partial": {"measured": "<= 4 h", "days": 30},
            },
            **parts,
        }
    )


def quick(record: Mapping[str, str], number: int = 1) -> Records:
    return [{**record, "restored_at": record["opened_at"].replace("T00", "T01")}] * number


def slow(record: Mapping[str, str], number: int = 1) -> Records:
    return [{**record, "restored_at": record["opened_at"].replace("T00", "T23")}] * number


def told(answer: InferredAnswer) -> tuple[str, str | None, int, int | None]:
    return answer.verdict, answer.measured, answer.counted, answer.window_days


@pytest.mark.parametrize(
    ("records", "answer"),
    [
        ([*quick(EARLY, 2), *quick(LATE)], ("yes", "1 h", 3, 180)),
        ([*slow(EARLY, 2), *quick(LATE)], ("partial", "1 h", 1, 30)),
        ([*slow(EARLY, 2), *slow(LATE)], ("no", "23 h", 1, 30)),
        ([*quick(EARLY, 2), *slow(LATE)], ("yes", "1 h", 3, 180)),
        (slow(EARLY), ("unknown", None, 0, 30)),
        ([], ("unknown", None, 0, 180)),
    ],
)
def test_the_strictest_grade_that_is_reached_over_its_own_window_counts(
    records: Records, answer: tuple[str, str | None, int, int]
) -> None:
    found = answer_to(lasting(), records)
    assert told(found) == answer
    assert (found.rule, found.grade_yes, found.grade_partial) == ("under-test", "<= 4 h", "<= 4 h")


def test_what_is_unknown_over_the_longer_window_is_not_filled_in_by_the_shorter() -> None:
    found = answer_to(lasting(minimum_sample=2), [*quick(LATE)])
    assert (found.verdict, found.reason, found.window_days) == (Verdict.UNKNOWN, "insufficient_sample", 180)


def test_one_grade_alone_may_have_a_window_of_its_own() -> None:
    rule = lasting(grade={"yes": {"measured": "<= 4 h", "days": 180}})
    assert told(answer_to(rule, [*slow(EARLY, 2), *quick(LATE)])) == ("no", "23 h", 3, 180)


def test_services_and_the_organisation_are_graded_alike() -> None:
    rule = lasting(per=["service", "organisation"])
    records = [*slow(EARLY, 2), *quick(LATE)]
    assert answer_to(rule, records).verdict == Verdict.PARTIAL
    assert answer_to(rule, records, scope="organisation").verdict == Verdict.PARTIAL


def test_the_records_that_counted_are_those_of_the_window_that_spoke() -> None:
    rule = lasting()
    with closing(duckdb.connect()) as connection:
        create_table(connection, record_types()["incident"])
        for place, day in ((1, "2026-06-20"), (2, "2026-10-20")):
            connection.execute(
                "INSERT INTO incident (source, source_ref, collected_at, collection, page, position, "
                "created_at, restored_at) VALUES ('jira', 'x', TIMESTAMP '2026-10-31', 'c', ?, 0, ?, ?)",
                [place, datetime.fromisoformat(day), datetime.fromisoformat(day)],
            )
        lock_down(connection)
        counted = {
            days: places_that_counted(connection, rule.over(days).bound(datetime(2026, 11, 1, tzinfo=UTC)))
            for days in rule.windows
        }
    assert counted == {180: {("c", (1, 0)), ("c", (2, 0))}, 30: {("c", (2, 0))}}


def test_a_window_of_its_own_needs_a_field() -> None:
    with pytest.raises(InvalidInputError, match=r"grade\.yes\.days: needs a 'window'"):
        rule_of(grade={"yes": {"measured": ">= 1", "days": 30}})
