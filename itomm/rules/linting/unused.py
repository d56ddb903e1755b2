"""Things that a rule declares and never uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from itomm.rules.linting.finding import Finding, Severity, in_rule
from itomm.rules.rule import Rule


def check_unused(rule: Rule) -> Iterator[Finding]:
    """Linked facts and parameters that nothing in the rule names."""
    written = rule.document.value
    if not isinstance(written, dict):
        return
    for name in written.get("linked", {}):
        others = {key: part for key, part in written.items() if key not in {"linked", "tests", "mutants"}}
        if not _named(others, rf"\b{re.escape(name)}\b"):
            text = f"the linked fact '{name}' is never used"
            hint = "Use it in 'where' or 'measure', or leave it out: its evidence must be there to answer."
            yield in_rule(
                rule, ("linked", name), Severity.WARNING, "unused-linked-fact", text=text, hint=hint
            )
    for name in written.get("parameters", {}):
        others = {key: part for key, part in written.items() if key not in {"parameters", "tests", "mutants"}}
        if not _named(others, rf"\${re.escape(name)}\b"):
            text = f"the parameter '{name}' is never used"
            hint = f"Write ${name} where it should stand, or leave it out."
            yield in_rule(
                rule, ("parameters", name), Severity.WARNING, "unused-parameter", text=text, hint=hint
            )


def _named(part: object, pattern: str) -> bool:
    if isinstance(part, dict):
        return any(_named(inner, pattern) for inner in part.values())
    if isinstance(part, list):
        return any(_named(inner, pattern) for inner in part)
    return isinstance(part, str) and re.search(pattern, part) is not None
