"""``itomm score``: score stored evidence."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, assume_option, common_options, output_option, scoring_options
from itomm.cli.recording import attested_in, record, signer_of
from itomm.cli.scoring_output import print_scored
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode, UsageError


@click.command()
@scoring_options
@click.option("--offline", is_flag=True, help="Accepted for clarity: scoring never uses the network.")
@click.option("--record", "recording", is_flag=True, help="Keep the assessment in the store, signed.")
@assume_option
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    output: str,
    offline: bool,  # noqa: ARG001  scoring is always offline
    recording: bool,
    assume: tuple[str, ...],
) -> int:
    """Score stored evidence; no network, no clock.

    The same evidence, rules, decisions and as-of instant give the same bytes on every machine. Nothing is
    written unless --record is given.
    """
    if recording and assume:
        raise UsageError("What is only assumed is not recorded; leave out --record or --assume.")
    workspace = Workspace(invocation)
    signer = signer_of(workspace, workspace.existing_store) if recording else None
    scored = score(workspace, as_of=as_of, snapshot=snapshot, profile=profile, assume=assume)
    if recording:
        record(scored, signer, "itomm score --record")
    print_scored(scored, output, lambda: attested_in(scored))
    return ExitCode.OK
