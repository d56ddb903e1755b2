"""Recorded assessments: the document in the store's folder, its statement in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import StoreError, UsageError, VerificationError
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import assessments
from itomm.evidence.catalogue.database import ledger as ledger_table
from itomm.evidence.catalogue.ledger import GENESIS
from itomm.evidence.durable_file import write_durably
from itomm.evidence.store import Store
from itomm.evidence.trust.key_register import RegisteredKey, registered_keys, rotation_faults
from itomm.evidence.trust.signing import Signer, read_public_key
from itomm.evidence.trust.statement import Envelope, LedgerHead, seal, statement

LEDGER_KIND = "assessment"
FOLDER = "assessments"
BEING_RECORDED = ".recording"
"""The suffix of a mark beside a document that the catalogue does not list yet."""


@dataclass(frozen=True)
class RecordedAssessment:
    """One recorded assessment. ``head`` is its own ledger row, by which the statement is known, too."""

    id: str
    as_of: datetime
    run: int
    made_at: datetime
    verdict: str
    path: str
    sha256: str
    envelope: str
    key_id: str | None
    head: LedgerHead


@dataclass(frozen=True)
class AssessmentToRecord:
    """What is to be recorded: the document's exact bytes, and what the statement says of them.

    ``predicate`` gets the ledger's head as it is just before.
    """

    document: bytes
    as_of: datetime
    run: int
    verdict: str
    made_at: datetime
    predicate: Callable[[LedgerHead], Mapping[str, Any]]


def ledger_head(connection: Connection) -> LedgerHead:
    """The newest row; 0 and zeros for an empty ledger."""
    row = connection.execute(select(ledger_table).order_by(ledger_table.c.seq.desc()).limit(1)).first()
    return LedgerHead(row.seq, row.hash) if row else LedgerHead(0, GENESIS)


def recorded_assessments(store: Store) -> list[RecordedAssessment]:
    """All recorded assessments, oldest first."""
    with store.engine.connect() as connection:
        return [_recorded(row) for row in connection.execute(_NEWEST_FIRST)][::-1]


def newest_recorded(store: Store) -> RecordedAssessment | None:
    """The assessment that was recorded last; None when none was."""
    with store.engine.connect() as connection:
        row = connection.execute(_NEWEST_FIRST.limit(1)).first()
    return _recorded(row) if row else None


def recorded_as(store: Store, document: bytes) -> RecordedAssessment | None:
    """The newest record of exactly this document; None when it was never recorded."""
    same = assessments.c.sha256 == hashlib.sha256(document).hexdigest()
    with store.engine.connect() as connection:
        row = connection.execute(_NEWEST_FIRST.where(same).limit(1)).first()
    return _recorded(row) if row else None


_NEWEST_FIRST = (
    select(assessments, ledger_table.c.hash)
    .join(ledger_table, assessments.c.ledger_seq == ledger_table.c.seq)
    .order_by(assessments.c.ledger_seq.desc())
)


def _recorded(row: Row[Any]) -> RecordedAssessment:
    return RecordedAssessment(
        id=row.id,
        as_of=parse_instant(row.as_of),
        run=row.run,
        made_at=parse_instant(row.made_at),
        verdict=row.verdict,
        path=row.path,
        sha256=row.sha256,
        envelope=row.envelope,
        key_id=row.key_id,
        head=LedgerHead(row.ledger_seq, row.hash),
    )


def record_assessment(store: Store, made: AssessmentToRecord, signer: Signer | None) -> RecordedAssessment:
    """Keep the document and append its statement; the caller holds the right to write.

    What is recorded already, by the same key and with nothing written since, is not recorded again.

    Raises:
        StoreError: it could not be written; then nothing of it is visible.
    """
    signing = signer.id if signer else None
    newest = newest_recorded(store)
    sha256 = hashlib.sha256(made.document).hexdigest()
    with store.engine.connect() as connection:
        head = ledger_head(connection)
    if newest is not None and (newest.sha256, newest.key_id, newest.head) == (sha256, signing, head):
        return newest
    path = f"{FOLDER}/{sha256}.json"
    with _document(store, path, made.document), store.transaction() as connection:
        head = ledger_head(connection)
        number = int(connection.execute(select(func.count()).select_from(assessments)).scalar() or 0) + 1
        row = {
            "id": f"S{number}",
            "as_of": format_instant(made.as_of),
            "run": made.run,
            "made_at": format_instant(made.made_at),
            "verdict": made.verdict,
            "path": path,
            "sha256": sha256,
            "envelope": seal(statement(sha256, made.predicate(head)), signer),
            "key_id": signing,
        }
        seq = ledger.append(connection, at=made.made_at, kind=LEDGER_KIND, actor="itomm", body=row)
        connection.execute(assessments.insert().values(**row, ledger_seq=seq))
    recorded = recorded_as(store, made.document)
    if recorded is None:
        raise StoreError(f"The assessment {row['id']} was recorded but cannot be read back.")
    return recorded


@contextmanager
def _document(store: Store, path: str, content: bytes) -> Iterator[None]:
    """The document in its place; a mark beside it stays until the catalogue lists it.

    Raises:
        StoreError: it could not be written.
    """
    file = store.folder / path
    mark = file.with_suffix(BEING_RECORDED)
    try:
        file.parent.mkdir(exist_ok=True)
        _sweep(store)
        mark.touch()
        write_durably(file, content, through=".partial")
    except OSError as error:
        raise StoreError(f"The assessment could not be written to {file}: {error.strerror}.") from None
    yield
    with suppress(OSError):  # the next run sweeps it away
        mark.unlink(missing_ok=True)


def _sweep(store: Store) -> None:
    """Take away what an interrupted run left: a mark, and the document beside it unless it is listed."""
    with store.engine.connect() as connection:
        listed = set(connection.execute(select(assessments.c.path)).scalars())
    for mark in (store.folder / FOLDER).glob(f"*{BEING_RECORDED}"):
        mark.with_suffix(".partial").unlink(missing_ok=True)
        document = mark.with_suffix(".json")
        if document.relative_to(store.folder).as_posix() not in listed:
            document.unlink(missing_ok=True)
        mark.unlink()


def document_of(store: Store, recorded: RecordedAssessment) -> bytes:
    """The document's bytes, checked.

    Raises:
        VerificationError: it is missing or was changed.
    """
    try:
        content = (store.folder / recorded.path).read_bytes()
    except OSError:
        raise VerificationError(f"{recorded.path}: this assessment is missing") from None
    if hashlib.sha256(content).hexdigest() != recorded.sha256:
        raise VerificationError(f"{recorded.path}: this assessment was changed")
    return content


def assessment_faults(store: Store) -> list[str]:
    """What is wrong with statements, their signatures, and the chain of keys; files are checked elsewhere."""
    try:
        with store.engine.connect() as connection:
            keys = registered_keys(connection)
            rows = connection.execute(select(ledger_table.c.seq, ledger_table.c.hash))
            hashes = {row.seq: row.hash for row in rows}
        recorded = recorded_assessments(store)
    except (UsageError, AttributeError, TypeError):
        return ["the tables signing_keys and assessments hold what itomm never writes"]
    faults = rotation_faults(keys)
    for each in recorded:
        faults += [f"{each.id}: {fault}" for fault in _statement_faults(each, keys, hashes)]
    return faults


def _statement_faults(
    recorded: RecordedAssessment, keys: list[RegisteredKey], hashes: Mapping[int, str]
) -> Iterator[str]:
    try:
        envelope = Envelope.read(recorded.envelope)
    except VerificationError as error:
        yield str(error)
        return
    if envelope.document_sha256 != recorded.sha256:
        yield "the statement is for another assessment"
    head = envelope.head
    if head is None or head.seq != recorded.head.seq - 1 or hashes.get(head.seq, GENESIS) != head.hash:
        yield "the ledger's head that was signed is not the row before"
    if recorded.key_id is None:
        if envelope.signatures:
            yield "the statement is signed, but the catalogue knows of no key"
        return
    if not any(_is_by(envelope, key) for key in keys if key.id == recorded.key_id):
        yield f"the signature is not by key {recorded.key_id[:16]}…"


def _is_by(envelope: Envelope, key: RegisteredKey) -> bool:
    try:
        return envelope.is_signed_by(key.id, read_public_key(key.public_key))
    except UsageError:
        return False
