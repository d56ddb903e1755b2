"""``itomm collect``: collect evidence from all sources."""

from __future__ import annotations

import click

from itomm.cli.collection import Manner, is_complete, manner_options, print_results, run_collection
from itomm.cli.options import Invocation, common_options
from itomm.cli.scope_report import print_scope_report
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode


@click.command()
@click.option("--source", "only", multiple=True, metavar="NAME", help="Only this source; repeatable.")
@manner_options
@common_options
def command(invocation: Invocation, *, only: tuple[str, ...], full: bool, afresh: bool) -> int:
    """Collect evidence from all sources: all of it at first, then what changed since the last run.

    A run that was interrupted is gone on with at its last complete page.

    Exit code 3 when a source failed or is incomplete; what others brought is kept.
    """
    workspace = Workspace(invocation)
    results = run_collection(workspace, purpose="itomm collect", only=only, manner=Manner(full, afresh))
    print_results(results)
    print_scope_report(workspace)
    return ExitCode.OK if is_complete(results) else ExitCode.INCOMPLETE
