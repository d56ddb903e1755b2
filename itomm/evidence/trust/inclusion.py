"""Proofs that a record was collected: its line, and the hashes that lead from it to the collection's root."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Collection as Members
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import orjson
from sqlalchemy import select
from sqlglot import exp

from itomm.config.errors import UsageError, VerificationError
from itomm.evidence.catalogue.database import collections
from itomm.evidence.collection import Collection
from itomm.evidence.letting_go.removals import Removal, Removals, kept_leaves, removals_in
from itomm.evidence.segments.duckdb_connection import connect
from itomm.evidence.segments.merkle import EMPTY_ROOT, inner_hash, leaf_hash
from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.segments.segment_files import parquet_rows
from itomm.evidence.store import Store

Place = tuple[int, int]
"""Page and position: where a record stood in its collection."""


@dataclass(frozen=True)
class ProvenRecord:
    """A record's line, its place among the collection's leaves, and the proof: hexadecimal, bottom up."""

    collection: str
    ledger_seq: int
    index: int
    leaves: int
    line: str
    proof: tuple[str, ...]


class ProofTree:
    """A Merkle tree that grows leaf by leaf and gathers the proofs of marked leaves on the way.

    Memory is logarithmic in the number of leaves, and linear in that of marked ones.
    """

    def __init__(self) -> None:
        self._nodes: list[tuple[int, int, bytes]] = []  # first leaf, leaves below, hash; largest first
        self._marked: list[int] = []
        self._proofs: dict[int, list[str]] = {}
        self.leaves = 0

    def add(self, hashed: bytes, *, marked: bool) -> None:
        """Add a leaf by its hash."""
        if marked:
            self._marked.append(self.leaves)
            self._proofs[self.leaves] = []
        node = (self.leaves, 1, hashed)
        while self._nodes and self._nodes[-1][1] == node[1]:
            node = self._joined(self._nodes.pop(), node)
        self._nodes.append(node)
        self.leaves += 1

    def finish(self) -> tuple[str, dict[int, tuple[str, ...]]]:
        """The root, and the proof of each marked leaf by its index; nothing may be added afterwards."""
        if not self._nodes:
            return EMPTY_ROOT, {}
        node = self._nodes.pop()
        while self._nodes:
            node = self._joined(self._nodes.pop(), node)
        return node[2].hex(), {index: tuple(proof) for index, proof in self._proofs.items()}

    def _joined(self, left: tuple[int, int, bytes], right: tuple[int, int, bytes]) -> tuple[int, int, bytes]:
        for (first, below, _), (_, _, beside) in ((left, right), (right, left)):
            start = bisect_left(self._marked, first)
            for index in self._marked[start : bisect_left(self._marked, first + below, start)]:
                self._proofs[index].append(beside.hex())
        return left[0], left[1] + right[1], inner_hash(left[2], right[2])


def proven_records(store: Store, collection: str, places: Members[Place]) -> Iterator[ProvenRecord]:
    """The records of a collection at the given places, in the order of reading, each with its proof.

    A record whose person was forgotten is left out: its leaf is known, but nobody can show its line.

    Raises:
        UsageError: there is no such proof: an older itomm wrote the collection, or its content was let go.
        VerificationError: the stored records are not those that were collected.
    """
    recorded = next(each for each in store.recorded_collections() if each.id == collection)
    tree = ProofTree()
    shown: dict[int, str] = {}
    try:
        for index, (line, first_hash) in enumerate(_lines(store, recorded)):
            marked = first_hash is None and _place(line) in places
            if marked:
                shown[index] = line.decode()
            tree.add(first_hash or leaf_hash(line), marked=marked)
    except OSError as error:
        raise VerificationError(f"{error} Run 'itomm verify'.") from None
    root, proofs = tree.finish()
    if root != recorded.merkle_root:
        raise VerificationError(
            f"The stored records of {collection} are not those that were collected. Run 'itomm verify'."
        )
    seq = ledger_row_of(store, collection)
    for index, text in shown.items():
        yield ProvenRecord(collection, seq, index, tree.leaves, text, proofs[index])


def _lines(store: Store, recorded: Collection) -> Iterator[tuple[bytes, bytes | None]]:
    """Lines of a collection as they are stored now; with the first leaf hash of those changed since."""
    with store.engine.connect() as connection:
        removals, kept = removals_in(connection), kept_leaves(connection)
    obstacle = _obstacle(recorded, removals)
    if obstacle:
        raise UsageError(obstacle)
    replaced = {each.replaced_by: each.path for each in removals.by_path.values()}
    for segment in sorted(recorded.segments, key=lambda each: each.path):
        path, _ = removals.last_place(segment.path, segment.sha256)
        changed = kept.get(replaced.get(path, ""), {})
        for row, line in enumerate(lines_of_segment(store.folder / path)):
            yield line, bytes.fromhex(changed[row]) if row in changed else None


def provable(store: Store) -> list[str]:
    """Ids of all collections whose records can be proven one by one."""
    with store.engine.connect() as connection:
        removals = removals_in(connection)
    return [each.id for each in store.recorded_collections() if not _obstacle(each, removals)]


def _obstacle(recorded: Collection, removals: Removals) -> str:
    """Why no record of a collection can be proven; empty when they can."""
    if recorded.merkle_root is None:
        return (
            f"Collection {recorded.id} has no Merkle root: an older itomm wrote it. Its records can only be "
            "checked as whole segments, with 'itomm export bundle --with-evidence'."
        )
    for segment in recorded.segments:
        gone = removals.in_force(segment.path, segment.sha256)
        if isinstance(gone, Removal):
            return f"There is no proof of records of {recorded.id}: {segment.path} was {gone.words}"
    return ""


def _place(line: bytes) -> Place:
    record = orjson.loads(line)
    return record["page"], record["position"]


def find_record(store: Store, identity: str) -> tuple[str, Place]:
    """Where the newest version of a record is.

    ``identity`` is its evidence id, or ``SOURCE|TYPE|REFERENCE``, over which that is the SHA-256.

    Raises:
        UsageError: no collection holds such a record.
        VerificationError: a segment cannot be read.
    """
    wanted = hashlib.sha256(identity.encode()).hexdigest() if "|" in identity else identity.lower()
    for collection in reversed(store.collections()):
        paths = [store.folder / segment.path for segment in collection.segments]
        present = [path for path in paths if path.exists()]
        if not present or ("|" in identity and not identity.startswith(f"{collection.source}|")):
            continue
        query = (
            exp.select("page", "position")
            .from_(parquet_rows(present))
            .where(_evidence_id(collection).eq(exp.Literal.string(wanted)))
            .order_by("page DESC", "position DESC")
            .limit(1)
        )
        try:
            with connect() as connection:
                found = connection.execute(query.sql(dialect="duckdb")).fetchone()
        except duckdb.Error:
            raise VerificationError(
                f"The segments of {collection.id} cannot be read; run 'itomm verify'."
            ) from None
        if found is not None:
            return collection.id, (int(found[0]), int(found[1]))
    raise UsageError(
        f"No stored record has the evidence id '{identity}'. It is the SHA-256 of SOURCE|TYPE|REFERENCE, "
        "which may also be given itself."
    )


def _evidence_id(collection: Collection) -> exp.Expr:
    """The identity of each of a collection's records."""
    prefix = exp.Literal.string(f"{collection.source}|{collection.record_type}|")
    return exp.func("sha256", exp.DPipe(this=prefix, expression=exp.column("source_ref")), dialect="duckdb")


def ledger_row_of(store: Store, collection: str) -> int:
    """The number of the ledger row that holds a collection's root."""
    query = select(collections.c.ledger_seq).where(collections.c.id == collection)
    with store.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
