"""``itomm roadmap``: the cheapest way to a level."""

from __future__ import annotations

from fractions import Fraction

import click

from itomm.cli.options import Invocation, assume_option, common_options, output_option
from itomm.cli.overview import VIEW_NAMES
from itomm.cli.planning import PlanAsked, plan, plan_options
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode
from itomm.reports.document import to_json
from itomm.reports.roadmap import (
    CSV_HEADINGS,
    RoadmapShown,
    costs_text,
    csv_rows,
    next_rows,
    roadmap_document,
    step_rows,
    summary,
    what_to_do,
)
from itomm.reports.wording import weight_text
from itomm.scoring.planning.roadmap import NEXT_BEST_SHOWN


@click.command()
@plan_options
@click.option(
    "--next", "next_best", type=click.IntRange(0), default=NEXT_BEST_SHOWN, show_default=True, metavar="N",
    help="Next best single steps to list.",
)  # fmt: skip
@assume_option
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation, *, asked: PlanAsked, next_best: int, assume: tuple[str, ...], output: str
) -> int:
    """Show the cheapest steps that reach a level, exactly; nothing is written.

    An unknown answer counts as not met; its step begins with finding out, and may end there.
    """
    shown = plan(Workspace(invocation), asked, assume=assume, next_best=next_best)
    if output == "json":
        write_out(to_json(roadmap_document(shown)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(shown)))
    else:
        _print(shown)
    return ExitCode.OK


def _print(shown: RoadmapShown) -> None:
    found = shown.roadmap
    print_paragraph(summary(shown), style="bold")
    met = f"{len(found.in_hand)} criteria up to level {found.aim.level} are met already"
    print_paragraph(f"Counted {VIEW_NAMES[shown.view]}. {met}. {costs_text(shown)}")
    rows = list(step_rows(shown))
    columns = ("", "criterion", "title", "step", "cost", "level then")
    for phase, steps in found.phases.items():
        cost = weight_text(sum((each.step.cost for each in steps), Fraction(0)))
        title = f"Phase {phase}, cost {cost}" if found.budget is not None else ""
        print_paragraph("")
        print_table(title, columns, rows[: len(steps)], right=(0, 4, 5))
        rows = rows[len(steps) :]
    if found.steps:
        print_paragraph("")
        print_paragraph("What to do:", style="bold")
    for order, planned in enumerate(found.steps, start=1):
        print_paragraph(f"{order:>3}. {planned.step.criterion.id}: {what_to_do(shown, planned.step)}")
    if found.next_best:
        print_paragraph("")
        headings = ("criterion", "title", "step", "cost", "index")
        print_table("Next best single steps", headings, next_rows(shown), right=(3, 4))
