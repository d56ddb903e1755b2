"""Moving a store to another version of its tables, and copying its database; behind ``itomm db``."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import StoreError, UsageError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue.database import APPEND_ONLY, SCHEMA_VERSION, alembic_version, meta
from itomm.evidence.catalogue.engines import named, refused, shown, writing
from itomm.evidence.catalogue.locking import exclusive
from itomm.evidence.catalogue.opening import (
    DATABASE_FILE,
    connected,
    make_tables,
    not_opened,
    too_new,
    version_in,
)
from itomm.evidence.catalogue.seal import break_seal, seal


@dataclass(frozen=True)
class Moved:
    """From which version a store came, to which it went, and where the copy of its database is.

    ``before`` is 0 when there was no store.
    """

    before: int
    after: int
    copy: Path | None


def version_of(folder: Path, *, database: Secret | None = None) -> int:
    """The version of a store's tables; 0 when its PostgreSQL database holds no store yet.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    engine = connected(folder, database=database)
    try:
        return _version(engine)
    finally:
        engine.dispose()


def upgrade(folder: Path, *, database: Secret | None = None, app_role: str | None = None) -> Moved:
    """Bring a store to the newest version, all or nothing; SQLite's file is copied beside itself first.

    In PostgreSQL, the tables are made when there are none; ``app_role``, and whoever could add rows before,
    may then read and add rows, no more.

    Raises:
        LockedError: a run is under way.
        StoreError: there is no store, or the database refused.
        StoreVersionError: a newer itomm wrote it.
    """
    if app_role is not None and database is None:
        raise UsageError("Only a store in PostgreSQL has roles; leave --app-role away.")
    engine = connected(folder, database=database)
    try:
        with exclusive(folder, engine, "itomm db upgrade"):
            before = _version(engine)
            if before > SCHEMA_VERSION:
                raise too_new(before, named(engine))
            copy = _copied_before(folder, engine, before) if 0 < before < SCHEMA_VERSION else None
            break_seal(folder / DATABASE_FILE)
            with writing(engine).begin() as connection:
                if before == 0:
                    make_tables(connection)
                elif before < SCHEMA_VERSION:
                    migrate(connection, before, SCHEMA_VERSION)
                for role in sorted({*_collecting_roles(connection), *([app_role] if app_role else [])}):
                    _grant(connection, role)
            if engine.dialect.name == "sqlite":
                seal(engine, folder / DATABASE_FILE)
    except DatabaseError as error:
        raise refused(engine, error) from None
    finally:
        engine.dispose()
    return Moved(before, SCHEMA_VERSION, copy)


def downgrade(folder: Path, to: int, *, database: Secret | None = None) -> Moved:
    """Take a store back to an older version, all or nothing.

    Raises:
        LockedError: a run is under way.
        StoreError: there is no store, it holds what that version cannot hold, or the database refused.
        UsageError: there is no such older version.
    """
    engine = connected(folder, database=database)
    try:
        with exclusive(folder, engine, "itomm db downgrade"):
            before = _version(engine)
            if not 1 <= to <= before:
                raise UsageError(f"The store has version {before}; it cannot go back to {to}.")
            copy = _copied_before(folder, engine, before) if to < before else None
            break_seal(folder / DATABASE_FILE)
            with writing(engine).begin() as connection:
                migrate(connection, before, to)
    except DatabaseError as error:
        raise refused(engine, error) from None
    finally:
        engine.dispose()
    return Moved(before, to, copy)


def back_up(folder: Path, to: Path) -> None:
    """Copy a SQLite store's database as it stands now, also while a run writes to it.

    Raises:
        StoreError: there is no store, or the copy cannot be written.
        UsageError: there is a file already.
    """
    source = folder / DATABASE_FILE
    if not source.exists():
        raise StoreError(f"There is no store at {folder}.")
    try:
        to.open("xb").close()
    except FileExistsError:
        raise UsageError(f"There is a file at {to} already; name another.") from None
    except OSError as error:
        raise StoreError(f"Cannot write {to}: {error.strerror}.") from None
    try:
        with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(to)) as copy:
            whole.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself
    except sqlite3.Error as error:
        to.unlink()
        raise StoreError(f"Cannot copy {source} to {to}: {error}.") from None


def dump_command(url: URL, to: Path | None) -> str:
    """The command by which PostgreSQL copies a database; the password is not in it."""
    file = str(to) if to else "itomm.dump"
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", shown(url)])


def _version(engine: Engine) -> int:
    try:
        with engine.begin() as connection:
            found = version_in(connection)
            if found is not None:
                return found
            if engine.dialect.name == "postgresql" and not inspect(connection).get_table_names():
                return 0
    except DatabaseError as error:
        raise not_opened(engine, error) from None
    raise StoreError(f"{named(engine)} is a database, but not an itomm store.")


def _copied_before(folder: Path, engine: Engine, version: int) -> Path | None:
    """A copy beside the database, under a name that is free."""
    if engine.dialect.name != "sqlite":
        return None
    names = (
        f"{DATABASE_FILE}.version-{version}{'' if number == 1 else f'.{number}'}" for number in range(1, 1000)
    )
    copy = next(folder / name for name in names if not (folder / name).exists())
    back_up(folder, copy)
    return copy


def migrate(connection: Connection, before: int, after: int) -> None:
    """Run the migrations from one version (0: nothing) to another inside the caller's transaction."""
    configuration = Config()
    configuration.set_main_option("script_location", "itomm.evidence.catalogue:migrations")
    configuration.attributes["connection"] = connection
    if before and not inspect(connection).has_table(alembic_version.name):  # version 1 knew no Alembic
        command.stamp(configuration, f"{before:04d}")
    move = command.upgrade if after > before else command.downgrade
    move(configuration, f"{after:04d}")


def _collecting_roles(connection: Connection) -> list[str]:
    """The roles that may add rows already; a migration may have made tables that are new to them."""
    if connection.dialect.name != "postgresql":
        return []
    query = (
        "SELECT grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema() "
        "AND table_name = 'ledger' AND privilege_type = 'INSERT' AND grantee NOT IN (grantor, 'PUBLIC')"
    )
    return list(connection.execute(text(query)).scalars())


def _grant(connection: Connection, role: str) -> None:
    """Let a role read everything and add rows to what is append-only; nothing else, whatever it had."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    schema = connection.dialect.identifier_preparer.quote_identifier(
        connection.execute(text("SELECT current_schema()")).scalar_one()
    )
    may_add = ", ".join(table.name for table in APPEND_ONLY)
    may_read = f"{may_add}, {meta.name}, {alembic_version.name}"
    for statement in (
        f"REVOKE ALL ON {may_read} FROM {quoted}",
        f"GRANT USAGE ON SCHEMA {schema} TO {quoted}",
        f"GRANT SELECT ON {may_read} TO {quoted}",
        f"GRANT INSERT ON {may_add} TO {quoted}",
    ):
        connection.execute(text(statement.replace(":", "\\:")))
