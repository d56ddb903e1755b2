"""Criteria that nobody answers, and rules whose evidence no source brings."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Brought:
    """The record types that sources bring.

    Attributes:
        by_themselves: by what they are.
        by_import: only where a mapping of one's own says so.
        nobody: the sources in words when they do not, such as "no configured source".
    """

    by_themselves: Collection[str]
    by_import: Collection[str] = ()
    nobody: str = "no configured source"


def check_sources(rule: Rule, brought: Brought) -> Iterator[Finding]:
    """Record types that a rule needs and none of the sources brings, or only an import does."""
    for record_type in rule.needed_types:
        if record_type.name in {*brought.by_themselves, *rule.optional_types}:
            continue
        if record_type.name in brought.by_import:
            text = f"only an import brings {record_type.name} records (collectors files and http_json)"
            yield in_rule(rule, ("from",), Severity.NOTE, "import-only", text=text)
        else:
            text = f"{brought.nobody} brings {record_type.name} records, so the answer stays unknown"
            hint = "Add a source, or leave the rule out with 'without' under 'rules' in itomm.yaml."
            yield in_rule(rule, ("from",), Severity.WARNING, "no-source", text=text, hint=hint)
