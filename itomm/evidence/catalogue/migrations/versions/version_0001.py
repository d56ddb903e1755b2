"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from itomm.config.errors import UsageError
from itomm.evidence.catalogue.append_only import guard, guard_approvals, prepare

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=nullable)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True)


def _recorded() -> sa.Column[int]:
    return sa.Column("ledger_seq", sa.Integer, sa.ForeignKey("ledger.seq"), nullable=False)


def upgrade() -> None:
    """Make everything."""
    op.create_table("meta", _key("key"), _text("value"))
    tables = (*_collected(), *_decided(), _assessed())
    connection = op.get_bind()
    prepare(connection)
    guard(connection, tables)
    guard_approvals(connection)
    op.execute("INSERT INTO meta (key, value) VALUES ('schema_version', '1')")


def downgrade() -> None:
    """Refused: nothing would be left."""
    raise UsageError("Version 1 is the first; there is nothing to go back to.")


def _collected() -> tuple[sa.Table, ...]:
    return (
        op.create_table(
            "ledger",
            sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
            _text("at"),
            _text("kind"),
            _text("actor"),
            _text("body"),
            sa.Column("prev", _TEXT, nullable=False, unique=True),
            sa.Column("hash", _TEXT, nullable=False, unique=True),
        ),
        op.create_table(
            "collections",
            _key("id"),
            _integer("run"),
            _text("source"),
            _text("collector"),
            _text("record_type"),
            _text("started_at"),
            _text("finished_at"),
            _integer("complete"),
            _text("reason", nullable=True),
            _text("error"),
            _integer("records"),
            _text("window_start", nullable=True),
            _text("window_end", nullable=True),
            _text("requested"),
            _text("denied"),
            _text("warnings"),
            _integer("unmapped"),
            _recorded(),
            sa.UniqueConstraint("run", "source", "record_type"),
        ),
        op.create_table(
            "segments",
            _key("path"),
            sa.Column("collection", _TEXT, sa.ForeignKey("collections.id"), nullable=False),
            _integer("rows"),
            _text("first_at", nullable=True),
            _text("last_at", nullable=True),
            _text("sha256"),
        ),
        op.create_table(
            "requests",
            sa.Column("collection", _TEXT, sa.ForeignKey("collections.id"), primary_key=True),
            sa.Column("page", sa.Integer, primary_key=True),
            _text("method"),
            _text("url"),
            _text("query"),
            _integer("status", nullable=True),
            _integer("records"),
            _text("raw_sha256"),
        ),
    )


def _decided() -> tuple[sa.Table, ...]:
    return (
        op.create_table(
            "overrides",
            _key("id"),
            _text("scope"),
            _text("criterion"),
            _text("verdict"),
            _text("kind"),
            _text("reason"),
            _text("proposer"),
            _text("proposer_key"),
            _text("proposed_at"),
            _text("effective_from"),
            _text("expires_at"),
            _text("saw_verdict"),
            _text("saw_measured", nullable=True),
            _recorded(),
            sa.CheckConstraint("length(reason) >= 20", name="reason_long_enough"),
        ),
        op.create_table(
            "override_decisions",
            sa.Column("override", _TEXT, sa.ForeignKey("overrides.id"), primary_key=True),
            _key("decision"),
            _text("actor"),
            _text("actor_key"),
            _text("reason"),
            _text("at"),
            _recorded(),
            sa.CheckConstraint("decision in ('approved', 'rejected', 'withdrawn')", name="known_decision"),
        ),
        op.create_table(
            "answers",
            _key("id"),
            _text("scope"),
            _text("criterion"),
            _text("verdict"),
            _text("author"),
            _text("reason"),
            _text("attachments"),
            _text("at"),
            _text("expires_at"),
            _recorded(),
        ),
    )


def _assessed() -> sa.Table:
    return op.create_table(
        "assessments", _key("digest"), _text("as_of"), _text("made_at"), _text("verdict"), _text("path")
    )
