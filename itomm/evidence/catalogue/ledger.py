"""The ledger: every collection and decision, one hash-chained row each.

A row's hash is SHA-256 over a zero byte and the RFC 8785 form of {seq, at, kind, actor, body, prev}.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue.database import ledger

GENESIS = "0" * 64

_TELL_NOTHING_NEW = ("assessment", "signing_key", "compaction", "removal", "fingerprint", "ticket")
"""Kinds that do not move the instant as of which is scored: they speak of the store, not of the world."""


@dataclass(frozen=True)
class LedgerEntry:
    """One row: what happened, when, by whom."""

    seq: int
    at: str
    kind: str
    actor: str
    body: Mapping[str, Any]
    prev: str
    hash: str


def append(connection: Connection, *, at: datetime, kind: str, actor: str, body: Mapping[str, Any]) -> int:
    """Append a row inside the caller's transaction; the new row's sequence number."""
    last = connection.execute(select(ledger).order_by(ledger.c.seq.desc()).limit(1)).first()
    seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    moment = format_instant(at)
    content = canonical_bytes(body).decode()
    connection.execute(
        ledger.insert().values(
            seq=seq,
            at=moment,
            kind=kind,
            actor=actor,
            body=content,
            prev=prev,
            hash=row_hash(seq=seq, at=moment, kind=kind, actor=actor, body=content, prev=prev),
        )
    )
    return seq


def row_hash(*, seq: int, at: str, kind: str, actor: str, body: str, prev: str) -> str:
    """The hash that a row must carry.

    Of text, one small number and plain names, sorted compact JSON is the RFC 8785 form.

    Raises:
        TypeError: the row holds what itomm never writes.
    """
    row = {"seq": seq, "at": at, "kind": kind, "actor": actor, "body": body, "prev": prev}
    return hashlib.sha256(b"\x00" + orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()


def entries(connection: Connection) -> Iterator[LedgerEntry]:
    """All rows in order."""
    for row in connection.execute(select(ledger).order_by(ledger.c.seq)):
        yield LedgerEntry(row.seq, row.at, row.kind, row.actor, json.loads(row.body), row.prev, row.hash)


def newest_instant(connection: Connection) -> datetime | None:
    """The latest time of a collection or a decision; None when there is none."""
    known_by = select(ledger.c.at).where(ledger.c.kind.not_in(_TELL_NOTHING_NEW)).distinct()
    moments = connection.execute(known_by).scalars()
    return max((parse_instant(moment) for moment in moments), default=None)
