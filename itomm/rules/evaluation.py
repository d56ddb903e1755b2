"""Evaluating a rule set over a snapshot: every rule, every service, and the organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import duckdb

from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType
from itomm.rules.answer import InferredAnswer
from itomm.rules.grading import Grader
from itomm.rules.measuring import measure_rules, seen_records
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule


@dataclass(frozen=True)
class ServiceKeys:
    """A service in scope and the names by which each source knows it."""

    id: str
    keys: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class InferredAnswers:
    """Answers by criterion: for the organisation, and by service."""

    organisation: Mapping[str, InferredAnswer]
    services: Mapping[tuple[str, str], InferredAnswer]  # (criterion, service)


def evaluate(
    rules: Sequence[Rule], snapshot: Snapshot, services: Sequence[ServiceKeys], as_of: datetime
) -> InferredAnswers:
    """Answer every rule from stored evidence as of an instant; reads no clock and no network."""
    needed = {each.name: each for rule in rules for each in rule.needed_types}
    state = EvidenceState(snapshot, as_of, {service.id: service.keys for service in services})
    with closing(open_evidence(snapshot, needed.values(), as_of)) as connection:
        return answer_all(connection, rules, [service.id for service in services], state, as_of)


def answer_all(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    services: Sequence[str],
    state: EvidenceState,
    as_of: datetime,
) -> InferredAnswers:
    """Answer every rule over evidence that is already loaded."""
    seen: dict[str, tuple[int, Mapping[str | None, int]]] = {}
    organisation: dict[str, InferredAnswer] = {}
    by_service: dict[tuple[str, str], InferredAnswer] = {}
    bounds = [rule.bound(as_of) for rule in sorted(rules, key=lambda each: each.name)]
    for bound, measured in measure_rules(connection, bounds):
        rule = bound.rule
        grader = Grader(bound, measured, _seen(connection, rule.record_type, seen), services, state)
        if "organisation" in rule.per:
            organisation[rule.criterion] = grader.organisation()
        if "service" in rule.per:
            for service, answer in grader.of_services().items():
                by_service[rule.criterion, service] = answer
    return InferredAnswers(organisation, by_service)


def _seen(
    connection: duckdb.DuckDBPyConnection,
    record_type: RecordType,
    known: dict[str, tuple[int, Mapping[str | None, int]]],
) -> tuple[int, Mapping[str | None, int]]:
    if record_type.name not in known:
        known[record_type.name] = seen_records(connection, record_type)
    return known[record_type.name]
