"""Content that was let go: which, by what rule, why, by whom. Its hash and the reason stay for ever.

A removal is recorded first and carried out afterwards: a crash in between leaves files that are due to go,
and the next :func:`finish_removals` takes them away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, select

from itomm.config.errors import StoreError
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import collections as collections_table
from itomm.evidence.catalogue.database import ledger as ledger_table
from itomm.evidence.catalogue.database import removals as removals_table
from itomm.evidence.catalogue.database import requests
from itomm.evidence.durable_file import write_durably
from itomm.evidence.segments.unfinished import journals

KIND = "removal"
_REMOVALS_IN_A_ROW = 5_000  # keeps ledger rows small enough to be read at once
_NOT_REPLACED = {"replaced_by": None, "replacement_sha256": None}
RAW = "raw/"


class LetGoStore(Protocol):
    """What letting go needs of the store."""

    @property
    def folder(self) -> Path:
        """The store's folder, to which paths are relative."""

    @property
    def engine(self) -> Engine:
        """The catalogue database."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A database transaction; raises StoreError when the database refuses."""


@dataclass(frozen=True)
class Removal:
    """One file whose content was let go.

    ``sha256`` is what the catalogue knows it by: of a segment's bytes, or a raw payload's address.
    ``replaced_by`` is a file that says the same without what had to go. ``ledger_seq`` is 0 before it is
    recorded.
    """

    path: str
    sha256: str
    rule: str
    reason: str
    actor: str
    at: str
    replaced_by: str | None = None
    replacement_sha256: str | None = None
    ledger_seq: int = 0

    @property
    def words(self) -> str:
        """What happened, for the person who looks for the content."""
        return f"let go on {self.at[:10]} by {self.rule} ({self.actor}): {self.reason}"


@dataclass(frozen=True)
class Removals:
    """All removals of a store by path, the newest of each.

    ``lost`` are ids of collections whose records were taken out of a compaction, too. ``forgotten`` are the
    hashes of forgotten pseudonyms.
    """

    by_path: Mapping[str, Removal] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.by_path)

    def in_force(self, path: str, sha256: str) -> tuple[str, str] | Removal:
        """The file that holds what ``path`` held, with its hash; the removal when nothing does."""
        path, sha256 = self.last_place(path, sha256)
        return self.by_path.get(path) or (path, sha256)

    def last_place(self, path: str, sha256: str) -> tuple[str, str]:
        """The file that held last what ``path`` held, with its hash; it may be let go, too."""
        removal = self.by_path.get(path)
        while removal and removal.replaced_by and removal.replacement_sha256:
            path, sha256 = removal.replaced_by, removal.replacement_sha256
            removal = self.by_path.get(path)
        return path, sha256

    def raw_in_force(self, address: str) -> str | Removal:
        """The address of the raw payload that says what ``address`` said; the removal when none does.

        A payload that came again after its removal is there all the same.
        """
        for ending in (".json.gz", ".zz"):
            path = f"{RAW}{address[:2]}/{address[2:]}{ending}"
            if path in self.by_path:
                found = self.in_force(path, address)
                return found if isinstance(found, Removal) else found[1]
        return address


def record_removals(
    store: LetGoStore,
    removals: Sequence[Removal],
    *,
    at: datetime,
    actor: str,
    more: Mapping[str, object] | None = None,
) -> None:
    """Record that content is let go, in one transaction; the files are still there afterwards.

    A path that was let go before and came again (a source sent the same payload) is told of in the ledger
    row alone. ``more`` joins the ledger row's body.

    Raises:
        StoreError: it could not be recorded; then nothing is.
    """
    with store.transaction() as connection:
        known = set(connection.execute(select(removals_table.c.path)).scalars())
        fresh = [_row(each) for each in removals if each.path not in known]
        again = [_row(each) for each in removals if each.path in known]
        beside: dict[str, object] = {**({"again": again} if again else {}), **(more or {})}
        for start in range(0, max(len(fresh), 1), _REMOVALS_IN_A_ROW):
            part = fresh[start : start + _REMOVALS_IN_A_ROW]
            body = {"removals": part, **beside}
            seq = ledger.append(connection, at=at, kind=KIND, actor=actor, body=body)
            beside = {}
            if part:
                rows = [{**_NOT_REPLACED, **row, "ledger_seq": seq} for row in part]
                connection.execute(removals_table.insert(), rows)


def _row(removal: Removal) -> dict[str, Any]:
    return {
        name: value for name, value in vars(removal).items() if name != "ledger_seq" and value is not None
    }


def removals_in(connection: Connection) -> Removals:
    """Everything that was let go."""
    rows = connection.execute(select(removals_table).order_by(removals_table.c.ledger_seq)).mappings()
    by_path = {row["path"]: Removal(**row) for row in rows}
    lost: set[str] = set()
    forgotten: set[str] = set()
    for seq, body in _more_than_removals(connection):
        by_path |= {row["path"]: Removal(**row, ledger_seq=seq) for row in body.get("again", ())}
        lost.update(body.get("lost", ()))
        forgotten.update(body.get("forgotten", ()))
    return Removals(by_path, frozenset(lost), frozenset(forgotten))


def forgotten_people(store: LetGoStore) -> frozenset[str]:
    """The hashes of all forgotten pseudonyms, for :class:`~itomm.config.identity.Pseudonyms`."""
    with store.engine.connect() as connection:
        return removals_in(connection).forgotten


def raw_let_go(store: LetGoStore, removals: Removals, collection: str, page: int) -> Removal | None:
    """Why the raw payload of a page is not there any more; None when it is, or something in its place."""
    if not removals:
        return None
    query = select(requests.c.raw_sha256).where(requests.c.collection == collection, requests.c.page == page)
    with store.engine.connect() as connection:
        address = connection.execute(query).scalar()
    found = removals.raw_in_force(address) if address else None
    return found if isinstance(found, Removal) and not (store.folder / found.path).exists() else None


def kept_leaves(connection: Connection) -> dict[str, dict[int, str]]:
    """For segments that were replaced: the leaf hashes, by row from 0, of the rows that were changed."""
    kept: dict[str, dict[int, str]] = {}
    for _, body in _more_than_removals(connection):
        for path, leaves in body.get("kept_leaves", {}).items():
            kept[path] = {int(row): leaf for row, leaf in leaves.items()}
    return kept


def _more_than_removals(connection: Connection) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Bodies of removal rows that hold other keys; these come before ``removals`` in canonical JSON."""
    query = select(ledger_table.c.seq, ledger_table.c.body).where(
        ledger_table.c.kind == KIND, ledger_table.c.body.not_like('{"removals":%')
    )
    for row in connection.execute(query.order_by(ledger_table.c.seq)):
        yield row.seq, json.loads(row.body)


def next_name(path: str) -> str:
    """``x.0001.parquet`` is replaced by ``x.0001.r1.parquet``, that by ``x.0001.r2.parquet``."""
    stem = path.removesuffix(".parquet")
    again = re.fullmatch(r"(.+)\.r(\d+)", stem)
    return f"{again[1]}.r{int(again[2]) + 1}.parquet" if again else f"{stem}.r1.parquet"


def note_replacements(store: LetGoStore, paths: Sequence[str]) -> None:
    """Note durably which files will be written to take the place of others, but for those that are there.

    Raises:
        OSError: it could not be written.
    """
    new = [path for path in paths if not (store.folder / path).exists()]
    write_durably(_note_of(store), json.dumps(new).encode(), through=".new")


def noted_replacements(store: LetGoStore) -> frozenset[str]:
    """Files that are being written to take the place of others, or were when the process was killed."""
    try:
        return frozenset(json.loads(_note_of(store).read_bytes()))
    except FileNotFoundError:
        return frozenset()


def _note_of(store: LetGoStore) -> Path:
    return store.folder / "replacing.partial"


def _drop_unused_replacements(store: LetGoStore) -> None:
    noted = noted_replacements(store)
    if noted:
        with store.engine.connect() as connection:
            used = {each.replaced_by for each in removals_in(connection).by_path.values()}
        for path in noted - used:
            (store.folder / path).unlink(missing_ok=True)
    _note_of(store).unlink(missing_ok=True)


def finish_removals(store: LetGoStore) -> int:
    """Take away every file that was recorded as let go and is still there; how many.

    What was written to take a file's place goes instead when the removal was never recorded. A raw payload
    that a source sent again afterwards stays. Call it while holding the right to write.

    Raises:
        StoreError: a file could not be taken away.
    """
    _drop_unused_replacements(store)
    due = pending_removals(store)
    for path in due:
        try:
            (store.folder / path).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{store.folder / path} is due to be let go and cannot be removed: {error.strerror}."
            ) from None
    return len(due)


def pending_removals(store: LetGoStore) -> list[str]:
    """Paths of files that were recorded as let go and are still there."""
    being_read = frozenset(
        page.raw_sha256
        for _, journal in journals(store.folder / "evidence")
        if journal
        for page in journal.pages
    )
    with store.engine.connect() as connection:
        found = removals_in(connection)
        there = [each for each in found.by_path.values() if (store.folder / each.path).exists()]
        return sorted(each.path for each in there if not _came_again(connection, each, being_read))


def _came_again(connection: Connection, removal: Removal, being_read: frozenset[str]) -> bool:
    """Whether a page that was read after the removal has the very same raw payload."""
    if not removal.path.startswith(RAW):
        return False
    if removal.sha256 in being_read:
        return True
    newer = (
        select(requests.c.page)
        .join(collections_table, requests.c.collection == collections_table.c.id)
        .where(requests.c.raw_sha256 == removal.sha256, collections_table.c.ledger_seq > removal.ledger_seq)
    )
    return connection.execute(newer.limit(1)).first() is not None
