"""Tickets of any tracker as records of ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.ticketing.history import DONE, IN_PROGRESS, OPEN, Assignment, History, Move
from itomm.collectors.ticketing.records import TICKETS
from itomm.collectors.ticketing.ticket import Link, Ticket
from itomm.collectors.ticketing.vocabulary import KINDS, field_names, kind_of, names_of_kind
from itomm.evidence.record_types import record_types

OPENED = datetime(2026, 11, 1, 8, tzinfo=UTC)
CLOSED = OPENED + timedelta(hours=5)


def move(hours: float, before: str, after: str, *, by: str = "bob", automated: bool = False) -> Move:
    return Move(OPENED + timedelta(hours=hours), before, after, before, after, by, automated)


def ticket(**more: Any) -> Ticket:
    usual: dict[str, Any] = {
        "key": "#1",
        "title": "It is slow",
        "status": "closed",
        "status_category": DONE,
        "priority": 2,
        "reporter": "ada",
        "assignee": "bob",
        "created_at": OPENED,
        "updated_at": CLOSED,
        "due_at": None,
        "resolved_at": CLOSED,
        "first_response_at": None,
        "history": History((move(1, OPEN, IN_PROGRESS), move(5, IN_PROGRESS, DONE)), ()),
        "links": (),
        "custom": {},
    }
    return Ticket(**{**usual, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_has_the_fields_of_its_type_and_all_that_it_must_have(kind: str) -> None:
    fields = TICKETS[kind](ticket())
    known = record_types()[kind].fields
    assert set(fields) <= set(known)
    assert [name for name, field in known.items() if field.required and fields.get(name) is None] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_tracker_tells_stays_empty(kind: str) -> None:
    fields = TICKETS[kind](ticket())
    for name in ("started_at", "detected_at", "postmortem_id", "root_cause_at", "actual_start", "channel"):
        assert fields.get(name) is None


@pytest.mark.parametrize(
    ("stated", "category", "outcome"),
    [
        ("Successful", DONE, "successful"),
        ("Rolled back", DONE, "rolled_back"),
        ("Rejected", OPEN, "cancelled"),
        ("Successful", IN_PROGRESS, "unknown"),
        ("Perhaps", DONE, "unknown"),
        (None, DONE, "unknown"),
    ],
)
def test_how_a_change_ended_is_never_guessed(stated: str | None, category: str, outcome: str) -> None:
    change = ticket(status_category=category, custom={"change_outcome": stated})
    assert TICKETS["change"](change)["outcome"] == outcome


def test_a_change_that_caused_something_failed() -> None:
    links = (Link("causes", "#7", "incident"), Link("relates", "#8", "incident"))
    change = ticket(links=links, effect_phrases=("Causes",), custom={"change_outcome": "Successful"})
    assert TICKETS["change"](change)["outcome"] == "failed"


def test_what_the_fields_of_a_change_say_is_read() -> None:
    custom = {"change_type": "Emergency change", "change_risk": "Medium", "planned_start": "2026-11-02"}
    fields = TICKETS["change"](ticket(custom=custom))
    assert (fields["change_type"], fields["risk"]) == ("emergency", "medium")
    assert fields["planned_start"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert (fields["planned_end"], fields["actual_end"]) == (None, CLOSED)


@pytest.mark.parametrize(
    ("stated", "by_a_program", "found"),
    [
        ("Monitoring", False, "monitoring"),
        ("A customer", True, "user"),
        (None, True, "monitoring"),
        (None, False, "unknown"),
    ],
)
def test_who_noticed_is_stated_or_told_by_who_wrote(
    stated: str | None, by_a_program: bool, found: str
) -> None:
    incident = ticket(custom={"detected_by": stated}, reported_by_automation=by_a_program)
    assert TICKETS["incident"](incident)["detected_by"] == found


def test_a_request_that_only_programs_moved_is_automated() -> None:
    by_program = History((move(5, OPEN, DONE, automated=True),), ())
    assert TICKETS["service_request"](ticket(history=by_program))["automated"] is True
    assert TICKETS["service_request"](ticket())["automated"] is False
    still_open = ticket(history=by_program, status_category=OPEN)
    assert TICKETS["service_request"](still_open)["automated"] is False


def test_everybody_who_had_a_request_counts_as_a_contact() -> None:
    steps = [
        Assignment(OPENED, None, "bob"),
        Assignment(CLOSED, "bob", "eve"),
        Assignment(CLOSED, "eve", "bob"),
    ]
    handed = ticket(history=History((), tuple(steps)))
    assert TICKETS["service_request"](handed)["contacts_to_resolve"] == 2
    assert TICKETS["service_request"](ticket())["contacts_to_resolve"] == 1
    assert TICKETS["service_request"](ticket(assignee=None))["contacts_to_resolve"] is None


def test_a_request_of_a_known_type_is_from_the_catalogue() -> None:
    fields = TICKETS["service_request"](ticket(custom={"request_type": "New laptop"}))
    assert (fields["request_type"], fields["from_catalogue"]) == ("New laptop", True)
    assert TICKETS["service_request"](ticket())["from_catalogue"] is False


def test_a_problem_names_what_it_is_linked_to_once() -> None:
    links = (
        Link("relates", "#7", "incident"),
        Link("blocks", "#7", "incident"),
        Link("relates", "#8", "improvement"),
        Link("relates", "#9", None),
    )
    fields = TICKETS["problem"](ticket(links=links, custom={"workaround": "Restart it."}))
    assert (fields["incident_ids"], fields["action_keys"]) == (["#7"], ["#8"])
    assert fields["workaround"] is True


def test_a_risk_is_owned_by_who_has_it() -> None:
    due = OPENED + timedelta(days=90)
    fields = TICKETS["risk"](
        ticket(due_at=due, custom={"treatment": "Mitigate", "reviewed_on": "2026-10-01"})
    )
    assert (fields["treatment"], fields["owner"], fields["review_due_at"]) == ("mitigate", "bob", due)
    assert fields["reviewed_at"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert TICKETS["risk"](ticket())["treatment"] == "none"


def test_an_improvement_says_where_it_is_from() -> None:
    custom = {"origin": "Post-mortem of 1 May", "baseline": "4 h", "result": "1 h"}
    fields = TICKETS["improvement"](ticket(custom=custom))
    assert (fields["origin"], fields["baseline"], fields["result"]) == ("postmortem", "4 h", "1 h")
    assert TICKETS["improvement"](ticket())["origin"] == "other"


@pytest.mark.parametrize(("severity", "major"), [("1", True), ("SEV-2", True), ("3", False), (None, False)])
def test_the_two_highest_severities_are_major(severity: str | None, major: bool) -> None:
    assert TICKETS["incident"](ticket(custom={"severity": severity}))["major"] is major


def test_names_are_matched_in_any_letter_case() -> None:
    kinds = {"Störung": "incident", "Ausfall": "incident", "Änderung": "change"}
    assert kind_of(kinds, "STÖRUNG") == "incident"
    assert kind_of(kinds, None) is None
    assert names_of_kind(kinds, "incident") == ["Störung", "Ausfall"]
    assert field_names({"severity": "Schwere"})["severity"] == "Schwere"
    assert field_names({})["change_risk"] == "Change risk"
