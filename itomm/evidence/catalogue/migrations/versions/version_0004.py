"""Collections say which fields of their records the source cannot tell.

No row is touched: collections of version 3 said nothing about it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from itomm.config.errors import StoreError

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what is new."""
    op.add_column("collections", sa.Column("untold", _TEXT))
    op.execute("UPDATE meta SET value = '4' WHERE key = 'schema_version'")


def downgrade() -> None:
    """Take away what is new, when there is nothing in the store that version 3 would not understand.

    Raises:
        StoreError: there is; nothing is changed.
    """
    untold = sa.table("collections", sa.column("untold"))
    count = sa.select(sa.func.count()).select_from(untold).where(untold.c.untold.is_not(None))
    newer = op.get_bind().execute(count).scalar_one()
    if newer:
        raise StoreError(
            f"The store cannot go back to version 3: it holds {newer} collections that version 3 "
            "does not understand. Nothing was changed. To go back all the same, "
            "put back a copy from before the upgrade; what was collected since is then lost."
        )
    op.drop_column("collections", "untold")
    op.execute("UPDATE meta SET value = '3' WHERE key = 'schema_version'")
