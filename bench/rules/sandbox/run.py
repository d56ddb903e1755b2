"""Tries every way out of a rule at every place where a person writes, and at the database behind it.

    python -m bench.rules.sandbox.run [--messages]

Prints a table: for each place, how many attempts were refused. Exit code 1 when one was taken that is not
known to be harmless. ``--messages`` prints what is said of each attempt as a condition.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

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
from tests.rules.rules_as_text import PLAIN_RULE

Attempt = tuple[str, str, dict[str, object]]
"""Where, the text, and the rule that holds it."""
NAMES_ANYTHING = {"rule", "linked name", "parameter"}


def main() -> int:
    """Try them all, say what became of them."""
    texts = [text for group in ATTEMPTS.values() for text in group]
    refused: dict[str, int] = {}
    taken: list[str] = []
    for where, text, rule in attempts(texts):
        refusal = refusal_of(rule)
        if refusal is not None:
            refused[where] = refused.get(where, 0) + 1
        elif not (where in NAMES_ANYTHING and text in HARMLESS) and text not in ALLOWED_IN_QUERIES:
            taken.append(f"{where}: {text[:100]}")
        if where == "where" and "--messages" in sys.argv:
            print(f"{text[:70]!r}\n    {refusal}")
    for where, number in refused.items():
        print(f"{where:70}{number:>6} refused")
    print(f"texts: {len(texts)}; queries: {len(QUERIES)}; tries: {sum(refused.values()):,} refused")
    print("\n".join(["taken:", *taken]) if taken else "none was taken")
    passed = list(at_the_second_wall())
    print(
        f"at the database: {len(STATEMENTS_AT_THE_SECOND_WALL) - len(passed)} refused, {len(passed)} ran",
        *passed,
    )
    return 1 if taken or passed else 0


def attempts(texts: list[str]) -> Iterator[Attempt]:
    """Every text at every place."""
    for text in texts:
        for where, door in RULE_DOORS.items():
            yield where, text, {**PLAIN_RULE, **door(text)}
        for where, door in TEST_DOORS.items():
            case = {"name": "case", "expect": {"answer": "unknown"}, **door(text)}
            yield f"tests: {where}", text, {**PLAIN_RULE, "tests": [case]}
        for query in PLACES_IN_A_QUERY:
            yield f"query: {query}", text, asking(query.format(text))
    for query in QUERIES:
        yield "query", query, asking(query)


def at_the_second_wall() -> Iterator[str]:
    """The statements that a locked-down connection runs although it should not."""
    with tempfile.TemporaryDirectory() as name, connect() as connection:
        folder = Path(name)
        (folder / "secret.txt").write_text("secret", encoding="utf-8")
        create_table(connection, record_types()["incident"])
        lock_down(connection, [f"{folder}/readable.parquet"])
        for statement in STATEMENTS_AT_THE_SECOND_WALL:
            try:
                connection.execute(
                    statement.format(secret=folder / "secret.txt", folder=folder, name=folder.name)
                ).fetchall()
            except duckdb.Error:
                continue
            yield statement


if __name__ == "__main__":
    sys.exit(main())
