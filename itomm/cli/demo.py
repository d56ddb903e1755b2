"""``itomm demo``: the whole job once, on a stand-in company."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from itomm.cli.collection import is_complete, print_results, run_collection
from itomm.cli.options import Invocation, common_options
from itomm.cli.overview import print_overview
from itomm.cli.progress import working
from itomm.cli.report import write_report
from itomm.cli.scope_report import print_scope_report
from itomm.cli.tables import print_paragraph
from itomm.cli.workspace import Workspace, score
from itomm.config.clock import fixed_clock
from itomm.config.errors import ExitCode, StoreError, UsageError
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.estate.server import EstateServer

MARKER = "made-by-itomm-demo"


@click.command()
@click.option("--to", "folder", default="itomm-demo", show_default=True, metavar="DIR", help="Where to work.")
@common_options
def command(invocation: Invocation, *, folder: str) -> int:
    """See the whole job once, on a stand-in company whose tools answer over real HTTP.

    Starts the stand-in, collects from it with the real client libraries, assesses, prints the verdict
    and writes report.html.
    """
    work = Path(folder)
    with working("Founding a company", quiet=invocation.quiet):
        estate = Estate.load()
        repository = _handbook(estate, work)
    with EstateServer(estate) as server, _token():
        configuration = work / "itomm.yaml"
        configuration.write_text(estate.configuration(server.url, repository), encoding="utf-8")
        workspace = Workspace(
            replace(
                invocation,
                configuration_path=configuration,
                store_path=None,
                clock=fixed_clock(estate.as_of),
            )
        )
        results = run_collection(workspace, purpose="itomm demo")
    print_results(results)
    print_scope_report(workspace)
    print_paragraph("")
    scored = score(workspace)
    print_overview(scored.assessment)
    with working("Writing the report", quiet=invocation.quiet):
        report = write_report(scored, work / "report.html")
    print_paragraph("")
    print_paragraph(f"The report: {report}", style="bold")
    print_paragraph(
        f"Next: open it in a browser; ask why with 'itomm explain SS-INC-4.1 --config {configuration}'; "
        "then 'itomm init' for your own systems."
    )
    return ExitCode.OK if is_complete(results) else ExitCode.INCOMPLETE


def _handbook(estate: Estate, work: Path) -> Path | None:
    """The company's handbook as a git repository, in a fresh working folder; None where git is missing."""
    marker = work / MARKER
    if work.exists() and any(work.iterdir()) and not marker.exists():
        raise UsageError(f"{work} holds something else than an earlier demo. Name another folder with --to.")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        marker.write_text("Made by 'itomm demo', and made anew by the next one.\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"Cannot work in {work}: {error.strerror}.") from None
    if shutil.which("git") is None:
        print_paragraph("git is not installed, so the demo goes without the company's handbook repository.")
        return None
    repository = work / "handbook"
    estate.write_repository(repository)
    return repository.resolve()


@contextmanager
def _token() -> Iterator[None]:
    before = os.environ.get(TOKEN_VARIABLE)
    os.environ[TOKEN_VARIABLE] = TOKEN
    try:
        yield
    finally:
        if before is None:
            del os.environ[TOKEN_VARIABLE]
        else:
            os.environ[TOKEN_VARIABLE] = before
