"""The records of one type as they are now: of each record the newest version, and nothing that is gone.

State is what the newest whole observation says. Events are gathered over all collections: a newer version
replaces an older one, and a complete reading replaces everything older that occurred since its window began.
A base, if there is one, is a compaction: it says the same as all collections up to one of them.

Read as of an instant, tickets are there that only a later reading found gone. One that is there by another
name since, as it was moved, does not count twice; and a reading that asked otherwise, such as by other
settings, replaces what was read before as of every instant.
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
    """What there is to read of one source for one type, oldest first, behind the base.

    ``through`` is the last collection that the base says the same as.
    """

    collections: Sequence[Collection]
    base: Compaction | None = None
    through: Collection | None = None

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

    def query(self, readings: Readings, as_of: datetime | None = None) -> exp.Query | None:
        """The current records, those of an instant when one is given; None when there are none."""
        self._find_columns([self._folder / file for file in readings.files])
        if self._type.is_state:
            return self._newest_observation(readings.collections)
        ends = replaced_from([readings.through, *readings.collections])
        now = self._events(readings, ends)
        if as_of is None or not is_missed_later(self._type):
            return now
        then = replaced_from([readings.through, *readings.collections], as_of)
        return now if then == ends else self._with_those_gone_later(now, self._events(readings, then))

    def _with_those_gone_later(self, now: exp.Query | None, then: exp.Query | None) -> exp.Query | None:
        """What is there now, and what was there then and is not there now by any name."""
        if now is None or then is None:
            return then
        gone = exp.select(exp.Star()).from_(then.subquery("then"))
        for same in ("source_ref", str(self._type.occurred)):
            names = exp.select(exp.column(same, quoted=True)).from_(now.copy().subquery("now"))
            gone = gone.join(names.subquery(f"by_{same}"), join_type="anti", using=same, dialect="duckdb")
        return exp.union(now, gone, distinct=False)

    def _newest_observation(self, collections: Sequence[Collection]) -> exp.Query | None:
        """One that was only denied named parts is whole for all others."""
        whole = [each for each in collections if each.complete or each.denied_in_part]
        if not whole or not whole[-1].segments:
            return None
        return self._without_repeats([whole[-1]], [None])

    def _events(self, readings: Readings, replaced: Sequence[datetime | None]) -> exp.Query | None:
        """Events, without those that later readings replace: of the base, then of each collection."""
        collections = [*readings.collections]
        ends = replaced[1:]
        if readings.base is None:
            unique = collections[:1] if collections and _is_unique(collections[0]) else []
            oldest = self._rows(_files(unique[0])) if unique and unique[0].segments else None
            newer, newer_ends = (collections[1:], ends[1:]) if unique else (collections, ends)
            end = ends[0] if unique else None
        else:
            oldest, newer, newer_ends = self._rows([readings.base.path]), collections, ends
            end = replaced[0]
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


def is_missed_later(record_type: RecordType) -> bool:
    """Whether a record that a later reading does not bring was there before: its names last.

    So it is with tickets. An episode of an alert may begin at another instant in the next reading.
    """
    return "transitions" in record_type.fields


def replaced_from(
    collections: Sequence[Collection | None], as_of: datetime | None = None
) -> list[datetime | None]:
    """For each collection, since when later complete readings replace its events.

    With ``as_of``, only those that were read by then, and those that asked for something else.
    """
    ends: list[datetime | None] = []
    since: datetime | None = None
    read_later: dict[str | None, datetime] = {}
    for each in reversed(collections):
        if each is None:
            ends.append(since)
            continue
        asked_otherwise = [start for asked, start in read_later.items() if asked != each.asked_digest]
        ends.append(min([*asked_otherwise, *([since] if since else [])], default=None))
        if not each.complete or each.window_start is None:
            continue
        if as_of is None or each.finished_at <= as_of:
            since = min(since or each.window_start, each.window_start)
        else:
            known = read_later.get(each.asked_digest, each.window_start)
            read_later[each.asked_digest] = min(known, each.window_start)
    return ends[::-1]
