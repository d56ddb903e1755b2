from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itomm.collectors.conformance import MemorySink
from itomm.evidence.observation import Observation, UnknownReason
from tests.real.heavy import journey
from tests.real.heavy.request_tracker import PASSWORD, RequestTracker

pytestmark = pytest.mark.real_server

QUEUES = {"checkout": "incident", "Problems": "problem", "cart": "change"}


def settings(request_tracker: RequestTracker, user: str = "auditor") -> dict[str, object]:
    return {
        "collector": "request_tracker",
        "url": request_tracker.url,
        "user": user,
        "token": "env:RT_PASSWORD",
        "queues": QUEUES,
        "record_types": ["incident", "problem", "change"],
    }


@pytest.fixture(scope="module", autouse=True)
def password(monkeypatch_module: pytest.MonkeyPatch) -> None:
    monkeypatch_module.setenv("RT_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def desk(request_tracker: RequestTracker, now: datetime) -> MemorySink:
    return journey.read(settings(request_tracker), now)


def the_record(desk: MemorySink, record_type: str, title: str) -> Observation:
    (found,) = [one for one in desk.of(record_type).observations if one.fields["title"] == title]
    return found


def test_every_ticket_of_every_page_is_read_once(desk: MemorySink) -> None:
    incidents = desk.of("incident")
    assert incidents.outcome is not None
    assert incidents.outcome.complete
    assert len(incidents.pages) == 2
    assert len({one.source_ref for one in incidents.observations}) == len(incidents.observations) == 106


def test_a_reopened_ticket_counts_from_its_second_closing(desk: MemorySink, now: datetime) -> None:
    fields = the_record(desk, "incident", "Payments fail").fields
    opened = now - timedelta(days=5)
    assert fields["created_at"] == opened
    assert fields["first_response_at"] == fields["acknowledged_at"] == opened + timedelta(minutes=30)
    assert fields["resolved_at"] == opened + timedelta(minutes=150)
    assert (fields["reopened_count"], fields["reassignment_count"], fields["severity"]) == (1, 0, 1)


def test_a_date_that_is_not_set_is_none(desk: MemorySink) -> None:
    fields = the_record(desk, "incident", "Checkout is slow (1)").fields
    assert (fields["due_at"], fields["resolved_at"], fields["status_category"]) == (None, None, "open")


def test_a_problem_names_its_incidents(desk: MemorySink) -> None:
    problem = the_record(desk, "problem", "Payments fail now and then").fields
    assert problem["incident_ids"] == [the_record(desk, "incident", "Payments fail").fields["key"]]


def test_a_queue_in_which_nothing_can_be_seen_is_not_said_to_be_empty(
    desk: MemorySink, request_tracker: RequestTracker, now: datetime
) -> None:
    never_used = desk.of("change").outcome
    hidden = journey.read(settings(request_tracker, "blind"), now).of("incident").outcome
    for outcome in (never_used, hidden):
        assert outcome is not None
        assert outcome.reason is UnknownReason.PERMISSION_DENIED


def test_no_name_of_a_person_is_kept(desk: MemorySink) -> None:
    kept = repr(desk.collections)
    for name in ("Secretname", "ada@shop.example", "'ada'", "'bob'", PASSWORD):
        assert name not in kept


def test_the_whole_way_leads_from_the_answer_to_the_ticket(
    request_tracker: RequestTracker, now: datetime, tmp_path: Path
) -> None:
    source = json.dumps({**settings(request_tracker), "record_types": ["incident", "problem"]})
    way = journey.begun(tmp_path, now, source, {"RT_PASSWORD": PASSWORD})
    collected = way.run("collect")
    assert collected.code == 0, collected.err
    explained = way.explained("SS-INC-3.2", "checkout")
    assert f"{request_tracker.url}/Ticket/Display.html?id=" in json.dumps(explained)
