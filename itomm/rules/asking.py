"""Who runs the statements of a plan: one connection here, or workers that each take a part of the services.

A plan is statements, and rows that come back: rows by service of disjoint parts of the services are the same
rows as those of all services at once. So nothing else changes when there are workers, and nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import duckdb
from sqlglot import exp

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType, record_types
from itomm.rules.compiler import service_id
from itomm.rules.limits import DEFAULT_LIMITS, StatementLimits, rows

Rows = Sequence[tuple[Any, ...]]
Later = Callable[[], Rows]
"""Gives the rows of a statement when they are needed; raises ``duckdb.Error`` when there are none."""


class Asking(Protocol):
    """Takes statements, and gives their rows later."""

    def by_service(self, query: exp.Select) -> Later:
        """A statement that is grouped by the service of its records, and so may be run in parts."""

    def as_a_whole(self, query: exp.Select) -> Later:
        """A statement that needs all records at once."""


@dataclass(frozen=True)
class OneConnection:
    """Runs statements one after the other, each when its rows are needed."""

    connection: duckdb.DuckDBPyConnection
    limits: StatementLimits = DEFAULT_LIMITS

    def by_service(self, query: exp.Select) -> Later:
        """As :class:`Asking`."""
        return self.as_a_whole(query)

    def as_a_whole(self, query: exp.Select) -> Later:
        """As :class:`Asking`."""
        return lambda: rows(self.connection, _text(query), self.limits)


@dataclass(frozen=True)
class EvidenceToRead:
    """What a worker opens: record types by name, as of an instant, with the columns that are read."""

    snapshot: Snapshot
    types: tuple[str, ...]
    as_of: datetime
    columns: tuple[tuple[str, tuple[str, ...]], ...]


def evidence_to_read(
    snapshot: Snapshot, types: Iterable[RecordType], as_of: datetime, columns: Mapping[str, Iterable[str]]
) -> EvidenceToRead:
    """The same evidence as a value that can be sent to workers."""
    named = tuple(sorted(each.name for each in types))
    return EvidenceToRead(
        snapshot, named, as_of, tuple((name, tuple(sorted(columns[name]))) for name in sorted(columns))
    )


@dataclass(frozen=True)
class Workers:
    """Hands statements to workers that see the same segments; those by service in ``parts`` parts."""

    executor: Executor
    evidence: EvidenceToRead
    parts: int
    limits: StatementLimits = DEFAULT_LIMITS

    def by_service(self, query: exp.Select) -> Later:
        """As :class:`Asking`; which service is in which part changes no result."""
        return self._sent([_text(_part(query, number, self.parts)) for number in range(self.parts)])

    def as_a_whole(self, query: exp.Select) -> Later:
        """As :class:`Asking`."""
        return self._sent([_text(query)])

    def _sent(self, statements: Sequence[str]) -> Later:
        sent = [self.executor.submit(answered, self.evidence, each, self.limits) for each in statements]
        return lambda: [row for each in sent for row in each.result().rows]


@dataclass(frozen=True)
class Found:
    """Rows in one piece: a list that is sent bare is taken apart row by row by some executors."""

    rows: Rows


def answered(evidence: EvidenceToRead, statement: str, limits: StatementLimits) -> Found:
    """Run one statement over evidence that this process opens once."""
    with _opened(evidence).cursor() as cursor:
        return Found(rows(cursor, statement, limits))


@lru_cache(maxsize=1)
def _opened(evidence: EvidenceToRead) -> duckdb.DuckDBPyConnection:
    types = [record_types()[name] for name in evidence.types]
    columns = {name: frozenset(each) for name, each in evidence.columns}
    return open_evidence(evidence.snapshot, types, evidence.as_of, columns=columns)


def _part(query: exp.Select, number: int, parts: int) -> exp.Select:
    bucket = exp.Mod(
        this=exp.Anonymous(this="hash", expressions=[service_id()]), expression=exp.convert(parts)
    )
    return query.where(bucket.eq(number)) if parts > 1 else query


def _text(query: exp.Select) -> str:
    return query.sql(dialect="duckdb")
