"""``itomm assess``: collect, then score."""

from __future__ import annotations

import click

from itomm.cli.collection import (
    Manner,
    configured_sources,
    is_complete,
    manner_options,
    print_results,
    run_collection,
)
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.recording import attested_in, record, signer_of
from itomm.cli.scope_report import print_scope_report
from itomm.cli.scoring_output import print_scored
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode


@click.command()
@click.option("--profile", type=click.Choice(["itomm", "iso33020", "strict"]), help="Scoring profile.")
@click.option("--unsigned", is_flag=True, help="Record without a signature, though there is a key.")
@manner_options
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation, *, profile: str | None, unsigned: bool, full: bool, afresh: bool, output: str
) -> int:
    """Collect from all sources, score, and record the assessment with a signed statement.

    Exit code 3 when a source failed or is incomplete; what rests on it is shown as unknown.
    """
    workspace = Workspace(invocation)
    workspace.rule_set  # noqa: B018  a fault in the rules is told before anything is collected
    configured_sources(workspace.configuration)  # likewise one in the sources, and a key that is not found
    signer = None if unsigned else signer_of(workspace, workspace.store)
    results = run_collection(workspace, purpose="itomm assess", manner=Manner(full, afresh))
    scored = score(workspace, profile=profile)
    record(scored, signer, "itomm assess")
    if output == "table":
        print_results(results)
        print_scope_report(workspace)
        print_paragraph("")
    print_scored(scored, output, lambda: attested_in(scored))
    return ExitCode.OK if is_complete(results) else ExitCode.INCOMPLETE
