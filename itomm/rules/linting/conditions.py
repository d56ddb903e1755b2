"""Conditions with values that a field cannot have, and conditions that no record can satisfy."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from itomm.config.structure import nearest
from itomm.rules.linting.finding import Finding, Severity, in_rule
from itomm.rules.linting.satisfiable import unsatisfiable_field
from itomm.rules.rule import Rule
from itomm.rules.written_expressions import WrittenExpression, written_expressions


def check_conditions(rule: Rule) -> Iterator[Finding]:
    """Compared values that are not among those listed for a field, and conditions that exclude themselves."""
    for expression in written_expressions(rule):
        unlisted = list(_unlisted_values(rule, expression))
        yield from unlisted
        field = unsatisfiable_field(expression.tree, expression.record_type)
        if field is not None and not unlisted:
            text = f"can never be true: its conditions on {field} exclude each other"
            hint = "Look for 'and' where 'or' is meant, or for a turned-round comparison."
            yield in_rule(rule, expression.path, Severity.ERROR, "never-true", text=text, hint=hint)


def _unlisted_values(rule: Rule, expression: WrittenExpression) -> Iterator[Finding]:
    for node in expression.tree.find_all(exp.EQ, exp.NEQ, exp.In):
        field = node.this
        if not isinstance(field, exp.Column) or field.table:
            continue
        declared = expression.record_type.resolve(field.name)
        if declared is None or not declared.values:
            continue
        allowed = [str(value) for value in declared.values]
        for literal in (part for part in node.iter_expressions() if isinstance(part, exp.Literal)):
            if literal.name not in allowed:
                text = f"{expression.record_type.name}.{declared.name} is never '{literal.name}'"
                hint = nearest(literal.name, allowed)
                yield in_rule(rule, expression.path, Severity.ERROR, "unlisted-value", text=text, hint=hint)
