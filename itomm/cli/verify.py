"""``itomm verify``: check that nothing stored was changed."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.progress import working
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode
from itomm.evidence.store import Store
from itomm.evidence.verification import verify
from itomm.reports.document import plain, to_json


@click.command()
@output_option("table", "json")
@common_options
def command(invocation: Invocation, output: str) -> int:
    """Check every stored byte: ledger, catalogue, segments and raw payloads.

    Exit code 4 when anything was changed, added or removed; each fault is named.
    """
    folder = invocation.store_path
    store = Store.open(folder) if folder else Workspace(invocation).existing_store
    with working("Verifying", quiet=invocation.quiet):
        found = verify(store)
    if output == "json":
        write_out(to_json({"schema": "itomm/verification/1", **plain(found)}))
    else:
        for fault in found.faults:
            print_paragraph(fault, style="red")
        counted = (
            f"{found.ledger_rows} ledger rows, {found.segments} segments and "
            f"{found.raw_payloads} raw payloads checked; ledger head {found.head[:16]}."
        )
        state = f"{len(found.faults)} faults found." if found.faults else "Nothing was changed."
        print_paragraph(f"{counted} {state}")
    return ExitCode.VERIFICATION_FAILED if found.faults else ExitCode.OK
