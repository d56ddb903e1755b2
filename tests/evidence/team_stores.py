"""Stores whose catalogue is in PostgreSQL, made quickly: one database for all tests, emptied for each."""

from __future__ import annotations

from pathlib import Path

from itomm.config.secrets import Secret
from itomm.evidence.catalogue.database import APPEND_ONLY
from itomm.evidence.catalogue.schema_versions import upgrade
from tests.real.postgresql import PostgreSQL

TABLES = [table.name for table in APPEND_ONLY]


def new_team_database(server: PostgreSQL, folder: Path) -> str:
    """The name of a database with the tables of a store."""
    name = server.new_database()
    upgrade(folder, database=server.url(name))
    return name


def emptied(server: PostgreSQL, name: str) -> Secret:
    """The URL of a store's database, after its rows were taken out as only a superuser can."""
    server.run(
        name,
        *(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only" for table in TABLES),
        f"TRUNCATE {', '.join(TABLES)}",
        *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only" for table in TABLES),
    )
    return server.url(name)
