"""``itomm override``: replace an inferred answer for a time, with a reason and a second person."""

from __future__ import annotations

from collections.abc import Iterator

import click

from itomm.cli.answer import known_criterion, known_scope
from itomm.cli.options import Invocation, common_options, instant_or_none, output_option
from itomm.cli.overview import find_scope
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode
from itomm.evidence.decisions import OVERRIDE_KINDS, Decision, Override, decide, propose
from itomm.reports.document import plain, to_json
from itomm.scoring.assessment import Assessment, OverrideInForce, View

VERDICTS = ("yes", "partial", "no", "not_applicable")
HEADINGS = ("id", "state", "scope", "criterion", "answer", "kind", "proposer", "approver", "until")


@click.group("override")
def command() -> None:
    """Replace an inferred answer for a time, with a reason and a second person's approval.

    The inferred answer stays visible, and every score is shown with and without overrides.
    """


@command.command("propose")
@click.argument("criterion", metavar="CRITERION")
@click.argument("verdict", type=click.Choice(VERDICTS))
@click.option("--by", "proposer", required=True, metavar="PERSON", help="Who proposes.")
@click.option("--reason", required=True, help="Why; at least 20 characters, shown in every report.")
@click.option("--kind", type=click.Choice(OVERRIDE_KINDS), required=True, help="What kind of override.")
@click.option("--until", required=True, metavar="INSTANT", help="When it expires; at most 180 days ahead.")
@click.option("--from", "start", metavar="INSTANT", help="From when it counts.  [default: now]")
@click.option("--service", "--scope", "scope", metavar="ID", help="A service or group.  [default: all]")
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
) -> int:
    """Propose an override; it counts for nothing before a second person approves it."""
    workspace = Workspace(invocation)
    now = invocation.clock()
    identifier = known_criterion(workspace.rule_set, criterion)
    scope_id = known_scope(workspace.configuration, scope)
    saw_verdict, saw_measured = _seen(score(workspace).assessment, identifier, scope_id)
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
    )
    recorded = propose(workspace.store, override)
    print_paragraph(
        f"{recorded.id}: proposed {recorded.criterion} as {recorded.verdict} for {recorded.scope} until "
        f"{format_instant(recorded.expires_at)}. A second person approves it with "
        f"'itomm override approve {recorded.id} --by …'."
    )
    return ExitCode.OK


def _deciding(name: str, decision: str, help_line: str) -> None:
    @command.command(name, help=help_line)
    @click.argument("override_id", metavar="ID")
    @click.option("--by", "actor", required=True, metavar="PERSON", help="Who decides.")
    @click.option("--reason", default="", help="Why.")
    @common_options
    def deciding(invocation: Invocation, *, override_id: str, actor: str, reason: str) -> int:
        store = Workspace(invocation).existing_store
        decide(store, override_id, Decision(decision, actor, reason, invocation.clock()))
        print_paragraph(f"{override_id}: {decision} by {actor}.")
        return ExitCode.OK


_deciding("approve", "approved", "Approve a proposed override; not one's own.")
_deciding("reject", "rejected", "Reject a proposed override.")
_deciding("withdraw", "withdrawn", "Withdraw an override; it stops counting now.")


@command.command("list")
@click.option("--as-of", metavar="INSTANT", help="As of this instant.  [default: newest stored]")
@output_option("table", "json", "csv")
@common_options
def list_command(invocation: Invocation, *, as_of: str | None, output: str) -> int:
    """List all overrides with their state."""
    assessment = score(Workspace(invocation), as_of=as_of).assessment
    rows = list(_rows(assessment))
    if output == "json":
        listed = [dict(zip(HEADINGS, row, strict=True)) for row in rows]
        as_of_text = plain(assessment.as_of)
        write_out(to_json({"schema": "itomm/overrides/1", "as_of": as_of_text, "overrides": listed}))
    elif output == "csv":
        write_out(csv_text(HEADINGS, rows))
    elif rows:
        print_table("", HEADINGS, rows)
    else:
        print_paragraph("There are no overrides.")
    return ExitCode.OK


def _rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    for scope in assessment.scopes:
        for answer in scope.answers:
            for override in answer.overrides:
                yield _row(scope.id, answer.criterion, override)


def _row(scope: str, criterion: str, override: OverrideInForce) -> tuple[str, ...]:
    until = format_instant(override.expires_at)
    parties = (override.proposer, override.approver or "")
    return (
        override.id,
        override.state,
        scope,
        criterion,
        override.verdict.value,
        override.kind,
        *parties,
        until,
    )


def _seen(assessment: Assessment, criterion: str, scope_id: str) -> tuple[str, str | None]:
    """The inferred answer that a proposer has before them."""
    scope = find_scope(assessment, scope_id)
    answer = next(each for each in scope.answers if each.criterion == criterion)
    if answer.inferred is not None:
        return answer.inferred.verdict.value, answer.inferred.measured
    return answer.in_force[View.EVIDENCE].verdict.value, None
