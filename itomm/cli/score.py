"""``itomm score``: score stored evidence."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, common_options, output_option, scoring_options
from itomm.cli.scoring_output import print_scored
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode


@click.command()
@scoring_options
@click.option("--offline", is_flag=True, help="Accepted for clarity: scoring never uses the network.")
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
) -> int:
    """Score stored evidence; no network, no clock.

    The same evidence, rules, decisions and as-of instant give the same bytes on every machine.
    """
    scored = score(Workspace(invocation), as_of=as_of, snapshot=snapshot, profile=profile)
    print_scored(scored, output)
    return ExitCode.OK
