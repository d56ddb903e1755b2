"""``itomm doctor``: what works, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from itomm.cli.collection import configured_sources, imported_catalogues
from itomm.cli.conventions import conventions_document, conventions_of, print_conventions
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.progress import working
from itomm.cli.scope_report import scope_lines
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.collectors.contract import Check, CheckState
from itomm.collectors.framework.checking import check_source
from itomm.config.clock import format_instant
from itomm.config.errors import ExitCode, StoreError, UsageError
from itomm.config.structure import nearest
from itomm.evidence.health import stream_findings, streams_of
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from itomm.evidence.upkeep import counting, upkeep_findings, upkeep_of
from itomm.reports.document import to_json
from itomm.rules.readiness import EvidenceState
from itomm.rules.untold.left_open import left_open

EVIDENCE = "evidence"
SCOPE = "scope"
Row = tuple[str, str, str, str]


@click.command()
@click.option("--offline", is_flag=True, help="Do not ask the sources.")
@click.option("--conventions", "with_conventions", is_flag=True, help="What teams keep, and what it unlocks.")
@output_option("table", "json")
@common_options
def command(invocation: Invocation, *, offline: bool, with_conventions: bool, output: str) -> int:
    """Check configuration, rules, sources, store and evidence; name what to mend.

    Exit code 3 when a source or the store has a fault, 5 when configuration or rules have. Warnings do not
    change it.
    """
    workspace = Workspace(invocation)
    rows: list[Row] = [*_configuration_rows(workspace)]
    failed = False
    if not offline:
        with working("Asking the sources", quiet=invocation.quiet):
            checked, failed = check_rows(workspace)
        rows += checked
    with working("Looking at the store", quiet=invocation.quiet):
        stored, damaged = _store_rows(workspace)
    rows += stored
    found = conventions_of(workspace) if with_conventions else None
    if output == "json":
        names = ("part", "check", "state", "detail")
        document = {
            "schema": "itomm/doctor/1",
            "checks": [dict(zip(names, row, strict=True)) for row in rows],
        }
        shown = {} if found is None else {"conventions": conventions_document(found)}
        write_out(to_json({**document, **shown}))
    else:
        print_table("", ("part", "check", "", "detail"), rows)
        if found is not None:
            print_conventions(found)
        print_paragraph(_summary(rows, broken=failed or damaged))
    return ExitCode.INCOMPLETE if failed or damaged else ExitCode.OK


def _summary(rows: list[Row], *, broken: bool) -> str:
    warnings = sum(row[2] == CheckState.WARNING.value for row in rows)
    if broken:
        return "Something needs mending."
    things = "1 thing" if warnings == 1 else f"{warnings} things"
    return f"Nothing is broken; {things} to look at." if warnings else "All is well."


def check_rows(workspace: Workspace, *, only: str | None = None) -> tuple[list[Row], bool]:
    """A row for each check of each source, and whether one failed.

    Raises:
        InvalidInputError: the settings of a source are wrong.
        UsageError: there is no source called ``only``.
    """
    sources = configured_sources(workspace.configuration)
    names = [source.name for source in sources]
    if only is not None and only not in names:
        raise UsageError(f"There is no source '{only}'. {nearest(only, names)}")
    rows: list[Row] = []
    failed = False
    for source in [*sources, *([] if only else imported_catalogues(workspace.configuration))]:
        if only is None or source.name == only:
            checks = check_source(source, workspace.invocation.clock)
            rows += [(source.name, check.title, check.state.value, _detail(check)) for check in checks]
            failed = failed or any(check.state is CheckState.FAILED for check in checks)
    return rows, failed


def _detail(check: Check) -> str:
    return " ".join(part for part in (check.detail, check.remedy) if part)


def _configuration_rows(workspace: Workspace) -> Iterator[Row]:
    settings = workspace.configuration.settings
    scope = f"{len(settings.services)} services, {len(settings.sources)} sources"
    yield ("configuration", "itomm.yaml is valid", CheckState.OK.value, scope)
    rule_set = workspace.rule_set
    answered = len({rule.criterion for rule in rule_set.rules})
    counted = f"{len(rule_set.rules)} rules answer {answered} of {len(rule_set.model.criteria)} criteria"
    yield ("rules", "model and rules are valid", CheckState.OK.value, counted)


def _store_rows(workspace: Workspace) -> tuple[list[Row], bool]:
    try:
        store = workspace.existing_store
    except StoreError:
        detail = "nothing was collected yet; run 'itomm collect'"
        return [("store", "there is a store", CheckState.WARNING.value, detail)], False
    newest = store.newest_instant()
    snapshot = snapshot_of(store)
    when = f"run {snapshot.run}, newest {format_instant(newest)}" if newest else "empty"
    found = verify(store)
    state = CheckState.FAILED if found.faults else CheckState.OK
    detail = "; ".join(found.faults[:3]) or "nothing was changed"
    rows: list[Row] = [
        ("store", "there is a store", CheckState.OK.value, when),
        ("store", "stored bytes are what was recorded", state.value, detail),
    ]
    if found.faults:
        rows.append(
            (EVIDENCE, "evidence is healthy", CheckState.WARNING.value, "not looked at: see the store")
        )
    else:
        rows += _evidence_rows(workspace, store)
        rows += _untold_rows(workspace, store)
        rows += _scope_rows(workspace)
    return rows, bool(found.faults)


def _scope_rows(workspace: Workspace) -> list[Row]:
    """What belongs to nothing, and what catalogues say differently."""
    states = {True: CheckState.WARNING.value, False: CheckState.OK.value}
    lines = scope_lines(workspace)
    return [(SCOPE, "records and services belong together", states[line.mend], line.text) for line in lines]


def _untold_rows(workspace: Workspace, store: Store) -> Iterator[Row]:
    """What no source tells, and what may stay unknown for it; nothing is broken, so none is a warning."""
    now = workspace.invocation.clock()
    state = EvidenceState(snapshot_of(store), now, {})
    for each in left_open(workspace.rule_set.rules, state, now):
        detail = f"{each.said}. What hangs on it is unknown: see {', '.join(each.criteria)}"
        yield EVIDENCE, "what no source tells", CheckState.OK.value, detail


def _evidence_rows(workspace: Workspace, store: Store) -> Iterator[Row]:
    now, limits = workspace.invocation.clock(), workspace.configuration.settings.health
    findings = stream_findings(streams_of(store.collections()), now, limits, counting(store))
    for finding in (*findings, *upkeep_findings(upkeep_of(store), now, limits)):
        detail = ". ".join(part for part in (finding.detail, finding.remedy) if part)
        yield EVIDENCE, finding.title, finding.state.value, detail
