"""``itomm review``: what people should look at first."""

from __future__ import annotations

from datetime import timedelta

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.overview import find_scope
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode
from itomm.reports.document import to_json
from itomm.reports.review_queue import CSV_HEADINGS, HEADINGS, csv_rows, queue_document, queue_rows
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import Assessment, ScopeResult
from itomm.scoring.review_queue import ReviewKind, review_queue

SHOWN = 20


@click.command()
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]")
@click.option("--as-of", metavar="INSTANT", help="As of this instant.  [default: newest stored]")
@click.option(
    "--soon", type=click.IntRange(0, 180), default=14, show_default=True, metavar="DAYS",
    help="Overrides that end, or ended, within so many days are listed.",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help=f"List more than {SHOWN}.")
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    scope_id: str | None,
    as_of: str | None,
    soon: int,
    everything: bool,
    output: str,
) -> int:
    """List what to look at first: drifted, proposed and ending overrides, then answers by what they move.

    Overrides of every scope are listed, unless one is named; answers are those of the organisation, or of
    the scope that is named.
    """
    workspace = Workspace(invocation)
    assessment = score(workspace, as_of=as_of).assessment
    named = find_scope(assessment, scope_id)
    rules = rules_for(assessment.model, assessment.profile, workspace.configuration.settings)
    scopes = [named] if scope_id else [named, *_with_overrides(assessment, named)]
    items = [
        item
        for item in review_queue(assessment, rules, scopes, soon=timedelta(days=soon))
        if item.scope == named.id or item.kind < ReviewKind.UNKNOWN_BLOCKS
    ]
    if output == "json":
        write_out(to_json(queue_document(assessment, items)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(items)))
    elif not items:
        print_paragraph("There is nothing to look at.")
    else:
        shown = items if everything else items[:SHOWN]
        print_table("", HEADINGS, list(queue_rows(shown)))
        if len(shown) < len(items):
            print_paragraph(f"{len(items) - len(shown)} more; --all lists them.")
        print_paragraph(
            "'moves' is how far the index goes between no and yes. 'itomm explain CRITERION' shows the "
            "evidence; 'itomm override approve, renew, reject or withdraw ID' decides."
        )
    return ExitCode.OK


def _with_overrides(assessment: Assessment, but: ScopeResult) -> list[ScopeResult]:
    return [
        scope
        for scope in assessment.scopes
        if scope is not but and any(answer.overrides for answer in scope.answers)
    ]
