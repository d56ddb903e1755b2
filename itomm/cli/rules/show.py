"""``itomm rules show``: rules as written, and as the statement that is run."""

from __future__ import annotations

import click

from itomm.cli.explain import rule_as_applied
from itomm.cli.options import Invocation, common_options
from itomm.cli.rules.chosen import chosen_rules, rule_named
from itomm.cli.tables import print_table, write_out
from itomm.config.errors import ExitCode
from itomm.rules import compiler


@click.command("show")
@click.argument("name", required=False, metavar="[RULE]")
@click.option("--compiled", is_flag=True, help="Show the statement that is run.")
@common_options
def show_command(invocation: Invocation, *, name: str | None, compiled: bool) -> int:
    """List the rules, or show one as written or compiled."""
    rule_set = chosen_rules(invocation, ())
    if name is None:
        rows = [
            (rule.criterion, rule.name, rule.record_type.name, rule.grade.yes.text, rule.base)
            for rule in sorted(rule_set.rules, key=lambda each: each.criterion)
        ]
        print_table("", ("criterion", "rule", "from", "yes", "confidence"), rows)
        return ExitCode.OK
    rule = rule_named(rule_set, name)
    if compiled:
        for days in rule.windows:
            statement = compiler.measuring(rule.over(days).bound(invocation.clock()))
            write_out(statement.sql(dialect="duckdb", pretty=True) + "\n")
    else:
        write_out(rule_as_applied(rule) + "\n")
    return ExitCode.OK
