"""``itomm compare``: why two assessments differ."""

from __future__ import annotations

import click

from itomm.cli.options import Invocation, common_options, output_option, view_option
from itomm.cli.overview import VIEW_NAMES, find_scope
from itomm.cli.stored_assessments import NEWEST, named_assessment
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode
from itomm.reports.comparison import (
    CSV_HEADINGS,
    ComparisonShown,
    cause_rows,
    change_rows,
    comparison_document,
    csv_rows,
    published_levels,
    summary,
    warning,
)
from itomm.reports.document import to_json
from itomm.scoring.assessment import View
from itomm.scoring.comparing.comparison import compare


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", default=NEWEST)
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]")
@click.option(
    "--rescore", is_flag=True, help="Judge both sides' evidence by today's rules, model and settings."
)
@click.option(
    "--profile", type=click.Choice(["itomm", "iso33020", "strict"]), help="Profile of what is scored now."
)
@view_option
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    before: str,
    after: str,
    scope_id: str | None,
    rescore: bool,
    profile: str | None,
    view: str,
    output: str,
) -> int:
    """Show why two assessments differ, each change with its cause; the changes sum to the difference.

    A and B are recorded assessments (S1, or the beginning of the SHA-256), instants (2026-10-31), files that
    'itomm score --output json' wrote, or 'newest', which B is by default.
    """
    workspace = Workspace(invocation)
    sides = [named_assessment(workspace, each, profile=profile, rescore=rescore) for each in (before, after)]
    one, other = (side.assessment for side in sides)
    found = compare(one, other, (find_scope(one, scope_id), find_scope(other, scope_id)), View(view))
    shown = ComparisonShown(found, (sides[0].name, sides[1].name), rescore)
    if output == "json":
        write_out(to_json(comparison_document(shown)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(shown)))
    else:
        _print(shown)
    return ExitCode.OK


def _print(shown: ComparisonShown) -> None:
    print_paragraph(summary(shown), style="bold")
    view = VIEW_NAMES[shown.comparison.view]
    print_paragraph(f"Counted {view}. Published: {published_levels(shown)}.")
    if told := warning(shown):
        print_paragraph(told, style="yellow")
    if not shown.comparison.changes:
        print_paragraph("No answer changed.")
        return
    print_paragraph("")
    print_table("", ("cause", "", "changes", "index", "level"), cause_rows(shown), right=(2, 3, 4))
    print_paragraph("")
    headings = ("criterion", "title", "cause", "before", "after", "index")
    print_table("What changed, the largest first", headings, change_rows(shown), right=(5,))
