"""``itomm override propose`` and ``renew``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import click

from itomm.cli.answer import known_criterion, known_scope
from itomm.cli.options import Invocation, common_options, instant_or_none
from itomm.cli.overriding.policy import policy_of
from itomm.cli.overview import find_scope
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode, UsageError
from itomm.evidence.attachments import kept_attachments
from itomm.evidence.decisions import OVERRIDE_KINDS, OVERRIDE_VERDICTS, Override, find_override, propose
from itomm.scoring.assessment import Assessment, View

_REASON = "Why; at least 20 characters, shown in every report."
_attach_option = click.option(
    "--attach", "attached", multiple=True, metavar="LINK|FILE", help="Proof; repeatable."
)


@click.command("propose")
@click.argument("criterion", metavar="CRITERION")
@click.argument("verdict", type=click.Choice(OVERRIDE_VERDICTS))
@click.option("--by", "proposer", required=True, metavar="PERSON", help="Who proposes.")
@click.option("--reason", required=True, help=_REASON)
@click.option("--kind", type=click.Choice(OVERRIDE_KINDS), required=True, help="What kind of override.")
@click.option("--until", required=True, metavar="INSTANT", help="When it expires; at most 180 days ahead.")
@click.option("--from", "start", metavar="INSTANT", help="From when it counts.  [default: now]")
@click.option("--service", "--scope", "scope", metavar="ID", help="A service or group.  [default: all]")
@_attach_option
@common_options
def propose_command(
    invocation: Invocation,
    *,
    criterion: str,
    verdict: str,
    proposer: str,
    reason: str,
    kind: str,
    until: str,
    start: str | None,
    scope: str | None,
    attached: tuple[str, ...],
) -> int:
    """Propose an override; it counts for nothing before a second person approves it."""
    workspace = Workspace(invocation)
    now = invocation.clock()
    identifier = known_criterion(workspace.rule_set, criterion)
    scope_id = known_scope(workspace.configuration, scope)
    saw_verdict, saw_measured = seen(score(workspace).assessment, identifier, scope_id)
    override = Override(
        id="",
        scope=scope_id,
        criterion=identifier,
        verdict=verdict,
        kind=kind,
        reason=reason.strip(),
        proposer=proposer,
        proposed_at=now,
        effective_from=instant_or_none(start) or now,
        expires_at=instant_or_none(until) or now,
        saw_verdict=saw_verdict,
        saw_measured=saw_measured,
        decisions=(),
        attachments=kept_attachments(workspace.store, attached, at=now, actor=proposer),
    )
    _record(workspace, override)
    return ExitCode.OK


@click.command("renew")
@click.argument("override_id", metavar="ID")
@click.option("--by", "proposer", required=True, metavar="PERSON", help="Who proposes to renew it.")
@click.option("--until", required=True, metavar="INSTANT", help="When it expires; at most 180 days ahead.")
@click.option("--reason", help="Why it still holds.  [default: the reason given before]")
@_attach_option
@common_options
def renew_command(
    invocation: Invocation,
    *,
    override_id: str,
    proposer: str,
    until: str,
    reason: str | None,
    attached: tuple[str, ...],
) -> int:
    """Propose an override anew, over what evidence says today; a second person approves it again.

    Once approved, it takes the place of the one that it renews.
    """
    workspace = Workspace(invocation)
    now = invocation.clock()
    before = find_override(workspace.existing_store, override_id)
    _check_renewable(before, now)
    saw_verdict, saw_measured = seen(score(workspace).assessment, before.criterion, before.scope)
    renewed = replace(
        before,
        id="",
        reason=(reason or before.reason).strip(),
        proposer=proposer,
        proposed_at=now,
        effective_from=now,
        expires_at=instant_or_none(until) or now,
        saw_verdict=saw_verdict,
        saw_measured=saw_measured,
        decisions=(),
        attachments=(
            *before.attachments,
            *kept_attachments(workspace.existing_store, attached, at=now, actor=proposer),
        ),
        renews=before.id,
        origin=None,
    )
    _record(workspace, renewed)
    return ExitCode.OK


def seen(assessment: Assessment, criterion: str, scope_id: str) -> tuple[str, str | None]:
    """The inferred answer that a proposer has before them: verdict, and what was measured."""
    scope = find_scope(assessment, scope_id)
    answer = next(each for each in scope.answers if each.criterion == criterion)
    if answer.inferred is not None:
        return answer.inferred.verdict.value, answer.inferred.measured
    return answer.in_force[View.EVIDENCE].verdict.value, None


def _check_renewable(before: Override, now: datetime) -> None:
    decided = {each.decision for each in before.decisions}
    if "approved" not in decided or "withdrawn" in decided:
        raise UsageError(
            f"Override {before.id} was {'withdrawn' if 'withdrawn' in decided else 'never approved'}; "
            f"propose a new one."
        )
    if before.effective_from > now:
        raise UsageError(f"Override {before.id} has not begun yet.")


def _record(workspace: Workspace, override: Override) -> None:
    policy = policy_of(workspace)
    recorded = propose(workspace.store, override, policy)
    print_paragraph(f"{said_of(recorded)} {what_is_next(recorded)}")


def said_of(recorded: Override) -> str:
    """A sentence on what was proposed."""
    renewing = f", renewing {recorded.renews}" if recorded.renews else ""
    return (
        f"{recorded.id}: proposed {recorded.criterion} as {recorded.verdict} for {recorded.scope} until "
        f"{format_instant(recorded.expires_at)}{renewing}."
    )


def what_is_next(recorded: Override) -> str:
    """A sentence on who has to approve it."""
    if recorded.decisions:
        return "It needs no second person by 'overrides' in itomm.yaml, and counts from its beginning."
    return f"A second person approves it with 'itomm override approve {recorded.id} --by …'."
