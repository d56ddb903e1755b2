"""``itomm rules test``: the tests beside rules, and whether they would notice a wrong rule."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.places import shown_place
from itomm.cli.rules.chosen import chosen_rules, in_files, rule_named
from itomm.cli.rules.junit import junit_text
from itomm.cli.rules.mutants import report_mutants
from itomm.cli.tables import print_paragraph, write_out
from itomm.config.errors import ExitCode, StoreError, UsageError
from itomm.config.quantities import Dimension, parse_quantity
from itomm.reports.document import plain, to_json
from itomm.rules.answer import Verdict
from itomm.rules.rule_tests import OutcomeCoverage, RuleTestResult, outcome_coverage, run_rule_tests


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rule", "names", multiple=True, metavar="RULE", help="Only this rule; repeatable.")
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Also write results as JUnit XML."
)
@click.option(
    "--mutate", is_flag=True, help="Change each rule in small ways; list changes that no test notices."
)
@click.option(
    "--at-least",
    metavar="SHARE",
    default="95 %",
    show_default=True,
    help="With --mutate: the share of changes that tests must notice.",
)
@output_option("table", "json")
@common_options
def test_command(
    invocation: Invocation,
    *,
    paths: tuple[Path, ...],
    names: tuple[str, ...],
    junit: Path | None,
    mutate: bool,
    at_least: str,
    output: str,
) -> int:
    """Run the tests that stand beside rules; exit code 5 when one fails."""
    wanted = _share(at_least)
    rule_set = chosen_rules(invocation, paths)
    rules = [rule_named(rule_set, name) for name in names] if names else in_files(rule_set, paths)
    results = list(run_rule_tests(rules))
    failed = any(result.faults for result in results)
    if junit is not None:
        _write_junit(junit, results)
    if mutate and not failed:
        return report_mutants(rules, wanted, output)
    coverage = outcome_coverage(rules, results)
    if output == "json":
        write_out(
            to_json({"schema": "itomm/rule-tests/1", "results": plain(results), "outcomes": plain(coverage)})
        )
    else:
        _print(results, coverage)
        if mutate:
            print_paragraph("No mutants were tried: make the tests pass first.")
    return ExitCode.INVALID if failed else ExitCode.OK


def _share(text: str) -> Fraction:
    try:
        quantity = parse_quantity(text)
    except ValueError as error:
        raise UsageError(f"--at-least: {error}") from None
    if quantity.dimension not in {Dimension.SHARE, Dimension.NUMBER} or not 0 <= quantity.value <= 1:
        raise UsageError(f"--at-least: '{text}' is no share; write for example '95 %'.")
    return quantity.value


def _write_junit(target: Path, results: Sequence[RuleTestResult]) -> None:
    try:
        target.write_text(junit_text(results), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{target} could not be written: {error.strerror}.") from None


def _print(results: Sequence[RuleTestResult], coverage: Sequence[OutcomeCoverage]) -> None:
    failed = [result for result in results if result.faults]
    for result in failed:
        print_paragraph(f"{shown_place(result.place)}: {result.rule}: {result.test}", style="red")
        for fault in result.faults:
            print_paragraph(f"    {fault}")
    for each in coverage:
        if each.not_reached:
            print_paragraph(
                f"{shown_place(each.place)}: {each.rule}: no test reaches {_listed(each.not_reached)}"
            )
    print_paragraph(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    for verdict in Verdict:
        possible = sum(verdict in (*each.reached, *each.not_reached) for each in coverage)
        reached = sum(verdict in each.reached for each in coverage)
        if possible:
            print_paragraph(f"    {_word(verdict)}: reached in {reached} of {possible} rules that can say so")


def _listed(verdicts: Sequence[Verdict]) -> str:
    return " or ".join(_word(verdict) for verdict in verdicts)


def _word(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")
