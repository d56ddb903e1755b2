"""Opening the catalogue database, and making it when it is not there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import ItommError, StoreError, StoreVersionError
from itomm.config.secrets import Secret
from itomm.evidence.catalogue.append_only import guard, guard_approvals, prepare
from itomm.evidence.catalogue.database import APPEND_ONLY, SCHEMA_VERSION, alembic_version, meta, metadata
from itomm.evidence.catalogue.engines import in_words, named, postgresql_engine, sqlite_engine, writing

DATABASE_FILE = "itomm.db"


def open_database(folder: Path, *, create: bool = False, database: Secret | None = None) -> Engine:
    """Open the database of a store: the file in its folder, or the PostgreSQL database that a URL names.

    With ``create``, the file is made when it is not there. Tables in PostgreSQL are only made by
    ``itomm db upgrade``, so that they never belong to the role that collects.

    Raises:
        StoreError: there is no store, or it cannot be opened or is damaged.
        StoreVersionError: another version of itomm wrote it.
        UsageError: the URL cannot be used.
    """
    engine = connected(folder, create=create, database=database)
    try:
        if create and database is None:
            _create_once(engine)
        with engine.begin() as connection:
            found = version_in(connection)
            if found is None:
                raise _no_store(connection)
            told = contradiction(connection) if found <= SCHEMA_VERSION else None
            if told is not None:
                raise StoreError(told)
        _check(found, named(engine) if database else str(folder))
    except DatabaseError as error:
        engine.dispose()
        raise not_opened(engine, error) from None
    except ItommError:
        engine.dispose()
        raise
    return engine


def connected(folder: Path, *, create: bool = False, database: Secret | None = None) -> Engine:
    """An engine for the database of a store, whatever is in it.

    Raises:
        StoreError: there is no file and none is to be made, or its folder cannot be made.
        UsageError: the URL cannot be used.
    """
    if not create and database is None and not (folder / DATABASE_FILE).exists():
        raise StoreError(f"There is no store at {folder}. Run 'itomm collect' to make one.")
    if create and database is None:
        _refuse_a_lost_database(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"Cannot make the store at {folder}: {error.strerror}.") from None
    return postgresql_engine(database) if database else sqlite_engine(folder / DATABASE_FILE)


def version_in(connection: Connection) -> int | None:
    """The version of the store's tables; None when there is no store.

    Raises:
        DatabaseError: the database cannot be read, or this role may not read it.
    """
    if not inspect(connection).has_table(meta.name):
        return None
    found = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    if found is None or not str(found).isdecimal():
        return None
    return int(found)


def contradiction(connection: Connection) -> str | None:
    """The version stands in two places, so that a changed one is seen; None when they agree."""
    version = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    if not inspect(connection).has_table(alembic_version.name):  # version 1 knew only the first place
        return None
    migrated = connection.execute(select(alembic_version.c.version_num)).scalars().all()
    if [f"{version:0>4}"] == list(migrated):
        return None
    return (
        f"{named(connection.engine)} was changed: table meta says version {version}, table alembic_version "
        f"says {', '.join(map(str, migrated)) or 'nothing'}."
    )


def make_tables(connection: Connection) -> None:
    """Make all tables of the newest version with everything that guards them."""
    metadata.create_all(connection)
    prepare(connection)
    guard(connection, APPEND_ONLY)
    guard_approvals(connection)
    connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))
    connection.execute(alembic_version.insert().values(version_num=f"{SCHEMA_VERSION:04d}"))


def not_opened(engine: Engine, error: DatabaseError) -> StoreError:
    """The error that a person meets when the database cannot be read."""
    return StoreError(f"Cannot open the store at {named(engine)}: {in_words(error, engine)}.")


def too_new(found: int, place: str) -> StoreVersionError:
    """The error that a person meets when a newer itomm wrote the store."""
    return StoreVersionError(
        f"The store at {place} has version {found}; this itomm knows up to {SCHEMA_VERSION}. "
        "Use a newer itomm. Nothing was changed."
    )


def _refuse_a_lost_database(folder: Path) -> None:
    if (folder / DATABASE_FILE).exists() or next(folder.glob("evidence/*/*.parquet"), None) is None:
        return
    raise StoreError(
        f"{folder} holds evidence, but no {DATABASE_FILE}. Put the file back from a backup; or, when this is "
        "the folder of a team store, name its database in itomm.yaml. Nothing was changed."
    )


def _create_once(engine: Engine) -> None:
    """Make all or nothing; another process that wants the same waits and finds it done."""
    with engine.begin() as connection:
        if inspect(connection).get_table_names():
            return
    with writing(engine).begin() as connection:
        if not inspect(connection).get_table_names():
            make_tables(connection)


def _no_store(connection: Connection) -> StoreError:
    place = named(connection.engine)
    if not inspect(connection).get_table_names():  # of a file: who was making it was killed
        makes = "db upgrade" if connection.dialect.name == "postgresql" else "collect"
        return StoreError(f"There is no store in {place}. Run 'itomm {makes}' to make its tables.")
    return StoreError(f"{place} is a database, but not an itomm store.")


def _check(found: int, place: str) -> None:
    if found > SCHEMA_VERSION:
        raise too_new(found, place)
    if found < SCHEMA_VERSION:
        raise StoreVersionError(
            f"The store at {place} has version {found}; this itomm needs {SCHEMA_VERSION}. "
            "Run 'itomm db upgrade'; a SQLite store is copied first. Nothing was changed."
        )
