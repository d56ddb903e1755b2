"""Running the tests beside rules against changed rules: which changes they notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from itomm.rules.cases import prepare
from itomm.rules.mutation.answering import Answering
from itomm.rules.mutation.mutants import mutants_of
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import at_defaults
from itomm.rules.rule_tests import case_of, differences, fault_of_case, testing_connection


@dataclass(frozen=True)
class TriedMutant:
    """A changed rule, and the test that noticed; ``killed_by`` is "" when none did.

    ``alike`` says why no test could, when that is proved. ``accepted`` is the reason that the rule gives for
    living with it.
    """

    rule: str
    change: str
    place: str
    seen_by: str
    killed_by: str = ""
    alike: str = ""
    accepted: str = ""


def try_mutants(rules: Sequence[Rule]) -> Iterator[list[TriedMutant]]:
    """For each rule, all its mutants with what became of them.

    Raises:
        InvalidInputError: a test is not written as it should be.
    """
    with closing(testing_connection()) as connection:
        for rule in rules:
            yield _tried(connection, rule)


def share_killed(tried: Sequence[TriedMutant]) -> Fraction:
    """Of the mutants that are not proved to be alike, the share that a test noticed; 1 when there is none."""
    counted = [mutant for mutant in tried if not mutant.alike]
    return (
        Fraction(sum(bool(mutant.killed_by) for mutant in counted), len(counted)) if counted else Fraction(1)
    )


def stale_reasons(rules: Sequence[Rule], tried: Sequence[TriedMutant]) -> list[tuple[str, str]]:
    """Place and change of the survivors that a rule accepts and that do not survive."""
    accepted = {(mutant.rule, mutant.change) for mutant in tried if mutant.accepted and not mutant.killed_by}
    return [
        (str(rule.document.place(("mutants", index))), each.change)
        for rule in rules
        for index, each in enumerate(rule.written.mutants)
        if (rule.name, each.change) not in accepted
    ]


def _tried(connection: duckdb.DuckDBPyConnection, rule: Rule) -> list[TriedMutant]:
    rule = at_defaults(rule)
    mutants = mutants_of(rule)
    answering = Answering(connection)
    accepted = {each.change: each.reason for each in rule.written.mutants}
    killed: dict[str, str] = {}
    for index in range(len(rule.written.tests)):
        alive = [each for each in mutants if not each.alike and each.rule.criterion not in killed]
        if not alive:
            break
        case = case_of(rule, index)
        try:
            prepared = prepare(connection, rule, case)
        except ValueError as error:
            raise fault_of_case(rule, index, case, error) from None
        for mutant, answer in answering.answers(alive, prepared):
            if answer is None or next(differences(case.expect, answer), None) is not None:
                killed[mutant.rule.criterion] = case.name
    return [
        TriedMutant(
            rule.name,
            mutant.change,
            str(mutant.place),
            mutant.seen_by,
            killed.get(mutant.rule.criterion, ""),
            mutant.alike,
            accepted.get(mutant.change, ""),
        )
        for mutant in mutants
    ]
