"""``itomm rules lint``: faults of model and rules, and rules that say less than they seem to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from itomm.cli.collection import configured_sources
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.places import shown_place
from itomm.cli.rules.chosen import chosen_rules, in_files
from itomm.cli.tables import print_paragraph, write_out
from itomm.cli.workspace import Workspace
from itomm.collectors.contract import Collector
from itomm.collectors.discovery import collector_names, load_collector
from itomm.collectors.not_connected import NotConnectedCollector
from itomm.config.errors import ExitCode, InvalidInputError
from itomm.reports.document import to_json
from itomm.reports.wording import count_text
from itomm.rules.linting.coverage import Brought
from itomm.rules.linting.finding import Finding, Severity, of_problem
from itomm.rules.linting.lint import lint

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: ""}


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 5 on warnings, too.")
@output_option("table", "json")
@common_options
def lint_command(invocation: Invocation, *, paths: tuple[Path, ...], strict: bool, output: str) -> int:
    """Report faults of model and rules with file, line and column; exit code 5 when there is an error."""
    try:
        rule_set = chosen_rules(invocation, paths)
    except InvalidInputError as error:
        if output == "table":
            raise
        _write([of_problem(problem) for problem in error.problems])
        return ExitCode.INVALID
    findings = lint(rule_set, in_files(rule_set, paths), _brought(invocation))
    if output == "json":
        _write(findings)
    else:
        _print(findings)
        human = sum(criterion.mode == "human" for criterion in rule_set.model.criteria)
        criteria = count_text(len(rule_set.model.criteria), "criterion", "criteria")
        rules = count_text(len(rule_set.rules), "rule", "rules")
        print_paragraph(f"{criteria} ({human} for people), {rules}; {_counted(findings)}.")
    blocking = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return ExitCode.INVALID if any(each.severity in blocking for each in findings) else ExitCode.OK


def _brought(invocation: Invocation) -> Brought:
    """What the configured sources bring; without a configuration, what all installed collectors could."""
    if invocation.configuration_path.exists():
        sources = configured_sources(Workspace(invocation).configuration)
        read = [each for each in sources if each.collector is not NotConnectedCollector]
        return Brought({stream.record_type for each in read for stream in each.streams})
    installed = [load_collector(name) for name in collector_names() if name != NotConnectedCollector.name]
    return Brought(
        by_themselves=_types(each for each in installed if not each.streams_are_configured),
        by_import=_types(each for each in installed if each.streams_are_configured),
        nobody="no installed collector",
    )


def _types(collectors: Iterable[type[Collector]]) -> set[str]:
    return {stream.record_type for each in collectors for stream in each.streams}


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        about = f"{finding.about}: " if finding.about else ""
        text = f"{shown_place(finding.place)}: {finding.severity}: {about}{finding.text} [{finding.code}]"
        print_paragraph(text, style=_STYLES[finding.severity])
        if finding.hint:
            print_paragraph(f"    {finding.hint}")


def _counted(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    if not findings:
        return "no faults"
    return ", ".join(f"{counts[each]} {each}{'s' if counts[each] != 1 else ''}" for each in Severity)


def _write(findings: Sequence[Finding]) -> None:
    listed = [
        {
            "severity": finding.severity.value,
            "code": finding.code,
            "about": finding.about,
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "text": finding.text,
            "hint": finding.hint,
        }
        for finding in findings
    ]
    write_out(to_json({"schema": "itomm/rule-findings/1", "findings": listed}))
