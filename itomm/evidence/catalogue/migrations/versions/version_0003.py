"""Overrides with attachments, renewals and the file they came from; tickets made of a roadmap's steps.

No row is touched: what is new is empty in rows of version 2.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from itomm.config.errors import StoreError
from itomm.evidence.catalogue.append_only import guard

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what is new."""
    op.add_column("overrides", sa.Column("attachments", _TEXT, nullable=False, server_default="[]"))
    op.add_column("overrides", sa.Column("renews", _TEXT))
    op.add_column("overrides", sa.Column("origin", _TEXT))
    tickets = op.create_table(
        "tickets",
        sa.Column("tracker", _TEXT, primary_key=True),
        sa.Column("ticket", _TEXT, primary_key=True),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("url", "scope", "criterion", "actor", "at")),
        sa.Column("ledger_seq", sa.Integer, sa.ForeignKey("ledger.seq"), nullable=False),
    )
    guard(op.get_bind(), (tickets,))
    op.execute("UPDATE meta SET value = '3' WHERE key = 'schema_version'")


def downgrade() -> None:
    """Take away what is new, when there is nothing in the store that version 2 would not understand.

    Raises:
        StoreError: there is; nothing is changed.
    """
    _refuse_what_version_2_cannot_hold()
    op.drop_table("tickets")
    for name in ("origin", "renews", "attachments"):
        op.drop_column("overrides", name)
    op.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")


def _refuse_what_version_2_cannot_hold() -> None:
    overrides = sa.table("overrides", *(sa.column(name) for name in ("attachments", "renews", "origin")))
    columns = overrides.c
    newer = columns.renews.is_not(None) | columns.origin.is_not(None) | (columns.attachments != "[]")
    count = sa.select(sa.func.count())
    connection = op.get_bind()
    richer = connection.execute(count.select_from(overrides).where(newer)).scalar_one()
    tickets = connection.execute(count.select_from(sa.table("tickets"))).scalar_one()
    if tickets or richer:
        raise StoreError(
            f"The store cannot go back to version 2: it holds {richer} overrides and {tickets} tickets "
            "that version 2 does not understand. Nothing was changed. To go back all the same, "
            "put back a copy from before the upgrade; what was recorded since is then lost."
        )
