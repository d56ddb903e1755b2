"""The tests beside the shipped rules stand on every edge of their grades, samples and windows.

An edge is where the answer changes. For each, a rule's own tests hold two cases.

**A limit of a grade** (``>= 90 %``, ``<= 4 h``; of yes and of partial, each over its own window):

- *on* it: what is measured is exactly the limit;
- *beside* it: what is measured is a nearest value on the side that is graded otherwise. Nearest is

  - for a share of n records or services: one of them fewer (or more), and no further from the limit than one
    of the smallest sample that can have just this share: at most 20 points from 80 %, at most 5 from 95 %. A
    share of services is looked at for the organisation; for one service it is all or nothing;
  - for a count, a number of different values, and whether anything exists: one;
  - for a rate: one record in the window; for the trend of a count: one record in the recent half;
  - for other shares and numbers, such as averages: at most a hundredth;
  - for a duration: at most a hundredth of the limit.

**The minimum sample**: a case with just so many, which is decided, and one with one fewer, which is unknown
(``insufficient_sample``). One fewer than one is none at all: then the answer is what ``missing`` says.

**The start of a window** over a field of the record type: a record at the very start, which lies outside, and
one that lies inside by a day at most. That the tests tell the two apart is shown by the mutants of windows,
as it is for limits inside expressions.

What is measured is the exact value behind the answer that ``itomm rules test`` compares. Where a test tells a
share in full (``counted`` and ``matched``), that is what it measures, for other tests hold that it passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

import duckdb
import pytest

from itomm.config.clock import parse_instant
from itomm.config.quantities import Dimension, Quantity
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import Verdict
from itomm.rules.cases import CaseDocument, ExpectDocument, answer_of
from itomm.rules.given_records import given_records
from itomm.rules.grades import Comparison, Grade, Threshold
from itomm.rules.measures import MeasureKind
from itomm.rules.pack import load_packs
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import at_defaults
from itomm.rules.rule_tests import case_of, differences
from itomm.rules.rule_tests import testing_connection as connect

PACKS = {name: load_packs([name]) for name in ("itomm", "oncall-check")}

NEVER_NONE = "There is a record for each service in scope, so none is never found."
WITHOUT: Mapping[str, str] = {
    "continuity-plan-current: a sample of 0": NEVER_NONE,
    "critical-services-on-call: a sample of 0": NEVER_NONE,
    "data-backed-up: a sample of 0": NEVER_NONE,
    "recovery-exercised: a sample of 0": NEVER_NONE,
    "restores-tested: a sample of 0": NEVER_NONE,
    "services-have-a-team: a sample of 0": NEVER_NONE,
}
"""Edges that no test can stand on by the rule's nature, each with the reason."""

SHARES = {MeasureKind.RATIO, MeasureKind.SHARE_OF_SERVICES}
WHOLE_NUMBERS = {MeasureKind.COUNT, MeasureKind.DISTINCT, MeasureKind.EXISTS}
GRADED = {Verdict.YES, Verdict.PARTIAL, Verdict.NO}
NONE_COUNTS = ("no record counts", "the collection was complete and no record counts")
OTHERWISE: Mapping[str, int] = {"<=": 1, ">": 1, ">=": -1, "<": -1}
"""On which side of a limit the grade is not the one on it."""


@dataclass(frozen=True)
class ExactGrade(Grade):
    """A grade that shows what was measured as a fraction in base units."""

    def shown(self, measured: Quantity) -> str:
        """All digits."""
        return str(measured.value)


@dataclass(frozen=True)
class Found:
    """What a test that passes measures; ``value`` is None when nothing was graded."""

    counted: int
    value: Fraction | None
    days: int | None
    detail: str = ""


@dataclass(frozen=True)
class Limit:
    """A case on a limit of a grade, or beside it."""

    rule: Rule
    grade: str
    threshold: Threshold
    comparison: Comparison
    on: bool

    def __str__(self) -> str:
        return f"{self.rule.name}: {'on' if self.on else 'beside'} {self.grade} {self.threshold.text}"

    def is_met(self, found: Found) -> bool:
        """Whether a test stands there."""
        if found.value is None or found.days != self.rule.days_of(self.threshold):
            return False
        distance = OTHERWISE[self.comparison.symbol] * (found.value - self.comparison.bound.value)
        if self.on:
            return distance == 0
        return 0 < distance <= self._step(found.counted, found.value)

    def may_be_met(self, expected: ExpectDocument) -> bool:
        """Whether a test that expects this may stand there."""
        return expected.answer in GRADED

    def _step(self, counted: int, value: Fraction) -> Fraction:
        """How far from the limit a value of so many records may lie to be a nearest one."""
        kind, bound = self.rule.measure_kind, self.comparison.bound
        if kind in SHARES:
            return min(Fraction(1, counted), Fraction(1, bound.value.denominator))
        if kind in WHOLE_NUMBERS:
            return Fraction(1)
        if kind is MeasureKind.RATE:
            return Fraction(1, found_over(self.rule, self.threshold))
        if kind is MeasureKind.TREND and "count" in str(self.rule.written.measure):
            return (2 + value) / counted  # one of the earlier half, as value is recent / earlier - 1
        return bound.value / 100 if bound.dimension is Dimension.DURATION else Fraction(1, 100)


@dataclass(frozen=True)
class Sample:
    """A case in which just so many count."""

    rule: Rule
    size: int

    def __str__(self) -> str:
        return f"{self.rule.name}: a sample of {self.size}"

    def is_met(self, found: Found) -> bool:
        """Whether a test stands there."""
        if self.size == 0:
            return found.detail.partition(";")[0] in NONE_COUNTS
        if self.size < self.rule.minimum_sample:
            return found.detail.startswith(f"{self.size} counted, at least")
        halves = 2 if self.rule.measure_kind is MeasureKind.TREND else 1
        return found.value is not None and found.counted == halves * self.size

    def may_be_met(self, expected: ExpectDocument) -> bool:
        """Whether a test that expects this may stand there."""
        if self.size == self.rule.minimum_sample:
            return expected.answer in GRADED
        if expected.answer == "unknown":
            return expected.reason in {None, UnknownReason.INSUFFICIENT_SAMPLE}
        return self.size == 0 and not expected.counted


def found_over(rule: Rule, threshold: Threshold) -> int:
    """The days over which a rate is taken."""
    days = rule.days_of(threshold)
    assert days is not None
    return days


def edges_of(rule: Rule) -> Iterator[Limit | Sample]:
    """Where a rule's tests must stand, but for windows."""
    for grade, threshold in (("yes", rule.grade.yes), ("partial", rule.grade.partial)):
        if threshold is not None:
            for comparison in threshold.comparisons:
                yield Limit(rule, grade, threshold, comparison, on=True)
                yield Limit(rule, grade, threshold, comparison, on=False)
    yield Sample(rule, rule.minimum_sample - 1)
    yield Sample(rule, rule.minimum_sample)


def untested(connection: duckdb.DuckDBPyConnection, rule: Rule) -> Iterator[str]:
    """The edges of a rule that none of its tests stands on; tests are only run where they may."""
    cases = [case_of(rule, index) for index in range(len(rule.written.tests))]
    left = [edge for edge in edges_of(rule) if str(edge) not in WITHOUT]
    stated = [(case, what_is_stated(rule, case)) for case in cases]
    for case, found in sorted(stated, key=lambda pair: pair[1] is None):
        if any(edge.may_be_met(case.expect) for edge in left):
            here = found or what_is_measured(connection, rule, case)
            left = [edge for edge in left if not edge.is_met(here)]
    yield from map(str, left)
    yield from untested_start(rule, cases)


def what_is_stated(rule: Rule, case: CaseDocument) -> Found | None:
    """What a test measures when it passes; None where it does not state it in full."""
    counted, matched = case.expect.counted, case.expect.matched
    in_full = rule.measure_kind in SHARES and case.expect.answer in GRADED and len(rule.windows) == 1
    if not in_full or not counted or matched is None:
        return None
    value = None if is_all_or_nothing(rule, case) else Fraction(matched, counted)
    return Found(counted, value, rule.windows[0])


def what_is_measured(connection: duckdb.DuckDBPyConnection, rule: Rule, case: CaseDocument) -> Found:
    """What a test measures."""
    exact = replace(rule, grade=ExactGrade(rule.grade.yes, rule.grade.partial))
    answer = answer_of(connection, exact, case)
    value = None if answer.measured is None else Fraction(answer.measured)
    if value is not None:
        answer = replace(answer, measured=rule.grade.shown(Quantity(rule.dimension, value)))
    assert list(differences(case.expect, answer)) == [], f"{rule.name}: {case.name}"
    graded = answer.verdict in GRADED and not is_all_or_nothing(rule, case)
    return Found(answer.counted, value if graded else None, answer.window_days, answer.detail)


def is_all_or_nothing(rule: Rule, case: CaseDocument) -> bool:
    """Whether a share of services is that of one service."""
    of_organisation = case.scope == "organisation" or "service" not in rule.per
    return rule.measure_kind is MeasureKind.SHARE_OF_SERVICES and not of_organisation


def untested_start(rule: Rule, cases: Sequence[CaseDocument]) -> Iterator[str]:
    """Which sides of the start of a rule's window no record of its tests stands on."""
    for days in rule.windows:
        if days is None or rule.query is not None:
            continue
        inside = [each for case in cases for each in since_start(rule, case, days)]
        if timedelta(0) not in inside:
            yield f"{rule.name}: a record at the start of {days} days"
        if not any(timedelta(0) < each <= timedelta(days=1) for each in inside):
            yield f"{rule.name}: a record just inside {days} days"


def since_start(rule: Rule, case: CaseDocument, days: int) -> Iterator[timedelta]:
    """By how much each record that a test gives lies inside the window."""
    field = rule.record_type.resolve(rule.window_field or "")
    assert field is not None
    start = parse_instant(case.as_of) - timedelta(days=days)
    for record in given_records(rule.record_type.name, case.given.get(rule.record_type.name, [])):
        if record.get(field.name) is not None:
            yield parse_instant(str(record[field.name])) - start


@pytest.mark.parametrize("pack", PACKS)
def test_tests_stand_on_every_edge(pack: str) -> None:
    with closing(connect()) as connection:
        rules = map(at_defaults, PACKS[pack].rules)
        assert [edge for rule in rules for edge in untested(connection, rule)] == []


def test_edges_that_rules_do_without_are_edges_of_theirs() -> None:
    edges = {str(edge) for pack in PACKS.values() for rule in pack.rules for edge in edges_of(rule)}
    assert set(WITHOUT) <= edges


def test_a_rule_without_tests_stands_on_no_edge() -> None:
    rule = PACKS["itomm"].rule("incidents-recur")
    assert rule is not None
    bare = replace(rule, written=rule.written.model_copy(update={"tests": []}))
    with closing(connect()) as connection:
        assert [edge.partition(": ")[2] for edge in untested(connection, bare)] == [
            "on yes <= 15 %",
            "beside yes <= 15 %",
            "on partial <= 30 %",
            "beside partial <= 30 %",
            "a sample of 19",
            "a sample of 20",
            "a record at the start of 180 days",
            "a record just inside 180 days",
        ]


@pytest.mark.parametrize(
    ("counted", "value", "stands"),
    [(20, "3/20", "on"), (20, "4/20", "beside"), (20, "5/20", ""), (100, "17/100", ""), (6, "1/6", "beside")],
)
def test_beside_a_share_is_one_record_more(counted: int, value: str, stands: str) -> None:
    rule = PACKS["itomm"].rule("incidents-recur")
    assert rule is not None
    found = Found(counted, Fraction(value), rule.window_days)
    on, beside, *_ = edges_of(rule)
    assert (on.is_met(found), beside.is_met(found)) == (stands == "on", stands == "beside")
