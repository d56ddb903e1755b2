"""Fingerprints of files that are no evidence and must not change unseen: keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import fingerprints
from itomm.evidence.segments.segment_files import file_digest


def record_fingerprint(connection: Connection, folder: Path, file: Path, *, at: datetime, actor: str) -> None:
    """Record the SHA-256 of a file of the store, once; a random key cannot be found by its hash."""
    path = file.relative_to(folder).as_posix()
    known = select(fingerprints.c.path).where(fingerprints.c.path == path)
    if connection.execute(known).first() is None:
        values = {"path": path, "sha256": file_digest(file)}
        seq = ledger.append(connection, at=at, kind="fingerprint", actor=actor, body=values)
        connection.execute(fingerprints.insert().values(**values, ledger_seq=seq))
