"""Segments: immutable Parquet files of records of one type, written once and never again."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
from sqlglot import exp

from itomm.evidence.columns import column_types
from itomm.evidence.record_types import RecordType

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class SegmentWritten:
    """What the catalogue keeps about a segment."""

    rows: int
    first_at: str | None
    last_at: str | None
    sha256: str


class SegmentWriter:
    """Gathers rows of one collection in a partial file, which stays until :meth:`settle`.

    A segment beside such a file is not in the catalogue yet, or the run was killed before it could be.
    """

    def __init__(self, record_type: RecordType, target: Path) -> None:
        self._type = record_type
        self._target = target
        self._rows_file = rows_file_of(target)
        self._partial = target.with_suffix(".partial")
        self._file: IO[str] | None = None
        self.rows = 0

    def add(self, row: Mapping[str, object]) -> None:
        """Add one row of column values."""
        if self._file is None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._rows_file.open("w", encoding="utf-8")
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows += 1

    def close(self) -> SegmentWritten | None:
        """Write the segment; None when there are no rows.

        Raises:
            OSError: it could not be written.
        """
        if self._file is None:
            return None
        self._file.close()
        columns = column_types(self._type)
        rows = _rows_of(self._rows_file, columns)
        try:
            first_at, last_at = _write_parquet(rows, self._type.occurred, self._partial)
        except duckdb.Error as error:
            raise OSError(errno.EIO, str(error).splitlines()[0]) from None
        _flush(self._partial)
        sha256 = file_digest(self._partial)
        self._partial.replace(self._target)
        return SegmentWritten(self.rows, first_at, last_at, sha256)

    def settle(self) -> None:
        """Take away the partial file; only after the catalogue lists the segment."""
        with suppress(OSError):  # the next run sweeps it away
            self._rows_file.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written need not be written now
                self._file.close()
        for path in (self._rows_file, self._partial, self._target):
            path.unlink(missing_ok=True)


def rows_file_of(segment: Path) -> Path:
    """The partial file from which a segment is written."""
    return segment.with_suffix(".rows.partial")


def sweep(folder: Path, listed: Collection[Path]) -> None:
    """Take away what a killed run left in the evidence folder; segments that are ``listed`` stay."""
    for segment in folder.glob("*/*.parquet"):
        if segment not in listed and rows_file_of(segment).exists():
            segment.unlink()
    for leftover in folder.glob("*/*.partial"):
        leftover.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def parquet_rows(paths: list[Path]) -> exp.Func:
    """A table function that reads segments, for use in FROM."""
    return exp.func("read_parquet", exp.Array(expressions=[exp.Literal.string(str(path)) for path in paths]))


def _rows_of(path: Path, columns: Mapping[str, str]) -> exp.Select:
    declared = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.Literal.string(name), expression=exp.Literal.string(kind))
            for name, kind in columns.items()
        ]
    )
    source = exp.Anonymous(
        this="read_json",
        expressions=[
            exp.Literal.string(str(path)),
            exp.PropertyEQ(
                this=exp.to_identifier("format"), expression=exp.Literal.string("newline_delimited")
            ),
            exp.PropertyEQ(this=exp.to_identifier("columns"), expression=declared),
        ],
    )
    return exp.select("*").from_(source)


def _write_parquet(rows: exp.Select, occurred: str | None, target: Path) -> tuple[str | None, str | None]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # the same rows give the same bytes
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TABLE rows AS {rows.sql(dialect='duckdb')}")
        connection.table("rows").write_parquet(str(target), compression="zstd")
        if occurred is None:
            return None, None
        column = exp.column(occurred, quoted=True)
        span = exp.select(exp.Min(this=column), exp.Max(this=column.copy())).from_("rows")
        found = connection.execute(span.sql(dialect="duckdb")).fetchone()
    first, last = found or (None, None)
    return (f"{first.isoformat()}Z" if first else None, f"{last.isoformat()}Z" if last else None)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
