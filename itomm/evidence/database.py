"""The catalogue database: tables, append-only triggers, version. Embedded default: SQLite in WAL mode."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError

from itomm.config.errors import StoreError, StoreVersionError

SCHEMA_VERSION = 2

metadata = MetaData()

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", Text, nullable=False, unique=True),  # a fork is impossible
    Column("hash", Text, nullable=False, unique=True),
)

collections = Table(
    "collections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("collector", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=False),
    Column("complete", Integer, nullable=False),
    Column("reason", Text),
    Column("error", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("window_start", Text),
    Column("window_end", Text),
    Column("requested", Text, nullable=False),
    Column("denied", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("unmapped", Integer, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
    Column("merkle_root", Text),  # over its records in the order of reading; null in stores of version 1
    Column("asked_digest", Text),  # of settings, services and history; a later run continues only the same
    Column("continues", Text),  # the collection whose reading this one goes on from; null for a whole one
    Column("clock_skew_seconds", Integer),  # the server's clock less ours; null when it told no time
    UniqueConstraint("run", "source", "record_type"),
)

segments = Table(
    "segments",
    metadata,
    Column("path", Text, primary_key=True),
    Column("collection", Text, ForeignKey("collections.id"), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("first_at", Text),
    Column("last_at", Text),
    Column("sha256", Text, nullable=False),
    Column("distinct_records", Integer),  # as many as rows when no page repeated a record; null in version 1
)

compactions = Table(
    "compactions",
    metadata,
    Column("path", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("through", Text, ForeignKey("collections.id"), nullable=False),  # the newest collection in it
    Column("rows", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("inputs_digest", Text, nullable=False),  # over the digests of the segments it was made from
    Column("at", Text, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

removals = Table(
    "removals",
    metadata,
    Column("path", Text, primary_key=True),  # relative to the store's folder; its content was let go
    Column("sha256", Text, nullable=False),
    Column("rule", Text, nullable=False),  # which retention rule, or "forget"
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("replaced_by", Text),  # a segment that says the same without what had to go
    Column("replacement_sha256", Text),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of the raw public key, in hexadecimal
    Column("public_key", Text, nullable=False),  # PEM
    Column("created_at", Text, nullable=False),
    Column("replaces", Text, ForeignKey("signing_keys.id"), unique=True),
    Column("signature", Text),  # by the replaced key, over this key's id
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("path", Text, primary_key=True),  # a file of the store that is no evidence, such as pseudonym.key
    Column("sha256", Text, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("collection", Text, ForeignKey("collections.id"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("status", Integer),
    Column("records", Integer, nullable=False),
    Column("raw_sha256", Text, nullable=False),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposer", Text, nullable=False),
    Column("proposer_key", Text, nullable=False),
    Column("proposed_at", Text, nullable=False),
    Column("effective_from", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("saw_verdict", Text, nullable=False),
    Column("saw_measured", Text),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
    CheckConstraint("length(reason) >= 20", name="reason_long_enough"),
)

override_decisions = Table(
    "override_decisions",
    metadata,
    Column("override", Text, ForeignKey("overrides.id"), primary_key=True),
    Column("decision", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("actor_key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
    CheckConstraint("decision in ('approved', 'rejected', 'withdrawn')", name="known_decision"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attachments", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", Text, primary_key=True),  # S1, S2, ...
    Column("as_of", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("path", Text, nullable=False),  # the assessment document, relative to the store's folder
    Column("sha256", Text, nullable=False),  # of that document
    Column("envelope", Text, nullable=False),  # DSSE; without signatures when the store has no key
    Column("key_id", Text, ForeignKey("signing_keys.id")),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
)

APPEND_ONLY = (
    ledger,
    collections,
    segments,
    requests,
    compactions,
    removals,
    signing_keys,
    fingerprints,
    overrides,
    override_decisions,
    answers,
    assessments,
)


def _append_only(table: Table) -> list[str]:
    """Triggers against update, delete, and the replace that slips past a delete trigger.

    A replace removes whatever row has one of the new row's keys, also its hidden row number.
    """
    refuse = f"SELECT RAISE(ABORT, '{table.name} is append-only')"
    taken = " OR ".join(["rowid = NEW.rowid", *(f"({_same(key)})" for key in _keys(table))])
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" WHERE {taken})'  # noqa: S608  names are constants above
    forbidden = {
        "no_update": "BEFORE UPDATE ON {table}",
        "no_delete": "BEFORE DELETE ON {table}",
        "no_replace": "BEFORE INSERT ON {table} WHEN " + exists,
    }
    return [
        f"CREATE TRIGGER {table.name}_{name} {moment.format(table=table.name)} BEGIN {refuse}; END"
        for name, moment in forbidden.items()
    ]


def _keys(table: Table) -> list[list[str]]:
    """Sets of columns whose values no two rows share."""
    unique = [each for each in sorted(table.constraints, key=str) if isinstance(each, UniqueConstraint)]
    return [constraint.columns.keys() for constraint in [table.primary_key, *unique]]


def _same(key: list[str]) -> str:
    return " AND ".join(f'"{column}" = NEW."{column}"' for column in key)


_SECOND_PERSON = """
CREATE TRIGGER override_second_person BEFORE INSERT ON override_decisions
WHEN NEW.decision = 'approved' AND (
    lower(trim(NEW.actor_key)) = (SELECT lower(trim(proposer_key)) FROM overrides WHERE id = NEW.override)
    OR lower(trim(NEW.actor)) = (SELECT lower(trim(proposer)) FROM overrides WHERE id = NEW.override)
)
BEGIN SELECT RAISE(ABORT, 'an override needs a second person to approve it'); END
"""


def open_database(path: Path, *, create: bool) -> Engine:
    """Open the database file; with ``create``, make it when it is not there.

    Raises:
        StoreError: there is no store, or it cannot be opened or is damaged.
        StoreVersionError: a newer itomm wrote it.
    """
    exists = path.exists()
    if not exists and not create:
        raise StoreError(f"There is no store at {path.parent}. Run 'itomm collect' to make one.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}")
        _configure(engine)
        with engine.begin() as connection:
            if create and not _tables(connection):
                _create(connection)
            _check_version(connection, path)
    except OSError as error:
        raise StoreError(f"Cannot make the store at {path.parent}: {error.strerror}.") from None
    except DatabaseError as error:
        raise StoreError(f"Cannot open the store at {path}: {error.orig}.") from None
    return engine


def _configure(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a DB-API connection
        for pragma in ("journal_mode=WAL", "busy_timeout=10000", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute("PRAGMA recursive_triggers=ON")
        cursor.close()


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def _create(connection: Connection) -> None:
    """Make all or nothing; another process that wants the same waits and finds it done."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if _tables(connection):
        return
    metadata.create_all(connection)
    for table in APPEND_ONLY:
        for statement in _append_only(table):
            connection.execute(text(statement))
    connection.execute(text(_SECOND_PERSON))
    connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))


def _check_version(connection: Connection, path: Path) -> None:
    found = None
    if meta.name in _tables(connection):
        found = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    if found is None or not found.isdecimal():
        raise StoreError(f"{path} is a database, but not an itomm store.")
    if int(found) > SCHEMA_VERSION:
        raise StoreVersionError(
            f"The store at {path.parent} has version {found}; this itomm knows up to {SCHEMA_VERSION}. "
            "Use a newer itomm. Nothing was changed."
        )
