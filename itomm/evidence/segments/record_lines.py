"""Record lines: the bytes of one record that its Merkle leaf is made of, and that a bundle shows.

A line is compact UTF-8 JSON with sorted keys of what is the record's own: page, position, service_id,
source_ref, url and the fields of its type. Instants are text in UTC that ends in Z; decimals are text. What
is the same for a whole collection (source, collector, when) stands in the collection's own ledger row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import orjson
from sqlglot import exp

from itomm.evidence.collection import Segment
from itomm.evidence.segments.duckdb_connection import in_order
from itomm.evidence.segments.segment_files import OF_THE_COLLECTION, parquet_rows

_FORM = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_ROWS_AT_ONCE = 2_000


def record_lines(folder: Path, segments: Sequence[Segment]) -> Iterator[bytes]:
    """The lines of a collection's records in the order in which they were read, from its stored segments.

    Raises:
        OSError: a segment cannot be read.
    """
    for segment in sorted(segments, key=lambda each: each.path):
        yield from lines_of_segment(folder / segment.path)


def lines_of_segment(path: Path) -> Iterator[bytes]:
    """The lines of one segment's records, in order; raises as :func:`record_lines`."""
    with in_order() as connection:
        try:
            found = connection.execute(exp.select("*").from_(parquet_rows([path])).sql(dialect="duckdb"))
            stored = [column[0] for column in found.description or ()]
            names = sorted(set(stored) - OF_THE_COLLECTION)
            places = [stored.index(name) for name in names]
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                for row in rows:
                    values = [_of_line(row[place]) for place in places]
                    yield orjson.dumps(dict(zip(names, values, strict=True)), None, _FORM)
        except duckdb.Error as error:
            raise OSError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None


def _of_line(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value
