"""One writer at a time for each store. The lock is free when its holder's process ends, also after kill -9.

SQLite: the operating system's lock on a file in the store's folder. PostgreSQL: a session's advisory lock,
held by a connection of its own, whose name says who holds it on which machine.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import LockedError, StoreError
from itomm.evidence.catalogue.engines import ADVISORY_SPACE, in_words, named

StillHeld = Callable[[], None]
"""Raises StoreError when the lock was lost meanwhile."""

_MOMENT = 0.2  # seconds
_LONGEST_APPLICATION_NAME = 63  # bytes; PostgreSQL cuts what is longer


def exclusive(folder: Path, engine: Engine, purpose: str) -> AbstractContextManager[StillHeld]:
    """Hold the store's lock.

    Raises:
        LockedError: somebody else holds it; the message names the holder.
        StoreError: it cannot be asked for.
    """
    if engine.dialect.name == "postgresql":
        return _advisory_lock(engine, purpose)
    return _file_lock(folder, purpose)


@contextmanager
def _file_lock(folder: Path, purpose: str) -> Iterator[StillHeld]:
    lock = FileLock(str(folder / "lock"))
    holder = folder / "lock.holder"
    try:
        # Whoever has no name yet, or none any more, is only just beginning or ending.
        lock.acquire(timeout=0 if _read(holder) else _MOMENT, poll_interval=_MOMENT / 10)
    except Timeout:
        raise _held_by(_read(holder), str(folder)) from None
    except OSError as error:
        raise StoreError(f"Cannot lock the store at {folder}: {error.strerror}.") from None
    try:
        with suppress(OSError):  # a full disk only keeps the holder's name from being told
            holder.write_text(_own_name(purpose), encoding="utf-8")
        yield lambda: None  # the operating system takes it from a live process never
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:
        return ""


_SESSION = (
    "SET tcp_keepalives_idle = 60",  # a holder whose machine went away is found out after two minutes
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 6",
    "SET idle_session_timeout = 0",  # waiting is what it is for
)
_KEY = "CAST(:space AS int), coalesce(CAST(CAST(to_regclass('ledger') AS oid) AS int), 0)"
_TAKE = text(f"SELECT pg_try_advisory_lock({_KEY})")
_GIVE_BACK = text(f"SELECT pg_advisory_unlock({_KEY})")
_HOLDER = text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid = CAST(:space AS oid) AND objid = coalesce(to_regclass('ledger'), 0::oid) AND objsubid = 2"
)


@contextmanager
def _advisory_lock(engine: Engine, purpose: str) -> Iterator[StillHeld]:
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DatabaseError as error:
        raise StoreError(f"Cannot lock the store at {named(engine)}: {in_words(error, engine)}.") from None
    try:
        _take(connection, engine, purpose)
        try:
            yield lambda: _ask_again(connection, engine)
        finally:
            if not connection.invalidated:  # by a lost session, which holds no lock
                with suppress(DatabaseError):  # the session's end gives it back, too, a little later
                    connection.execute(_GIVE_BACK, {"space": ADVISORY_SPACE})
    finally:
        connection.invalidate()  # ends the session, and with it the lock and its name
        connection.close()


def _take(connection: Connection, engine: Engine, purpose: str) -> None:
    own_name = _own_name(purpose).encode()[:_LONGEST_APPLICATION_NAME].decode(errors="ignore")
    try:
        for statement in _SESSION:
            connection.exec_driver_sql(statement)
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": own_name})
        if not connection.execute(_TAKE, {"space": ADVISORY_SPACE}).scalar():
            found = connection.execute(_HOLDER, {"space": ADVISORY_SPACE}).scalar()
            raise _held_by(found or "", named(engine))
    except DatabaseError as error:
        raise StoreError(f"Cannot lock the store at {named(engine)}: {in_words(error, engine)}.") from None


def _ask_again(connection: Connection, engine: Engine) -> None:
    try:
        connection.exec_driver_sql("SELECT 1")
    except DatabaseError:
        raise StoreError(
            f"The connection that holds the lock of the store at {named(engine)} was lost; another run may "
            "write by now. What was already recorded is kept. Run again."
        ) from None


def _own_name(purpose: str) -> str:
    return f"'{purpose}', process {os.getpid()} on {socket.gethostname()}"


def _held_by(holder: str, place: str) -> LockedError:
    return LockedError(
        f"The store at {place} is in use by {holder or 'another run'}. Try again when it is done."
    )
