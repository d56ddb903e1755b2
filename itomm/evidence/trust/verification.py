"""Finding any changed byte: the ledger's chain, the tables against it, and every file that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import VerificationError
from itomm.evidence.catalogue.append_only import missing_guards
from itomm.evidence.catalogue.database import (
    assessments,
    compactions,
    fingerprints,
    ledger,
    meta,
    removals,
    requests,
    segments,
)
from itomm.evidence.catalogue.ledger import GENESIS
from itomm.evidence.catalogue.ledger_checks import chain_faults, projection_faults
from itomm.evidence.catalogue.opening import DATABASE_FILE
from itomm.evidence.catalogue.seal import changed_since_sealed, lost_since_sealed
from itomm.evidence.collection import Collection
from itomm.evidence.letting_go.removals import RAW, kept_leaves, noted_replacements, removals_in
from itomm.evidence.segments.merkle import MerkleTree
from itomm.evidence.segments.segment_files import file_digest, marker_of
from itomm.evidence.segments.unfinished import journals
from itomm.evidence.store import Store
from itomm.evidence.trust.leaves import leaves_of
from itomm.evidence.trust.recorded_assessments import BEING_RECORDED

PRIVATE_KEYS = "keys/"
_BATCH = 200
_MOST_REPEATS = 5
_AT_ONCE = 2
"""Files hashed side by side; hashing leaves the interpreter to others."""


@dataclass(frozen=True)
class Verified:
    """What was checked and what was found; ``faults`` is empty when nothing was changed.

    ``removed`` counts files whose content was let go by a recorded rule.
    """

    ledger_rows: int
    segments: int
    raw_payloads: int
    faults: tuple[str, ...]
    head: str
    removed: int = 0


@dataclass(frozen=True)
class _Named:
    """Every file that the catalogue names, with its digest; ``gone`` was let go by a recorded rule."""

    segments: Mapping[str, str]
    raw: frozenset[str]
    others: Mapping[str, str]
    gone: frozenset[str]


def verify(store: Store, *, records: bool = False) -> Verified:
    """Check everything stored; reads every byte once.

    With ``records``, every collection's Merkle root is also made anew from its records, which takes longer
    and finds nothing more unless whoever wrote the store lied.

    Somebody may write meanwhile: what looks like a fault is looked at again when the ledger has grown since.

    Raises:
        VerificationError: the database itself cannot be read.
    """
    found = _verified(store, records=records)
    for _ in range(_MOST_REPEATS):
        if not found.faults or _head(store) == found.head:
            break
        found = _verified(store, records=records)
    return found


def _verified(store: Store, *, records: bool) -> Verified:
    faults: list[str] = []
    try:
        with store.engine.connect() as connection:
            rows = connection.execute(select(ledger).order_by(ledger.c.seq)).all()
            faults += chain_faults(rows)
            faults += projection_faults(connection, rows)
            faults += _database_faults(store, connection, named_already=bool(faults))
            named = _named_files(connection.execute)
    except DatabaseError as error:
        raise VerificationError(f"{store.folder}/itomm.db cannot be read: {error.orig}") from None
    files = sorted({**named.segments, **named.others}.items())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        faults += _found(pool.map(lambda file: _file_fault(store, *file, gone=named.gone), files))
        for found in pool.map(lambda some: _raw_faults(store, some, gone=named.gone), _batches(named.raw)):
            faults += found
    faults += _added(store, named)
    if records and not faults:
        with store.engine.connect() as connection:
            let_go, leaves = removals_in(connection), kept_leaves(connection)
        for each in store.recorded_collections():
            faults += _root_faults(each, leaves_of(store.folder, each, let_go, leaves))
    return Verified(
        len(rows),
        len(named.segments),
        len(named.raw),
        tuple(faults),
        rows[-1].hash if rows else GENESIS,
        len(named.gone),
    )


def _head(store: Store) -> str:
    with store.engine.connect() as connection:
        newest = select(ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)
        return str(connection.execute(newest).scalar() or GENESIS)


def _database_faults(store: Store, connection: Connection, *, named_already: bool) -> Iterator[str]:
    """What is wrong with the database besides its rows."""
    yield from missing_guards(connection)
    if connection.execute(select(meta.c.key)).scalars().all() != ["schema_version"]:
        yield "table meta was changed: it holds rows that itomm never writes"
    if connection.dialect.name == "sqlite":
        path = store.folder / DATABASE_FILE
        yield from lost_since_sealed(connection, path)
        if not named_already:
            yield from changed_since_sealed(connection, path)


def _found(faults: Iterator[str | None]) -> Iterator[str]:
    return (fault for fault in faults if fault is not None)


def _named_files(ask: Callable[[Any], Any]) -> _Named:
    kept: list[Row[Any]] = ask(select(segments.c.path, segments.c.sha256)).all()
    compacted: list[Row[Any]] = ask(select(compactions.c.path, compactions.c.sha256)).all()
    gone: list[Row[Any]] = ask(select(removals)).all()
    documents: list[Row[Any]] = ask(select(assessments.c.path, assessments.c.sha256)).all()
    keys: list[Row[Any]] = ask(select(fingerprints.c.path, fingerprints.c.sha256)).all()
    return _Named(
        segments={
            **{str(row.path): row.sha256 for row in (*kept, *compacted)},
            **{
                row.replaced_by: row.replacement_sha256
                for row in gone
                if row.replaced_by and not row.replaced_by.startswith(RAW)
            },
        },
        raw=frozenset(
            [
                *(str(address) for address in ask(select(requests.c.raw_sha256).distinct()).scalars()),
                *(
                    row.replacement_sha256
                    for row in gone
                    if row.replaced_by and row.replaced_by.startswith(RAW)
                ),
            ]
        ),
        others={str(row.path): row.sha256 for row in (*documents, *keys)},
        gone=frozenset(row.path for row in gone),
    )


def _file_fault(store: Store, path: str, sha256: str, *, gone: frozenset[str]) -> str | None:
    kind = "segment" if path.startswith("evidence/") else "file"
    try:
        if file_digest(store.folder / path) == sha256:
            return None
    except FileNotFoundError:
        absent_on_purpose = path in gone or path.startswith(PRIVATE_KEYS)  # a key may be kept elsewhere
        return None if absent_on_purpose else f"{path}: this {kind} is missing"
    except OSError as error:
        return f"{path}: this {kind} cannot be read: {error.strerror}"
    return f"{path}: this {kind} was changed"


def _raw_faults(store: Store, addresses: Sequence[str], *, gone: frozenset[str]) -> list[str]:
    faults: list[str] = []
    for address in addresses:
        try:
            store.raw.check(address)
        except VerificationError as error:
            if not _is_gone(store, address, gone):
                faults.append(str(error))
    return faults


def _is_gone(store: Store, address: str, gone: frozenset[str]) -> bool:
    path = store.raw.path(address)
    places = (path, path.with_name(f"{address[2:]}.zz"))
    named = {file.relative_to(store.folder).as_posix() for file in places}
    return not path.exists() and not named.isdisjoint(gone)


def _batches(addresses: Iterable[str]) -> Iterator[Sequence[str]]:
    """In order; enough at once that handing them to another thread costs nothing."""
    in_order = sorted(addresses)
    return (in_order[first : first + _BATCH] for first in range(0, len(in_order), _BATCH))


def _added(store: Store, named: _Named) -> Iterator[str]:
    """Files that no row names; what a run under way has noted in its journal is no fault."""
    expected = {*named.gone, *noted_replacements(store)}  # due to be taken away when somebody writes next
    under_way = list(journals(store.folder / "evidence"))
    open_stems = tuple(f"{path.name.split('.journal.')[0]}." for path, _ in under_way)
    for path in sorted((store.folder / "evidence").glob("*/*.parquet")):
        relative = path.relative_to(store.folder).as_posix()
        known = relative in named.segments or relative in expected or marker_of(path).exists()
        if not known and not path.name.startswith(open_stems):
            yield f"{relative}: this segment was added behind the catalogue's back"
    journalled = {page.raw_sha256 for _, journal in under_way if journal for page in journal.pages}
    for address in sorted(store.raw.addresses() - named.raw - journalled):
        path = store.raw.path(address)
        if path.relative_to(store.folder).as_posix() not in expected:
            yield f"{path}: this raw payload was added behind the catalogue's back"
    for path in sorted((store.folder / "assessments").glob("*.json")):
        relative = path.relative_to(store.folder).as_posix()
        if relative not in named.others and not path.with_suffix(BEING_RECORDED).exists():
            yield f"{relative}: this file was added behind the catalogue's back"


def _root_faults(collection: Collection, leaves: Iterator[bytes] | None) -> Iterator[str]:
    if collection.merkle_root is None or leaves is None:
        return
    tree = MerkleTree()
    try:
        tree.add(leaves)
    except OSError as error:
        yield str(error)
        return
    if tree.root != collection.merkle_root:
        yield f"collection {collection.id}: its records do not have the Merkle root that the ledger holds"
