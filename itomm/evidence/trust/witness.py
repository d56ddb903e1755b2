"""Comparing a store with what was handed out earlier: a ledger that was cut off is whole in itself."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from itomm.config.errors import UsageError
from itomm.evidence.catalogue.database import ledger as ledger_table
from itomm.evidence.store import Store
from itomm.evidence.trust.statement import LedgerHead

SHORTEST_HASH = 16
_HEAD = re.compile(r"(\d{1,15}):([0-9a-f]{16,64})…?")


def read_head(text: str) -> LedgerHead:
    """A ledger row as reports print it: ``12:9f86d081884c7d65…``; at least 16 digits of the hash.

    Raises:
        UsageError: it has another form.
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"'{text}' is no ledger head. Write it as the report does, 12:9f86d081884c7d65, with at least "
            f"{SHORTEST_HASH} digits of the hash."
        )
    return LedgerHead(int(found[1]), found[2])


def head_faults(store: Store, head: LedgerHead) -> list[str]:
    """What is wrong when the store no longer holds a row that was handed out earlier."""
    return list(_differences(_hashes(store), [head]))


def rows_against_bundle(store: Store, bundle: Path) -> list[str]:
    """The first row in which the store's ledger is not the one in a bundle exported earlier.

    Raises:
        UsageError: the bundle cannot be read.
    """
    try:
        if bundle.is_dir():
            content = (bundle / "ledger.jsonl").read_bytes()
        else:
            with zipfile.ZipFile(bundle) as archive:
                content = archive.read("ledger.jsonl")
        rows = [json.loads(line) for line in content.splitlines()]
        heads = [LedgerHead(int(row["seq"]), str(row["hash"])) for row in rows]
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        raise UsageError(f"{bundle} holds no ledger that can be read. Is it a bundle?") from None
    return list(_differences(_hashes(store), heads))[:1]


def _hashes(store: Store) -> dict[int, str]:
    with store.engine.connect() as connection:
        rows = connection.execute(select(ledger_table.c.seq, ledger_table.c.hash))
        return {row.seq: row.hash for row in rows}


def _differences(ours: dict[int, str], theirs: list[LedgerHead]) -> Iterator[str]:
    newest = max(ours, default=0)
    last = theirs[-1].seq if theirs else 0
    for head in theirs:
        if head.seq > newest:
            yield (
                f"the ledger ends at row {newest}, but row {last} was handed out earlier: "
                f"rows {newest + 1} to {last} were cut off"
            )
        elif not ours.get(head.seq, "").startswith(head.hash):
            yield f"ledger row {head.seq} is not the one handed out earlier: the ledger was rewritten"
