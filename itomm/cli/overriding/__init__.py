"""``itomm override``: replace an inferred answer for a time, with a reason and a second person."""

from __future__ import annotations

import click

from itomm.cli.overriding.deciding import approve_command, reject_command, withdraw_command
from itomm.cli.overriding.file import export_command, import_command
from itomm.cli.overriding.listing import list_command
from itomm.cli.overriding.proposing import propose_command, renew_command


@click.group("override")
def command() -> None:
    """Replace an inferred answer for a time, with a reason and a second person's approval.

    The inferred answer stays visible, and every score is shown with and without overrides.
    """


for each in (
    propose_command,
    approve_command,
    reject_command,
    withdraw_command,
    renew_command,
    list_command,
    import_command,
    export_command,
):
    command.add_command(each)
