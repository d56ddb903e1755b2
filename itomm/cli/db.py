"""``itomm db``: the version of the store's database, and copies of it."""

from __future__ import annotations

from pathlib import Path

import click

from itomm.cli.options import Invocation, common_options
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode
from itomm.evidence.catalogue.database import SCHEMA_VERSION
from itomm.evidence.catalogue.engines import postgresql_engine
from itomm.evidence.catalogue.schema_versions import (
    Moved,
    back_up,
    downgrade,
    dump_command,
    upgrade,
    version_of,
)


@click.group()
def command() -> None:
    """Bring the store's database to another version, or copy it."""


@command.command("version")
@common_options
def show_version(invocation: Invocation) -> int:
    """Show the version of the store's database."""
    workspace = Workspace(invocation)
    found = version_of(workspace.store_folder, database=workspace.store_database)
    if found == 0:
        print_paragraph("There is no store yet. 'itomm db upgrade' makes its tables.")
        return ExitCode.INCOMPLETE
    advice = " Run 'itomm db upgrade'." if found < SCHEMA_VERSION else ""
    print_paragraph(f"The store has version {found}; this itomm needs {SCHEMA_VERSION}.{advice}")
    return ExitCode.OK


@command.command("upgrade")
@click.option("--app-role", metavar="ROLE", help="PostgreSQL: the role that may read and add rows, no more.")
@common_options
def bring_up(invocation: Invocation, app_role: str | None) -> int:
    """Bring the store's database to the version of this itomm; make its tables in an empty PostgreSQL.

    All or nothing. A SQLite database is copied first.
    """
    workspace = Workspace(invocation)
    moved = upgrade(workspace.store_folder, database=workspace.store_database, app_role=app_role)
    print_paragraph(_told(moved))
    if app_role:
        print_paragraph(f"The role {app_role} may read and add rows; it may change and remove none.")
    return ExitCode.OK


@command.command("downgrade")
@click.option("--to", "to", type=int, required=True, metavar="VERSION", help="The older version.")
@common_options
def bring_down(invocation: Invocation, to: int) -> int:
    """Take the store's database back to an older version, when that can hold everything in it.

    All or nothing. A SQLite database is copied first.
    """
    workspace = Workspace(invocation)
    print_paragraph(_told(downgrade(workspace.store_folder, to, database=workspace.store_database)))
    return ExitCode.OK


@command.command("backup")
@click.option("--to", "to", type=click.Path(path_type=Path), metavar="FILE", help="Where the copy goes.")
@common_options
def copy_database(invocation: Invocation, to: Path | None) -> int:
    """Copy the store's database as it stands now, also while a run writes to it.

    For PostgreSQL, the command that does it is shown, without the password.
    """
    workspace = Workspace(invocation)
    database = workspace.store_database
    folder = workspace.store_folder
    if database is not None:
        engine = postgresql_engine(database)
        print_paragraph(
            "PostgreSQL copies its databases itself; it asks for the password, or reads ~/.pgpass:"
        )
        click.echo(dump_command(engine.url, to))
    else:
        if to is None:
            raise click.UsageError("Name the copy with --to FILE.")
        back_up(folder, to)
        print_paragraph(f"The database is copied to {to}.")
    print_paragraph(
        f"Copy the folder {folder} after it, never before: what the database knows of must be there."
    )
    return ExitCode.OK


def _told(moved: Moved) -> str:
    if moved.before == moved.after:
        return f"The store has version {moved.after} already; nothing was changed."
    came = f"The store went from version {moved.before} to {moved.after}."
    told = came if moved.before else f"The tables of version {moved.after} were made."
    return f"{told} Its database as it was before is {moved.copy}." if moved.copy else told
