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
from itomm.evidence.observation import Observation
from itomm.evidence.record_types import RecordType
from itomm.evidence.segments.columns import RecordRefusedError, column_of, column_values, refuse_unknown
from itomm.evidence.segments.duckdb_connection import in_order
from itomm.evidence.segments.segment_files import OF_THE_COLLECTION, parquet_rows

_FORM = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_OF_THE_OBSERVATION = ("page", "position", "service_id", "source_ref", "url")
_ROWS_AT_ONCE = 2_000


class LineMaker:
    """Makes the lines of one record type, a page at a time."""

    def __init__(self, record_type: RecordType) -> None:
        self._type = record_type
        self._names = sorted({*_OF_THE_OBSERVATION, *record_type.fields})

    def lines(
        self, observations: Sequence[Observation], service_ids: Sequence[str | None], page: int
    ) -> tuple[list[bytes], list[str]]:
        """The lines of a page's observations, and for each that does not fit: which one and why."""
        placed = list(zip(range(len(observations)), observations, service_ids, strict=True))
        try:
            return self._lines(placed, page), []
        except (RecordRefusedError, TypeError):  # TypeError: text that has no UTF-8 form
            refused = {position: told for position, one, _ in placed if (told := self._refusal(one))}
        fitting = [each for each in placed if each[0] not in refused]
        return self._lines(fitting, page), list(refused.values())

    def _lines(self, placed: Sequence[tuple[int, Observation, str | None]], page: int) -> list[bytes]:
        if not placed:
            return []
        fields = [observation.fields for _, observation, _ in placed]
        declared = self._type.fields
        if not declared.keys() >= set().union(*fields):
            for each in fields:
                refuse_unknown(self._type, each)
        columns: dict[str, Sequence[object]] = {
            "page": [page] * len(placed),
            "position": [position for position, _, _ in placed],
            "service_id": [service for _, _, service in placed],
            "source_ref": [observation.source_ref for _, observation, _ in placed],
            "url": [observation.url for _, observation, _ in placed],
        }
        for name, field in declared.items():
            columns[name] = column_of(self._type, field, [each.get(name) for each in fields])
        names, dumps = self._names, orjson.dumps
        rows = zip(*[columns[name] for name in names], strict=True)
        return [dumps(dict(zip(names, row)), None, _FORM) for row in rows]  # noqa: B905  as long as names

    def _refusal(self, observation: Observation) -> str:
        try:
            column_values(self._type, observation.fields)
        except RecordRefusedError as error:
            return f"{observation.source_ref}: {error}"
        return ""


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
