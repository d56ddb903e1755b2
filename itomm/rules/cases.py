"""Test cases beside rules: what is given, and the answers that rules give on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import Field

from itomm.config.clock import parse_instant
from itomm.config.errors import UsageError
from itomm.config.structure import StrictModel, nearest
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason, UntoldField
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import RecordType
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import InferredAnswers, answer_all
from itomm.rules.given_records import DEFAULT_SERVICE, GivenError, given_records, load_given
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule

DEFAULT_AS_OF = "2026-11-01T00:00:00Z"


class ExpectDocument(StrictModel):
    """``expect:`` of a test: the answer, and what else of it the test holds."""

    answer: Literal["yes", "partial", "no", "not_applicable", "unknown"]
    reason: UnknownReason | None = None
    measured: str | int | Decimal | None = None
    counted: int | None = None
    matched: int | None = None
    seen: int | None = None


class CaseDocument(StrictModel):
    """One entry of ``tests:``."""

    name: str
    expect: ExpectDocument
    given: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    as_of: str = DEFAULT_AS_OF
    scope: Literal["service", "organisation"] | None = None
    service: str | None = None
    services: list[str | dict[str, Any]] = Field(default_factory=list)
    incomplete: tuple[str, ...] = ()
    never_collected: tuple[str, ...] = ()
    untold: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class PreparedCase:
    """A case whose records are loaded: what else is needed to answer rules on it."""

    as_of: datetime
    services: tuple[str, ...]
    state: EvidenceState
    of_organisation: bool
    service: str

    def chosen(self, answers: InferredAnswers, criterion: str) -> InferredAnswer:
        """The answer that the case is about."""
        if self.of_organisation:
            return answers.organisation[criterion]
        return answers.services[(criterion, self.service)]


def answer_of(connection: duckdb.DuckDBPyConnection, rule: Rule, case: CaseDocument) -> InferredAnswer:
    """The answer that a rule gives on a case's records; tables left by an earlier case are replaced.

    Raises:
        ValueError: what the case gives does not fit the rule or the record types.
    """
    prepared = prepare(connection, rule, case)
    answers = answer_all(connection, [rule], prepared.services, prepared.state, prepared.as_of)
    return prepared.chosen(answers, rule.criterion)


def prepare(connection: duckdb.DuckDBPyConnection, rule: Rule, case: CaseDocument) -> PreparedCase:
    """Load a case's records for a rule.

    Raises:
        ValueError: what the case gives does not fit the rule or the record types.
    """
    try:
        as_of = parse_instant(case.as_of)
    except UsageError as error:
        raise GivenError(f"as_of: {error}", ("as_of",)) from None
    needed = {each.name: each for each in rule.read_types}
    given = {name: given_records(name, records) for name, records in case.given.items()}
    for name in given:
        if name not in needed:
            hint = nearest(name, sorted(needed))
            raise GivenError(f"the rule does not look at {name} records; {hint}", ("given", name))
    services = _services(case, given)
    if "service" in needed:
        written = given.get("service", [])
        named = {record.get("source_ref") for record in written}
        given["service"] = [*written, *(services[name] for name in sorted(set(services) - named))]
    for name, record_type in needed.items():
        load_given(connection, record_type, given.get(name, []), as_of)
    of_organisation = case.scope == "organisation" or "service" not in rule.per
    service = case.service or DEFAULT_SERVICE
    if not of_organisation and service not in services:
        known = f"service: {min(services)}"
        raise GivenError(f"name the service whose answer is expected: {known}", ("service",))
    state = EvidenceState(_snapshot(case, needed, as_of), as_of, {})
    return PreparedCase(as_of, tuple(sorted(services)), state, of_organisation, service)


def _services(
    case: CaseDocument, given: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Services by id with catalogue fields: those declared, those that records name, else the default."""
    found: dict[str, dict[str, Any]] = {}
    for index, declared in enumerate(case.services):
        fields = {"id": declared} if isinstance(declared, str) else dict(declared)
        if "id" not in fields:
            raise GivenError("every entry of 'services' needs an 'id'", ("services", index))
        service = str(fields.pop("id"))
        found[service] = {"source_ref": service, "service": service, **fields}
    for name, records in given.items():
        for record in records:
            service = record.get("source_ref" if name == "service" else "service", None)
            if service is not None:
                found.setdefault(str(service), _plain_service(str(service)))
    others = [record for name in given if name != "service" for record in given[name]]
    if not found or any("service" not in record for record in others):
        found.setdefault(DEFAULT_SERVICE, _plain_service(DEFAULT_SERVICE))
    if case.service is not None:
        found.setdefault(case.service, _plain_service(case.service))
    return found


def _plain_service(name: str) -> dict[str, Any]:
    return {"source_ref": name, "service": name}


def _snapshot(case: CaseDocument, needed: Mapping[str, RecordType], as_of: datetime) -> Snapshot:
    for key in ("incomplete", "never_collected"):
        for index, name in enumerate(getattr(case, key)):
            if name not in needed:
                hint = nearest(name, sorted(needed))
                raise GivenError(f"the rule does not look at {name} records; {hint}", (key, index))
    untold = dict(_untold(case, needed))
    collections = tuple(
        _collection(name, as_of, complete=name not in case.incomplete, untold=untold.get(name, ()))
        for name in sorted(needed)
        if name not in case.never_collected
    )
    return Snapshot(Path(), collections)


def _untold(
    case: CaseDocument, needed: Mapping[str, RecordType]
) -> Iterator[tuple[str, tuple[UntoldField, ...]]]:
    """The fields that a case says its source, the one that records have by default, cannot tell."""
    for name, fields in case.untold.items():
        if name not in needed:
            hint = nearest(name, sorted(needed))
            raise GivenError(f"the rule does not look at {name} records; {hint}", ("untold", name))
        for index, written in enumerate(fields):
            if needed[name].resolve(written) is None:
                hint = nearest(written, sorted(needed[name].fields))
                raise GivenError(f"{name} has no field '{written}'; {hint}", ("untold", name, index))
        declared = [needed[name].resolve(written) for written in fields]
        yield name, tuple(UntoldField(each.name) for each in declared if each is not None)


def _collection(
    record_type: str, as_of: datetime, *, complete: bool, untold: tuple[UntoldField, ...]
) -> Collection:
    return Collection(
        id=record_type,
        run=1,
        source="test",
        collector="test",
        record_type=record_type,
        started_at=as_of,
        finished_at=as_of,
        complete=complete,
        reason=None if complete else UnknownReason.COLLECTION_FAILED,
        error="" if complete else "the test says so",
        records=0,
        window_start=None,
        window_end=None,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(),
        untold=untold,
    )
