"""Criteria that nobody answers, and rules whose evidence no source brings."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from itomm.config.errors import Place
from itomm.rules.linting.finding import Finding, Severity, in_rule
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet


def check_criteria(rule_set: RuleSet) -> Iterator[Finding]:
    """Criteria that are to be answered from evidence and have no rule; those of people are only counted."""
    answered = {rule.criterion for rule in rule_set.rules}
    for criterion in rule_set.model.criteria:
        if criterion.id in answered or criterion.mode == "human":
            continue
        evidence_only = criterion.mode == "evidence"
        yield Finding(
            Severity.WARNING if evidence_only else Severity.NOTE,
            "criterion-without-rule",
            criterion.id,
            rule_set.places.get(criterion.id, Place(criterion.id)),
            f"{criterion.id} has no rule and waits for a person (its mode is '{criterion.mode}')",
            "Write a rule, or set its mode to 'human'." if evidence_only else "",
        )


def check_sources(rule: Rule, brought: Collection[str], by_whom: str) -> Iterator[Finding]:
    """Record types that a rule needs and none of the sources brings; ``by_whom`` names those sources."""
    for record_type in rule.needed_types:
        if record_type.name not in brought:
            text = f"{by_whom} brings {record_type.name} records, so the answer stays unknown"
            hint = "Add a source, or leave the rule out with 'without' under 'rules' in itomm.yaml."
            yield in_rule(rule, ("from",), Severity.WARNING, "no-source", text=text, hint=hint)
