"""Rules whose grades look back over windows of their own: answered grade by grade, from the strictest.

``yes`` is looked for over its own window. Only where it is decided that it was not reached does ``partial``
speak, over its window. What is unknown of the grade that speaks is unknown: a shorter or longer window never
fills in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.grades import Grade
from itomm.rules.rule import Rule


def by_grade(rule: Rule) -> tuple[Rule, ...]:
    """The rule once for each of its grades, over that grade's window; once when one window serves all."""
    yes, partial = rule.grade.yes, rule.grade.partial
    if partial is None or len(rule.windows) == 1:
        return (rule.over(*rule.windows),)
    return tuple(
        replace(
            rule,
            name=f"{rule.name} over {rule.days_of(threshold)} days",
            window_days=rule.days_of(threshold),
            grade=Grade(threshold),
        )
        for threshold in (yes, partial)
    )


def combined(rule: Rule, answers: Sequence[InferredAnswer]) -> InferredAnswer:
    """One answer from those of :func:`by_grade`, in its order."""
    if len(answers) == 1:
        return answers[0]
    yes, partial = answers
    if yes.verdict is not Verdict.NO:
        return replace(yes, rule=rule.name, grade_partial=partial.grade_yes)
    verdict = Verdict.PARTIAL if partial.verdict is Verdict.YES else partial.verdict
    spoken = replace(partial, verdict=verdict, grade_yes=yes.grade_yes, grade_partial=partial.grade_yes)
    if verdict is Verdict.PARTIAL:
        spoken = replace(spoken, what_would_change_it=yes.what_would_change_it)
    return replace(spoken, rule=rule.name)
