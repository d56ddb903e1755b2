"""``itomm gate``: whether an assessment meets what a pipeline asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from itomm.cli.demands import Asked, demands_of
from itomm.cli.options import Command, Invocation, common_options, output_option, scoring_options
from itomm.cli.overview import find_scope
from itomm.cli.stored_assessments import Named, named_assessment, previous_assessment
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import ExitCode, StoreError, UsageError
from itomm.reports.document import to_json
from itomm.reports.gate import GateShown, gate_document, junit, markdown, rows, summary
from itomm.scoring.assessment import View
from itomm.scoring.comparing.comparison import compare
from itomm.scoring.gate import Outcome, checks

EXIT_CODES = {
    Outcome.MET: ExitCode.OK,
    Outcome.NOT_MET: ExitCode.GATE_NOT_MET,
    Outcome.INCOMPLETE: ExitCode.INCOMPLETE,
}


def demand_options(command: Command) -> Command:
    """Add one option for each demand; each adds to, or replaces, that of the configuration."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.option("--minimum-level", type=int, metavar="LEVEL", help="Of the whole organisation."),
        click.option("--area", "areas", multiple=True, metavar="AREA=LEVEL", help="Of an area; repeatable."),
        click.option(
            "--practice", "practices", multiple=True, metavar="PRACTICE=LEVEL", help="Of a practice."
        ),
        click.option(
            "--service",
            "--scope",
            "services",
            multiple=True,
            metavar="ID=LEVEL",
            help="Of a service or group.",
        ),
        click.option("--minimum-coverage", metavar="SHARE", help="Share that must be known, such as 80%."),
        click.option(
            "--no-expired-overrides", is_flag=True, default=None, help="No override may have expired."
        ),
        click.option(
            "--no-expired-answers", is_flag=True, default=None, help="No stated answer may have expired."
        ),
        click.option(
            "--within-caps",
            is_flag=True,
            default=None,
            help="No more may rest on people's words than 'overrides:' lets.",
        ),
        click.option(
            "--largest-drop", metavar="POINTS", help="How far the index may fall below the baseline."
        ),
        click.option(
            "--baseline", metavar="A", help="As in 'itomm compare'.  [default: the one recorded before]"
        ),
        click.option(
            "--allow-incomplete-sources", is_flag=True, default=None, help="Pass although a source failed."
        ),
        click.option("--view", type=click.Choice([each.value for each in View]), help="Which layers count."),
    )
    for decorate in reversed(options):
        command = decorate(command)
    return command


@click.command()
@demand_options
@click.option("--junit", "junit_file", metavar="FILE", help="Write JUnit XML, too.")
@click.option("--markdown", "markdown_file", metavar="FILE", help="Write Markdown, too.")
@scoring_options
@output_option("table", "json", "junit", "markdown")
@common_options
def command(
    invocation: Invocation,
    *,
    junit_file: str | None,
    markdown_file: str | None,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    output: str,
    **asked: object,
) -> int:
    """Check stored evidence against what 'gate:' in itomm.yaml and these options ask for.

    Exit code 1 when a demand is not met, 3 when it cannot be told (a source failed, too little is known).
    """
    workspace = Workspace(invocation)
    wanted = demands_of(Asked.model_validate(asked), workspace.configuration, workspace.rule_set.model)
    assessment = score(workspace, as_of=as_of, snapshot=snapshot, profile=profile).assessment
    baseline: Named | None = None
    compared = None
    if wanted.demands.largest_drop is not None:
        if wanted.baseline is None:
            baseline = previous_assessment(workspace, assessment.as_of)
        else:
            baseline = named_assessment(workspace, wanted.baseline, profile=profile)
    if baseline is not None:
        before = baseline.assessment
        tops = find_scope(before, None), find_scope(assessment, None)
        compared = compare(before, assessment, tops, wanted.view)
    found = checks(assessment, wanted.view, wanted.demands, compared)
    shown = GateShown(found, assessment, wanted.view, baseline.name if baseline else "")
    for file, text in ((junit_file, junit), (markdown_file, markdown)):
        if file is not None:
            _write(Path(file), text(shown))
    _print(shown, output)
    return EXIT_CODES[shown.outcome]


def _print(shown: GateShown, output: str) -> None:
    match output:
        case "json":
            write_out(to_json(gate_document(shown)))
        case "junit":
            write_out(junit(shown))
        case "markdown":
            write_out(markdown(shown))
        case _:
            print_paragraph(summary(shown), style="bold")
            print_table("", ("", "what", "asked for", "found"), rows(shown))
            for each in shown.checks:
                if each.detail:
                    print_paragraph(f"{each.subject}: {each.detail}")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        if file.parent.is_dir():
            raise StoreError(f"{file} cannot be written: {error.strerror}.") from None
        raise UsageError(f"{file} cannot be written: there is no folder {file.parent}.") from None
