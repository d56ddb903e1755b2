"""``itomm timeline``: levels at past months' ends, from the evidence stored today."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import click

from itomm.cli.options import Invocation, common_options, instant_or_none, output_option, scoring_options
from itomm.cli.overview import VIEW_NAMES
from itomm.cli.progress import working
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace, newest_instant
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.evidence.decisions import all_decisions
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.reports.document import to_json
from itomm.reports.timeline import CSV_HEADINGS, csv_rows, table_headings, table_rows, timeline_document
from itomm.reports.wording import day_text, share_text
from itomm.scoring.assess import Subject, subjects
from itomm.scoring.assessment import View
from itomm.scoring.timeline import Basis, Timeline, month_ends, timeline

LONGEST = 120


@click.command()
@click.option(
    "--months",
    type=click.IntRange(0, LONGEST),
    default=12,
    show_default=True,
    help="Whole months before the newest instant.",
)
@click.option("--service", "--scope", "scope_id", metavar="ID", help="A service or group.")
@scoring_options
@output_option("table", "json", "csv")
@common_options
def command(
    invocation: Invocation,
    *,
    months: int,
    scope_id: str | None,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
    output: str,
) -> int:
    """Show levels as of past months' ends, all from stored evidence; no network, no clock.

    Each is what 'itomm score --as-of' gives for that instant. Months of which too little is known are not
    rated (NR); their range says what they can have been.
    """
    workspace = Workspace(invocation)
    subject = _subject(workspace, scope_id)
    store = workspace.existing_store
    with working("Scoring month by month", quiet=invocation.quiet):
        evidence = snapshot_of(store, snapshot)
        end = instant_or_none(as_of) or newest_instant(store, evidence, named=snapshot is not None)
        configuration = workspace.configuration
        basis = Basis(
            workspace.rule_set,
            evidence,
            all_decisions(store),
            configuration,
            profile or configuration.settings.scoring.profile,
        )
        scored = timeline(basis, subject, month_ends(end, months))
    if output == "json":
        write_out(to_json(timeline_document(scored)))
    elif output == "csv":
        write_out(csv_text(CSV_HEADINGS, csv_rows(scored)))
    else:
        _print(scored, workspace)
    return ExitCode.OK


def _subject(workspace: Workspace, scope_id: str | None) -> Subject:
    known = {subject.id: subject for subject in subjects(workspace.configuration.settings)}
    chosen = next(iter(known)) if scope_id is None else scope_id
    if chosen not in known:
        raise UsageError(f"There is no scope '{chosen}'. {nearest(chosen, list(known))}")
    return known[chosen]


def _print(scored: Timeline, workspace: Workspace) -> None:
    title = f"{scored.subject.name} month by month, {VIEW_NAMES[View.OVERRIDES]}, profile {scored.profile}"
    print_paragraph(title, style="bold")
    print_table("", table_headings(scored), table_rows(scored), right=(1, 4))
    for note in _notes(scored, workspace):
        print_paragraph(note)


def _notes(scored: Timeline, workspace: Workspace) -> Iterator[str]:
    """What a reader has to know about months of which little is known."""
    if not all(point.views[View.OVERRIDES].level.rated for point in scored.points):
        share = share_text(Fraction(workspace.configuration.settings.scoring.minimum_known_share))
        yield ""
        yield f"NR: not rated, as less than {share} was known; range and index say what they can have been."
    observed = scored.state_known_from
    if observed is not None and scored.points[0].as_of < observed:
        yield (
            f"Settings and other state were first observed on {day_text(observed)}; what rests on them is "
            "unknown before."
        )
