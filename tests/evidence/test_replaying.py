"""Tickets, pipelines, findings and deployments read as they stood, not as they ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from itomm.evidence.reading.replaying import TRANSITIONS
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store
from tests.evidence.moving_tickets import moving
from tests.evidence.stores import NOON, collect, finding, finished, known

HOUR = timedelta(hours=1)
RESOLVED = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
TICKET = ("status", "status_category", "resolved_at", "restored_at", "reopened_count")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        (-2, ("Open", "open", None, None, 0)),
        (0, ("Done", "done", naive(RESOLVED), naive(RESOLVED), 0)),
        (1, ("Open", "open", None, None, 1)),
        (2, ("Done", "done", naive(RESOLVED + 2 * HOUR), naive(RESOLVED + 2 * HOUR), 1)),
        (99, ("Done", "done", naive(RESOLVED + 2 * HOUR), naive(RESOLVED + 2 * HOUR), 1)),
    ],
)
def test_a_reopened_ticket_was_resolved_before_it_was_reopened(
    store: Store, after: int, shown: tuple[object, ...]
) -> None:
    collect(store, "incident", {"1": moving(RESOLVED)}, outcome=finished(0))

    assert known(store, "incident", RESOLVED + after * HOUR, *TICKET) == [shown]


def test_a_ticket_that_is_open_today_was_resolved_while_it_was(store: Store) -> None:
    ticket = moving(RESOLVED)
    moves = ticket[TRANSITIONS]
    assert isinstance(moves, list)
    open_again = {**ticket, TRANSITIONS: moves[:2], "status": "Open", "status_category": "open"}
    open_again |= {"resolved_at": None, "restored_at": None, "updated_at": RESOLVED + HOUR}
    collect(store, "incident", {"1": open_again}, outcome=finished(0))

    assert known(store, "incident", RESOLVED, "resolved_at") == [(naive(RESOLVED),)]
    assert known(store, "incident", RESOLVED + HOUR, "resolved_at") == [(None,)]


def test_of_a_ticket_only_what_had_happened_is_told(store: Store) -> None:
    collect(store, "incident", {"1": moving(RESOLVED)}, outcome=finished(0))

    ((transitions, updated_at, reassigned),) = known(
        store, "incident", RESOLVED + HOUR, TRANSITIONS, "updated_at", "reassignment_count"
    )

    assert [move["to"] for move in json.loads(str(transitions))] == ["Done", "Open"]
    assert updated_at == naive(RESOLVED + HOUR), "the last update known, though later ones hide others"
    assert reassigned is None, "when it was passed on is not stored"


def test_a_ticket_that_never_moved_reads_as_it_was_read(store: Store) -> None:
    still = {
        **moving(RESOLVED),
        TRANSITIONS: [],
        "resolved_at": None,
        "restored_at": None,
        "reopened_count": 0,
    }
    collect(store, "incident", {"1": still}, outcome=finished(0))

    assert known(store, "incident", RESOLVED, *TICKET) == [("Done", "done", None, None, 0)]


def test_older_transitions_without_categories_leave_the_resolution_unknown(store: Store) -> None:
    ticket = moving(RESOLVED)
    moves = ticket[TRANSITIONS]
    assert isinstance(moves, list)
    bare = [{key: move[key] for key in ("at", "from", "to")} for move in moves]
    collect(store, "incident", {"1": {**ticket, TRANSITIONS: bare}}, outcome=finished(0))

    assert known(store, "incident", RESOLVED, "status", "status_category", "resolved_at") == [
        ("Done", None, None)
    ]


def test_nobody_was_assigned_before_somebody_was(store: Store) -> None:
    assigned = {**moving(RESOLVED), "assignee": "jo", "assigned_at": RESOLVED}
    from_the_start = {**moving(RESOLVED), "assignee": "li"}
    collect(store, "incident", {"1": assigned, "2": from_the_start}, outcome=finished(0))

    assert known(store, "incident", RESOLVED - HOUR, "source_ref", "assignee") == [("1", None), ("2", "li")]
    assert known(store, "incident", RESOLVED, "assignee") == [("jo",), ("li",)]


@pytest.mark.parametrize(
    ("state", "dismissed", "fixed", "shown"),
    [
        ("fixed", None, 9, "open"),
        ("fixed", None, 8, "fixed"),
        ("fixed", 3, 9, "dismissed"),
        ("dismissed", 9, 3, "fixed"),
        ("dismissed", 3, 1, "dismissed"),
        ("fixed", None, None, "fixed"),
        ("open", None, None, "open"),
    ],
)
def test_a_finding_is_at_the_stage_it_had_reached(
    store: Store, state: str, dismissed: int | None, fixed: int | None, shown: str
) -> None:
    moments = {"dismissed_at": dismissed, "fixed_at": fixed}
    times = {name: NOON + hours * HOUR for name, hours in moments.items() if hours is not None}
    collect(store, "vulnerability", {"1": finding(NOON, state=state, **times)}, outcome=finished(3))

    assert known(store, "vulnerability", NOON + 8 * HOUR, "state") == [(shown,)]


def test_nobody_owned_a_finding_before_it_was_triaged(store: Store) -> None:
    owned = finding(NOON, assignee="jo", ticket_keys=["OPS-1"], triaged_at=NOON + HOUR)
    collect(store, "vulnerability", {"1": owned}, outcome=finished(3))

    assert known(store, "vulnerability", NOON, "assignee", "ticket_keys") == [(None, [])]
    assert known(store, "vulnerability", NOON + HOUR, "ticket_keys") == [(["OPS-1"],)]


def test_a_running_pipeline_runs_whatever_became_of_it(store: Store) -> None:
    pipeline = {
        "repo_id": "shop",
        "sha": "abc",
        "ref": "main",
        "trigger": "push",
        "status": "failed",
        "on_default_branch": True,
        "created_at": NOON,
        "finished_at": NOON + HOUR,
        "jobs": [],
    }
    collect(store, "pipeline", {"1": pipeline}, outcome=finished(3))

    assert known(store, "pipeline", NOON, "status", "finished_at") == [("running", None)]
    assert known(store, "pipeline", NOON + HOUR, "status") == [("failed",)]


def test_a_deployment_is_no_failed_change_until_it_is_rolled_back(store: Store) -> None:
    deployment = {
        "environment": "production",
        "tier": "production",
        "status": "success",
        "finished_at": NOON,
        "automated": True,
        "manual_gate": False,
        "rollback": False,
        "hotfix": False,
        "change_keys": [],
        "caused_incident_keys": [],
        "failed_change": True,
        "failed_since": NOON + HOUR,
    }
    collect(store, "deployment", {"1": deployment}, outcome=finished(3))

    assert known(store, "deployment", NOON, "failed_change") == [(False,)]
    assert known(store, "deployment", NOON + HOUR, "failed_change") == [(True,)]


def test_a_day_counts_when_it_is_over(store: Store) -> None:
    midnight = datetime(2026, 10, 25, tzinfo=UTC)
    day = {"date": midnight, "good": 1, "total": 1, "availability": 1, "samples_ratio": 1}
    collect(store, "uptime_series", {"1": day}, outcome=finished(0))

    assert known(store, "uptime_series", midnight + timedelta(hours=23, minutes=59), "source_ref") == []
    assert known(store, "uptime_series", midnight + timedelta(days=1), "source_ref") == [("1",)]


def test_the_first_days_of_all_can_be_asked_for(store: Store) -> None:
    assert known(store, "uptime_series", datetime.min.replace(tzinfo=UTC), "source_ref") == []


@pytest.mark.parametrize("name", sorted(record_types()))
def test_what_is_declared_about_the_past_holds_together(name: str) -> None:
    fields = record_types()[name].fields
    referred = {field.since for field in fields.values() if field.since}
    referred |= {moment for field in fields.values() for moment in field.stages.values()}

    assert all(fields[moment].type == "instant" for moment in referred)
    for field in fields.values():
        ways = [field.known_from, field.since, field.stages, field.replayed]
        assert sum(map(bool, ways)) <= 1, "a field changes in one way"
        assert not field.values or field.before is None or field.before in field.values
        assert set(field.stages) < set(field.values) or not field.stages
        assert not field.replayed or {TRANSITIONS, "updated_at", "created_at", "acknowledged_at"} <= set(
            fields
        )
    assert not record_types()[name].spans_days or record_types()[name].occurred
