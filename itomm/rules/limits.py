"""What one statement may take: a time after which it is stopped, and plain words for what stopped it.

Memory and disk are bounded by the connection (``memory_limit``, a folder to spill to). Time is bounded here:
a rule's expressions are bounded before (length, nesting, no function that makes much of little), so that a
statement that is stopped notices it at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

MOST_SECONDS = 600.0
"""Ten times what 150 rules take over 20 million rows in all (bench/rules/scale): no rule comes near it by
itself. It is here so that a link without an equality between two huge types ends."""


@dataclass(frozen=True)
class StatementLimits:
    """What a statement may take; ``seconds`` of wall time."""

    seconds: float = MOST_SECONDS


DEFAULT_LIMITS = StatementLimits()


def rows(
    connection: duckdb.DuckDBPyConnection, statement: str, limits: StatementLimits = DEFAULT_LIMITS
) -> Sequence[tuple[Any, ...]]:
    """All rows of one SELECT.

    The database's settings alone would let COPY overwrite the very segments that a view reads; so whatever
    else has become of a rule's tree on its way to text, nothing but one SELECT is run.

    Raises:
        duckdb.InterruptException: it took longer than the limit.
        duckdb.Error: anything else the database refuses; see :func:`reason_of`.
        ValueError: it is not one SELECT.
    """
    return named_rows(connection, statement, limits)[1]


def named_rows(
    connection: duckdb.DuckDBPyConnection, statement: str, limits: StatementLimits = DEFAULT_LIMITS
) -> tuple[Sequence[str], Sequence[tuple[Any, ...]]]:
    """The names of the columns, and what :func:`rows` gives; raises the same."""
    parts = connection.extract_statements(statement)
    if [part.type for part in parts] != [duckdb.StatementType.SELECT]:
        raise ValueError("a rule's query must be one SELECT")
    with stopped_after(connection, limits):
        found = connection.execute(parts[0])
        return [column[0] for column in found.description or ()], found.fetchall()


@contextmanager
def stopped_after(connection: duckdb.DuckDBPyConnection, limits: StatementLimits) -> Iterator[None]:
    """Stop what runs on the connection when the time is over; what runs after the block is never stopped."""
    at_work = threading.Lock()
    finished = False

    def stop() -> None:
        with at_work:
            if not finished:
                connection.interrupt()

    watchdog = threading.Timer(limits.seconds, stop)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        with at_work:
            finished = True


def reason_of(error: duckdb.Error, limits: StatementLimits = DEFAULT_LIMITS) -> str:
    """Why the database gave no result, in a sentence without its own words for kinds of errors."""
    match error:
        case duckdb.InterruptException():
            return f"it takes longer than {limits.seconds:g} s over this evidence"
        case duckdb.OutOfMemoryException():
            return "it needs more memory or disk than it may have over this evidence"
        case duckdb.OutOfRangeException() | duckdb.ConversionException():
            return "a number or an instant grows larger than can be counted exactly"
        case _:
            return str(error).splitlines()[0].partition(": ")[2] or "the database gave no result"
