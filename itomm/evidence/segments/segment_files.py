"""Segments: immutable Parquet files of records of one type, written once and never again."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from sqlglot import exp

from itomm.evidence.reading.masking import instant_literal
from itomm.evidence.record_types import RecordType
from itomm.evidence.segments.columns import column_types
from itomm.evidence.segments.duckdb_connection import connect, in_order

OF_THE_COLLECTION = frozenset({"evidence_id", "source", "collected_at", "collection"})
"""Columns that the collection shares, or that follow from others (only older segments hold evidence_id)."""

_ROWS_IN_A_BUCKET = 4_000_000
"""Identities that are compared at once; keeps memory flat when a segment set is counted."""

_ROWS_WRITTEN_AT_ONCE = 10_240
"""Rows of a row group, which is gathered in memory before it is written: some 20 MB of incidents."""

_ROWS_FOR_ONE_CORE = 1_000_000
"""Up to here they are counted on one core in 0.2 s; a database that uses all takes its own memory."""

_writing = threading.Lock()
"""One segment at a time: each takes its memory, and collections of several sources may end together."""


@dataclass(frozen=True)
class Origin:
    """What all records of a collection share."""

    record_type: RecordType
    source: str
    collection: str
    collected_at: datetime


@dataclass(frozen=True)
class SegmentWritten:
    """What the catalogue keeps about a segment: its path in the store, and the span of its records."""

    path: str
    rows: int
    first_at: str | None
    last_at: str | None
    sha256: str


def write_segment(lines: Path, target: Path, origin: Origin) -> None:
    """Turn a file of record lines into a segment, through a partial file beside it.

    The same lines give the same bytes.

    Raises:
        OSError: it could not be written.
    """
    write_rows(_rows_of(lines, origin), target)


def write_rows(rows: exp.Query, target: Path) -> None:
    """Write what a query gives as a segment, through a partial file beside it.

    The same rows in the same order give the same bytes.

    Raises:
        OSError: it could not be read or written; then nothing is left of it.
    """
    partial = target.with_suffix(".partial")
    copy = exp.Copy(
        this=rows.subquery(),
        kind=False,
        files=[exp.Literal.string(str(partial))],
        params=[
            exp.CopyParameter(this=exp.var("FORMAT"), expression=exp.var("parquet")),
            exp.CopyParameter(this=exp.var("COMPRESSION"), expression=exp.var("zstd")),
            exp.CopyParameter(
                this=exp.var("ROW_GROUP_SIZE"), expression=exp.Literal.number(_ROWS_WRITTEN_AT_ONCE)
            ),
        ],
    )
    try:
        with _writing, in_order() as connection:
            connection.execute(copy.sql(dialect="duckdb"))
    except duckdb.Error as error:
        partial.unlink(missing_ok=True)
        raise OSError(errno.EIO, str(error).splitlines()[0]) from None
    flush(partial)
    partial.replace(target)


def described(target: Path, path: str, record_type: RecordType) -> SegmentWritten:
    """What the catalogue keeps about a segment just written; raises OSError."""
    counted: list[exp.Expr] = [exp.Count(this=exp.Star())]
    if record_type.occurred is not None:
        column = exp.column(record_type.occurred, quoted=True)
        counted += [exp.Min(this=column), exp.Max(this=column.copy())]
    query = exp.select(*counted).from_(parquet_rows([target]))
    try:
        with in_order() as connection:
            found = connection.execute(query.sql(dialect="duckdb")).fetchone()
    except duckdb.Error as error:
        raise OSError(errno.EIO, str(error).splitlines()[0]) from None
    rows, first, last = (*(found or (0,)), None, None)[:3]
    return SegmentWritten(
        path,
        int(rows),
        f"{first.isoformat()}Z" if first else None,
        f"{last.isoformat()}Z" if last else None,
        file_digest(target),
    )


def distinct_records(paths: list[Path], rows: int) -> int:
    """How many different records a collection's segments hold, in memory that does not grow with ``rows``.

    Raises:
        OSError: one cannot be read.
    """
    buckets = 1 + rows // _ROWS_IN_A_BUCKET
    identity = exp.func("hash", exp.column("source_ref"))
    total = 0
    try:
        with in_order() if rows <= _ROWS_FOR_ONE_CORE else connect() as connection:
            for bucket in range(buckets):
                query = exp.select(exp.Count(this=exp.Distinct(expressions=[identity.copy()]))).from_(
                    parquet_rows(paths)
                )
                if buckets > 1:
                    query = query.where(
                        exp.Mod(this=identity.copy(), expression=exp.Literal.number(buckets)).eq(bucket)
                    )
                found = connection.execute(query.sql(dialect="duckdb")).fetchone()
                total += int(found[0]) if found else 0
    except duckdb.Error as error:
        raise OSError(errno.EIO, str(error).splitlines()[0]) from None
    return total


def marker_of(segment: Path) -> Path:
    """A file that stands beside a segment which is not made from a journal, until the catalogue lists it."""
    return segment.with_name(f"{segment.name}.partial")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parquet_rows(paths: list[Path]) -> exp.Func:
    """A table function that reads segments, for use in FROM."""
    return exp.func("read_parquet", exp.Array(expressions=[exp.Literal.string(str(path)) for path in paths]))


def _rows_of(lines: Path, origin: Origin) -> exp.Select:
    """The rows of a file of record lines with all columns of their type, in the declared order."""
    columns = column_types(origin.record_type)
    written = {name: kind for name, kind in columns.items() if name not in OF_THE_COLLECTION}
    declared = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.Literal.string(name), expression=exp.Literal.string(kind))
            for name, kind in written.items()
        ]
    )
    source = exp.Anonymous(
        this="read_json",
        expressions=[
            exp.Literal.string(str(lines)),
            exp.PropertyEQ(
                this=exp.to_identifier("format"), expression=exp.Literal.string("newline_delimited")
            ),
            exp.PropertyEQ(this=exp.to_identifier("columns"), expression=declared),
        ],
    )
    shared: dict[str, exp.Expr] = {
        "source": exp.Literal.string(origin.source),
        "collected_at": instant_literal(origin.collected_at),
        "collection": exp.Literal.string(origin.collection),
    }
    chosen = [
        exp.alias_(shared[name], name, quoted=True) if name in shared else exp.column(name, quoted=True)
        for name in columns
    ]
    return exp.select(*chosen).from_(source)


def flush(path: Path) -> None:
    """Wait until a file's content is on the disk; raises OSError."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
