"""``itomm override list``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode
from itomm.reports.document import plain, to_json
from itomm.reports.override_effect import effects_text
from itomm.scoring.assessment import Assessment, OverrideInForce

HEADINGS = ("id", "state", "scope", "criterion", "answer", "kind", "proposer", "approver", "until", "moves")


@click.command("list")
@click.option("--as-of", metavar="INSTANT", help="As of this instant.  [default: newest stored]")
@output_option("table", "json", "csv")
@common_options
def list_command(invocation: Invocation, *, as_of: str | None, output: str) -> int:
    """List all overrides with their state."""
    assessment = score(Workspace(invocation), as_of=as_of).assessment
    rows = list(_rows(assessment))
    if output == "json":
        listed = [dict(zip(HEADINGS, row, strict=True)) for row in rows]
        document = {"schema": "itomm/overrides/1", "as_of": plain(assessment.as_of), "overrides": listed}
        write_out(to_json({**document, "effects": plain(assessment.override_effects)}))
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
                moves = effects_text(assessment.override_effects, override.id)
                yield _row(scope.id, answer.criterion, override, moves)


def _row(scope: str, criterion: str, override: OverrideInForce, moves: str) -> tuple[str, ...]:
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
        moves,
    )
