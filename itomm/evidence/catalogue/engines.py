"""Connections to the catalogue database: how each kind is set up, how a transaction that writes begins."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from itomm.config.errors import StoreError, UsageError
from itomm.config.secrets import Secret

ADVISORY_SPACE = 1769238381
"""The first half of PostgreSQL advisory locks of itomm: "itom" as a number; the other is the ledger's OID."""

_SECONDS_TO_WAIT = 60
_ATTEMPTS = 200
_SECONDS_BETWEEN_ATTEMPTS = 0.05
_SQLITE_PRAGMAS = (
    f"busy_timeout={_SECONDS_TO_WAIT * 1000}",
    "foreign_keys=ON",
    "synchronous=FULL",
    "recursive_triggers=ON",
)


def sqlite_engine(path: Path) -> Engine:
    """An engine for a SQLite file; connections are made when first needed."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _set_up(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # a DB-API connection; BEGIN is ours
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a DB-API connection
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        _keep_a_log(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")

    return engine


def _keep_a_log(cursor: Any) -> None:
    """Write ahead into a log, so that readers never wait; the one change that does not wait by itself."""
    for attempt in range(_ATTEMPTS):
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        else:
            return


def postgresql_engine(database: Secret) -> Engine:
    """An engine for a PostgreSQL database; connections are made when first needed.

    Raises:
        UsageError: the text is no URL of a PostgreSQL database, or the driver is not installed.
    """
    try:
        url = make_url(database.reveal())
    except (ArgumentError, ValueError):  # their messages may hold a part of the password
        raise UsageError(f"The store's database URL cannot be read. {_FORM}") from None
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise UsageError(f"The store's database URL does not begin with postgresql://. {_FORM}")
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"application_name": "itomm", "connect_timeout": 10},
            isolation_level="REPEATABLE READ",  # whoever reads several tables sees one moment, as in SQLite
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise UsageError(
            "A store in PostgreSQL needs the driver psycopg. Install itomm with it: itomm[postgresql]."
        ) from None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if _writes(connection):
            lock_the_ledger(connection)

    return engine


_FORM = "It looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %40 for an @ in the password."


def lock_the_ledger(connection: Connection) -> None:
    """Let no other transaction append until this one ends; without effect while there is no ledger."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_SECONDS_TO_WAIT}s'")
    connection.exec_driver_sql(
        "SELECT pg_advisory_xact_lock(%s, to_regclass('ledger')::oid::int)", (ADVISORY_SPACE + 1,)
    )


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions wait for each other from their beginning on."""
    if engine.dialect.name == "postgresql":  # sees what was committed while it waited
        return engine.execution_options(itomm_writes=True, isolation_level="READ COMMITTED")
    return engine.execution_options(itomm_writes=True)


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("itomm_writes"))


def named(engine: Engine) -> str:
    """What a person knows the database by; without its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return shown(engine.url)


def shown(url: URL) -> str:
    """A URL without its password, and without its options, which may hold another."""
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    return plain.render_as_string()


def in_words(error: DatabaseError, engine: Engine) -> str:
    """What the database says, on one line, without its password and without PostgreSQL's further remarks."""
    diagnosis = getattr(error.orig, "diag", None)
    told = getattr(diagnosis, "message_primary", None) or str(error.orig)
    said = " ".join(told.split()).rstrip(".")
    for secret in (engine.url.password, *_texts(engine.url.query.get("password"))):
        said = said.replace(str(secret), "***") if secret else said
    return said


def _texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def refused(engine: Engine, error: DatabaseError) -> StoreError:
    """The error that a person meets when the database refused what was to be written."""
    return StoreError(f"The store at {named(engine)} could not be written: {in_words(error, engine)}.")
