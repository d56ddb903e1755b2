"""``itomm init``: write a first itomm.yaml."""

from __future__ import annotations

from importlib import resources

import click

from itomm.cli.configuration_schema import write_schemas
from itomm.cli.options import Invocation, common_options
from itomm.cli.tables import print_paragraph
from itomm.config.errors import ExitCode, StoreError, UsageError

SCHEMA_FOLDER = ".itomm-schemas"
"""Beside the configuration, whose first line leads editors to it without a network."""


@click.command()
@click.option("--organisation", default="My organisation", show_default=True, help="The organisation's name.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@common_options
def command(invocation: Invocation, *, organisation: str, force: bool) -> int:
    """Write a first itomm.yaml with comments, ready to be filled in, and schemas for editors to check by."""
    target = invocation.configuration_path
    if target.exists() and not force:
        raise UsageError(f"{target} is already there. Give another name with --config, or --force.")
    template = (
        resources.files("itomm.config").joinpath("first_configuration.yaml").read_text(encoding="utf-8")
    )
    quoted = "'" + organisation.replace("'", "''") + "'"
    try:
        target.write_text(template.replace("ORGANISATION_NAME", quoted), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{target} could not be written: {error.strerror}.") from None
    schemas = target.parent / SCHEMA_FOLDER
    write_schemas(schemas)
    print_paragraph(
        f"Wrote {target}, and schemas for editors into {schemas}. "
        "Next: fill in your sources and services, then run 'itomm doctor'."
    )
    return ExitCode.OK
