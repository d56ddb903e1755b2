"""A small store with rows in every table, and ways to change it behind its back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from itomm.config.secrets import Secret
from itomm.evidence.decisions import Answer, Decision, Override, decide, propose, record_answer
from itomm.evidence.store import Store
from tests.evidence.stores import DAY, NOON, collect, finding, finished, scan

APPEND_ONLY_TABLES = (
    "ledger",
    "collections",
    "segments",
    "requests",
    "compactions",
    "removals",
    "signing_keys",
    "fingerprints",
    "overrides",
    "override_decisions",
    "answers",
    "assessments",
    "tickets",
)
VERIFIED_TABLES = (
    "ledger",
    "collections",
    "segments",
    "requests",
    "overrides",
    "override_decisions",
    "answers",
)
REASON = "Seen with my own eyes, on site."


def whole_store(folder: Path, database: Secret | None = None) -> Store:
    """Two collections, an answer, and one override each that is proposed, approved, rejected, withdrawn."""
    store = Store.open(folder, create=True, database=database)
    collect(store, "security_scan", {each: scan(each) for each in "abc"}, page_size=2)
    collect(store, "vulnerability", {"1": finding(NOON - DAY)}, outcome=finished(1))
    record_answer(store, an_answer())
    for wanted in ((), ("approved",), ("rejected",), ("approved", "withdrawn")):
        override = propose(store, an_override())
        for number, decision in enumerate(wanted):
            decide(store, override.id, Decision(decision, "grace", REASON, NOON + timedelta(hours=number)))
    return store


def an_answer(author: str = "ada") -> Answer:
    """An answer that fits."""
    return Answer("", "acme", "A-P-2.1", "yes", author, "", ("https://x.example",), NOON, NOON + 90 * DAY)


def an_override(proposer: str = "ada") -> Override:
    """A proposal that fits."""
    return Override(
        id="",
        scope="shop",
        criterion="A-P-2.1",
        verdict="yes",
        kind="evidence_wrong",
        reason=REASON,
        proposer=proposer,
        proposed_at=NOON,
        effective_from=NOON,
        expires_at=NOON + 30 * DAY,
        saw_verdict="no",
        saw_measured=None,
        decisions=(),
    )


def directly(folder: Path, *statements: str) -> None:
    """Run SQL as somebody with a plain SQLite shell would."""
    with closing(sqlite3.connect(folder / "itomm.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def without_triggers(folder: Path, *statements: str) -> None:
    """Run SQL past everything that guards the tables, and put the guards back."""
    with closing(sqlite3.connect(folder / "itomm.db")) as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(query).fetchall()
    drops = [f"DROP TRIGGER {name}" for name, _ in triggers]
    directly(folder, *drops, *statements, *[sql for _, sql in triggers])


def asked(folder: Path, query: str) -> Sequence[tuple[object, ...]]:
    """What a query finds in the database."""
    with closing(sqlite3.connect(folder / "itomm.db")) as connection:
        return connection.execute(query).fetchall()


def columns_of(folder: Path, table: str) -> dict[str, str]:
    """Names and types of a table's columns."""
    return {str(row[1]): str(row[2]) for row in asked(folder, f"PRAGMA table_info({table})")}
