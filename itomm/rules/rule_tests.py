"""Running the tests that stand beside rules in YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
from pydantic import Field
from sqlglot import exp

from itomm.config.clock import parse_instant
from itomm.config.errors import InvalidInputError, Problem, UsageError
from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.structure import StrictModel, checked, nearest
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.as_of import create_table, lock_down
from itomm.evidence.reading.masking import instant_literal, masked_columns
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import Field as RecordField
from itomm.evidence.record_types import FieldType, RecordType, record_types
from itomm.evidence.segments.columns import RecordRefusedError, column_values
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import answer_all
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule

DEFAULT_AS_OF = "2026-11-01T00:00:00Z"
DEFAULT_SERVICE = "s1"


class ExpectDocument(StrictModel):
    """``expect:`` of a test."""

    answer: str
    reason: str | None = None
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
    scope: str | None = None
    service: str | None = None
    services: list[str | dict[str, Any]] = Field(default_factory=list)
    incomplete: tuple[str, ...] = ()
    never_collected: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleTestResult:
    """How one test of one rule went; ``faults`` is empty when it passed."""

    rule: str
    test: str
    place: str
    answer: str
    faults: tuple[str, ...]


def run_rule_tests(rules: Sequence[Rule]) -> Iterator[RuleTestResult]:
    """Run every test of every rule.

    Raises:
        InvalidInputError: a test is not written as it should be.
    """
    with closing(duckdb.connect()) as connection:
        lock_down(connection)
        for rule in rules:
            for index in range(len(rule.written.tests)):
                yield _run(connection, rule, index)


def _run(connection: duckdb.DuckDBPyConnection, rule: Rule, index: int) -> RuleTestResult:
    path = ("tests", index)
    test = checked(CaseDocument, rule.document, path)
    try:
        answer = answer_of(connection, rule, test)
    except (RecordRefusedError, UsageError, ValueError) as error:
        place = rule.document.place(path)
        raise InvalidInputError([Problem(place, f"test '{test.name}': {error}")]) from None
    faults = tuple(_differences(test.expect, answer))
    return RuleTestResult(rule.name, test.name, str(rule.document.place(path)), answer.verdict, faults)


def answer_of(connection: duckdb.DuckDBPyConnection, rule: Rule, test: CaseDocument) -> InferredAnswer:
    """The answer that a rule gives on a test's records; tables left by an earlier test are replaced.

    Raises:
        ValueError: a record does not fit its type.
    """
    as_of = parse_instant(test.as_of)
    needed = {each.name: each for each in rule.needed_types}
    given = {name: _records(name, records) for name, records in test.given.items()}
    services = _services(test, given)
    if "service" in needed:
        written = given.get("service", [])
        named = {record.get("source_ref") for record in written}
        given["service"] = [*written, *(services[name] for name in sorted(set(services) - named))]
    for name in given:
        if name not in needed:
            raise ValueError(f"the rule does not look at {name} records; {nearest(name, sorted(needed))}")
    for name, record_type in needed.items():
        _load(connection, record_type, given.get(name, []), as_of)
    state = EvidenceState(_snapshot(test, needed, as_of), as_of, {})
    answers = answer_all(connection, [rule], sorted(services), state, as_of)
    if test.scope == "organisation" or "service" not in rule.per:
        return answers.organisation[rule.criterion]
    place = (rule.criterion, test.service or DEFAULT_SERVICE)
    if place not in answers.services:
        raise ValueError(f"name the service whose answer is expected: service: {min(services)}")
    return answers.services[place]


def _records(name: str, written: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    record_type = record_types().get(name)
    if record_type is None:
        raise ValueError(f"there is no record type '{name}'; {nearest(name, sorted(record_types()))}")
    records: list[dict[str, Any]] = []
    for record in written:
        copies = int(record.get("repeat", 1))
        fields = {
            (declared.name if (declared := record_type.resolve(key)) else key): value
            for key, value in record.items()
            if key != "repeat"
        }
        records += [dict(fields) for _ in range(copies)]
    return records


def _services(
    test: CaseDocument, given: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Services by id with catalogue fields: those declared, those that records name, else the default."""
    found: dict[str, dict[str, Any]] = {}
    for declared in test.services:
        fields = {"id": declared} if isinstance(declared, str) else dict(declared)
        if "id" not in fields:
            raise ValueError("every entry of 'services' needs an 'id'")
        service = str(fields.pop("id"))
        found[service] = {"source_ref": service, "service": service, **fields}
    for name, records in given.items():
        for record in records:
            service = record.get("source_ref" if name == "service" else "service", None)
            if service is not None:
                found.setdefault(str(service), {"source_ref": str(service), "service": str(service)})
    if not found or any(
        "service" not in record for name in given for record in given[name] if name != "service"
    ):
        found.setdefault(DEFAULT_SERVICE, {"source_ref": DEFAULT_SERVICE, "service": DEFAULT_SERVICE})
    if test.service is not None:
        found.setdefault(test.service, {"source_ref": test.service, "service": test.service})
    return found


def _load(
    connection: duckdb.DuckDBPyConnection,
    record_type: RecordType,
    records: Sequence[Mapping[str, Any]],
    as_of: datetime,
) -> None:
    """Load records through the same masks as stored evidence; without a time of occurrence they are kept."""
    target, staging = exp.table_(record_type.name, quoted=True), exp.table_("given", quoted=True)
    create_table(connection, record_type)
    if not records:
        return
    rows = [_row(record_type, record, number) for number, record in enumerate(records)]
    columns = sorted({column for row in rows for column, value in row.items() if value is not None})
    same = exp.select(exp.Star()).from_(target.copy())
    connection.execute(_text_of(exp.Create(this=staging.copy(), kind="TABLE", replace=True, expression=same)))
    placeholders = exp.values([tuple(exp.Placeholder() for _ in columns)] * len(rows))
    filling = exp.insert(placeholders, staging.copy(), columns=columns)
    connection.execute(_text_of(filling), [row.get(column) for row in rows for column in columns])
    known = exp.select(*masked_columns(record_type, as_of), copy=False).from_(staging, copy=False)
    if record_type.occurred is not None:
        occurred = exp.column(record_type.occurred, quoted=True)
        known = known.where(exp.or_(occurred.is_(exp.Null()), occurred.copy() <= instant_literal(as_of)))
    connection.execute(_text_of(exp.insert(known, target)))


def _text_of(statement: exp.Expr) -> str:
    return statement.sql(dialect="duckdb", copy=False)


def _row(record_type: RecordType, record: Mapping[str, Any], number: int) -> dict[str, object]:
    own = {key: value for key, value in record.items() if key not in {"service", "source_ref", "source"}}
    typed = {name: _typed(record_type.fields.get(name), value) for name, value in own.items()}
    lenient = RecordType(
        name=record_type.name,
        about="",
        time_to_live_days=1,
        fields={name: _optional(declared) for name, declared in record_type.fields.items()},
    )
    source_ref = str(record.get("source_ref", f"{record_type.name}-{number}"))
    service = record.get("service", source_ref if record_type.name == "service" else DEFAULT_SERVICE)
    return {
        "source": record.get("source", "test"),
        "source_ref": source_ref,
        "service_id": service,
        **column_values(lenient, typed),
    }


def _optional(declared: RecordField) -> RecordField:
    return RecordField(declared.name, declared.type, values=declared.values)


def _typed(declared: RecordField | None, value: object) -> object:
    if declared is None or value is None:
        return value
    if declared.type is FieldType.INSTANT:
        return parse_instant(str(value))
    if declared.type is FieldType.DURATION and isinstance(value, str):
        quantity = parse_quantity(value)
        if quantity.dimension is not Dimension.DURATION:
            raise ValueError(f"{declared.name}: '{value}' is no duration")
        return timedelta(microseconds=int(quantity.value))
    if declared.type is FieldType.TEXT and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return value


def _snapshot(test: CaseDocument, needed: Mapping[str, RecordType], as_of: datetime) -> Snapshot:
    unknown = [name for name in (*test.incomplete, *test.never_collected) if name not in needed]
    if unknown:
        raise ValueError(f"the rule does not look at {unknown[0]} records")
    return Snapshot(
        Path(),
        tuple(
            _collection(name, as_of, complete=name not in test.incomplete)
            for name in sorted(needed)
            if name not in test.never_collected
        ),
    )


def _collection(record_type: str, as_of: datetime, *, complete: bool) -> Collection:
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
    )


def _differences(expected: ExpectDocument, answer: InferredAnswer) -> Iterator[str]:
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
