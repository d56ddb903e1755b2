"""All checks over a rule set."""

from __future__ import annotations

from collections.abc import Sequence

from itomm.rules.linting.conditions import check_conditions
from itomm.rules.linting.coverage import Brought, check_criteria, check_sources
from itomm.rules.linting.finding import Finding
from itomm.rules.linting.grades import check_grades
from itomm.rules.linting.tests import check_tests
from itomm.rules.linting.unused import check_unused
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet

_OF_A_RULE = (check_grades, check_conditions, check_unused, check_tests)


def lint(rule_set: RuleSet, rules: Sequence[Rule], brought: Brought) -> list[Finding]:
    """Every finding, by place.

    Args:
        rule_set: questionnaire and rules that could be read.
        rules: those of its rules that are looked at; criteria are looked at when these are all.
        brought: the record types that the sources bring.
    """
    found = [finding for rule in rules for check in _OF_A_RULE for finding in check(rule)]
    for rule in rules:
        found += check_sources(rule, brought)
    if len(rules) == len(rule_set.rules):
        found += check_criteria(rule_set)
    return sorted(found, key=lambda finding: finding.order)
