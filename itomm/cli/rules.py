"""``itomm rules``: check, test and show rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from itomm.cli.explain import rule_without_tests
from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import closest
from itomm.reports.document import plain, to_json
from itomm.rules import compiler
from itomm.rules.pack import RuleSet, load_loose, load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import run_rule_tests


@click.group("rules")
def command() -> None:
    """Check, test and show rules: those of the configuration, or files and folders given."""


@command.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@common_options
def lint_command(invocation: Invocation, *, paths: tuple[Path, ...]) -> int:
    """Report every fault of model and rules, with file, line and column; exit code 5 when there is one."""
    rule_set = _rule_set(invocation, paths)
    answered = {rule.criterion for rule in rule_set.rules}
    without = [criterion.id for criterion in rule_set.model.criteria if criterion.id not in answered]
    untested = [rule.name for rule in rule_set.rules if not rule.written.tests]
    print_paragraph(
        f"{len(rule_set.model.criteria)} criteria, {len(rule_set.rules)} rules; no faults. "
        f"{len(without)} criteria have no rule and await a person."
    )
    if untested:
        print_paragraph(f"Rules without tests: {', '.join(untested)}.")
    return ExitCode.OK


@command.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rule", "names", multiple=True, metavar="RULE", help="Only this rule; repeatable.")
@output_option("table", "json")
@common_options
def test_command(
    invocation: Invocation, *, paths: tuple[Path, ...], names: tuple[str, ...], output: str
) -> int:
    """Run the tests that stand beside rules; exit code 5 when one fails."""
    rule_set = _rule_set(invocation, paths)
    rules = [_named(rule_set, name) for name in names] if names else list(rule_set.rules)
    results = list(run_rule_tests(rules))
    failed = [result for result in results if result.faults]
    if output == "json":
        write_out(to_json({"schema": "itomm/rule-tests/1", "results": plain(results)}))
    else:
        for result in failed:
            print_paragraph(f"{result.place}: {result.rule}: {result.test}", style="red")
            for fault in result.faults:
                print_paragraph(f"    {fault}")
        print_paragraph(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return ExitCode.INVALID if failed else ExitCode.OK


@command.command("show")
@click.argument("name", required=False, metavar="[RULE]")
@click.option("--compiled", is_flag=True, help="Show the statement that is run.")
@common_options
def show_command(invocation: Invocation, *, name: str | None, compiled: bool) -> int:
    """List the rules, or show one as written or compiled."""
    rule_set = _rule_set(invocation, ())
    if name is None:
        rows = [
            (rule.criterion, rule.name, rule.record_type.name, rule.grade.yes.text, rule.base)
            for rule in sorted(rule_set.rules, key=lambda each: each.criterion)
        ]
        print_table("", ("criterion", "rule", "from", "yes", "confidence"), rows)
        return ExitCode.OK
    rule = _named(rule_set, name)
    if compiled:
        write_out(
            compiler.measuring(rule.bound(invocation.clock())).sql(dialect="duckdb", pretty=True) + "\n"
        )
    else:
        write_out(rule_without_tests(rule.document.text) + "\n")
    return ExitCode.OK


def _named(rule_set: RuleSet, name: str) -> Rule:
    rule = rule_set.rule(name)
    if rule is None:
        hint = closest(name, [each.name for each in rule_set.rules])
        raise UsageError(f"There is no rule '{name}'. {hint}".strip())
    return rule


def _rule_set(invocation: Invocation, paths: Sequence[Path]) -> RuleSet:
    """Rules of the given files; else the configuration's; else the shipped ones."""
    if paths:
        return load_loose(paths)
    if invocation.configuration_path.exists():
        return Workspace(invocation).rule_set
    return load_packs(["itomm"])
