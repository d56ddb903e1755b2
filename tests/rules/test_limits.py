"""A statement that takes too much ends with the rule's name and place, and the next one is not harmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from itomm.config.errors import InvalidInputError
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.rules.limits import StatementLimits, reason_of, rows
from itomm.rules.measuring import measure_rule, measure_rules
from itomm.rules.records import records_behind
from tests.rules.rules_as_text import rule_of

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
ENDLESS = "select count(*) from range(1000000000000) as numbers(each) where each % 7 = 3"
SHORT = StatementLimits(seconds=0.1)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        for name in ("incident", "deployment"):
            create_table(opened, record_types()[name])
        yield opened


def test_a_statement_is_stopped_when_its_time_is_over(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.InterruptException) as stopped:
        rows(connection, ENDLESS, SHORT)
    assert reason_of(stopped.value, SHORT) == "it takes longer than 0.1 s over this evidence"


def test_what_comes_after_a_stopped_statement_runs(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.InterruptException):
        rows(connection, ENDLESS, SHORT)
    assert rows(connection, "select 1") == [(1,)]


def test_a_rule_that_takes_too_long_is_named_with_its_place(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into incident (key, ci_ids, service_id) "
        "select each, [each::text, 'a'], 's' from range(60000) as numbers(each)"
    )
    connection.execute("insert into deployment (environment) select each from range(60000) as numbers(each)")
    lock_down(connection)
    rule = rule_of(
        linked={"shipped": {"from": "deployment", "on": {"environment": "ci_ids"}}}, where="shipped"
    )
    with pytest.raises(
        InvalidInputError, match=r"rules\.yaml:1:\d+: under-test cannot be evaluated"
    ) as stopped:
        measure_rule(connection, rule.bound(AS_OF), SHORT)
    assert "takes longer than 0.1 s" in str(stopped.value)


def test_a_shared_scan_over_its_limit_is_refused_rather_than_answered_in_part(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("insert into incident (key) select each from range(200000) as numbers(each)")
    bounds = [rule_of(rule=f"rule-{number}").bound(AS_OF) for number in range(2)]
    with pytest.raises(InvalidInputError, match="rule-0 cannot be evaluated"):
        list(measure_rules(_Slow(connection), bounds, SHORT))  # type: ignore[arg-type]  # stands in for one


def test_records_whose_listing_takes_too_much_are_refused_with_the_rule_s_place(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("insert into incident (reopened_count, service_id) values (9223372036854775807, 's')")
    rule = rule_of(measure={"ratio": {"where": "reopened_count * reopened_count > 2"}})
    message = r"rules\.yaml:1:\d+: the records of under-test cannot be listed: a number or an instant grows"
    with pytest.raises(InvalidInputError, match=message):
        records_behind(connection, rule.bound(AS_OF), "s", None)


class _Slow:
    """A connection on which every statement is as slow as can be."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def extract_statements(self, statement: str) -> list[duckdb.Statement]:
        return self._connection.extract_statements(statement)

    def execute(self, _statement: str) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(ENDLESS)

    def interrupt(self) -> None:
        self._connection.interrupt()


def test_too_much_memory_is_an_error_in_plain_words(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set memory_limit = '20MB'")
    connection.execute("set temp_directory = ''")
    with pytest.raises(duckdb.OutOfMemoryException) as refused:
        rows(connection, "select list(repeat('x', 1000) || each) from range(1000000) as numbers(each)")
    assert reason_of(refused.value) == "it needs more memory or disk than it may have over this evidence"


def test_a_number_that_grows_too_large_is_refused_in_plain_words(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("insert into incident (reopened_count) values (9223372036854775807)")
    rule = rule_of(measure={"sum": "reopened_count * reopened_count"})
    with pytest.raises(InvalidInputError, match="a number or an instant grows larger than can be counted"):
        measure_rule(connection, rule.bound(AS_OF))


@pytest.mark.parametrize(
    "statement",
    [
        "select 1; select 2",
        "copy (select 2) to 'evidence.parquet' (use_tmp_file false)",
        "drop table incident",
        "create table other as select 1",
        "pragma database_list",
        "call pragma_version()",
        "set threads = 8",
        "explain select 1",
        "",
    ],
)
def test_nothing_but_one_select_is_run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    with pytest.raises(ValueError, match="must be one SELECT"):
        rows(connection, statement)
    assert rows(connection, "select count(*) from incident") == [(0,)]
