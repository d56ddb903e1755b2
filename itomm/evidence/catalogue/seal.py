"""The seal: digests of every block of the database file, so that no byte of it can change unseen.

The ledger tells of every changed row; the seal also tells of bytes that belong to no row: free space,
triggers, the catalogue's version. It speaks only while the ledger's newest row is the one that it was made
at, and while SQLite itself has not written the file anew: after a run that was killed, or when a backup was
put back, it is out of date until somebody writes again. It finds damage and clumsy hands; who can make a new
seal is found by the ledger, and who can make a new ledger by a signature.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DatabaseError

from itomm.evidence.canonical import digest
from itomm.evidence.catalogue.database import ledger
from itomm.evidence.catalogue.engines import writing
from itomm.evidence.durable_file import write_durably

BLOCK_BYTES = 65_536
_EMPTY = [0, ""]


def seal_of(database: Path) -> Path:
    """Where the seal of a database file lies."""
    return database.with_name(f"{database.name}.seal")


def seal(engine: Engine, database: Path) -> bool:
    """Make the seal anew; whether that could be done: not while somebody else reads from the log file.

    Raises:
        OSError: it could not be written.
    """
    with suppress(DatabaseError):
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            ((patience,),) = driver.execute("PRAGMA busy_timeout").fetchall()
            driver.execute("PRAGMA busy_timeout=0")  # nobody who writes waits for somebody who reads
            try:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                driver.execute(f"PRAGMA busy_timeout={patience}")
        with writing(engine).begin() as connection:  # from here on nobody else can commit
            if _log_is_empty(database):
                content = {
                    "head": _head(connection),
                    "changes": _change_counters(database)[0],
                    "blocks": list(_blocks(database)),
                }
                _write(seal_of(database), {**content, "digest": digest(content)})
                return True
    return False


def break_seal(database: Path) -> None:
    """Take the seal away: the file is about to change without a new row of the ledger."""
    seal_of(database).unlink(missing_ok=True)


def lost_since_sealed(connection: Connection, database: Path) -> Iterator[str]:
    """A seal that was changed, and a ledger that does not hold the row any more at which it was made."""
    path = seal_of(database)
    if not path.exists():
        return
    kept = _read(path)
    if kept is None:
        yield f"{path.name}: this seal was changed"
        return
    seq, hashed = kept["head"]
    row = connection.execute(select(ledger.c.hash).where(ledger.c.seq == seq)).scalar()
    if seq and row != hashed:
        yield f"ledger row {seq}, at which {database.name} was sealed, was removed or changed"


def changed_since_sealed(connection: Connection, database: Path) -> Iterator[str]:
    """Blocks of the file that changed since it was sealed, while no row of the ledger came behind."""
    kept = _read(seal_of(database)) if seal_of(database).exists() else None
    if kept is None or _head(connection) != kept["head"] or not _log_is_empty(database):
        return
    counted, checked = _change_counters(database)
    if counted == checked != kept["changes"]:
        return
    blocks = list(_blocks(database))
    for number in range(max(len(blocks), len(kept["blocks"]))):
        if blocks[number : number + 1] != kept["blocks"][number : number + 1]:
            first = number * BLOCK_BYTES
            yield f"{database.name}: something in bytes {first} to {first + BLOCK_BYTES - 1} was changed"


def _head(connection: Connection) -> list[Any]:
    newest = select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return [row.seq, row.hash] if row else _EMPTY


def _log_is_empty(database: Path) -> bool:
    log = database.with_name(f"{database.name}-wal")
    return not log.exists() or log.stat().st_size == 0


def _change_counters(database: Path) -> tuple[int, int]:
    """How often SQLite changed the file, and the same once more (bytes 24 and 92 of its header)."""
    with database.open("rb") as file:
        header = file.read(100)
    return int.from_bytes(header[24:28], "big"), int.from_bytes(header[92:96], "big")


def _blocks(database: Path) -> Iterator[str]:
    with database.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield hashlib.sha256(block).hexdigest()


def _write(path: Path, content: Mapping[str, object]) -> None:
    write_durably(path, orjson.dumps(content), through=f".{os.getpid()}.partial")


def _read(path: Path) -> dict[str, Any] | None:
    """The seal's content; None when it is not what was written."""
    try:
        kept = json.loads(path.read_bytes())
        content = {name: kept[name] for name in ("head", "changes", "blocks")}
        whole = orjson.dumps({**content, "digest": digest(content)}) == path.read_bytes()
    except (ValueError, TypeError, KeyError):
        return None
    return kept if whole else None
