"""``itomm show``: levels of a scope, area or practice."""

from __future__ import annotations

from typing import Any

import click

from itomm.cli.names import as_written, nearest_case
from itomm.cli.options import Invocation, assume_option, common_options, output_option, scoring_options
from itomm.cli.overview import find_scope, level_rows, print_overview, view_rows
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.reports.document import plain, to_json
from itomm.reports.verdict import assumptions_clause
from itomm.reports.wording import words_for
from itomm.scoring.assessment import Assessment, CriterionAnswer, ScopeResult, View

HEADINGS = ("criterion", "title", "answer", "measured", "by")


@click.command()
@click.argument("part", required=False, metavar="[AREA|PRACTICE|SCOPE]")
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.")
@scoring_options
@assume_option
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    part: str | None,
    scope_id: str | None,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    assume: tuple[str, ...],
    output: str,
) -> int:
    """Show levels of the organisation or one scope, or the answers of one area or practice."""
    assessment = score(
        Workspace(invocation), as_of=as_of, snapshot=snapshot, profile=profile, assume=assume
    ).assessment
    if part is not None and scope_id is None and part in {scope.id for scope in assessment.scopes}:
        part, scope_id = None, part
    scope = find_scope(assessment, scope_id)
    if part is not None:
        _show_answers(assessment, scope, part, output)
    elif output == "json":
        head = {"schema": "itomm/scope/1", "as_of": plain(assessment.as_of), **_supposed(assessment)}
        write_out(to_json({**head, **plain(scope)}))
    elif output == "csv":
        rows = level_rows(assessment, scope.views[View.OVERRIDES])
        write_out(csv_text(("part", "level", "range", "index", "known", "held_back_by"), rows))
    elif scope_id is None:
        print_overview(assessment)
    else:
        _print_scope(assessment, scope)
    return ExitCode.OK


def _supposed(assessment: Assessment) -> dict[str, Any]:
    return {"assumptions": plain(assessment.assumptions)} if assessment.assumptions else {}


def _print_scope(assessment: Assessment, scope: ScopeResult) -> None:
    if assessment.assumptions:
        print_paragraph(f"{assumptions_clause(assessment)} this is no assessment.", style="bold")
    owner = f", owned by {scope.owner}" if scope.owner else ""
    tier = f", tier {scope.tier}" if scope.tier else ""
    print_paragraph(f"{scope.name} ({scope.kind}{tier}{owner})", style="bold")
    print_table("", ("view", "level", "range", "index", "known"), view_rows(scope), right=(1, 3, 4))
    rows = level_rows(assessment, scope.views[View.OVERRIDES])
    print_table("", ("", "level", "range", "index", "known", "held back by"), rows, right=(1, 3, 4))


def _show_answers(assessment: Assessment, scope: ScopeResult, part: str, output: str) -> None:
    named = [each.id for each in (*assessment.model.areas, *assessment.model.practices)]
    written = as_written(part, [*named, *(each.id for each in assessment.model.criteria)])
    if written is None:
        hint = nearest(nearest_case(part, named), named)
        raise UsageError(f"There is no area, practice or scope '{part}'. {hint}")
    criteria = {
        criterion.id: criterion
        for criterion in assessment.model.criteria
        if written in {criterion.area, criterion.practice, criterion.id}
    }
    answers = [answer for answer in scope.answers if answer.criterion in criteria]
    rows = [(answer.criterion, criteria[answer.criterion].title, *_answer(answer)) for answer in answers]
    if output == "json":
        head = {"schema": "itomm/answers/1", "scope": scope.id, **_supposed(assessment)}
        write_out(to_json({**head, "answers": plain(answers)}))
    elif output == "csv":
        write_out(csv_text(HEADINGS, rows))
    else:
        print_table(f"{scope.name}: {written}", HEADINGS, rows)


def _answer(answer: CriterionAnswer) -> tuple[str, str, str]:
    counts = answer.in_force[View.OVERRIDES]
    verdict = words_for({}, counts.verdict.value)
    inferred = answer.inferred
    measured = (inferred.measured or "") if inferred else ""
    for parameter in inferred.loosened if inferred else ():
        measured = f"{measured}; {parameter.text}" if measured else parameter.text
    if counts.reason:
        reason = words_for({}, counts.reason.value)
        measured = f"{reason} ({measured})" if measured else reason
    return verdict, measured, words_for({}, counts.layer)
