"""Grades that no value reaches, or that say less than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.rules.answer import Verdict
from itomm.rules.linting.finding import Finding, Severity, in_rule
from itomm.rules.reachable import bounds_of, graded_verdicts, reach_of, reachable_verdicts
from itomm.rules.rule import Rule


def check_grades(rule: Rule) -> Iterator[Finding]:
    """Rules that can never answer yes or no, and partial grades that lie inside yes or out of reach."""
    possible = reachable_verdicts(rule)
    measured = graded_verdicts(rule)
    reach = _described(rule)
    if Verdict.YES not in possible:
        text = f"can never answer yes: no value is {rule.grade.yes.text}"
        yield in_rule(rule, ("grade", "yes"), Severity.ERROR, "never-yes", text=text, hint=reach)
    if Verdict.NO not in possible:
        text = "can never answer no: every value that can be measured is yes or partial"
        yield in_rule(rule, ("grade",), Severity.ERROR, "never-no", text=text, hint=reach)
    elif Verdict.NO not in measured:
        text = "a measured value is never a no; only 'missing' gives one"
        yield in_rule(rule, ("grade",), Severity.NOTE, "no-only-when-missing", text=text, hint=reach)
    partial = rule.grade.partial
    if partial is None or Verdict.PARTIAL in measured or len(rule.windows) > 1:
        return
    values = reach_of(rule).representatives(bounds_of(rule.grade))
    inside = any(partial.holds(value) for value in values)
    text = (
        f"partial {partial.text} lies inside yes {rule.grade.yes.text}"
        if inside
        else f"no value is {partial.text}"
    )
    hint = "Widen partial, or leave it out." if inside else reach
    yield in_rule(rule, ("grade", "partial"), Severity.ERROR, "never-partial", text=text, hint=hint)


def _described(rule: Rule) -> str:
    """The values that the measure can take, in words."""
    reach = reach_of(rule)
    kind = rule.measure_kind
    if reach.lower is None:
        return f"A {kind} here can be any {rule.dimension}."
    start = f"{'above' if reach.above else 'from'} {reach.lower}"
    end = f" to {reach.upper}" if reach.upper is not None else " up"
    whole = " in whole numbers" if reach.step == 1 and rule.dimension == "number" else ""
    return f"A {kind} here lies {start}{end}{whole}."
