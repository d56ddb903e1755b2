"""Nothing that a person writes in a rule reaches out of it: refused by the language, and again behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from tests.rules.doors import (
    ALLOWED_IN_QUERIES,
    HARMLESS,
    PLACES_IN_A_QUERY,
    RULE_DOORS,
    TEST_DOORS,
    asking,
    refusal_of,
)
from tests.rules.escape_attempts import ATTEMPTS, QUERIES, STATEMENTS_AT_THE_SECOND_WALL
from tests.rules.rules_as_text import PLAIN_RULE, answer_to, rule_of

UNREAD = (";", "--", "/*", "\x00", "\x1b")
"""Marks that no expression may hold, even inside quotes, and those that no YAML holds."""
AT_ONCE_SECONDS = 5.0
"""Of processor time; thousandths usually, but a busy machine or a collection of garbage may come between."""


def attempts(every: int = 1, beginning: int = 0) -> Sequence[str]:
    """All attempts, or one of each so many, so that many doors can be tried in seconds."""
    return [text for texts in ATTEMPTS.values() for text in texts][beginning % every :: every]


def assert_refused(name: str, text: str, value: Mapping[str, object]) -> None:
    started = time.process_time()
    refusal = refusal_of(value)
    assert time.process_time() - started < AT_ONCE_SECONDS
    if refusal is None:
        assert name in {"rule", "linked name"}, f"{name}: {text!r} was taken"
        assert text in HARMLESS, f"{name}: {text!r} was taken"
        return
    assert refusal.startswith("rules.yaml:1:"), refusal
    assert all(line.isprintable() for line in refusal.splitlines())
    assert "sqlglot" not in refusal
    assert len(refusal) < 2_500


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_there_are_more_than_two_hundred_attempts() -> None:
    assert len(set(attempts())) > 200


def test_every_attempt_is_refused_as_a_condition(capfd: pytest.CaptureFixture[str]) -> None:
    for text in attempts():
        assert_refused("where", text, {**PLAIN_RULE, "where": text})
    assert capfd.readouterr() == ("", ""), "the parser keeps its own words to itself"


@pytest.mark.parametrize("name", RULE_DOORS)
def test_attempts_are_refused_at_every_door_of_a_rule(name: str) -> None:
    for text in attempts(every=13, beginning=list(RULE_DOORS).index(name)):
        assert_refused(name, text, {**PLAIN_RULE, **RULE_DOORS[name](text)})


def test_queries_that_ask_for_more_than_records_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    for query in QUERIES:
        assert_refused("query", query, asking(query))
    assert capfd.readouterr() == ("", ""), "the parser keeps its own words to itself"


@pytest.mark.parametrize("place", range(len(PLACES_IN_A_QUERY)))
def test_attempts_are_refused_at_every_place_of_a_query(place: int) -> None:
    for text in attempts(every=11, beginning=place):
        if text not in ALLOWED_IN_QUERIES:
            query = PLACES_IN_A_QUERY[place].format(text)
            assert_refused("query", query, asking(query))


@pytest.mark.parametrize("name", TEST_DOORS)
def test_attempts_are_refused_at_every_door_of_a_test_case(name: str) -> None:
    for text in attempts(every=23, beginning=list(TEST_DOORS).index(name)):
        case = {"name": "case", "expect": {"answer": "unknown"}, **TEST_DOORS[name](text)}
        assert_refused(name, text, {**PLAIN_RULE, "tests": [case]})


def test_a_text_in_single_quotes_is_only_a_text() -> None:
    texts = ["a'' or true or title = '", "a\\", "\\' or true --", *attempts(every=7)]
    short = [text for text in texts if len(text) < 400 and not any(mark in text for mark in UNREAD)]
    records = [*({"title": text} for text in short), {"title": "another"}, {}]
    for text in short:
        answer = answer_to(rule_of(where=f"title = {quoted(text)}"), records)
        assert (answer.counted, answer.seen) == (1, len(records)), text


def test_names_of_services_and_sources_are_only_texts() -> None:
    texts = [text for text in attempts(every=5) if "\x00" not in text and "\x1b" not in text]
    records = [{"service": text, "source": text, "source_ref": text} for text in texts]
    rule = rule_of(per="service", where="service_id is not null and source = source")
    for text in texts[::4]:
        answer = answer_to(rule, records, service=text)
        assert (answer.verdict, answer.counted) == ("yes", 1), text


@pytest.mark.parametrize(
    "given",
    [
        [{"repeat": 10_001}],
        [{"repeat": 6_000}, {"repeat": 6_000}],
        [{"repeat": 10**18}],
        [{"repeat": -1}],
        [{"repeat": True}],
    ],
)
def test_a_test_case_cannot_give_more_records_than_a_person_writes(given: list[object]) -> None:
    case = {"name": "case", "expect": {"answer": "unknown"}, "given": {"incident": given}}
    refusal = refusal_of({**PLAIN_RULE, "tests": [case]})
    assert refusal is not None
    assert "given" in refusal or "repeat" in refusal or "more than" in refusal


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    with connect() as opened:
        create_table(opened, record_types()["incident"])
        opened.execute(f"copy incident to '{tmp_path}/readable.parquet'")
        lock_down(opened, [f"{tmp_path}/readable.parquet"])
        yield opened


@pytest.mark.parametrize("statement", STATEMENTS_AT_THE_SECOND_WALL)
def test_the_database_refuses_what_would_reach_out(
    statement: str, locked: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    a_python_variable = {"a": [1]}
    secret = tmp_path / "secret.txt"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(duckdb.Error):
        locked.execute(
            statement.format(secret=secret, folder=tmp_path, name=tmp_path.name, a=a_python_variable)
        ).fetchall()
    assert sorted(tmp_path.iterdir()) == before


def test_the_second_wall_still_lets_a_view_read_its_segments(
    locked: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert locked.execute("select count(*) from read_parquet(?)", [f"{tmp_path}/readable.parquet"]).fetchall()


def test_a_refusal_names_the_text_that_offends() -> None:
    for text, named in (
        ("read_text('/etc/passwd') = 'x'", "read_text"),
        ("severity in (select 1)", "select 1"),
        ("cast(severity as text) = '1'", "cast(severity as text)"),
        ("attach 'x.db' as x", "x.db"),
        ("sum(severity) > 1", "sum(severity)"),
    ):
        refusal = refusal_of({**PLAIN_RULE, "where": f"major and {text}"}) or ""
        assert named in refusal.lower().replace('"', ""), refusal
