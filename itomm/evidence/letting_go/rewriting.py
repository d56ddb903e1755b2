"""Finding texts in segments, and writing segments again with other words or without some rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
from sqlglot import exp

from itomm.evidence.segments.duckdb_connection import connect
from itomm.evidence.segments.segment_files import parquet_rows, write_rows

_ROW = "file_row_number"


def rows_with(path: Path, texts: Sequence[str]) -> list[int]:
    """The rows, from 0, of a segment in which any text or list holds one of ``texts``.

    Raises:
        OSError: the segment cannot be read.
    """
    rows = parquet_rows([path])
    rows.append("expressions", exp.EQ(this=exp.to_identifier(_ROW), expression=exp.true()))
    with connect() as connection:
        try:
            holding = [
                exp.func("contains", exp.cast(exp.column(name, quoted=True), "varchar"), _literal(text))
                for name in _text_columns(connection, path)
                for text in texts
            ]
            query = exp.select(_ROW).from_(rows).where(exp.or_(*holding)).order_by(_ROW)
            found = connection.execute(query.sql(dialect="duckdb")).fetchall()
        except duckdb.Error as error:
            raise _unreadable(path, error) from None
    return [int(row) for (row,) in found]


def write_without(path: Path, target: Path, texts: Sequence[str], instead: str) -> None:
    """Write the segment at ``path`` to ``target`` with ``instead`` wherever one of ``texts`` stands.

    Rows, their order, columns and types stay.

    Raises:
        OSError: the segment cannot be read or ``target`` not written.
    """
    with connect() as connection:
        try:
            changed = [
                exp.alias_(_replaced(name, kind, texts, instead), name, quoted=True)
                for name, kind in _text_columns(connection, path).items()
            ]
        except duckdb.Error as error:
            raise _unreadable(path, error) from None
    _write(path, exp.select(exp.Star(replace=changed)).from_(parquet_rows([path])), target)


def write_without_collections(path: Path, target: Path, collections: Sequence[str]) -> None:
    """Write the compaction at ``path`` to ``target`` without the rows of some collections.

    Raises:
        OSError: the compaction cannot be read or ``target`` not written.
    """
    gone = exp.column("collection", quoted=True).isin(*map(_literal, collections))
    _write(path, exp.select(exp.Star()).from_(parquet_rows([path])).where(gone.not_()), target)


def _write(path: Path, rows: exp.Select, target: Path) -> None:
    try:
        write_rows(rows, target)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None


def _text_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    rows = connection.sql(exp.select("*").from_(parquet_rows([path])).sql(dialect="duckdb"))
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    return {name: kind for name, kind in kinds.items() if kind in {"VARCHAR", "VARCHAR[]"}}


def _replaced(name: str, kind: str, texts: Sequence[str], instead: str) -> exp.Expr:
    column = exp.column(name, quoted=True)
    if kind == "VARCHAR":
        return _each_replaced(column, texts, instead)
    part = exp.to_identifier("part")
    each = exp.Lambda(this=_each_replaced(exp.column("part"), texts, instead), expressions=[part])
    return exp.func("list_transform", column, each, dialect="duckdb")


def _each_replaced(text: exp.Expr, texts: Sequence[str], instead: str) -> exp.Expr:
    for each in texts:
        text = exp.func("replace", text, _literal(each), _literal(instead))
    return text


def _literal(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _unreadable(path: Path, why: object) -> OSError:
    return OSError(f"{path} cannot be written again: {str(why).splitlines()[0]}")
