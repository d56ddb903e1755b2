"""Workers that each take a part of the services give the same answers as one connection."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.config.errors import InvalidInputError
from itomm.evidence.reading.snapshot import Snapshot, snapshot_of
from itomm.evidence.store import Store
from itomm.rules.evaluation import ServiceKeys, evaluate
from itomm.rules.rule import Rule
from tests.evidence.stores import NOON, collect, finding, finished
from tests.rules.rules_as_text import rule_of

SERVICES = [ServiceKeys(name, {}) for name in "abcde"]
BOTH = ["service", "organisation"]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    store = Store.open(tmp_path / "store", create=True)
    records = {}
    owners: dict[str, str] = {}
    for number in range(60):
        detected = NOON - timedelta(days=1 + number % 80, minutes=number)
        fixed = None if number % 4 == 0 else detected + timedelta(hours=number)
        severity = "high" if number % 3 else "critical"
        state = "fixed" if fixed else "open"
        records[f"V-{number}"] = finding(detected, severity=severity, fixed_at=fixed, state=state)
        if number % 7:
            owners[f"V-{number}"] = "abcdefg"[number % 6]
    collect(
        store,
        "vulnerability",
        records,
        outcome=finished(1, window_start=NOON - timedelta(days=200)),
        services=owners,
    )
    collect(store, "incident", {}, outcome=finished(1))
    return snapshot_of(store)


def numbered(number: int, **parts: Any) -> Rule:
    written = {
        "rule": f"rule-{number}",
        "answers": f"A-P-{number}",
        "per": BOTH,
        "from_": "vulnerability",
        "window": {"field": "detected_at", "days": 70},
    }
    return rule_of(**{**written, **parts})


RULES = [
    numbered(1, where="severity = 'high'", measure={"ratio": {"where": "state = 'fixed'"}}),
    numbered(
        2, where="severity = 'high'", measure={"median": "fixed_at - detected_at"}, grade={"yes": "<= 1 d"}
    ),
    numbered(3, where="severity = 'critical'", measure={"distinct": "asset_ref"}),
    numbered(4, where="severity = 'critical'", measure={"trend": {"count": True}}, grade={"yes": "<= 0 %"}),
    numbered(5, measure={"days_since": "detected_at"}, grade={"yes": "<= 3 d"}),
    numbered(6, measure={"share_of_services": {"having": "state = 'open'"}}, per="organisation"),
    numbered(
        7,
        measure={"ratio": {"where": "known_in_incident"}},
        linked={"known_in_incident": {"from": "incident", "on": {"service_id": "service_id"}}},
    ),
]


def sent(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  what this line itself wrote


class Processes(Executor):
    """An executor that runs at once, on what a process elsewhere would get: pickled and read again."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        function, arguments = sent((fn, args))
        self.asked.append(arguments[1])
        future: Future[Any] = Future()
        try:
            future.set_result(sent(function(*arguments)))
        except Exception as error:  # noqa: BLE001  a future holds whatever was raised
            future.set_exception(sent(error))
        return future


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_parts_of_the_services_give_the_answers_of_the_whole(snapshot: Snapshot, parts: int) -> None:
    alone = evaluate(RULES, snapshot, SERVICES, NOON)
    assert evaluate(RULES, snapshot, SERVICES, NOON, executor=Processes(), parts=parts) == alone
    assert any(answer.measured for answer in alone.services.values())


def test_workers_may_answer_in_any_order(snapshot: Snapshot, threads: Executor) -> None:
    alone = evaluate(RULES, snapshot, SERVICES, NOON)
    assert evaluate(RULES, snapshot, SERVICES, NOON, executor=threads, parts=3) == alone


def test_every_part_is_asked_for_by_a_statement_of_its_own(snapshot: Snapshot) -> None:
    workers = Processes()
    evaluate(RULES[:2], snapshot, SERVICES, NOON, executor=workers, parts=2)
    parts = [statement for statement in workers.asked if "HASH(" in statement.upper()]
    assert len(parts) == 4  # how many records were seen, and one scan, each in two parts
    assert len(workers.asked) == 5  # and the median over all records


def test_a_rule_that_a_worker_cannot_evaluate_is_named(snapshot: Snapshot) -> None:
    large = numbered(8, measure={"sum": "length(identifier) * 999999999999999 * 999999999999999"})
    with pytest.raises(InvalidInputError, match="rule-8 cannot be evaluated"):
        evaluate([RULES[0], large], snapshot, SERVICES, NOON, executor=Processes(), parts=2)
