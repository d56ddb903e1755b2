"""Rules that share scans get the answers that each gets alone; which rules share which scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.rules.evaluation import InferredAnswers, answer_all
from itomm.rules.factoring import MOST_IN_A_SCAN, can_share, scans_of
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import rule_of

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
SERVICES = ["a", "b", "c"]
COLUMNS = (
    "service_id",
    "severity",
    "priority",
    "reopened_count",
    "major",
    "team",
    "created_at",
    "restored_at",
)

hours_ago = st.integers(0, 100 * 24).map(lambda hours: AS_OF - timedelta(hours=hours, microseconds=hours))
records = st.lists(
    st.tuples(
        st.sampled_from([*SERVICES, None]),
        st.sampled_from([None, 1, 2, 3]),
        st.sampled_from([None, 1, 2]),
        st.one_of(st.none(), st.integers(-3, 9)),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, "x", "y"]),
        hours_ago,
        st.one_of(st.none(), hours_ago),
    ),
    max_size=14,
)
conjuncts = st.sampled_from(
    [
        "severity = 1",
        "severity = 2",
        "major",
        "not major",
        "team = 'x'",
        "reopened_count > 0 or major",
        "priority < 2",
    ]
)
measures = st.sampled_from(
    [
        {"count": True},
        {"count": "major"},
        {"ratio": {"where": "restored_at is not null"}},
        {"ratio": {"of": "team is not null", "where": "major"}},
        {"median": "restored_at - created_at"},
        {"percentile": {"of": "reopened_count", "at": 90}},
        {"sum": "reopened_count"},
        {"avg": "reopened_count"},
        {"min": "reopened_count"},
        {"max": "restored_at - created_at"},
        {"rate": {"per": "week"}},
        {"days_since": "created_at"},
        {"trend": {"median": "reopened_count"}},
        {"trend": {"count": "major"}},
        {"exists": "severity = 1"},
        {"distinct": "team"},
        {"share_of_services": {"having": "major"}},
        {"share_of_services": {"ratio": "major", "at_least": "50 %"}},
    ]
)  # fmt: skip
rules = st.lists(
    st.fixed_dictionaries(
        {
            "where": st.lists(conjuncts, max_size=3, unique=True),
            "measure": measures,
            "days": st.sampled_from([30, 60, 90]),
            "per": st.sampled_from(["service", "organisation", ["service", "organisation"]]),
            "minimum_sample": st.integers(1, 2),
            "missing": st.sampled_from(["unknown", "no_if_complete"]),
        }
    ),
    min_size=2,
    max_size=7,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        lock_down(opened)
        yield opened


def rules_from(written: Sequence[Mapping[str, Any]]) -> list[Rule]:
    return [numbered(number, **each) for number, each in enumerate(written)]


def numbered(number: int, *, where: Sequence[str] = (), days: int | None = 90, **parts: Any) -> Rule:
    units = {"days_since": " d", "median": " h", "max": " h", "rate": " /week"}
    word = next(iter(parts.setdefault("measure", {"count": True})))
    grade = {"yes": f">= 1{units.get(word, '')}", "partial": f">= 0{units.get(word, '')}"}
    filters = {"where": " and ".join(f"({each})" for each in where)} if where else {}
    window = {"window": {"field": "created_at", "days": days}} if days else {}
    names = {"rule": f"rule-{number:03d}", "answers": f"A-P-{number}"}
    return rule_of(**{"grade": grade, **names, **filters, **window, **parts})


def load(connection: duckdb.DuckDBPyConnection, found: Sequence[tuple[Any, ...]]) -> None:
    create_table(connection, record_types()["incident"])
    marks = ", ".join("?" for _ in COLUMNS)
    statement = f"INSERT INTO incident (source, source_ref, {', '.join(COLUMNS)}) VALUES ('s', ?, {marks})"  # noqa: S608  constants
    for number, record in enumerate(found):
        plain = [each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in record]
        connection.execute(statement, [str(number), *plain])


def answers(connection: duckdb.DuckDBPyConnection, asked: Sequence[Rule]) -> InferredAnswers:
    return answer_all(connection, asked, SERVICES, EvidenceState(SNAPSHOT, AS_OF, {}), AS_OF)


def one_by_one(connection: duckdb.DuckDBPyConnection, asked: Sequence[Rule]) -> InferredAnswers:
    alone = [answers(connection, [rule]) for rule in asked]
    return InferredAnswers(
        {criterion: said for each in alone for criterion, said in each.organisation.items()},
        {place: said for each in alone for place, said in each.services.items()},
    )


def collection() -> Collection:
    return Collection(
        id="1", run=1, source="s", collector="s", record_type="incident", started_at=AS_OF, finished_at=AS_OF,
        complete=True, reason=None, error="", records=0, window_start=None, window_end=None, requested=(),
        denied=(), warnings=(), unmapped=0, segments=(),
    )  # fmt: skip


SNAPSHOT = Snapshot(Path(), (collection(),))


@settings(deadline=None, max_examples=40)
@given(found=records, written=rules)
def test_rules_that_share_scans_answer_as_each_does_alone(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[tuple[Any, ...]],
    written: Sequence[Mapping[str, Any]],
) -> None:
    asked = rules_from(written)
    load(connection, found)
    assert answers(connection, asked) == one_by_one(connection, asked)


def test_rules_with_an_equality_in_common_share_a_scan() -> None:
    asked = [
        numbered(1, where=["severity = 1"], days=30),
        numbered(2, where=["severity = 1", "major"], days=90),
        numbered(3, where=["severity = 2"]),
        numbered(4),
    ]
    scans = scans_of([rule.bound(AS_OF) for rule in asked])
    assert [[term.bound.rule.name for term in scan.terms] for scan in scans] == [
        ["rule-001", "rule-002"],
        ["rule-003", "rule-004"],
    ]
    assert [str(each) for each in scans[0].shared] == ['"record"."severity" = 1']
    assert scans[0].since == AS_OF - timedelta(days=90)
    assert not scans[1].shared


def test_the_order_of_rules_does_not_change_the_scans() -> None:
    asked = [
        numbered(number, where=["major"] if number % 2 else ["severity = 1"]).bound(AS_OF)
        for number in range(6)
    ]
    assert scans_of(asked) == scans_of(asked[::-1])


def test_no_scan_measures_more_rules_than_caches_hold() -> None:
    scans = scans_of([numbered(number).bound(AS_OF) for number in range(MOST_IN_A_SCAN + 1)])
    assert [len(scan.terms) for scan in scans] == [MOST_IN_A_SCAN, 1]


def test_a_scan_without_a_window_of_all_its_rules_reads_all_records() -> None:
    (scan,) = scans_of([numbered(1, days=None).bound(AS_OF), numbered(2).bound(AS_OF)])
    assert (scan.window_field, scan.since) == (None, None)


def test_rules_about_other_records_too_are_measured_alone() -> None:
    linked = {"reviewed": {"from": "postmortem", "on": {"incident_key": "key"}}}
    assert not can_share(numbered(1, linked=linked).bound(AS_OF))
    assert not can_share(numbered(1, services="tier = 1").bound(AS_OF))


def test_a_number_too_large_is_told_with_the_name_of_its_rule(connection: duckdb.DuckDBPyConnection) -> None:
    load(connection, [("a", 1, 1, 2**62, True, "x", AS_OF - timedelta(days=1), None)])
    large = numbered(2, measure={"sum": "reopened_count * 4"})
    with pytest.raises(InvalidInputError, match="rule-002 cannot be evaluated"):
        answers(connection, [numbered(1), large, numbered(3)])


def test_services_denied_in_part_are_unknown_and_all_others_are_answered(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    load(connection, [(service, 1, 1, 0, True, "x", AS_OF - timedelta(days=1), None) for service in SERVICES])
    denied = replace(collection(), complete=False, reason=UnknownReason.PERMISSION_DENIED, denied=("B",))
    state = EvidenceState(Snapshot(Path(), (denied,)), AS_OF, {})
    asked = [numbered(number, per="service", measure={"count": True}) for number in (1, 2)]
    found = answer_all(connection, asked, SERVICES, state, AS_OF).services
    reasons = [found["A-P-1", service].reason for service in SERVICES]
    assert reasons == [None, UnknownReason.PERMISSION_DENIED, None]
