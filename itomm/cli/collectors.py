"""``itomm collectors``: list, describe and check collectors."""

from __future__ import annotations

import click

from itomm.cli.doctor import check_rows
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.collectors.contract import Collector
from itomm.collectors.discovery import collector_names, load_collector
from itomm.config.errors import ExitCode
from itomm.reports.document import to_json


@click.group("collectors")
def command() -> None:
    """List and describe installed collectors, and check configured sources."""


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
@common_options
def describe_command(_invocation: Invocation, *, name: str) -> int:
    """Describe one collector: its settings, and the least right that each record type needs."""
    collector = load_collector(name)
    print_paragraph(f"{collector.name}: {collector.title}", style="bold")
    settings = [
        (key, "" if field.is_required() else str(field.get_default(call_default_factory=True)))
        for key, field in collector.settings_model.model_fields.items()
    ]
    print_table("Settings", ("key", "default"), settings)
    print_table(
        "Record types",
        ("type", "least right"),
        [(each.record_type, each.needs) for each in collector.streams],
    )
    return ExitCode.OK


@command.command("check")
@click.argument("source", required=False, metavar="[SOURCE]")
@common_options
def check_command(invocation: Invocation, *, source: str | None) -> int:
    """Connect to configured sources and name every missing right."""
    rows, failed = check_rows(Workspace(invocation), only=source)
    print_table("", ("source", "check", "", "detail"), rows)
    return ExitCode.INCOMPLETE if failed else ExitCode.OK


def _record_types(collector: type[Collector]) -> list[str]:
    return [stream.record_type for stream in collector.streams]
