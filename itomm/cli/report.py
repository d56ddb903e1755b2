"""``itomm report``: the report as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from itomm import __version__
from itomm.cli.benchmark import benchmark_line
from itomm.cli.explain import rule_as_applied
from itomm.cli.options import Invocation, common_options, scoring_options
from itomm.cli.progress import working
from itomm.cli.recording import attested_in
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Scored, Workspace, score
from itomm.config.errors import ExitCode, StoreError
from itomm.evidence.trust.recorded_assessments import RecordedAssessment
from itomm.reports.evidence_behind import evidence_behind
from itomm.reports.html import render_report
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assessment import ScopeKind

RECORDS_SHOWN = {ScopeKind.ORGANISATION: 20, ScopeKind.GROUP: 0, ScopeKind.SERVICE: 3}


@click.command()
@click.option("--to", "target", default="report.html", show_default=True, metavar="FILE", help="Where to.")
@scoring_options
@common_options
def command(
    invocation: Invocation,
    *,
    target: str,
    as_of: str | None,
    snapshot: str | None,
    profile: str | None,
) -> int:
    """Write the report as one HTML file that needs no script and no network."""
    scored = score(Workspace(invocation), as_of=as_of, snapshot=snapshot, profile=profile)
    with working("Writing the report", quiet=invocation.quiet):
        path = write_report(scored, Path(target))
    print_paragraph(f"The report is in {path}.")
    return ExitCode.OK


def write_report(scored: Scored, target: Path) -> Path:
    """Write the report; the path it went to.

    Raises:
        StoreError: the file could not be written.
    """
    page = report_page(scored)
    try:
        partial = target.with_name(f".{target.name}.partial")
        partial.write_text(page, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise StoreError(f"The report could not be written to {target}: {error.strerror}.") from None
    return target


def report_page(scored: Scored, recorded: RecordedAssessment | None = None) -> str:
    """The report as HTML; the same store and options give the same text.

    It says how the assessment was recorded: as ``recorded``, or as the newest record of the same document.
    """
    rule_set, store = scored.workspace.rule_set, scored.workspace.existing_store
    evidence = evidence_behind(store, scored.snapshot, rule_set, scored.assessment, at_most=RECORDS_SHOWN)
    return render_report(
        scored.assessment,
        evidence,
        _rules(rule_set),
        f"itomm {__version__}",
        attested=attested_in(scored, recorded),
        benchmark=benchmark_line(scored.workspace, scored.assessment),
    )


def _rules(rule_set: RuleSet) -> dict[str, str]:
    return {rule.name: rule_as_applied(rule) for rule in rule_set.rules}
