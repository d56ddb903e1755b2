"""Evaluating a rule set over a snapshot: every rule, every service, and the organisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import duckdb

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.rules.answer import InferredAnswer
from itomm.rules.asking import Asking, OneConnection, Workers, evidence_to_read
from itomm.rules.columns_read import columns_read
from itomm.rules.grade_windows import by_grade, combined
from itomm.rules.grading import Grader
from itomm.rules.measuring import measured_rules, seen_by_service, totalled
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import BoundRule, Rule
from itomm.rules.untold.undecided import undecided, with_provenance, with_services_told


@dataclass(frozen=True)
class ServiceKeys:
    """A service in scope and the names by which each source knows it."""

    id: str
    keys: Mapping[str, Sequence[str]]


class AnswersByPlace(Mapping[tuple[str, str], InferredAnswer]):
    """Answers by (criterion, service), held by criterion: millions of pairs take room of their own."""

    def __init__(self, by_criterion: Mapping[str, Mapping[str, InferredAnswer]]) -> None:
        self._by_criterion = by_criterion

    def __getitem__(self, place: tuple[str, str]) -> InferredAnswer:
        criterion, service = place
        return self._by_criterion[criterion][service]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((criterion, service) for criterion, found in self._by_criterion.items() for service in found)

    def of(self, criterion: str) -> Mapping[str, InferredAnswer]:
        """The answers to one criterion by service; empty where no rule gives any."""
        return self._by_criterion.get(criterion, {})

    def __len__(self) -> int:
        return sum(map(len, self._by_criterion.values()))


@dataclass(frozen=True)
class InferredAnswers:
    """Answers by criterion: for the organisation, and by service."""

    organisation: Mapping[str, InferredAnswer]
    services: Mapping[tuple[str, str], InferredAnswer]  # (criterion, service)


@dataclass(frozen=True)
class RuleAnswers:
    """One rule's answers: for the organisation, None when it gives none, and by service."""

    rule: Rule
    organisation: InferredAnswer | None
    services: Mapping[str, InferredAnswer]


@dataclass(frozen=True)
class _Plan:
    """Rules, each with the parts that are measured by themselves, and these bound to the as-of instant."""

    rules: Sequence[Rule]
    parts: Mapping[str, Sequence[Rule]]
    bounds: Sequence[BoundRule]

    @classmethod
    def of(cls, rules: Sequence[Rule], as_of: datetime) -> _Plan:
        """The plan of rules, whatever their order."""
        parts = {rule.name: by_grade(rule) for rule in sorted(rules, key=lambda each: each.name)}
        return cls(rules, parts, [part.bound(as_of) for of_rule in parts.values() for part in of_rule])


def evaluate(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    services: Sequence[ServiceKeys],
    as_of: datetime,
    *,
    executor: Executor | None = None,
    parts: int = 1,
) -> InferredAnswers:
    """Answer every rule from stored evidence as of an instant; reads no clock and no network.

    With an ``executor``, its workers run the statements, those by service in so many ``parts``; they must see
    the snapshot's segments at the same paths. The answers are the same.
    """
    return _gathered(evaluate_each(rules, snapshot, services, as_of, executor=executor, parts=parts))


def evaluate_each(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    services: Sequence[ServiceKeys],
    as_of: datetime,
    *,
    executor: Executor | None = None,
    parts: int = 1,
) -> Iterator[RuleAnswers]:
    """As :func:`evaluate`, rule by rule, so that nobody has to hold all answers at once."""
    needed = {each.name: each for rule in rules for each in rule.read_types}
    state = EvidenceState(snapshot, as_of, {service.id: service.keys for service in services})
    plan = _Plan.of(rules, as_of)
    columns = with_provenance(columns_read(plan.bounds), plan.bounds, state)
    ids = [service.id for service in services]
    if executor is not None:
        evidence = evidence_to_read(snapshot, needed.values(), as_of, columns)
        yield from _answered(Workers(executor, evidence, parts), plan, ids, state)
        return
    with closing(open_evidence(snapshot, needed.values(), as_of, columns=columns)) as connection:
        yield from _answered(OneConnection(connection), plan, ids, state)


def answer_all(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    services: Sequence[str],
    state: EvidenceState,
    as_of: datetime,
) -> InferredAnswers:
    """Answer every rule over evidence that is already loaded."""
    return _gathered(_answered(OneConnection(connection), _Plan.of(rules, as_of), services, state))


def _gathered(answers: Iterator[RuleAnswers]) -> InferredAnswers:
    organisation: dict[str, InferredAnswer] = {}
    by_criterion: dict[str, Mapping[str, InferredAnswer]] = {}
    for each in answers:
        if each.organisation is not None:
            organisation[each.rule.criterion] = each.organisation
        if "service" in each.rule.per:
            by_criterion[each.rule.criterion] = each.services
    return InferredAnswers(organisation, AnswersByPlace(by_criterion))


def _answered(
    asking: Asking, plan: _Plan, services: Sequence[str], state: EvidenceState
) -> Iterator[RuleAnswers]:
    together = _Together(plan.rules, plan.parts)
    types = {rule.record_type.name: rule.record_type for rule in plan.rules}
    asked = {name: seen_by_service(asking, types[name]) for name in sorted(types)}
    looked = {
        bound.rule.name: seen_by_service(asking, bound.rule.looked_type, bound.looked)
        for bound in plan.bounds
        if bound.rule.looked_type is not None
    }
    seen: dict[str, tuple[int, Mapping[str | None, int]]] = {}
    bounds = [with_services_told(bound, state) for bound in plan.bounds]
    as_written = {bound.rule.name: bound for bound in plan.bounds}
    for bound, measured in measured_rules(asking, bounds):
        rule, name = bound.rule, bound.rule.record_type.name
        if name not in seen:
            seen[name] = totalled(asked[name])
        grader = Grader(
            bound,
            measured,
            seen[name],
            services,
            state,
            undecided=undecided(asking, as_written[rule.name], state),
            looked=totalled(looked[rule.name]) if rule.name in looked else None,
        )
        yield from together.with_part(
            RuleAnswers(
                rule,
                grader.organisation() if "organisation" in rule.per else None,
                grader.of_services() if "service" in rule.per else {},
            )
        )


class _Together:
    """Puts the answers of a rule together whose grades were looked for over windows of their own."""

    def __init__(self, rules: Sequence[Rule], parts: Mapping[str, Sequence[Rule]]) -> None:
        self._whole = {part.name: rule for rule in rules for part in parts[rule.name]}
        self._parts = parts
        self._waiting: dict[str, RuleAnswers] = {}

    def with_part(self, part: RuleAnswers) -> Iterator[RuleAnswers]:
        """The rule's answers, when this part was the last that they waited for."""
        rule = self._whole[part.rule.name]
        names = [each.name for each in self._parts[rule.name]]
        if len(names) == 1:
            yield part
            return
        self._waiting[part.rule.name] = part
        if not all(name in self._waiting for name in names):
            return
        found = [self._waiting.pop(name) for name in names]
        organisation = [each.organisation for each in found if each.organisation is not None]
        yield RuleAnswers(
            rule,
            combined(rule, organisation) if organisation else None,
            {
                service: combined(rule, [each.services[service] for each in found])
                for service in found[0].services
            },
        )
