"""Answering many mutants of one rule on one case: those that measure alike are measured once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import duckdb

from itomm.config.errors import InvalidInputError
from itomm.evidence.canonical import digest
from itomm.rules.answer import InferredAnswer
from itomm.rules.asking import OneConnection
from itomm.rules.cases import PreparedCase
from itomm.rules.evaluation import answer_all
from itomm.rules.grading import Grader
from itomm.rules.measuring import measure_rules, seen_records
from itomm.rules.mutation.mutants import Mutant
from itomm.rules.rule import BoundRule, Rule
from itomm.rules.untold.undecided import undecided, with_services_told

Seen = tuple[int, Mapping[str | None, int]]
_AFTER_MEASURING = frozenset({"minimum_sample", "missing", "grade", "tests", "mutants"})
"""Keys that only matter once everything is measured, but for the windows in ``grade``."""


class Answering:
    """Answers mutants; keeps their checked expressions from case to case."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._bound: dict[tuple[str, datetime], BoundRule] = {}

    def answers(
        self, mutants: Sequence[Mutant], case: PreparedCase
    ) -> Iterator[tuple[Mutant, InferredAnswer | None]]:
        """Each mutant's answer on the loaded case; None when it cannot be evaluated there."""
        alike: dict[str, list[Mutant]] = {}
        for mutant in mutants:
            if len(mutant.rule.windows) > 1:
                yield mutant, self._grade_by_grade(mutant.rule, case)
            else:
                alike.setdefault(_measuring_key(mutant.rule), []).append(mutant)
        seen = seen_records(self._connection, mutants[0].rule.record_type) if mutants else (0, {})
        for key, group in alike.items():
            bound = self._bound_to(key, group[0].rule, case.as_of)
            try:
                ((_, measured),) = measure_rules(self._connection, [with_services_told(bound, case.state)])
                open_questions = undecided(OneConnection(self._connection), bound, case.state)
            except InvalidInputError:
                yield from ((mutant, None) for mutant in group)
                continue
            for mutant in group:
                graded = replace(bound, rule=mutant.rule.over(*mutant.rule.windows))
                grader = Grader(graded, measured, seen, case.services, case.state, undecided=open_questions)
                yield mutant, grader.organisation() if case.of_organisation else grader.service(case.service)

    def _grade_by_grade(self, rule: Rule, case: PreparedCase) -> InferredAnswer | None:
        """The answer of a rule whose grades have windows of their own."""
        try:
            found = answer_all(self._connection, [rule], case.services, case.state, case.as_of)
        except InvalidInputError:
            return None
        return case.chosen(found, rule.criterion)

    def _bound_to(self, key: str, rule: Rule, as_of: datetime) -> BoundRule:
        if (key, as_of) not in self._bound:
            self._bound[key, as_of] = rule.over(*rule.windows).bound(as_of)
        return self._bound[key, as_of]


def _measuring_key(rule: Rule) -> str:
    """Equal for rules that measure alike."""
    written = rule.document.value
    if not isinstance(written, dict):
        return rule.name
    read = {key: part for key, part in written.items() if key not in _AFTER_MEASURING}
    windows = [part.get("days") for part in written["grade"].values() if isinstance(part, dict)]
    return digest({**read, "windows": windows})
