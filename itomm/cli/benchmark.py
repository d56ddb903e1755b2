"""``itomm benchmark``: measured values beside published figures."""

from __future__ import annotations

from pathlib import Path

import click

from itomm.cli.names import as_written
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.overview import find_scope
from itomm.cli.stored_assessments import NEWEST, named_assessment
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.reports.benchmark import (
    CSV_HEADINGS,
    HEADINGS,
    NO_EFFECT,
    REFUSED_HEADINGS,
    BenchmarkShown,
    benchmark_document,
    csv_rows,
    first_line,
    markdown,
    measures,
    refused_rows,
    source_notes,
    summary,
)
from itomm.reports.document import to_json
from itomm.rules.pack import load_packs
from itomm.scoring.assessment import Assessment
from itomm.scoring.benchmark.comparing import Basis, Comparison, comparisons
from itomm.scoring.benchmark.figures import read_benchmark

SHIPPED_PACK = "itomm"


@click.command()
@click.argument("name", metavar="[ASSESSMENT]", default=NEWEST)
@click.option("--as-of", metavar="INSTANT", help="Score as of this instant; stands for ASSESSMENT.")
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]")
@click.option("--area", metavar="AREA", help="Only what this area's criteria measure.")
@click.option(
    "--figures", "figures_file", type=click.Path(path_type=Path), metavar="FILE", help="Figures of your own."
)
@click.option("--all", "everything", is_flag=True, help="List figures that nobody can be compared with, too.")
@output_option("table", "json", "csv", "markdown")
@common_options
def command(
    invocation: Invocation,
    *,
    name: str,
    as_of: str | None,
    scope_id: str | None,
    area: str | None,
    figures_file: Path | None,
    everything: bool,
    output: str,
) -> int:
    """Show measured values beside published figures, and why others cannot be compared.

    ASSESSMENT is a recorded assessment (S1, or the beginning of its SHA-256), an instant, a file that 'itomm
    score --output json' wrote, or 'newest'. No comparison changes an answer or a level.
    """
    if as_of is not None and name != NEWEST:
        raise UsageError("Name an assessment or give --as-of, not both.")
    benchmark = read_benchmark(figures_file)
    workspace = Workspace(invocation)
    assessment = named_assessment(workspace, as_of or name).assessment
    scope = find_scope(assessment, scope_id)
    found = comparisons(benchmark, assessment, scope, basis_of(workspace, assessment))
    if area is not None:
        found = _within(found, assessment, area)
    shown = BenchmarkShown(benchmark, assessment, scope, found)
    if output == "json":
        write_out(to_json(benchmark_document(shown)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(shown)))
    elif output == "markdown":
        write_out(markdown(shown))
    else:
        _print(shown, everything=everything)
    return ExitCode.OK


def basis_of(workspace: Workspace, assessment: Assessment) -> Basis:
    """The rules that answered, if they are still those that are set up, beside the shipped ones."""
    used = workspace.rule_set
    same = assessment.inputs.get("rules") == used.rules_digest
    return Basis(used if same else None, load_packs((SHIPPED_PACK,), tests=False))


def benchmark_line(workspace: Workspace, assessment: Assessment) -> str:
    """For a report's first page: where the organisation stands beside shipped figures, in a line."""
    basis = basis_of(workspace, assessment)
    return first_line(comparisons(read_benchmark(), assessment, assessment.scopes[0], basis))


def _within(found: tuple[Comparison, ...], assessment: Assessment, area: str) -> tuple[Comparison, ...]:
    known = [each.id for each in assessment.model.areas]
    written = as_written(area, known)
    if written is None:
        raise UsageError(f"There is no area '{area}'. {nearest(area, known)}")
    criteria = {each.id for each in assessment.model.criteria if each.area == written}
    return tuple(
        each
        for each in found
        if each.figure.said.compared and each.figure.said.compared.criterion in criteria
    )


def _print(shown: BenchmarkShown, *, everything: bool) -> None:
    print_paragraph(summary(shown), style="bold")
    print_paragraph(NO_EFFECT)
    for measure in measures(shown):
        print_paragraph("")
        print_paragraph(f"{measure.title}: {measure.here}", style="bold")
        print_table("", HEADINGS, measure.rows)
        for each in measure.differs:
            print_paragraph(each)
    if shown.refused:
        print_paragraph("")
        print_table("Not compared here", REFUSED_HEADINGS, refused_rows(shown.refused))
    if shown.never and everything:
        print_paragraph("")
        print_table("Never comparable", REFUSED_HEADINGS, refused_rows(shown.never))
    if shown.compared:
        print_paragraph("")
        print_paragraph("Sources", style="bold")
        for note in source_notes(shown.compared):
            print_paragraph(f"- {note}")
    if shown.never and not everything:
        print_paragraph(
            f"{len(shown.never)} more figures cannot be compared with any measure; --all lists why."
        )
