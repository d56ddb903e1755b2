"""``itomm override approve``, ``reject`` and ``withdraw``: what people decide about overrides."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, common_options
from itomm.cli.overriding.policy import policy_of
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode
from itomm.evidence.decisions import Decision, decide


def _deciding(name: str, decision: str, help_line: str) -> click.Command:
    @click.command(name, help=help_line)
    @click.argument("override_ids", metavar="ID...", nargs=-1, required=True)
    @click.option("--by", "actor", required=True, metavar="PERSON", help="Who decides.")
    @click.option("--reason", default="", help="Why.")
    @common_options
    def deciding(invocation: Invocation, *, override_ids: tuple[str, ...], actor: str, reason: str) -> int:
        workspace = Workspace(invocation)
        store, policy = workspace.existing_store, policy_of(workspace)
        for override_id in dict.fromkeys(override_ids):
            decide(store, override_id, Decision(decision, actor, reason, invocation.clock()), policy)
            print_paragraph(f"{override_id}: {decision} by {actor}.")
        return ExitCode.OK

    return deciding


approve_command = _deciding("approve", "approved", "Approve proposed overrides; not one's own.")
reject_command = _deciding("reject", "rejected", "Reject proposed overrides.")
withdraw_command = _deciding("withdraw", "withdrawn", "Withdraw overrides; they stop counting now.")
