"""What becomes of one file: valid documents, or a clear error; anything else is a fault."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from itomm.config.errors import InvalidInputError
from itomm.config.structure import checked
from itomm.config.yaml_source import Document, read_documents
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.duckdb_connection import connect
from itomm.rules.extending import with_inherited
from itomm.rules.measuring import measure_rule
from itomm.rules.model_document import ModelDocument, PracticeDocument
from itomm.rules.records import records_behind
from itomm.rules.rule_reader import read_rule
from itomm.rules.rule_tests import run_rule_tests

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
LONGEST_ERROR = 60_000


@dataclass(frozen=True)
class Outcome:
    """``what`` is valid, refused, empty or a fault's word; ``fault`` says what is wrong with it.

    ``ran`` is the processor time that the database took to run what was taken.
    """

    what: str
    fault: str = ""
    ran: float = 0.0


def outcome_of(connection: duckdb.DuckDBPyConnection, file: Path) -> Outcome:
    """Read a file, compile its rules, run their tests."""
    ran = 0.0
    try:
        documents = read_documents(file)
        for document in documents:
            ran += _taken(connection, document)
    except InvalidInputError as error:
        return Outcome("refused", _unclear(error, file), ran)
    return Outcome("valid" if documents else "empty", ran=ran)


def _taken(connection: duckdb.DuckDBPyConnection, document: Document) -> float:
    """Read a document, run what it says; the processor time that running took."""
    value = document.value
    if isinstance(value, dict) and "model" in value:
        checked(ModelDocument, document)
    elif isinstance(value, dict) and "practice" in value:
        checked(PracticeDocument, document)
    else:
        rule = read_rule(with_inherited(document, {}))
        _ = (rule.digest, rule.needed_types, rule.looks_back)
        bound = rule.bound(AS_OF)
        begun = time.process_time()
        measure_rule(connection, bound)
        records_behind(connection, bound, "s1", 10)
        if rule.written.tests:
            list(run_rule_tests([rule]))
        return time.process_time() - begun
    return 0.0


def empty_evidence() -> duckdb.DuckDBPyConnection:
    """A locked-down connection with an empty table for every record type; the caller closes it."""
    connection = connect()
    connection.execute("SET threads = 1")
    for record_type in record_types().values():
        create_table(connection, record_type)
    lock_down(connection)
    return connection


def _unclear(error: InvalidInputError, file: Path) -> str:
    """What is not clear about an error; "" when it is clear."""
    told = str(error)
    of_a_library = ("Traceback", "sqlglot", "pydantic", "<class", "object at 0x", "Error: ")
    faults = {
        "taken, but the database refuses it": "cannot be evaluated" in told and "grows larger" not in told,
        "no problem is named": not error.problems,
        "another place": any(problem.place.file != str(file) for problem in error.problems),
        "an empty message": any(not problem.message.strip() for problem in error.problems),
        "not printable": not all(line.isprintable() for line in told.split("\n")),
        "the words of a library": any(word in told for word in of_a_library),
        f"{len(told):,} characters": len(told) > LONGEST_ERROR,
    }
    return next((f"{fault}: {told[:600]!r}" for fault, found in faults.items() if found), "")
