"""``itomm rules schema``: JSON Schemas for editors."""

from __future__ import annotations

from pathlib import Path

import click

from itomm.cli.configuration_schema import SCHEMAS, schema_text, write_schemas
from itomm.cli.options import Invocation, common_options
from itomm.cli.tables import print_paragraph, write_out
from itomm.config.errors import ExitCode


@click.command("schema")
@click.argument("kind", required=False, default="rule", type=click.Choice(sorted(SCHEMAS)))
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="DIR", help="Write all schemas into this folder."
)
@common_options
def schema_command(_invocation: Invocation, *, kind: str, to: Path | None) -> int:
    """Print the JSON Schema of a rule, a model, a pack's file or the configuration; an editor checks by it.

    Begin a file with '# yaml-language-server: $schema=DIR/pack.json' to have it checked while you type.
    """
    if to is None:
        write_out(schema_text(kind))
        return ExitCode.OK
    for path in write_schemas(to):
        print_paragraph(f"Wrote {path}.")
    return ExitCode.OK
