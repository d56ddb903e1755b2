"""The records of one type as they are now: of each record the newest version, and nothing that is gone.

State is what the newest whole observation says. Events are gathered over all collections: a newer version
replaces an older one, and a complete reading replaces everything older that occurred since its window began.
A base, if there is one, is a compaction: it says the same as all collections up to one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlglot import exp

from itomm.evidence.collection import Collection
from itomm.evidence.reading.masking import instant_literal
from itomm.evidence.record_types import RecordType
from itomm.evidence.segments.columns import column_types
from itomm.evidence.segments.segment_files import parquet_rows

Ask = Callable[[str], Iterable[tuple[Any, ...]]]
"""Runs a query on DuckDB; its rows."""


@dataclass(frozen=True)
class Compaction:
    """A segment that says the same as all collections of one source and type up to ``through``.

    ``path`` is relative to the store's folder.
    """

    source: str
    record_type: str
    through: str
    path: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Readings:
    """What there is to read of one source for one type, oldest first, behind the base."""

    collections: Sequence[Collection]
    base: Compaction | None = None

    @property
    def rows(self) -> int:
        """Rows in all segments, older versions included."""
        held = self.base.rows if self.base else 0
        return held + sum(segment.rows for each in self.collections for segment in each.segments)

    @property
    def files(self) -> list[str]:
        """Paths of all segments, relative to the store's folder."""
        base = [self.base.path] if self.base else []
        return base + [segment.path for each in self.collections for segment in each.segments]


class CurrentState:
    """Makes the query for the current records of one type in one store."""

    def __init__(self, folder: Path, record_type: RecordType, ask: Ask) -> None:
        self._folder = folder
        self._type = record_type
        self._ask = ask
        self._written: dict[Path, frozenset[str]] = {}

    def query(self, readings: Readings) -> exp.Query | None:
        """The current records; None when there are none."""
        self._find_columns([self._folder / file for file in readings.files])
        if self._type.is_state:
            return self._newest_observation(readings.collections)
        return self._events(readings)

    def _newest_observation(self, collections: Sequence[Collection]) -> exp.Query | None:
        """One that was only denied named parts is whole for all others."""
        whole = [each for each in collections if each.complete or each.denied_in_part]
        if not whole or not whole[-1].segments:
            return None
        return self._without_repeats([whole[-1]], [None])

    def _events(self, readings: Readings) -> exp.Query | None:
        collections = [*readings.collections]
        ends = _replaced_from(collections)
        if readings.base is None:
            unique = collections[:1] if collections and _is_unique(collections[0]) else []
            oldest = self._rows(_files(unique[0])) if unique and unique[0].segments else None
            newer, newer_ends = (collections[1:], ends[1:]) if unique else (collections, ends)
            end = ends[0] if unique else None
        else:
            oldest, newer, newer_ends = self._rows([readings.base.path]), collections, ends
            end = _replaced_from([None, *collections])[0]
        kept = [(each, until) for each, until in zip(newer, newer_ends, strict=True) if each.segments]
        if oldest is not None and end is not None:
            oldest = oldest.where(self._occurred < instant_literal(end), copy=False)
        if not kept:
            return oldest
        seen_later = self._without_repeats([each for each, _ in kept], [until for _, until in kept])
        if oldest is None:
            return seen_later
        again = self._rows([path for each, _ in kept for path in _files(each)], ["source_ref"])
        unseen = (
            exp.select(exp.Star())
            .from_(oldest.subquery("oldest"))
            .join(again.subquery("again"), join_type="anti", using="source_ref", dialect="duckdb")
        )
        return exp.union(unseen, seen_later, distinct=False)

    @property
    def _occurred(self) -> exp.Column:
        return exp.column(str(self._type.occurred), quoted=True)

    def _without_repeats(
        self, collections: Sequence[Collection], ends: Sequence[datetime | None]
    ) -> exp.Query:
        """Each record as it was read last, unless a later complete reading says that it is gone."""
        files = [path for each in collections for path in _files(each)]
        rows = self._rows(files)
        if len(collections) > 1 or not _is_unique(collections[0]):
            last_read = [
                exp.Ordered(this=exp.column(name, quoted=True), desc=True)
                for name in ("collection", "page", "position")
            ]
            newest = exp.Window(
                this=exp.RowNumber(),
                partition_by=[exp.column("source_ref", quoted=True)],
                order=exp.Order(expressions=last_read),
            )
            rows = rows.qualify(newest.eq(1))
        gone = [
            exp.and_(
                exp.column("collection", quoted=True).eq(each.id), self._occurred >= instant_literal(end)
            )
            for each, end in zip(collections, ends, strict=True)
            if end is not None
        ]
        if not gone:
            return rows
        return exp.select(exp.Star()).from_(rows.subquery("newest")).where(exp.or_(*gone).not_())

    def _rows(self, files: Sequence[str], names: Sequence[str] | None = None) -> exp.Select:
        """Rows of segments with today's columns; what a segment was written without is null."""
        by_columns: dict[frozenset[str], list[Path]] = {}
        for file in files:
            path = self._folder / file
            by_columns.setdefault(self._written[path], []).append(path)
        parts = [
            exp.select(*self._columns(written, names)).from_(parquet_rows(paths))
            for written, paths in by_columns.items()
        ]
        if len(parts) == 1:
            return parts[0]
        return exp.select(exp.Star()).from_(exp.union(*parts, distinct=False).subquery("segments"))

    def _find_columns(self, paths: Sequence[Path]) -> None:
        """Find out with which columns segments were written."""
        if paths:
            schema = exp.func("parquet_schema", exp.Array(expressions=[_literal(path) for path in paths]))
            query = exp.select("file_name", "list(name)").from_(schema).group_by("file_name")
            for file, names in self._ask(query.sql(dialect="duckdb")):
                self._written[Path(file)] = frozenset(names)

    def _columns(self, written: frozenset[str], names: Sequence[str] | None) -> list[exp.Expr]:
        return [
            exp.column(name, quoted=True)
            if name in written
            else exp.alias_(exp.cast(exp.Null(), kind), name, quoted=True)
            for name, kind in column_types(self._type).items()
            if names is None or name in names
        ]


def _literal(path: Path) -> exp.Literal:
    return exp.Literal.string(str(path))


def _files(collection: Collection) -> list[str]:
    return [segment.path for segment in collection.segments]


def _is_unique(collection: Collection) -> bool:
    return all(segment.distinct_records == segment.rows for segment in collection.segments)


def _replaced_from(collections: Sequence[Collection | None]) -> list[datetime | None]:
    """For each collection, since when later complete readings replace its events."""
    ends: list[datetime | None] = []
    since: datetime | None = None
    for collection in reversed(collections):
        ends.append(since)
        if collection is not None and collection.complete and collection.window_start is not None:
            since = min(since or collection.window_start, collection.window_start)
    return ends[::-1]
