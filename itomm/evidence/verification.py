"""Finding any changed byte: the ledger's chain, the catalogue against it, segments, raw payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import VerificationError
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.database import (
    answers,
    collections,
    ledger,
    override_decisions,
    overrides,
    requests,
    segments,
)
from itomm.evidence.ledger import GENESIS, row_hash
from itomm.evidence.segments import file_digest, rows_file_of
from itomm.evidence.store import Store


@dataclass(frozen=True)
class Verified:
    """What was checked and what was found; ``faults`` is empty when nothing was changed."""

    ledger_rows: int
    segments: int
    raw_payloads: int
    faults: tuple[str, ...]
    head: str


_DECISION_TABLES: Mapping[str, Table] = {
    "answer": answers,
    "override_proposed": overrides,
    "override_approved": override_decisions,
    "override_rejected": override_decisions,
    "override_withdrawn": override_decisions,
}


def verify(store: Store) -> Verified:
    """Check everything stored; reads every byte once.

    Raises:
        VerificationError: the database itself cannot be read.
    """
    faults: list[str] = []
    try:
        with store.engine.connect() as connection:
            rows = connection.execute(select(ledger).order_by(ledger.c.seq)).all()
            faults += _chain(rows)
            faults += _rows_against_ledger(connection, rows)
            kept_segments = connection.execute(select(segments)).all()
            raw = {str(address) for address in connection.execute(select(requests.c.raw_sha256)).scalars()}
    except DatabaseError as error:
        raise VerificationError(f"{store.folder}/itomm.db cannot be read: {error.orig}") from None
    faults += _segment_faults(store, kept_segments)
    faults += _raw_faults(store, raw)
    return Verified(
        len(rows), len(kept_segments), len(raw), tuple(faults), rows[-1].hash if rows else GENESIS
    )


def _chain(rows: Sequence[Row[Any]]) -> Iterator[str]:
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


def _rows_against_ledger(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Every row of every table must say what the ledger recorded, and none may be missing or added."""
    wanted: dict[str, set[bytes]] = {}
    for row in rows:
        try:
            recorded_here = list(_recorded(row.kind, json.loads(row.body)))
        except (ValueError, TypeError, KeyError):
            continue  # the chain check has named this row
        for name, values in recorded_here:
            wanted.setdefault(name, set()).add(_comparable({**values, "ledger_seq": row.seq}))
    for table in (collections, segments, requests, answers, overrides, override_decisions):
        found = {_comparable(row) for row in connection.execute(_with_seq(table)).mappings()}
        recorded = wanted.get(table.name, set())
        for extra in sorted(found - recorded):
            yield f"a row of table {table.name} was changed or added: {_named(extra)}"
        for missing in sorted(recorded - found):
            yield f"a row of table {table.name} was changed or removed: {_named(missing)}"


def _recorded(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if kind == "collection":
        yield "collections", body["collection"]
        if body["segment"]:
            yield "segments", {**body["segment"], "collection": body["collection"]["id"]}
        for page in body["pages"]:
            yield "requests", page
    elif kind in _DECISION_TABLES:
        values = dict(body)
        if kind == "answer":
            values["attachments"] = canonical_bytes(values["attachments"]).decode()
        yield _DECISION_TABLES[kind].name, values


def _with_seq(table: Table) -> Any:
    if "ledger_seq" in table.c:
        return select(table)
    return select(table, collections.c.ledger_seq).join(collections, table.c.collection == collections.c.id)


def _comparable(row: Mapping[Any, Any]) -> bytes:
    """A row as bytes; also one into which somebody wrote what itomm never writes.

    Empty columns are left out: the ledger rows of older versions do not know columns that came later.
    """
    return canonical_bytes(
        {
            name: {"bytes": value.hex()} if isinstance(value, bytes) else value
            for name, value in row.items()
            if value is not None
        }
    )


def _named(row: bytes) -> str:
    values = json.loads(row)
    names = [
        values[name]
        for name in ("id", "path", "collection", "override", "page", "decision")
        if name in values
    ]
    return " ".join(str(name) for name in names)


def _segment_faults(store: Store, kept: Sequence[Row[Any]]) -> Iterator[str]:
    for segment in kept:
        path = store.folder / str(segment.path)
        if not path.is_file():
            yield f"{segment.path}: this segment is missing"
        elif file_digest(path) != segment.sha256:
            yield f"{segment.path}: this segment was changed"
    known = {segment.path for segment in kept}
    for path in sorted((store.folder / "evidence").glob("*/*.parquet")):
        relative = path.relative_to(store.folder).as_posix()
        if relative not in known and not rows_file_of(path).exists():
            yield f"{relative}: this segment was added behind the catalogue's back"


def _raw_faults(store: Store, addresses: set[str]) -> Iterator[str]:
    for address in sorted(addresses):
        try:
            store.raw.verified(address)
        except VerificationError as error:
            yield str(error)
