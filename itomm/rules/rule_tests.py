"""Running the tests that stand beside rules in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.quantities import parse_quantity
from itomm.config.structure import checked
from itomm.evidence.reading.as_of import lock_down
from itomm.evidence.segments.duckdb_connection import connect
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.cases import CaseDocument, ExpectDocument, answer_of
from itomm.rules.given_records import GivenError
from itomm.rules.reachable import reachable_verdicts
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import at_defaults


@dataclass(frozen=True)
class RuleTestResult:
    """How one test of one rule went; ``faults`` is empty when it passed."""

    rule: str
    test: str
    place: str
    answer: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class OutcomeCoverage:
    """Which answers a rule's tests reach, and which it can give but none of them reaches."""

    rule: str
    place: str
    reached: tuple[Verdict, ...]
    not_reached: tuple[Verdict, ...]


def testing_connection() -> duckdb.DuckDBPyConnection:
    """A locked-down connection for a handful of records; the caller closes it."""
    connection = connect()
    connection.execute("SET threads = 1")
    lock_down(connection)
    return connection


def run_rule_tests(rules: Sequence[Rule]) -> Iterator[RuleTestResult]:
    """Run every test of every rule; parameters have the rule's own defaults.

    Raises:
        InvalidInputError: a test is not written as it should be.
    """
    with closing(testing_connection()) as connection:
        for rule in rules:
            tested = at_defaults(rule)
            for index in range(len(rule.written.tests)):
                yield _run(connection, tested, index)


def outcome_coverage(rules: Iterable[Rule], results: Iterable[RuleTestResult]) -> list[OutcomeCoverage]:
    """For each rule, which of the answers that it can give its tests reach."""
    reached: dict[str, set[Verdict]] = {}
    for result in results:
        reached.setdefault(result.rule, set()).add(Verdict(result.answer))
    covered = []
    for rule in rules:
        got = reached.get(rule.name, set())
        possible = got | reachable_verdicts(rule)
        covered.append(
            OutcomeCoverage(
                rule.name,
                str(rule.document.place(("rule",))),
                tuple(verdict for verdict in Verdict if verdict in got),
                tuple(verdict for verdict in Verdict if verdict in possible - got),
            )
        )
    return covered


def case_of(rule: Rule, index: int) -> CaseDocument:
    """A rule's test as a checked document.

    Raises:
        InvalidInputError: it is not written as it should be.
    """
    return checked(CaseDocument, rule.document, ("tests", index))


def fault_of_case(rule: Rule, index: int, case: CaseDocument, error: ValueError) -> InvalidInputError:
    """What is wrong with what a case says, at its place."""
    inner = error.path if isinstance(error, GivenError) else ()
    place: Place = rule.document.place(("tests", index, *inner))
    return InvalidInputError([Problem(place, f"test '{case.name}': {error}")])


def differences(expected: ExpectDocument, answer: InferredAnswer) -> Iterator[str]:
    """In which ways an answer is not the expected one."""
    if answer.verdict != expected.answer:
        said = f" ({answer.reason}: {answer.detail})" if answer.reason else ""
        measured = f", measured {answer.measured}" if answer.measured else ""
        yield f"answer: expected {expected.answer}, got {answer.verdict}{said}{measured}"
    if expected.reason is not None and answer.reason != expected.reason:
        yield f"reason: expected {expected.reason}, got {answer.reason}"
    if expected.measured is not None and not _same_quantity(str(expected.measured), answer.measured):
        yield f"measured: expected {expected.measured}, got {answer.measured}"
    for name in ("counted", "matched", "seen"):
        wanted, got = getattr(expected, name), getattr(answer, name)
        if wanted is not None and wanted != got:
            yield f"{name}: expected {wanted}, got {got}"


def _run(connection: duckdb.DuckDBPyConnection, rule: Rule, index: int) -> RuleTestResult:
    case = case_of(rule, index)
    try:
        answer = answer_of(connection, rule, case)
    except ValueError as error:
        raise fault_of_case(rule, index, case, error) from None
    faults = tuple(differences(case.expect, answer))
    place = str(rule.document.place(("tests", index)))
    return RuleTestResult(rule.name, case.name, place, answer.verdict, faults)


def _same_quantity(expected: str, measured: str | None) -> bool:
    if measured is None:
        return False
    if " ".join(expected.split()) == measured:
        return True
    wanted, got = _base_units(expected), _base_units(measured)
    return wanted is not None and wanted == got


def _base_units(text: str) -> Fraction | None:
    """A quantity of one or two parts ("2 h 10 min") in base units; None when it is none."""
    words = text.replace("%", " %").split()
    pairs = [words[index : index + 2] for index in range(0, len(words), 2)]
    try:
        return sum((parse_quantity(" ".join(pair)).value for pair in pairs), Fraction(0))
    except ValueError:
        return None
