"""What each kind of ledger row says must stand in the other tables.

The ledger is the truth: every other row is a projection of a ledger row, and ``verify`` compares them both
ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Table

from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue.database import (
    APPEND_ONLY,
    answers,
    assessments,
    collections,
    compactions,
    fingerprints,
    ledger,
    override_decisions,
    overrides,
    removals,
    requests,
    segments,
    signing_keys,
    tickets,
)

Projected = Iterator[tuple[Table, Mapping[str, Any]]]

PROJECTED_TABLES = tuple(table for table in APPEND_ONLY if table is not ledger)
"""Tables whose every row comes from a ledger row."""


def projected(kind: str, body: Mapping[str, Any]) -> Projected:
    """The rows, by table and without ``ledger_seq``, that a ledger row of this kind and body stands for.

    Raises:
        KeyError, TypeError: the body is none that itomm writes.
    """
    return _PROJECTIONS[kind](body)


def _collection(body: Mapping[str, Any]) -> Projected:
    values = body["collection"]
    yield collections, values
    for segment in body["segments"] if "segments" in body else [body["segment"]]:  # one at most in version 1
        if segment:
            yield segments, {**segment, "collection": values["id"]}
    for page in body["pages"]:
        yield requests, page


def _answer(body: Mapping[str, Any]) -> Projected:
    yield answers, {**body, "attachments": canonical_bytes(body["attachments"]).decode()}


def _override(body: Mapping[str, Any]) -> Projected:
    whole = {"attachments": [], "renews": None, "origin": None, **body}  # version 2 knew none of them
    yield overrides, {**whole, "attachments": canonical_bytes(whole["attachments"]).decode()}


def _removal(body: Mapping[str, Any]) -> Projected:
    for removal in body["removals"]:
        yield removals, removal


def _row_of(table: Table) -> Callable[[Mapping[str, Any]], Projected]:
    def row(body: Mapping[str, Any]) -> Projected:
        yield table, body

    return row


_PROJECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Projected]] = {
    "collection": _collection,
    "compaction": _row_of(compactions),
    "removal": _removal,
    "signing_key": _row_of(signing_keys),
    "fingerprint": _row_of(fingerprints),
    "answer": _answer,
    "override_proposed": _override,
    "override_approved": _row_of(override_decisions),
    "override_rejected": _row_of(override_decisions),
    "override_withdrawn": _row_of(override_decisions),
    "assessment": _row_of(assessments),
    "ticket": _row_of(tickets),
}
