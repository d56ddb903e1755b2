"""``itomm collectors``: list, describe and check collectors, and begin new ones."""

from __future__ import annotations

from itertools import chain

import click

from itomm.cli.collection import configured_sources
from itomm.cli.new_collector import command as new_command
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.progress import working
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.collectors.contract import Check, CheckState, Collector
from itomm.collectors.describing import NO_DEFAULT, CollectorDescription, described
from itomm.collectors.discovery import collector_names, load_collector
from itomm.collectors.framework.checking import check_source
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.evidence.record_types import record_types
from itomm.reports.document import to_json


@click.group("collectors")
def command() -> None:
    """List and describe installed collectors, check configured sources, begin new plug-ins."""


command.add_command(new_command)


@command.command("list")
@output_option("table", "json")
@common_options
def list_command(_invocation: Invocation, *, output: str) -> int:
    """List installed collectors with the record types they deliver."""
    collectors = [load_collector(name) for name in collector_names()]
    if output == "json":
        listed = [
            {"name": each.name, "title": each.title, "record_types": _record_types(each)}
            for each in collectors
        ]
        write_out(to_json({"schema": "itomm/collectors/1", "collectors": listed}))
    else:
        rows = [(each.name, each.title, ", ".join(_record_types(each))) for each in collectors]
        print_table("", ("name", "reads", "record types"), rows)
    return ExitCode.OK


@command.command("describe")
@click.argument("name", metavar="COLLECTOR")
@output_option("table", "json")
@common_options
def describe_command(_invocation: Invocation, *, name: str, output: str) -> int:
    """Describe one collector: its settings, and the least right that each record type needs."""
    found = described(load_collector(name))
    if output == "json":
        write_out(to_json({"schema": "itomm/collector/1", **_document(found)}))
        return ExitCode.OK
    print_paragraph(f"{found.name}: {found.title}", style="bold")
    print_paragraph(f"{found.about}\n")
    settings = [
        (one.key, one.kind, "must be given" if one.default is None else one.default, one.about)
        for one in found.settings
    ]
    print_table("Settings", ("key", "value", "default", "what it does"), settings)
    streams = [
        (one.record_type, one.needs, one.cursor_field or "everything, each time") for one in found.streams
    ]
    print_table("Record types", ("type", "least right", "later runs read what changed by"), streams)
    untold = [
        (one.record_type, ", ".join(sorted(one.cannot_tell))) for one in found.streams if one.cannot_tell
    ]
    if untold:
        print_table("What it cannot tell", ("type", "fields"), untold)
    return ExitCode.OK


@command.command("check")
@click.argument("source", required=False, metavar="[SOURCE]")
@output_option("table", "json")
@common_options
def check_command(invocation: Invocation, *, source: str | None, output: str) -> int:
    """Connect to configured sources and name every missing right.

    Exit code 3 when a check has failed.
    """
    checks = _checks(Workspace(invocation), source)
    if output == "json":
        document = [
            {
                "source": name,
                "check": check.title,
                "state": check.state.value,
                "detail": check.detail,
                "remedy": check.remedy,
            }
            for name, check in checks
        ]
        write_out(to_json({"schema": "itomm/collectors-check/1", "checks": document}))
    else:
        rows = [(name, one.title, one.state.value, _said(one)) for name, one in checks]
        print_table("", ("source", "check", "", "detail"), rows)
    failed = any(check.state is CheckState.FAILED for _, check in checks)
    return ExitCode.INCOMPLETE if failed else ExitCode.OK


def _checks(workspace: Workspace, only: str | None) -> list[tuple[str, Check]]:
    """Every check of the configured sources, or of one.

    Raises:
        InvalidInputError: the settings of a source are wrong.
        UsageError: there is no source called ``only``.
    """
    sources = configured_sources(workspace.configuration)
    names = [source.name for source in sources]
    if only is not None and only not in names:
        raise UsageError(f"There is no source '{only}'. {nearest(only, names)}")
    wanted = [source for source in sources if only in {None, source.name}]
    with working("Asking the sources", quiet=workspace.invocation.quiet):
        found = [
            [(source.name, check) for check in check_source(source, workspace.invocation.clock)]
            for source in wanted
        ]
    return list(chain.from_iterable(found))


def _said(check: Check) -> str:
    return " ".join(part for part in (check.detail, check.remedy) if part)


def _document(found: CollectorDescription) -> dict[str, object]:
    return {
        "name": found.name,
        "title": found.title,
        "about": found.about,
        "settings": [
            {
                "key": one.key,
                "value": one.kind,
                "required": one.default is None,
                "default": None if one.default == NO_DEFAULT else one.default,
                "about": one.about,
            }
            for one in found.settings
        ],
        "streams": [
            {
                "record_type": one.record_type,
                "about": record_types()[one.record_type].about,
                "needs": one.needs,
                "cursor_field": one.cursor_field,
                "page_size": one.page_size,
                "cannot_tell": sorted(one.cannot_tell),
            }
            for one in found.streams
        ],
    }


def _record_types(collector: type[Collector]) -> list[str]:
    return [stream.record_type for stream in collector.streams]
