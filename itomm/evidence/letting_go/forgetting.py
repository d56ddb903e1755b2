"""Taking people's pseudonyms out of everything stored, so that what is left still proves itself.

Segments that hold one are replaced by others with the same rows, in which another word stands; the ledger
keeps the leaf hashes of the rows that were changed, so that Merkle roots still check. Raw payloads are
replaced, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy import Connection, or_, select

from itomm.config.clock import format_instant
from itomm.config.identity import FORGOTTEN, forgotten_hash, is_pseudonym
from itomm.config.settings import FORGETTING
from itomm.evidence.catalogue.database import assessments, compactions, ledger, requests
from itomm.evidence.letting_go.removals import (
    Removal,
    finish_removals,
    kept_leaves,
    next_name,
    note_replacements,
    record_removals,
    removals_in,
)
from itomm.evidence.letting_go.rewriting import rows_with, write_without
from itomm.evidence.segments.merkle import leaf_hash
from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.segments.segment_files import file_digest
from itomm.evidence.store import Store


@dataclass(frozen=True)
class Forgotten:
    """What was changed, and what holds a pseudonym and cannot be: ledger rows, signed documents."""

    segments: int
    records: int
    raw_payloads: int
    kept: tuple[str, ...]


def forget(store: Store, pseudonyms: Sequence[str], *, at: datetime, actor: str, reason: str) -> Forgotten:
    """Forget pseudonyms; call it while holding the right to write.

    Pages that a killed run kept are dropped. Later collections do not bring the pseudonyms back.

    Raises:
        ValueError: one of ``pseudonyms`` is none.
        OSError: a segment or raw payload could not be read or written; nothing is recorded then.
        StoreError: it could not be recorded, or a file that is due to go could not be removed.
        VerificationError: a raw payload is missing or was changed; nothing is recorded then.
    """
    if not all(is_pseudonym(each) for each in pseudonyms):
        raise ValueError("not a pseudonym")
    store.end_run()
    with store.engine.connect() as connection:
        search = _Search(store, connection, sorted(set(pseudonyms)))
        segments = [*search.segments()]
        payloads = [*search.payloads()]
        kept = (*search.ledger_rows(connection), *search.documents(connection))
    changes = [*segments, *payloads]
    note_replacements(store, [each.target for each in changes if each.target])
    removals = [_removal(each, search.write(each), at, actor, reason) for each in changes]
    key = store.pseudonym_key()
    more = {
        "forgotten": sorted(forgotten_hash(key, each) for each in search.pseudonyms),
        "kept_leaves": {each.path: each.leaves for each in segments if each.leaves},
    }
    record_removals(store, removals, at=at, actor=actor, more=more)
    finish_removals(store)
    return Forgotten(len(segments), sum(each.rows for each in segments), len(payloads), kept)


@dataclass(frozen=True)
class _Change:
    """A file that holds a pseudonym, and the file that takes its place, None for none.

    ``leaves`` are the leaf hashes of its changed ``rows`` by row number, as text for the ledger.
    """

    path: str
    sha256: str
    target: str | None
    rows: int = 0
    leaves: Mapping[str, str] = field(default_factory=dict)


class _Search:
    """Finds what holds one of the pseudonyms, and writes it again without."""

    def __init__(self, store: Store, connection: Connection, pseudonyms: Sequence[str]) -> None:
        self.pseudonyms = pseudonyms
        self._store = store
        self._removals = removals_in(connection)
        self._kept = kept_leaves(connection)
        self._before = {each.replaced_by: each.path for each in self._removals.by_path.values()}
        self._compactions = connection.execute(select(compactions.c.path, compactions.c.sha256)).all()
        self._named = frozenset(connection.execute(select(requests.c.raw_sha256).distinct()).scalars())

    def segments(self) -> Iterator[_Change]:
        """Segments of collections and compactions, by the files that hold now what was in them."""
        listed = [
            (segment.path, segment.sha256, collection.merkle_root is not None)
            for collection in self._store.recorded_collections()
            for segment in collection.segments
        ]
        listed += [(row.path, row.sha256, False) for row in self._compactions]
        for first, digest, has_leaves in listed:
            path, sha256 = self._removals.last_place(first, digest)
            file = self._store.folder / path
            if path in self._removals.by_path or not (rows := rows_with(file, self.pseudonyms)):
                continue
            leaves = self._leaves(path, file, frozenset(rows)) if has_leaves else {}
            yield _Change(path, sha256, next_name(path), len(rows), leaves)

    def payloads(self) -> Iterator[_Change]:
        """Raw payloads; those to which nothing refers are taken away at once, for they are no evidence."""
        raw = self._store.raw
        replacements = {each.replacement_sha256 for each in self._removals.by_path.values()}
        for address in sorted(raw.addresses()):
            content = raw.verified(address)
            if not any(each.encode() in content for each in self.pseudonyms):
                continue
            if address not in self._named and address not in replacements:
                raw.remove(address)
                continue
            path = self._relative(raw.path(address))
            came_again = path in self._removals.by_path  # its row in the catalogue names no replacement
            target = None if came_again else self._relative(raw.path(raw.address(self._without(content))))
            yield _Change(path, address, target)

    def write(self, change: _Change) -> str | None:
        """Write the file that takes a changed one's place; its digest."""
        if change.target is None:
            return None
        if change.target.startswith("evidence/"):
            target = self._store.folder / change.target
            write_without(self._store.folder / change.path, target, self.pseudonyms, FORGOTTEN)
            return file_digest(target)
        address = self._store.raw.put(self._without(self._store.raw.verified(change.sha256)))
        self._store.raw.settle([address])
        return address

    def ledger_rows(self, connection: Connection) -> list[str]:
        """Ledger rows that hold a pseudonym: decisions that people took or spoke of, told faults."""
        holding = or_(*(ledger.c.body.contains(each) for each in self.pseudonyms))
        query = select(ledger.c.seq, ledger.c.kind).where(holding).order_by(ledger.c.seq)
        return [f"ledger row {row.seq} ({row.kind})" for row in connection.execute(query)]

    def documents(self, connection: Connection) -> list[str]:
        """Recorded assessments that hold a pseudonym; their digests are signed."""
        paths = connection.execute(select(assessments.c.path).order_by(assessments.c.path)).scalars()
        there = [path for path in dict.fromkeys(paths) if (self._store.folder / path).exists()]
        wanted = [each.encode() for each in self.pseudonyms]
        return [
            path for path in there if any(each in (self._store.folder / path).read_bytes() for each in wanted)
        ]

    def _leaves(self, path: str, file: Path, rows: frozenset[int]) -> dict[str, str]:
        """Leaf hashes of the lines as they were first written; a row may have been changed before."""
        leaves = {
            str(row): leaf_hash(line).hex() for row, line in enumerate(lines_of_segment(file)) if row in rows
        }
        earlier = self._kept.get(self._before.get(path, ""), {})
        return leaves | {str(row): leaf for row, leaf in earlier.items()}

    def _without(self, content: bytes) -> object:
        for each in self.pseudonyms:
            content = content.replace(each.encode(), FORGOTTEN.encode())
        return orjson.loads(content)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._store.folder).as_posix()


def _removal(change: _Change, digest: str | None, at: datetime, actor: str, reason: str) -> Removal:
    return Removal(
        path=change.path,
        sha256=change.sha256,
        rule=FORGETTING,
        reason=reason,
        actor=actor,
        at=format_instant(at),
        replaced_by=change.target,
        replacement_sha256=digest,
    )
