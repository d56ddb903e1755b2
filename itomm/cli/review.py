"""``itomm review``: what people should look at first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.overview import find_scope
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode
from itomm.reports.caveats import HEADINGS as CAVEAT_HEADINGS
from itomm.reports.caveats import NO_EFFECT, caveat_rows, not_looked_lines
from itomm.reports.document import to_json
from itomm.reports.review_queue import CSV_HEADINGS, HEADINGS, csv_rows, queue_document, queue_rows
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import Assessment, Caveat, NotLooked, ScopeResult
from itomm.scoring.review_queue import ReviewItem, ReviewKind, review_queue

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
    the scope that is named. Caveats follow: signs that evidence may look better than the work behind it.
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
    caveats = [each for each in assessment.caveats if scope_id in {None, *_scopes_of(each)}]
    if output == "json":
        write_out(to_json(queue_document(assessment, items, caveats)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(items, caveats)))
    else:
        _print_queue(items, everything=everything)
        _print_caveats(caveats, assessment.not_looked)
    return ExitCode.OK


def _print_queue(items: Sequence[ReviewItem], *, everything: bool) -> None:
    if not items:
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


def _print_caveats(caveats: Sequence[Caveat], not_looked: Sequence[NotLooked]) -> None:
    """What may look better than it is, and what could not be looked at for that."""
    if caveats:
        print_paragraph("")
        print_table("Caveats", CAVEAT_HEADINGS, list(caveat_rows(caveats)))
        print_paragraph(f"{NO_EFFECT} 'itomm explain CRITERION' lists the records.")
    if not_looked:
        print_paragraph("")
        print_paragraph("Signs of gaming that could not be looked for:")
        for each in not_looked_lines(not_looked):
            print_paragraph(f"  {each}")


def _scopes_of(caveat: Caveat) -> set[str]:
    return {each.scope for each in caveat.touches}


def _with_overrides(assessment: Assessment, but: ScopeResult) -> list[ScopeResult]:
    return [
        scope
        for scope in assessment.scopes
        if scope is not but and any(answer.overrides for answer in scope.answers)
    ]
