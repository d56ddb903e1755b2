"""``itomm roadmap``: the cheapest way to a level."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

import click

from itomm.cli.names import as_written, nearest_case
from itomm.cli.options import (
    Invocation,
    assume_option,
    common_options,
    output_option,
    scoring_options,
    view_option,
)
from itomm.cli.overview import VIEW_NAMES, find_scope
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode, UsageError
from itomm.config.settings import Settings
from itomm.config.structure import nearest
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
from itomm.rules.model import Model, Part
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import ScopeScore, View
from itomm.scoring.planning.optimum import Aim
from itomm.scoring.planning.roadmap import NEXT_BEST_SHOWN, level_of, roadmap
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Costs


@click.command()
@click.option("--to", "target", type=int, metavar="LEVEL", help="Level to reach.  [default: the next one]")
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]")
@click.option("--area", metavar="AREA", help="Only this area.")
@click.option("--practice", metavar="PRACTICE", help="Only this practice.")
@click.option("--budget", metavar="COST", help="Split the steps into phases that cost no more than this.")
@click.option(
    "--next", "next_best", type=click.IntRange(0), default=NEXT_BEST_SHOWN, show_default=True, metavar="N",
    help="Next best single steps to list.",
)  # fmt: skip
@view_option
@assume_option
@scoring_options
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    target: int | None,
    scope_id: str | None,
    area: str | None,
    practice: str | None,
    budget: str | None,
    next_best: int,
    view: str,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    assume: tuple[str, ...],
    output: str,
) -> int:
    """Show the cheapest steps that reach a level, exactly; nothing is written.

    An unknown answer counts as not met; its step begins with finding out, and may end there.
    """
    workspace = Workspace(invocation)
    assessment = score(workspace, as_of=as_of, snapshot=snapshot, profile=profile, assume=assume).assessment
    scope = find_scope(assessment, scope_id)
    settings = workspace.configuration.settings
    standing = Standing.of(
        assessment.model, rules_for(assessment.model, assessment.profile, settings), scope, View(view)
    )
    try:
        found = roadmap(
            standing,
            _aim(assessment.model, standing.score(), target, area, practice),
            configured_costs(settings),
            budget=_positive(budget),
            next_best=next_best,
        )
    except ValueError:
        raise UsageError(f"Nothing of {practice or area or scope.id} applies to {scope.id}.") from None
    shown = RoadmapShown(found, assessment, scope, View(view))
    if output == "json":
        write_out(to_json(roadmap_document(shown)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(shown)))
    else:
        _print(shown)
    return ExitCode.OK


def configured_costs(settings: Settings) -> Costs:
    """What steps cost by the configuration."""
    configured = settings.roadmap
    by_effort = {effort: Fraction(cost) for effort, cost in configured.costs.model_dump().items()}
    return Costs(by_effort, Fraction(configured.find_out))


def _aim(model: Model, score: ScopeScore, target: int | None, area: str | None, practice: str | None) -> Aim:
    if area is not None and practice is not None:
        raise UsageError("Name an area or a practice, not both.")
    found = Aim(
        level=target if target is not None else min(model.levels),
        practice=_named(practice, model.practices, "practice"),
        area=_named(area, model.areas, "area"),
    )
    if target is not None:
        if target not in model.levels:
            raise UsageError(f"There is no level {target}; there are {_listed(model)}.")
        return found
    now = level_of(score, found)
    if now is None:
        raise ValueError("nothing of it applies")
    following = [level for level in sorted(model.levels) if level > now.point]
    return Aim(following[0] if following else now.point, found.practice, found.area)


def _listed(model: Model) -> str:
    return f"{min(model.levels)} to {max(model.levels)}"


def _named(typed: str | None, parts: tuple[Part, ...], kind: str) -> str | None:
    if typed is None:
        return None
    known = [part.id for part in parts]
    written = as_written(typed, known)
    if written is None:
        raise UsageError(f"There is no {kind} '{typed}'. {nearest(nearest_case(typed, known), known)}")
    return written


def _positive(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise UsageError(f"'{text}' is no budget; give a positive number in the unit of your costs.")
    return Fraction(number)


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
