"""Merkle roots and continued collections; compactions, removals, keys, fingerprints; signed assessments.

No row is touched: what is new is empty in rows of version 1. The table ``assessments`` had no writer in
version 1, so it is dropped and made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from itomm.config.errors import StoreError
from itomm.evidence.catalogue.append_only import guard

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NEW_COLUMNS = (
    ("collections", "merkle_root", _TEXT),
    ("collections", "asked_digest", _TEXT),
    ("collections", "continues", _TEXT),
    ("collections", "clock_skew_seconds", sa.Integer()),
    ("segments", "distinct_records", sa.Integer()),
)
_NEW_TABLES = ("assessments", "fingerprints", "signing_keys", "removals", "compactions")
_KINDS_OF_VERSION_1 = (
    "collection",
    "answer",
    "override_proposed",
    "override_approved",
    "override_rejected",
    "override_withdrawn",
)


def upgrade() -> None:
    """Add what is new."""
    for table, name, kind in _NEW_COLUMNS:
        op.add_column(table, sa.Column(name, kind))
    op.drop_table("assessments")
    guard(op.get_bind(), (*_tables_of_content(), *_tables_of_keys(), _assessments()))
    op.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")


def downgrade() -> None:
    """Take away what is new, when there is nothing in the store that version 1 would not understand.

    Raises:
        StoreError: there is; nothing is changed.
    """
    _refuse_what_version_1_cannot_hold()
    for table in _NEW_TABLES:
        op.drop_table(table)
    for table, name, _ in _NEW_COLUMNS:
        op.drop_column(table, name)
    guard(op.get_bind(), (_assessments_of_version_1(),))
    op.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")


def _refuse_what_version_1_cannot_hold() -> None:
    ledger, collections = (
        sa.table("ledger", sa.column("kind")),
        sa.table("collections", sa.column("merkle_root")),
    )
    count = sa.select(sa.func.count())
    newer_collections = count.select_from(collections).where(collections.c.merkle_root.is_not(None))
    newer_kinds = count.select_from(ledger).where(ledger.c.kind.not_in(_KINDS_OF_VERSION_1))
    connection = op.get_bind()
    collected = connection.execute(newer_collections).scalar_one()
    others = connection.execute(newer_kinds).scalar_one()
    if collected or others:
        raise StoreError(
            f"The store cannot go back to version 1: it holds {collected} collections and {others} other "
            "ledger rows that version 1 does not understand. Nothing was changed. To go back all the same, "
            "put back a copy from before the upgrade; what was recorded since is then lost."
        )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=nullable)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _recorded() -> sa.Column[int]:
    return sa.Column("ledger_seq", sa.Integer, sa.ForeignKey("ledger.seq"), nullable=False)


def _tables_of_content() -> tuple[sa.Table, ...]:
    return (
        op.create_table(
            "compactions",
            _key("path"),
            _text("source"),
            _text("record_type"),
            sa.Column("through", _TEXT, sa.ForeignKey("collections.id"), nullable=False),
            _integer("rows"),
            _text("sha256"),
            _text("inputs_digest"),
            _text("at"),
            _recorded(),
        ),
        op.create_table(
            "removals",
            _key("path"),
            _text("sha256"),
            _text("rule"),
            _text("reason"),
            _text("actor"),
            _text("at"),
            _text("replaced_by", nullable=True),
            _text("replacement_sha256", nullable=True),
            _recorded(),
        ),
    )


def _tables_of_keys() -> tuple[sa.Table, ...]:
    return (
        op.create_table(
            "signing_keys",
            _key("id"),
            _text("public_key"),
            _text("created_at"),
            sa.Column("replaces", _TEXT, sa.ForeignKey("signing_keys.id"), unique=True),
            _text("signature", nullable=True),
            _recorded(),
        ),
        op.create_table("fingerprints", _key("path"), _text("sha256"), _recorded()),
    )


def _assessments() -> sa.Table:
    return op.create_table(
        "assessments",
        _key("id"),
        _text("as_of"),
        _integer("run"),
        _text("made_at"),
        _text("verdict"),
        _text("path"),
        _text("sha256"),
        _text("envelope"),
        sa.Column("key_id", _TEXT, sa.ForeignKey("signing_keys.id")),
        _recorded(),
    )


def _assessments_of_version_1() -> sa.Table:
    return op.create_table(
        "assessments", _key("digest"), _text("as_of"), _text("made_at"), _text("verdict"), _text("path")
    )
