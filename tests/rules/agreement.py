"""The engine and the reference on the same rules and evidence, and where they differ."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from itomm.config.errors import InvalidInputError
from itomm.config.quantities import Quantity, format_quantity
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason, UntoldField
from itomm.evidence.reading.as_of import create_table
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import FieldType, RecordType, record_types
from itomm.evidence.segments.columns import column_types
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import InferredAnswers, answer_all
from itomm.rules.readiness import EvidenceState
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule
from tests.rules.made_up_rules import MadeUpRule, content_of, made_up
from tests.rules.reference_interpreter import (
    ReferenceAnswer,
    ReferenceCollection,
    World,
    answers,
    possible_worlds,
)
from tests.rules.reference_values import Record
from tests.rules.rules_as_text import document_of

ORGANISATION = "the organisation"
MOSTLY_TOLD = 0.12
"""The share of fields that a source cannot tell, in worlds that have such sources."""
Answers = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True)
class Difference:
    """One answer of one rule that differs, or what the engine refused."""

    seed: int
    rule: Mapping[str, object]
    scope: str
    engine: object
    reference: object

    def __str__(self) -> str:
        told = (f"seed {self.seed}, {self.scope}:", self.rule, self.engine, self.reference)
        return "\n    ".join(map(str, told))


@dataclass(frozen=True)
class Round:
    """One world with its rules: how many cases (rule and scope) were compared, refused, and differ."""

    rules: int
    cases: int
    too_large: int
    differences: Sequence[Difference]
    outcomes: Counter[str]


def compared(connection: duckdb.DuckDBPyConnection, seed: int, rules: int) -> Round:
    """Answer made-up rules over one made-up world with both, all rules of the engine in one evaluation."""
    world, made = made_up(seed, rules)
    read = [read_rule(document_of(each.written), each.chosen) for each in made]
    known, too_large = _answered(connection, read, world)
    cases, differences, outcomes = 0, [], Counter[str]()
    for each, rule in zip(made, read, strict=True):
        if rule.criterion in too_large:
            continue
        of_engine, of_reference = _of_engine(rule, known, world), _of_reference(rule, each, world)
        cases += len(of_reference)
        outcomes += Counter(" ".join(map(str, filter(None, each[:2]))) for each in of_reference.values())
        differences += [
            Difference(seed, each.written, scope, of_engine[scope], expected)
            for scope, expected in of_reference.items()
            if of_engine[scope] != expected
        ]
    return Round(rules, cases, len(too_large), differences, outcomes)


def engine_answers(
    connection: duckdb.DuckDBPyConnection, made: Sequence[MadeUpRule], world: World
) -> list[tuple[str, str, tuple[object, ...]]]:
    """What the engine says, by criterion and scope, in an order of its own."""
    rules = [read_rule(document_of(each.written), each.chosen) for each in made]
    known, _ = _answered(connection, rules, world)
    return sorted(
        (rule.criterion, scope, answer)
        for rule in rules
        for scope, answer in _of_engine(rule, known, world).items()
    )


def refuted(
    connection: duckdb.DuckDBPyConnection, seed: int, rules: int, worlds: int
) -> tuple[list[Difference], Counter[str]]:
    """Answers of the engine that do not hold in every world that untold fields leave possible.

    In a made-up world some fields of some sources are untold, and so empty. The counter says how many answers
    were given, how many were left open because of such fields, and of these, how many are open for good: the
    reference gives different answers in the worlds that were tried.
    """
    chance = random.Random(seed)  # noqa: S311  # chosen to be repeatable
    world, made = made_up(seed, rules)
    world = _with_untold_fields(world, chance)
    read = [read_rule(document_of(each.written), each.chosen) for each in made]
    known, too_large = _answered(connection, read, world)
    possible = list(possible_worlds(world, partial(content_of, chance), worlds))
    found, outcomes = [], Counter[str]()
    for each, rule in zip(made, read, strict=True):
        if rule.criterion in too_large:
            continue
        expected: dict[str, set[str]] = {}
        for one in possible:
            whole, by_service = answers(each.reference, one)
            for scope, answer in (by_service | {ORGANISATION: whole}).items():
                expected.setdefault(scope, set()).add(answer.answer)
        told = {service: known.services[rule.criterion, service] for service in world.services}
        for scope, inferred in (told | {ORGANISATION: known.organisation[rule.criterion]}).items():
            if inferred.verdict != "unknown":
                outcomes["given"] += 1
                if expected[scope] != {str(inferred.verdict)}:
                    found.append(Difference(seed, each.written, scope, inferred, expected[scope]))
            elif "cannot tell" in inferred.detail:
                outcomes["open for good" if len(expected[scope]) > 1 else "open"] += 1
    return found, outcomes


def _with_untold_fields(world: World, chance: random.Random) -> World:
    """Sources of the world that cannot tell some fields, which are empty in their records."""
    collections: dict[str, Sequence[ReferenceCollection]] = {}
    records: dict[str, Sequence[Record]] = {}
    for name, found in world.collections.items():
        fields = [
            each.name for each in record_types()[name].fields.values() if each.type is not FieldType.JSON
        ]
        silent = {
            each.source: tuple(field for field in fields if chance.random() < MOSTLY_TOLD) for each in found
        }
        collections[name] = [replace(each, untold=silent[each.source]) for each in found]
        records[name] = [
            {**record, **dict.fromkeys(silent.get(record["source"], ()))} for record in world.records[name]
        ]
    return replace(world, collections=collections, records=records)


def _answered(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], world: World
) -> tuple[InferredAnswers, set[str]]:
    """All answers at once; rules whose numbers grow too large are left out, and told."""
    for name, records in world.records.items():
        load(connection, record_types()[name], records)
    state = EvidenceState(_snapshot(world), world.as_of, {})
    refused: set[str] = set()
    while True:
        asked = [rule for rule in rules if rule.criterion not in refused]
        try:
            return answer_all(connection, asked, world.services, state, world.as_of), refused
        except InvalidInputError as error:
            if "grows larger" not in str(error):
                raise
            refused |= {rule.criterion for rule in asked if f" {rule.name} cannot" in str(error)}


def _of_engine(rule: Rule, known: InferredAnswers, world: World) -> Answers:
    found = {service: known.services[rule.criterion, service] for service in world.services}
    return {
        scope: _plain(each)
        for scope, each in (found | {ORGANISATION: known.organisation[rule.criterion]}).items()
    }


def _plain(answer: InferredAnswer) -> tuple[object, ...]:
    return (
        str(answer.verdict),
        answer.reason and str(answer.reason),
        answer.measured,
        answer.counted,
        answer.matched if answer.counted else None,  # of nothing, nothing matches
        answer.seen,
        answer.confidence,
    )


def _of_reference(rule: Rule, made: MadeUpRule, world: World) -> Answers:
    whole, by_service = answers(made.reference, world)
    return {scope: _shown(rule, each) for scope, each in (by_service | {ORGANISATION: whole}).items()}


def _shown(rule: Rule, answer: ReferenceAnswer) -> tuple[object, ...]:
    measured = answer.measured
    return (
        answer.answer,
        answer.reason,
        None if measured is None else format_quantity(Quantity(rule.dimension, measured), answer.bounds),
        answer.counted,
        answer.matched if answer.counted else None,  # of nothing, nothing matches
        answer.seen,
        answer.confidence,
    )


# --- evidence for the engine ----------------------------------------------------------------------------


def load(connection: duckdb.DuckDBPyConnection, record_type: RecordType, records: Sequence[Record]) -> None:
    """A record type's table with these records, as they are."""
    create_table(connection, record_type)
    if not records:
        return
    columns = {name: kind for name, kind in column_types(record_type).items() if name in records[0]}
    values = [[_stored(record[name]) for record in records] for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    taken = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    connection.execute(f'insert into "{record_type.name}" ({names}) select {taken}', values)


def _stored(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _snapshot(world: World) -> Snapshot:
    return Snapshot(Path(), tuple(_collections(world)))


def _collections(world: World) -> Iterator[Collection]:
    for name, found in world.collections.items():
        for each in found:
            yield _collection(name, each, world.as_of)


def _collection(name: str, each: ReferenceCollection, as_of: datetime) -> Collection:
    return Collection(
        id=f"{name}-{each.source}",
        run=1,
        source=each.source,
        collector="made up",
        record_type=name,
        started_at=as_of - each.age,
        finished_at=as_of - each.age,
        complete=each.fault is None,
        reason=UnknownReason(each.fault) if each.fault else None,
        error="",
        records=0,
        window_start=each.covered_from,
        window_end=as_of - each.age,
        requested=(),
        denied=each.denied,
        warnings=(),
        unmapped=0,
        segments=(),
        covered_from=each.covered_from,
        untold=tuple(map(UntoldField, each.untold)),
    )
