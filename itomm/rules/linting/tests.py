"""Rules without tests, tests that cannot be read, and answers that no test expects."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.config.errors import InvalidInputError
from itomm.rules.answer import Verdict
from itomm.rules.linting.finding import Finding, Severity, in_rule, of_problem
from itomm.rules.reachable import reachable_verdicts
from itomm.rules.rule import Rule
from itomm.rules.rule_tests import case_of

_MUST_BE_TESTED = (Verdict.YES, Verdict.PARTIAL, Verdict.NO, Verdict.UNKNOWN)


def check_tests(rule: Rule) -> Iterator[Finding]:
    """Whether the tests beside a rule can be read and expect each answer that it can give."""
    if not rule.written.tests:
        hint = (
            "Add 'tests:' with one case for each answer; 'itomm rules test --mutate' finds what is missing."
        )
        yield in_rule(rule, ("rule",), Severity.WARNING, "untested", text="has no tests", hint=hint)
        return
    expected: set[str] = set()
    for index in range(len(rule.written.tests)):
        try:
            expected.add(case_of(rule, index).expect.answer)
        except InvalidInputError as error:
            yield from (of_problem(problem) for problem in error.problems)
    wanted = [each for each in _MUST_BE_TESTED if each in reachable_verdicts(rule) and each not in expected]
    if wanted:
        text = f"no test expects {' or '.join(wanted)}"
        yield in_rule(rule, ("tests",), Severity.WARNING, "untested-answer", text=text)
