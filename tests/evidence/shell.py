"""A plain SQL shell on a store's database: the owner's rights, none of itomm's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.engine import make_url

from itomm.config.secrets import Secret
from itomm.evidence.catalogue.database import metadata


@dataclass(frozen=True)
class Shell:
    """Runs statements, each call in a transaction of its own."""

    engine: Engine

    def run(self, *statements: str) -> None:
        """Run statements; raises what SQLAlchemy raises for the database's refusal."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def asked(self, query: str) -> Sequence[tuple[object, ...]]:
        """What a query finds, in order of its values."""
        with self.engine.connect() as connection:
            return sorted((tuple(row) for row in connection.exec_driver_sql(query)), key=repr)

    def columns_of(self, table: str) -> dict[str, str]:
        """Names and types of a table's columns, in order."""
        with self.engine.connect() as connection:
            columns = inspect(connection).get_columns(table)
        return {column["name"]: column["type"].__class__.__name__ for column in columns}


def shell_of(folder: Path, database: Secret | None) -> Shell:
    """A shell on the database of a store."""
    if database is None:
        return Shell(create_engine(f"sqlite:///{folder / 'itomm.db'}"))
    return Shell(create_engine(make_url(database.reveal()).set(drivername="postgresql+psycopg")))


def key_of(table: str) -> str:
    """The primary key's columns, as SQL lists them."""
    return ", ".join(f'"{column.name}"' for column in metadata.tables[table].primary_key)
