"""Checks of the ledger's own chain, and of every other table against it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Table, select

from itomm.evidence.catalogue.database import collections
from itomm.evidence.catalogue.ledger import GENESIS, row_hash
from itomm.evidence.catalogue.projections import PROJECTED_TABLES, projected


def chain_faults(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Rows that are missing, changed, or do not follow the row before them."""
    prev, expected = GENESIS, 1
    for row in rows:
        if row.seq != expected:
            yield f"ledger row {expected} is missing"
            expected = row.seq
        if row.prev != prev:
            yield f"ledger row {row.seq} does not follow the row before it"
        if row.hash != _right_hash(row):
            yield f"ledger row {row.seq} was changed"
        prev, expected = row.hash, expected + 1


def _right_hash(row: Row[Any]) -> str | None:
    """The hash that a row must carry; None when it holds what itomm never writes."""
    try:
        return row_hash(seq=row.seq, at=row.at, kind=row.kind, actor=row.actor, body=row.body, prev=row.prev)
    except TypeError:
        return None


def projection_faults(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Every row of every table must say what the ledger recorded, and none may be missing or added."""
    wanted: dict[str, set[bytes]] = {}
    for row in rows:
        try:
            for table, values in projected(row.kind, json.loads(row.body)):
                wanted.setdefault(table.name, set()).add(_comparable({**values, "ledger_seq": row.seq}))
        except KeyError:
            yield f"ledger row {row.seq} is of a kind or shape that this itomm does not know"
        except (ValueError, TypeError):
            continue  # the chain check has named this row
    for table in PROJECTED_TABLES:
        found = {_comparable(row) for row in connection.execute(_with_seq(table)).mappings()}
        recorded = wanted.get(table.name, set())
        for extra in sorted(found - recorded):
            yield f"a row of table {table.name} was changed or added: {_named(extra)}"
        for missing in sorted(recorded - found):
            yield f"a row of table {table.name} was changed or removed: {_named(missing)}"


def _with_seq(table: Table) -> Any:
    if "ledger_seq" in table.c:
        return select(table)
    return select(table, collections.c.ledger_seq).join(
        collections, table.c.collection == collections.c.id, isouter=True
    )


def _comparable(row: Mapping[Any, Any]) -> bytes:
    """A row as bytes; also one into which somebody wrote what itomm never writes.

    Empty columns are left out: the ledger rows of older versions do not know columns that came later.
    """
    values = {str(name): value for name, value in row.items() if value is not None}
    return orjson.dumps(values, default=_strange, option=orjson.OPT_SORT_KEYS)


def _strange(value: object) -> object:
    return {"bytes": value.hex()} if isinstance(value, bytes) else repr(value)


_NAMING = ("id", "path", "collection", "override", "page", "decision")


def _named(row: bytes) -> str:
    values = json.loads(row)
    return " ".join(str(values[name]) for name in _NAMING if name in values)
