"""``itomm collectors new``: write the beginning of a plug-in."""

from __future__ import annotations

from pathlib import Path

import click

from itomm.cli.options import Invocation, common_options
from itomm.cli.tables import print_paragraph
from itomm.collectors.discovery import collector_names
from itomm.collectors.scaffold import InvalidPlugInError, PlugIn, write_plug_in
from itomm.collectors.scaffold.plug_in import DEFAULT_RECORD_TYPE
from itomm.config.errors import ExitCode


@click.command("new")
@click.argument("name", metavar="NAME")
@click.option("--to", "folder", metavar="FOLDER", help="Where to write.  [default: itomm-collector-NAME]")
@click.option(
    "--record-type",
    metavar="TYPE",
    default=DEFAULT_RECORD_TYPE,
    show_default=True,
    help="What it reads first.",
)
@common_options
def command(_invocation: Invocation, *, name: str, folder: str | None, record_type: str) -> int:
    """Write a plug-in that passes its tests as it stands, to be bent to a real tool step by step."""
    plug_in = PlugIn(name, record_type)
    if plug_in.collector in collector_names():
        raise InvalidPlugInError(
            f"A collector '{plug_in.collector}' is installed already; choose another name."
        )
    place = Path(folder or plug_in.distribution)
    written = write_plug_in(plug_in, place)
    print_paragraph(f"{plug_in.distribution}: {len(written)} files in {place}. Now:")
    print_paragraph(f"  cd {place}")
    print_paragraph("  pip install --editable . --group dev")
    print_paragraph("  pytest")
    print_paragraph("Its README says what to bend first.")
    return ExitCode.OK
