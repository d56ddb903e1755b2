"""``itomm show``: levels of a scope, area or practice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import click

from itomm.cli.names import as_written, nearest_case
from itomm.cli.options import Invocation, assume_option, common_options, output_option, scoring_options
from itomm.cli.overview import find_scope, level_rows, print_overview, view_rows
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.reports.caveats import NO_EFFECT, caveat_summary, caveats_in, caveats_in_short, heading
from itomm.reports.document import plain, to_json
from itomm.reports.sensitivity import (
    SensitivityShown,
    distance_rows,
    move_rows,
    robustness_rows,
    sensitivity_document,
)
from itomm.reports.verdict import assumptions_clause
from itomm.reports.wording import words_for
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import Assessment, CriterionAnswer, ScopeResult, View
from itomm.scoring.planning.standing import Standing

HEADINGS = ("criterion", "title", "answer", "measured", "by")


@click.command()
@click.argument("part", required=False, metavar="[AREA|PRACTICE|SCOPE]")
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.")
@click.option("--sensitivity", is_flag=True, help="Show what the levels hang on, instead.")
@scoring_options
@assume_option
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    part: str | None,
    scope_id: str | None,
    sensitivity: bool,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    assume: tuple[str, ...],
    output: str,
) -> int:
    """Show levels of the organisation or one scope, or the answers of one area or practice."""
    workspace = Workspace(invocation)
    assessment = score(workspace, as_of=as_of, snapshot=snapshot, profile=profile, assume=assume).assessment
    if part is not None and scope_id is None and part in {scope.id for scope in assessment.scopes}:
        part, scope_id = None, part
    scope = find_scope(assessment, scope_id)
    if sensitivity:
        if part is not None:
            raise UsageError("--sensitivity is about a whole scope; name it with --scope.")
        rules = rules_for(assessment.model, assessment.profile, workspace.configuration.settings)
        standing = Standing.of(assessment.model, rules, scope, View.OVERRIDES)
        _show_sensitivity(SensitivityShown.of(assessment, scope, standing, View.OVERRIDES), output)
    elif part is not None:
        _show_answers(assessment, scope, part, output)
    elif output == "json":
        head = {"schema": "itomm/scope/1", "as_of": plain(assessment.as_of), **_supposed(assessment)}
        write_out(to_json({**head, **plain(scope), **_caveats(assessment, scope, assessment.model.by_id)}))
    elif output == "csv":
        rows = level_rows(assessment, scope.views[View.OVERRIDES])
        write_out(csv_text(("part", "level", "range", "index", "known", "held_back_by"), rows))
    elif scope_id is None:
        print_overview(assessment)
    else:
        _print_scope(assessment, scope)
    return ExitCode.OK


def _show_sensitivity(shown: SensitivityShown, output: str) -> None:
    if output == "json":
        write_out(to_json({**sensitivity_document(shown), **_supposed(shown.assessment)}))
    elif output == "csv":
        headings = ("criterion", "answer", "to", "moves")
        write_out(csv_text(headings, move_rows(shown)))
    else:
        title = f"{shown.scope.name}: the fewest answers that would change a level"
        print_table(title, ("", "level", "to raise it", "to lower it"), robustness_rows(shown), right=(1,))
        print_paragraph("")
        headings = ("criterion", "answer", "were it", "levels that would move")
        print_table("Single answers that move a level", headings, move_rows(shown))
        print_paragraph("")
        print_table("Distance to the next threshold", ("criterion", ""), distance_rows(shown))


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
    _print_caveats(assessment, scope, assessment.model.by_id)


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
    rows = [
        (
            answer.criterion,
            criteria[answer.criterion].title,
            *_answer(answer, caveats_in_short(assessment, answer.criterion, scope.id)),
        )
        for answer in answers
    ]
    if output == "json":
        head = {"schema": "itomm/answers/1", "scope": scope.id, **_supposed(assessment)}
        write_out(to_json({**head, "answers": plain(answers), **_caveats(assessment, scope, criteria)}))
    elif output == "csv":
        write_out(csv_text(HEADINGS, rows))
    else:
        print_table(f"{scope.name}: {written}", HEADINGS, rows)
        _print_caveats(assessment, scope, criteria)


def _caveats(assessment: Assessment, scope: ScopeResult, criteria: Collection[str]) -> dict[str, Any]:
    return {"caveats": [caveat_summary(each) for each in caveats_in(assessment, criteria, scope.id)]}


def _print_caveats(assessment: Assessment, scope: ScopeResult, criteria: Collection[str]) -> None:
    """Each caveat once, whatever answers of the scope it is on."""
    found = {each.caveat.id: each.caveat for each in caveats_in(assessment, criteria, scope.id)}
    if not found:
        return
    print_paragraph("")
    print_paragraph(f"Caveats. {NO_EFFECT} 'itomm explain CRITERION' lists the records.", style="bold")
    for caveat in found.values():
        print_paragraph(f"{heading(caveat)}: {caveat.text}.")


def _answer(answer: CriterionAnswer, caveats: str) -> tuple[str, str, str]:
    counts = answer.in_force[View.OVERRIDES]
    verdict = words_for({}, counts.verdict.value)
    inferred = answer.inferred
    measured = (inferred.measured or "") if inferred else ""
    for parameter in inferred.loosened if inferred else ():
        measured = f"{measured}; {parameter.text}" if measured else parameter.text
    if caveats:
        measured = f"{measured}; {caveats}" if measured else caveats
    if counts.reason:
        reason = words_for({}, counts.reason.value)
        measured = f"{reason} ({measured})" if measured else reason
    return verdict, measured, words_for({}, counts.layer)
