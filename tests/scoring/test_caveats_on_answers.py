"""A caveat is on exactly the answers that counted what it is about, in the scopes where they did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from itomm.evidence.decisions import Decisions
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.evaluation import ServiceKeys, evaluate
from itomm.rules.parameters import ParameterUsed
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import assess_answers
from itomm.scoring.assessment import Caveat
from itomm.scoring.caveats import caveats_on
from tests.evidence.stores import DAY, NOON, Fields, collect, finished
from tests.rules.rules_as_text import rule_of
from tests.scoring.organisations import criterion, inferred, model, scored, service, settings

LOOSENED = ParameterUsed("longest", "8 h", "4 h", loosened=True)
NOBODY_DECIDED = Decisions()
WINDOW = NOON - 300 * DAY
IDS = ("A-P-2.1", "A-P-2.2", "A-P-3.1", "A-P-4.1")
MODEL = model([criterion(each) for each in IDS])
SERVICES = [service("s1", group="g"), service("s2", group="g"), service("s3")]
BY_SERVICE = ["service", "organisation"]
NOT_HALF = {"grade": {"yes": ">= 1000"}, "missing": "unknown"}


def rule(answers: str, **parts: object) -> Rule:
    return rule_of(rule=f"rule-{answers.lower().replace('.', '-')}", answers=answers, **NOT_HALF, **parts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def problem(number: int, **fields: object) -> Fields:
    closed = NOON - 20 * DAY + number * timedelta(minutes=1)
    move = {"at": closed.isoformat(), "from": "Open", "from_category": "open", "to": "Done"}
    return {
        "key": f"PRB-{number}",
        "kind": "problem",
        "title": "Why",
        "status": "Done",
        "status_category": "done",
        "priority": 1,
        "labels": [],
        "created_at": closed - DAY,
        "resolved_at": closed,
        "updated_at": closed,
        "reopened_count": 0,
        "reassignment_count": 0,
        "links": [],
        "ci_ids": [],
        "security": False,
        "transitions": [{**move, "to_category": "done", "by": "person-00000000aaaa", "automated": False}],
        "known_error": False,
        "workaround": False,
        "incident_ids": [],
        "action_keys": [],
        **fields,
    }


def found(store: Store, rules: list[Rule], day: int) -> list[Caveat]:
    as_of = NOON + day * DAY
    keys = [ServiceKeys(each.id, {}) for each in SERVICES]
    answers = evaluate(rules, snapshot_of(store), keys, as_of)
    scopes = assess_answers(MODEL, answers, NOBODY_DECIDED, settings(SERVICES), as_of, profile="itomm")
    return list(caveats_on(scopes, RuleSet(MODEL, tuple(rules)), snapshot_of(store), as_of).found)


def places(caveat: Caveat) -> dict[str, int]:
    return {f"{each.criterion} {each.scope}": each.records for each in caveat.touches}


def test_it_is_on_the_rules_and_scopes_that_counted_and_on_their_roll_ups(store: Store) -> None:
    records = {f"PRB-{number}": problem(number) for number in range(12)}
    records["PRB-11"] = problem(11, priority=3)
    mapped = {f"PRB-{number}": "s1" if number < 8 else "s2" for number in range(12)}
    collect(store, "problem", records, outcome=finished(1, window_start=WINDOW), services=mapped)
    rules = [
        rule("A-P-2.1", from_="problem", per=BY_SERVICE, where="priority = 1"),
        rule("A-P-2.2", from_="problem", per="service", where="priority = 3"),
        rule("A-P-3.1", from_="problem", where="priority = 2"),
        rule("A-P-4.1", from_="change"),
    ]

    (caveat,) = found(store, rules, 1)
    assert caveat.signal == "bulk_closing"
    assert places(caveat) == {
        "A-P-2.1 acme": 11,
        "A-P-2.2 acme": 1,
        "A-P-2.1 g": 11,
        "A-P-2.2 g": 1,
        "A-P-2.1 s1": 8,
        "A-P-2.1 s2": 3,
        "A-P-2.2 s2": 1,
    }


def test_a_loosened_rule_has_a_caveat_without_records(store: Store) -> None:
    scopes = scored(
        MODEL, SERVICES, by_organisation={"A-P-2.1": replace(inferred("yes"), loosened=(LOOSENED,))}
    )

    (caveat,) = caveats_on(tuple(scopes.values()), RuleSet(MODEL, ()), snapshot_of(store), NOON).found
    assert caveat.text == "rule a-rule is set here to longest 8 h, loosened from 4 h"
    assert (caveat.signal, caveat.records, places(caveat)) == ("threshold_loosened", (), {"A-P-2.1 acme": 0})


def test_it_is_on_what_rests_on_linked_records(store: Store) -> None:
    collect(
        store,
        "problem",
        {f"PRB-{number}": problem(number) for number in range(12)},
        outcome=finished(1, window_start=WINDOW),
        services={f"PRB-{number}": "s1" for number in range(12)},
    )
    fact = {"from": "problem", "on": {"service_id": "service_id"}, "where": "key = 'PRB-3'"}
    ground = {
        f"{each.id}": {"name": each.id, "lifecycle": "production", "catalogue_source": "cmdb"}
        for each in SERVICES
    }
    collect(store, "service", ground, outcome=finished(1), services={each.id: each.id for each in SERVICES})
    rules = [rule("A-P-2.1", from_="service", where="has_problem", linked={"has_problem": fact})]

    (caveat,) = found(store, rules, 1)
    assert places(caveat) == {"A-P-2.1 acme": 1}


def test_what_was_altered_concerns_rules_that_read_it_and_counted_it_before(store: Store) -> None:
    before = {f"PRB-{number}": problem(number) for number in range(0, 300, 10)}
    collect(store, "problem", before, outcome=finished(1, window_start=WINDOW))
    after = {name: {**each, "priority": 4} for name, each in before.items()}
    collect(store, "problem", after, outcome=finished(20, window_start=WINDOW))
    rules = [
        rule("A-P-2.1", from_="problem", where="priority <= 2"),
        rule("A-P-2.2", from_="problem", where="priority = 4"),
        rule("A-P-3.1", from_="problem", where="title = 'Why'"),
        rule("A-P-4.1", from_="problem", where="priority = 3"),
    ]
    labels = {name: {**each, "labels": ["x"]} for name, each in after.items()}

    assert not found(store, rules, 19)
    collect(store, "problem", labels, outcome=finished(21, window_start=WINDOW))
    (caveat,) = found(store, rules, 21)
    assert caveat.signal == "relabelled"
    assert caveat.text.endswith(
        "30 of 30 problem records of tool that had been closed before, priority became 4"
    )
    assert places(caveat) == {"A-P-2.1 acme": 30, "A-P-2.2 acme": 30}
