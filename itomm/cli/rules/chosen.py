"""Which rules a command works on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from itomm.cli.options import Invocation
from itomm.cli.workspace import Workspace
from itomm.config.errors import UsageError
from itomm.config.structure import closest
from itomm.rules.pack import load_loose, load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet


def chosen_rules(invocation: Invocation, paths: Sequence[Path]) -> RuleSet:
    """Rules of the given files; else the configuration's; else the shipped ones.

    Raises:
        InvalidInputError: the rules cannot be read.
    """
    if paths:
        return load_loose(paths)
    if invocation.configuration_path.exists():
        return Workspace(invocation).tested_rule_set
    return load_packs(["itomm"])


def rule_named(rule_set: RuleSet, name: str) -> Rule:
    """The rule called ``name``.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    rule = rule_set.rule(name)
    if rule is None:
        hint = closest(name, [each.name for each in rule_set.rules])
        raise UsageError(f"There is no rule '{name}'. {hint}".strip())
    return rule


def in_files(rule_set: RuleSet, paths: Sequence[Path]) -> list[Rule]:
    """The rules that stand in the given files or folders; all when none are given."""
    if not paths:
        return list(rule_set.rules)
    roots = [path.resolve() for path in paths]
    return [
        rule
        for rule in rule_set.rules
        if any(
            root in (place := Path(rule.document.file).resolve()).parents or root == place for root in roots
        )
    ]
