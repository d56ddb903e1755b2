"""What was altered, or entered late, is seen by holding what is known now against what was read before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from itomm.evidence.observation import CollectionOutcome, UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.signals.in_evidence import signals_in
from itomm.rules.signals.suspicion import NotLooked, Signal, Suspicion
from tests.evidence.stores import DAY, NOON, collect, finished
from tests.evidence.stores import finding as vulnerability

Fields = Mapping[str, object]
WINDOW = NOON - 300 * DAY


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def incident(closed: datetime, **fields: object) -> Fields:
    return {
        "key": "OPS-1",
        "kind": "incident",
        "title": "Down",
        "status": "Done",
        "status_category": "done",
        "labels": [],
        "created_at": closed - DAY,
        "resolved_at": closed,
        "updated_at": closed,
        "reopened_count": 0,
        "reassignment_count": 0,
        "links": [],
        "ci_ids": [],
        "security": False,
        "transitions": [],
        "detected_by": "unknown",
        "major": False,
        "alert_event_ids": [],
        "caused_by": [],
        **fields,
    }


def incidents(count: int, first: int = 0, **fields: object) -> dict[str, Fields]:
    """Incidents of the months before, a day apart, the earliest first."""
    return {
        f"OPS-{number}": incident(NOON - (90 - number) * DAY, **fields)
        for number in range(first, first + count)
    }


def read(store: Store, records: Mapping[str, Fields], day: int, kind: str = "incident") -> None:
    collect(store, kind, records, outcome=finished(day, window_start=WINDOW))


def looked(store: Store, day: int, kind: str = "incident") -> list[Suspicion | NotLooked]:
    signals = {Signal.RECORDED_LATE, Signal.RELABELLED}
    found = signals_in(snapshot_of(store), {kind}, NOON + day * DAY)
    return [each for each in found if each.signal in signals]


def test_a_label_that_many_closed_records_gained_is_a_sign(store: Store) -> None:
    read(store, incidents(40), 1)
    read(store, {**incidents(40), **incidents(12, labels=["postmortem", "done"])}, 20)

    done, postmortem = looked(store, 21)
    assert isinstance(done, Suspicion)
    assert isinstance(postmortem, Suspicion)
    assert (postmortem.signal, postmortem.field) == (Signal.RELABELLED, "labels")
    assert postmortem.text == (
        "since 2026-11-02T12:00:00Z, in 12 of 40 incident records of tool that had been closed before, "
        "labels gained postmortem"
    )
    assert {each.identity.source_ref for each in postmortem.records} == set(incidents(12))
    assert {each.said for each in done.records} == {"labels gained done"}


def test_a_value_that_many_closed_records_took_on_is_a_sign(store: Store) -> None:
    read(store, incidents(40, severity=1), 1)
    read(store, {**incidents(40, severity=1), **incidents(10, severity=4)}, 20)

    (sign,) = looked(store, 21)
    assert isinstance(sign, Suspicion)
    assert (sign.field, sign.records[0].said, len(sign.records)) == ("severity", "severity became 4", 10)


OPEN = {name: {**each, "resolved_at": NOON + 5 * DAY} for name, each in incidents(40).items()}
NO_SIGNS: Mapping[str, tuple[Mapping[str, Fields], Mapping[str, Fields]]] = {
    "nine": (incidents(40), incidents(9, labels=["x"])),
    "eleven-of-sixty": (incidents(60), incidents(11, labels=["x"])),
    "each-its-own": (
        incidents(40),
        {name: {**each, "labels": [name]} for name, each in incidents(40).items()},
    ),
    "taken-away": (incidents(40, labels=["x", "y"]), incidents(40, labels=["x"])),
    "still-open": (OPEN, {name: {**each, "labels": ["x"]} for name, each in OPEN.items()}),
}


def test_small_various_and_natural_changes_are_no_signs(store: Store) -> None:
    for source, (before, _) in NO_SIGNS.items():
        collect(store, "incident", before, outcome=finished(1, window_start=WINDOW), source=source)
    for source, (before, after) in NO_SIGNS.items():
        both = {**before, **after}
        collect(store, "incident", both, outcome=finished(20, window_start=WINDOW), source=source)

    assert not looked(store, 21)


def test_what_was_altered_more_than_a_month_ago_is_no_sign_any_more(store: Store) -> None:
    read(store, incidents(40), 1)
    read(store, incidents(40, labels=["x"]), 20)

    assert [each.signal for each in looked(store, 49)] == [Signal.RELABELLED]
    assert why_not(store, 51) == {"tool was not read again lately"}


def test_what_was_altered_after_the_as_of_instant_is_not_known_then(store: Store) -> None:
    read(store, incidents(40), 1)
    read(store, incidents(40), 10)
    read(store, incidents(40, labels=["x"]), 20)

    assert not looked(store, 19)
    assert looked(store, 20)


def test_records_entered_long_after_they_happened_are_a_sign(store: Store) -> None:
    def exercise(day: int) -> Fields:
        return {"kind": "dr", "at": NOON + day * DAY, "services": [], "action_keys": []}

    old = {f"EX-{day}": exercise(day) for day in (-200, -100)}
    read(store, old, 1, "exercise")
    late = {f"EX-{day}": exercise(day) for day in range(-30, -25)}
    new = {f"EX-{day}": exercise(day) for day in range(2, 12)}
    read(store, {**old, **late, **new}, 20, "exercise")

    (sign,) = looked(store, 21, "exercise")
    assert isinstance(sign, Suspicion)
    assert (sign.signal, sign.field) == (Signal.RECORDED_LATE, None)
    assert {each.identity.source_ref for each in sign.records} == set(late)
    assert sign.text == (
        "5 exercise records of tool were not there when all up to 2026-11-02T12:00:00Z was read, "
        "though their at is more than 7 days before"
    )


def test_where_there_was_nothing_before_all_that_is_old_is_late(store: Store) -> None:
    late = {
        f"EX-{day}": {"kind": "dr", "at": NOON + day * DAY, "services": [], "action_keys": []}
        for day in (-60, -50, -40, -30, -20, 5)
    }
    read(store, {}, 1, "exercise")
    read(store, late, 20, "exercise")

    (sign,) = looked(store, 21, "exercise")
    assert isinstance(sign, Suspicion)
    assert {each.identity.source_ref for each in sign.records} == set(late) - {"EX-5"}


def test_findings_whose_severity_became_less_are_a_sign_although_they_are_open(store: Store) -> None:
    found = {f"V-{number}": vulnerability(NOON - 50 * DAY) for number in range(20)}
    read(store, found, 1, "vulnerability")
    read(store, {name: {**each, "severity": "low"} for name, each in found.items()}, 20, "vulnerability")

    (sign,) = looked(store, 21, "vulnerability")
    assert isinstance(sign, Suspicion)
    assert sign.records[0].said == "severity became low"


def why_not(store: Store, day: int) -> set[str]:
    found = looked(store, day)
    assert all(isinstance(each, NotLooked) for each in found)
    return {each.why for each in found if isinstance(each, NotLooked)}


def test_after_one_reading_there_is_nothing_to_hold_against_it(store: Store) -> None:
    read(store, incidents(40), 1)

    assert why_not(store, 2) == {
        "tool was read only once, so that there is nothing earlier to hold against it"
    }


def test_readings_that_asked_for_something_else_are_not_held_against_each_other(store: Store) -> None:
    for day, asked in ((1, "a"), (20, "b")):
        outcome = CollectionOutcome(
            complete=True, finished_at=NOON + day * DAY, window_start=WINDOW, asked_digest=asked
        )
        collect(store, "incident", incidents(20 * day), outcome=outcome)

    assert why_not(store, 21) == {"tool was asked for something else before, or by another version of itomm"}


def test_an_incomplete_reading_before_makes_nothing_late(store: Store) -> None:
    collect(
        store,
        "incident",
        incidents(5),
        outcome=finished(1, reason=UnknownReason.COLLECTION_FAILED, window_start=WINDOW),
    )
    read(store, incidents(40), 20)

    assert not looked(store, 21)
