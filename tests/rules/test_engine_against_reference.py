"""The engine gives what a slow, obvious interpreter gives, on made-up rules and evidence.

More rounds, and what to do with a difference: bench/rules/SAFETY.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from itomm.evidence.reading.as_of import lock_down
from itomm.evidence.segments.duckdb_connection import connect
from tests.rules import agreement, reference_interpreter, reference_values
from tests.rules.made_up_rules import made_up

RULES = 16


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        opened.execute("SET threads = 1")
        lock_down(opened)
        yield opened


@pytest.mark.parametrize("seed", range(1, 8))
def test_engine_and_reference_agree(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    found = agreement.compared(connection, seed, RULES)
    assert found.cases >= RULES
    assert not found.differences, "\n".join(map(str, found.differences))


def test_the_order_of_records_does_not_matter(connection: duckdb.DuckDBPyConnection) -> None:
    for seed in range(2):
        world, rules = made_up(seed, RULES)
        mixed = {name: [*found[::-2], *found[-2::-2]] for name, found in world.records.items()}
        first = agreement.engine_answers(connection, rules, world)
        assert agreement.engine_answers(connection, rules, replace(world, records=mixed)) == first
        assert agreement.engine_answers(connection, rules[::-1], world) == first


def test_a_service_is_measured_as_if_it_were_alone(connection: duckdb.DuckDBPyConnection) -> None:
    for seed in range(2):
        world, made = made_up(seed, RULES)
        rules = [
            rule
            for rule in made
            if not rule.reference.linked and rule.reference.measure[0] != "share_of_services"
        ]
        whole = agreement.engine_answers(connection, rules, world)
        for service in world.services:
            own = {
                name: [each for each in found if each["service_id"] == service]
                for name, found in world.records.items()
            }
            alone = agreement.engine_answers(connection, rules, replace(world, records=own))
            assert [each for each in alone if each[1] == service] == [
                each for each in whole if each[1] == service
            ]


def _always(value: Any) -> Any:
    return lambda *_: value


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "null and true is true": (reference_values, "both", lambda a, b: bool(a is not False and b is not False)),
    "null or false is false": (reference_values, "either", lambda a, b: bool(a or b)),
    "not null is true": (reference_values, "opposite", lambda a: not a),
    "like knows no signs": (reference_values, "_like", lambda text, pattern: bool(text == pattern)),
    "a link holds for everything": (reference_interpreter, "_linked", _always(value=True)),
    "a median is the value below": (
        reference_interpreter,
        "nearest_rank",
        lambda values, at: Fraction(sorted(values)[int(at * len(values) / 100) - 1]),
    ),
    "thresholds always hold": (reference_interpreter, "_holds", _always(value=True)),
    "nothing is looked back at": (reference_interpreter, "_looked_back", _always(value=0)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_on_either_side_is_found(
    name: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, function, fault = FAULTS[name]
    for table in ("_LAZY", "_STRICT", "_OVER_VALUES"):
        for word, meaning in list(getattr(module, table, {}).items()):
            if meaning is getattr(module, function):
                monkeypatch.setitem(getattr(module, table), word, fault)
    monkeypatch.setattr(module, function, fault)
    assert any(agreement.compared(connection, seed, RULES).differences for seed in range(1, 31))
