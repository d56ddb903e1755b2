"""``itomm retention``: show or let go the content that the retention rules no longer keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.tables import csv_text, print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode, InvalidInputError, Problem, StoreError, UsageError
from itomm.config.settings import Configuration, RetentionRule
from itomm.config.structure import nearest
from itomm.evidence.letting_go.applying import let_go
from itomm.evidence.letting_go.retention import Expired, expired
from itomm.evidence.record_types import record_types
from itomm.reports.document import to_json

HEADINGS = ("path", "rule", "content", "bytes", "sha256")


@click.group("retention")
def command() -> None:
    """Let content go that the rules under 'retention:' in itomm.yaml no longer keep.

    The hash of what was let go, the rule, the reason and who did it stay in the ledger for ever.
    """


@command.command("show")
@output_option("table", "json", "csv")
@common_options
def show_command(invocation: Invocation, *, output: str) -> int:
    """Show what would go now, by which rule; nothing is changed."""
    workspace = Workspace(invocation)
    rules = retention_rules(workspace.configuration)
    found = expired(workspace.existing_store, rules, invocation.clock())
    if output == "json":
        listed = [dict(zip(HEADINGS, _values(each), strict=True)) for each in found]
        write_out(to_json({"schema": "itomm/retention/1", "expired": listed}))
    elif output == "csv":
        rows = [[str(value) for value in _values(each)] for each in found]
        write_out(csv_text(HEADINGS, rows))
    else:
        _print_by_rule(rules, found)
        if found:
            print_paragraph("Nothing was changed. 'itomm retention apply --by WHO' lets it go.")
    return ExitCode.OK


@command.command("apply")
@click.option("--by", "actor", required=True, metavar="WHO", help="Who decides.")
@click.option("--reason", metavar="TEXT", help="Why, recorded for ever.  [default: the rule's own]")
@common_options
def apply_command(invocation: Invocation, *, actor: str, reason: str | None) -> int:
    """Let go what the rules no longer keep; what was recorded of it stays."""
    if not actor.strip():
        raise UsageError("Say who decides with --by.")
    workspace = Workspace(invocation)
    rules = retention_rules(workspace.configuration)
    store = workspace.existing_store
    now = invocation.clock()
    with store.writing("itomm retention apply"):
        found = expired(store, rules, now)
        try:
            let_go(store, found, at=now, actor=actor.strip(), reason=reason)
        except OSError as error:
            raise StoreError(f"Nothing was let go: {error}.") from None
    _print_by_rule(rules, found)
    if found:
        print_paragraph(f"Let go {len(found):,} files, {_size(found)}. Hash, rule and reason are kept.")
    return ExitCode.OK


def retention_rules(configuration: Configuration) -> tuple[RetentionRule, ...]:
    """The configured rules.

    Raises:
        InvalidInputError: a rule names a record type that does not exist.
    """
    known = sorted(record_types())
    problems = [
        Problem(
            configuration.document.place(("retention", index, "record_types")),
            f"there is no record type '{name}'",
            nearest(name, known),
        )
        for index, rule in enumerate(configuration.settings.retention)
        for name in rule.record_types
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)
    return configuration.settings.retention


def _print_by_rule(rules: Sequence[RetentionRule], found: Sequence[Expired]) -> None:
    if not rules:
        print_paragraph("There are no rules under 'retention:' in itomm.yaml, so everything is kept.")
        return
    by_rule: dict[str, list[Expired]] = defaultdict(list)
    for each in found:
        by_rule[each.rule.name].append(each)
    rows = [
        (
            rule.name,
            rule.content,
            f"{rule.keep_days} days",
            f"{len(by_rule[rule.name]):,}",
            _size(by_rule[rule.name]),
        )
        for rule in rules
    ]
    print_table("", ("rule", "content", "kept for", "files", "size"), rows, right=(2, 3, 4))


def _size(found: Sequence[Expired]) -> str:
    amount, units = float(sum(each.bytes for each in found)), ["bytes", "kB", "MB", "GB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"


def _values(each: Expired) -> tuple[str, str, str, int, str]:
    return each.path, each.rule.name, each.rule.content, each.bytes, each.sha256
