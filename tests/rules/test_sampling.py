"""Samples of the records that counted, and why the others did not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import PROVENANCE_COLUMNS
from itomm.rules.listing import columns_listed
from itomm.rules.records import records_behind, sampled_records
from itomm.rules.rule import Rule
from tests.rules.rules_as_text import rule_of

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
YESTERDAY = datetime(2026, 10, 31)  # noqa: DTZ001  as columns hold it, in UTC
LONG_AGO = YESTERDAY - timedelta(days=400)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        for name in ("incident", "service"):
            create_table(opened, record_types()[name])
        lock_down(opened)
        yield opened


def add(connection: duckdb.DuckDBPyConnection, named: str, table: str = "incident", **fields: object) -> None:
    row = {
        "source": "jira",
        "source_ref": named,
        "service_id": "shop",
        "collected_at": YESTERDAY,
        "collection": "1",
        "page": 0,
        "position": 0,
        **({"created_at": YESTERDAY} if table == "incident" else {}),
        **fields,
    }
    marks = ", ".join("?" for _ in row)
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608  this test's own names
    connection.execute(statement, list(row.values()))


def reasons(connection: duckdb.DuckDBPyConnection, rule: Rule) -> Mapping[str, str]:
    found = records_behind(connection, rule.bound(AS_OF), None, None)
    assert all(record.counted == (record.why_not == "") for record in found)
    return {record.source_ref: record.why_not for record in found}


def drawn(
    connection: duckdb.DuckDBPyConnection, size: int, seed: int, service: str | None = None, **parts: Any
) -> Sequence[str]:
    bound = rule_of(**parts).bound(AS_OF)
    return [record.source_ref for record in sampled_records(connection, bound, service, size, seed)]


def test_a_sample_holds_what_counted_in_the_order_of_its_hashes(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    names = [f"INC-{number}" for number in range(40)]
    for number, name in enumerate(names):
        add(connection, name, severity=1 + number % 2)
    that_count = names[::2]
    by_hand = sorted(
        that_count, key=lambda name: hashlib.sha256(f"7\nincident\njira\n{name}".encode()).hexdigest()
    )
    assert drawn(connection, 5, 7, where="severity = 1") == by_hand[:5]
    assert drawn(connection, 100, 7, where="severity = 1") == by_hand


def test_another_seed_draws_another_sample(connection: duckdb.DuckDBPyConnection) -> None:
    for number in range(40):
        add(connection, f"INC-{number}")
    assert drawn(connection, 10, 1) == drawn(connection, 10, 1)
    assert drawn(connection, 10, 1) != drawn(connection, 10, 2)


def test_a_service_s_sample_holds_its_records_only(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1")
    add(connection, "INC-2", service_id="blog")
    assert drawn(connection, 10, 1, service="blog") == ["INC-2"]


def test_a_record_outside_the_window_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1")
    add(connection, "INC-2", created_at=LONG_AGO)
    add(connection, "INC-3", created_at=None)
    rule = rule_of(window={"field": "opened_at", "days": 90})
    assert reasons(connection, rule) == {
        "INC-1": "",
        "INC-2": "created_at lies before the window of 90 days",
        "INC-3": "created_at is empty",
    }


def test_each_part_of_a_filter_that_left_a_record_out_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1", severity=1, team="x")
    add(connection, "INC-2", severity=3, team="x")
    add(connection, "INC-3", team="y")
    rule = rule_of(where="severity between 1 and 2 and  team = 'x' and (major or priority is null)")
    assert reasons(connection, rule) == {
        "INC-1": "",
        "INC-2": "where severity between 1 and 2: false",
        "INC-3": "where severity between 1 and 2: not known, severity is empty; where team = 'x': false",
    }


def test_a_filter_in_parentheses_is_named_as_a_whole(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1", severity=3)
    rule = rule_of(where="(severity = 1 and major)")
    assert reasons(connection, rule) == {
        "INC-1": "where (severity = 1 and major): false",
    }


def test_a_record_without_a_value_says_which_field_is_empty(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1")
    rule = rule_of(measure={"median": "restored_at - opened_at"}, grade={"yes": "<= 4 h"})
    assert reasons(connection, rule) == {"INC-1": "nothing to measure: restored_at is empty"}


def test_a_record_that_a_ratio_is_not_of_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "INC-1", severity=2)
    ratio = {"of": "severity = 1 and team is not null", "where": "major"}
    rule = rule_of(measure={"ratio": ratio}, grade={"yes": ">= 90 %"})
    assert reasons(connection, rule) == {
        "INC-1": "measure severity = 1: false; measure team is not null: false"
    }


def test_a_record_of_a_service_outside_the_rule_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, "shop", "service", tier=1)
    add(connection, "blog", "service", service_id="blog", tier=3)
    add(connection, "INC-1")
    add(connection, "INC-2", service_id="blog")
    add(connection, "INC-3", service_id=None)
    assert reasons(connection, rule_of(services="tier = 1")) == {
        "INC-1": "",
        "INC-2": "its service is not one of: tier = 1",
        "INC-3": "it belongs to no service",
    }


def test_listing_needs_the_columns_that_are_shown_and_no_others() -> None:
    bound = rule_of(where="severity = 1", window={"field": "opened_at", "days": 9}).bound(AS_OF)
    assert columns_listed([bound]) == {
        "incident": {*PROVENANCE_COLUMNS, "key", "title", "severity", "created_at"}
    }
