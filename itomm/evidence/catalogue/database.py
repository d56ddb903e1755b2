"""The catalogue database: its tables, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as AnyText

SCHEMA_VERSION = 4

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")  # one order on both, by code point

metadata = MetaData()

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

alembic_version = Table(  # Alembic's own; declared so that a new store is made without loading Alembic
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

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
    Column("untold", Text),  # fields that the source cannot tell, and why; null when nobody said
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
    Column("attachments", Text, nullable=False, server_default="[]"),
    Column("renews", Text),  # the override that this one goes on with
    Column("origin", Text),  # the reviewed file and commit that it came from; null when typed
    CheckConstraint("length(reason) >= 20", name="reason_long_enough"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("tracker", Text, primary_key=True),  # the address of the tool
    Column("ticket", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("ledger_seq", Integer, ForeignKey("ledger.seq"), nullable=False),
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
    tickets,
)
