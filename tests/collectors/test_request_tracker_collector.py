"""The Request Tracker collector over HTTP, against what a real Request Tracker 5.0.3 answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.collectors.conformance import (
    Answer,
    Asked,
    MemorySink,
    MisbehavingServer,
    PretendTime,
    contract_faults,
)
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.request_tracker import RequestTrackerCollector
from itomm.collectors.request_tracker.ticket import moment_of
from itomm.collectors.source import Source
from itomm.config.settings import Service
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason

RECORDED = Path(__file__).parents[1] / "data" / "recorded_by_us" / "request_tracker"
QUEUES = {"checkout": "incident", "Problems": "problem"}
ROOT = "/REST/2.0"

Payload = dict[str, Any]
Read = Callable[..., MemorySink]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


NEWEST = max(datetime.fromisoformat(one["LastUpdated"]) for one in recorded("problems")["items"])
NOW = NEWEST + timedelta(days=4)
OPENED = NOW - timedelta(days=5)


class Tracker:
    """Answers searches for tickets by what they ask; everything else is scripted."""

    def __init__(self) -> None:
        self.tickets: dict[str, Answer | Callable[[str], Answer]] = {
            "Queue = 3": answer(recorded("tickets")),
            "Queue = 4": answer(recorded("problems")),
            "Status = '__Inactive__'": answer({"items": [], "total": 0}),
            "id = 106": answer({"items": [{"id": "106", "Queue": {"id": "3"}}], "total": 1}),
        }
        self.queries: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path != f"{ROOT}/tickets":
            return Answer(404, b'{"message": "Not Found"}')
        query = asked.query["query"]
        self.queries.append(query)
        found = next(found for begins, found in self.tickets.items() if query.startswith(begins))
        return found if isinstance(found, Answer) else found(query)


def answer(payload: object) -> Answer:
    return Answer(200, json.dumps(payload).encode())


def ticket(number: int, **more: Any) -> Payload:
    """A ticket that nobody has touched."""
    never = "1970-01-01T00:00:00Z"
    opened = f"{NOW - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": str(number),
        "Subject": "s",
        "Status": "new",
        "Queue": {"id": "3", "type": "queue"},
        "Creator": {"id": "ada", "type": "user"},
        "Owner": {"id": "Nobody", "type": "user"},
        "Requestor": [],
        "Created": opened,
        "LastUpdated": opened,
        **dict.fromkeys(("Started", "Resolved", "Due"), never),
        "CustomFields": [],
        "_hyperlinks": [],
        **more,
    }


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def server(tracker: Tracker) -> Iterator[MisbehavingServer]:
    with MisbehavingServer(tool=tracker) as running:
        running.on(f"{ROOT}/user/Nobody", answer(recorded("nobody")))
        running.on(f"{ROOT}/queues/all", answer(recorded("queues")), answer({"items": [], "total": None}))
        history, end = answer(recorded("history")), answer(recorded("history_end"))
        running.on(f"{ROOT}/ticket/106/history", history, end)
        yield running


@pytest.fixture
def read(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> Read:
    def read_streams(*types: str, changed_since: datetime | None = None, **settings: Any) -> MemorySink:
        sink, time = MemorySink(), PretendTime(start=NOW)
        since = {("rt", one): changed_since for one in types} if changed_since else {}
        assignment = Assignment(
            run=1,
            until=NOW,
            history=timedelta(days=400),
            services=(Service(id="checkout"),),
            pseudonym_key=b"tracker" * 3,
            record_types=frozenset(types or ("incident",)),
            continue_from={key: Continuation(at, "c", at - timedelta(days=400)) for key, at in since.items()},
        )
        collect([source(server, monkeypatch, **settings)], sink, assignment, time.clock, timing=time.timing)
        return sink

    return read_streams


def source(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Source:
    monkeypatch.setenv("RT_TOKEN", "sesame")
    configured = {"url": server.url, "token": "env:RT_TOKEN", "queues": QUEUES, **settings}
    model = RequestTrackerCollector.settings_model
    return Source("rt", RequestTrackerCollector, model.model_validate(configured))


def of(sink: MemorySink, record_type: str = "incident") -> tuple[dict[str, Observation], CollectionOutcome]:
    found = sink.of(record_type)
    assert found.outcome is not None
    return {one.source_ref: one for one in found.observations}, found.outcome


def test_request_tracker_keeps_the_contract_under_every_fault() -> None:
    settings = {"token": "env:ITOMM_CONTRACT_TOKEN"}
    assert contract_faults(RequestTrackerCollector, lambda url: {"url": url, **settings}) == []


def test_a_reopened_ticket_is_told_by_its_transactions(read: Read) -> None:
    found, outcome = of(read())
    fields = found["#106"].fields
    assert outcome.complete
    assert fields["created_at"] == OPENED
    assert fields["first_response_at"] == fields["assigned_at"] == OPENED + timedelta(minutes=30)
    assert fields["resolved_at"] == OPENED + timedelta(minutes=150)
    assert (fields["reopened_count"], fields["reassignment_count"]) == (1, 0)
    assert (fields["status"], fields["status_category"]) == ("resolved", "done")


def test_a_date_that_is_not_set_is_none(read: Read) -> None:
    fields = of(read())[0]["#104"].fields
    assert (fields["due_at"], fields["resolved_at"], fields["status_category"]) == (None, None, "open")
    assert fields["priority"] is None


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("1970-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_the_beginning_of_1970_is_no_moment(sent: object, moment: datetime | None) -> None:
    assert moment_of(sent) == moment


def test_an_untouched_ticket_costs_no_request_of_its_own(read: Read, server: MisbehavingServer) -> None:
    read()
    histories = {url.partition("?")[0] for _, url in server.requests if "/history" in url}
    assert histories == {f"{ROOT}/ticket/106/history"}


def test_a_ticket_opened_before_the_window_is_left_out(read: Read, tracker: Tracker) -> None:
    long_ago = dict.fromkeys(("Created", "LastUpdated"), "2020-01-01T00:00:00Z")
    tracker.tickets["Queue = 3"] = answer({"items": [ticket(1, **long_ago), ticket(2)], "total": 2})
    assert set(of(read())[0]) == {"#2"}


def test_a_problem_names_incidents_by_their_queue(read: Read) -> None:
    (problem,) = of(read("problem"), "problem")[0].values()
    assert problem.fields["incident_ids"] == ["#106"]


def test_searches_allow_for_the_time_zone_of_the_account(read: Read, tracker: Tracker) -> None:
    read("incident", changed_since=NOW - timedelta(days=1))
    query = next(one for one in tracker.queries if one.startswith("Queue = 3"))
    assert "id > 0 AND Created > '20" in query
    assert f"LastUpdated > '{NOW - timedelta(days=2):%Y-%m-%d}" in query


def test_a_token_is_sent_as_token_and_with_a_user_as_password(read: Read, server: MisbehavingServer) -> None:
    read()
    read(user="auditor")
    sent = [headers["Authorization"] for headers in server.headers]
    assert sent[0] == "token sesame"
    assert sent[-1].startswith("Basic ")


def test_tickets_are_paged_by_their_numbers(read: Read, tracker: Tracker) -> None:
    def behind(query: str) -> Answer:
        after = int(query.split("id > ")[1].split(" ", maxsplit=1)[0])
        left = [ticket(number) for number in range(after + 1, 251)]
        return answer({"items": left[:100], "total": len(left)})

    tracker.tickets["Queue = 3"] = behind
    found, outcome = of(read())
    assert outcome.complete
    assert len(found) == 250


def test_where_no_total_is_told_only_an_empty_page_is_the_end(read: Read, tracker: Tracker) -> None:
    def behind(query: str) -> Answer:
        after = int(query.split("id > ")[1].split(" ", maxsplit=1)[0])
        items = [ticket(number) for number in range(after + 1, min(after + 3, 6))]  # hidden ones are left out
        return answer({"items": items, "total": None})

    tracker.tickets["Queue = 3"] = behind
    found, outcome = of(read())
    assert outcome.complete
    assert len(found) == 5


def test_fewer_tickets_than_announced_are_incomplete(read: Read, tracker: Tracker) -> None:
    tracker.tickets["Queue = 3"] = answer({"items": [ticket(1)], "total": 2})
    outcome = of(read())[1]
    assert not outcome.complete
    assert "announced 2" in outcome.error


def test_the_same_page_again_ends_the_stream_incomplete(read: Read, tracker: Tracker) -> None:
    tracker.tickets["Queue = 3"] = answer({"items": [ticket(1)], "total": None})
    assert "twice" in of(read())[1].error


def test_a_queue_in_which_nothing_can_be_seen_is_not_said_to_be_empty(read: Read, tracker: Tracker) -> None:
    tracker.tickets["Queue = 3"] = answer({"items": [], "total": 0})
    outcome = of(read())[1]
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert outcome.denied == ("checkout",)


def test_a_queue_without_tickets_in_the_window_is_a_fact(read: Read, tracker: Tracker) -> None:
    def only_older(query: str) -> Answer:
        return answer({"items": [], "total": 0} if "id >" in query else {"items": [ticket(1)], "total": 1})

    tracker.tickets["Queue = 3"] = only_older
    found, outcome = of(read())
    assert found == {}
    assert outcome.complete


def test_a_queue_that_the_account_does_not_see_does_not_hide_the_others(read: Read) -> None:
    found, outcome = of(read(queues={"checkout": "incident", "nowhere": "incident"}))
    assert "#106" in found
    assert outcome.denied == ("nowhere",)


def test_a_kind_without_a_queue_is_not_said_to_be_empty(read: Read) -> None:
    outcome = of(read("risk"), "risk")[1]
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "no queue is named" in outcome.error


def test_a_history_that_is_refused_is_missing(read: Read, server: MisbehavingServer) -> None:
    server.on(f"{ROOT}/ticket/106/history", Answer(403, b'{"message": "Forbidden"}'))
    found, outcome = of(read())
    assert "#106" not in found
    assert outcome.reason is UnknownReason.PERMISSION_DENIED


def test_statuses_that_close_are_learnt_from_the_server(
    read: Read, tracker: Tracker, server: MisbehavingServer
) -> None:
    closed_at = f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    tracker.tickets["Queue = 3"] = answer(
        {"items": [ticket(1, Status="erledigt", Resolved=closed_at)], "total": 1}
    )
    server.on(f"{ROOT}/ticket/1/history", answer({"items": [], "total": None}))
    learnt = iter([{"items": [{"id": "9", "Status": "Erledigt"}], "total": 1}, {"items": [], "total": 0}])
    tracker.tickets["Status = '__Inactive__'"] = lambda _query: answer(next(learnt))
    fields = of(read())[0]["#1"].fields
    assert fields["status_category"] == "done"
    assert fields["resolved_at"] == NOW - timedelta(days=1)
    assert "Status != 'erledigt'" in [one for one in tracker.queries if "__Inactive__" in one][1]


def test_people_and_prose_stay_out(read: Read) -> None:
    kept = repr(read("incident", "problem").collections)
    for words in ("'ada'", "'bob'", "sesame", "customfield/2"):
        assert words not in kept


def test_priorities_mean_what_the_settings_say(read: Read, tracker: Tracker) -> None:
    items = [
        ticket(number, Priority=value) for number, value in enumerate(["0", "49", "50", "100", ""], start=1)
    ]
    tracker.tickets["Queue = 3"] = answer({"items": items, "total": 5})
    found, _ = of(read(priorities={1: 4, 50: 2, 100: 1}))
    assert [found[f"#{number}"].fields["priority"] for number in range(1, 6)] == [None, 4, 2, 1, None]


def test_an_answer_by_the_reporter_or_a_program_is_no_response(read: Read, server: MisbehavingServer) -> None:
    found, _ = of(read(automation_accounts=["bob"]))
    assert found["#106"].fields["first_response_at"] is None


def test_a_comment_for_staff_is_no_response(read: Read, server: MisbehavingServer) -> None:
    at = f"{OPENED + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    comment = {"id": "1", "Type": "Comment", "Created": at, "Creator": {"id": "bob"}}
    document = recorded("history")
    document["items"].insert(0, comment)
    server.on(f"{ROOT}/ticket/106/history", answer(document), answer(recorded("history_end")))
    assert of(read())[0]["#106"].fields["first_response_at"] == OPENED + timedelta(minutes=30)
    comment["Type"] = "Correspond"
    server.on(f"{ROOT}/ticket/106/history", answer(document), answer(recorded("history_end")))
    server.on(f"{ROOT}/queues/all", answer(recorded("queues")), answer({"items": [], "total": None}))
    assert of(read())[0]["#106"].fields["first_response_at"] == OPENED + timedelta(minutes=1)


def test_doctor_tells_which_queues_cannot_be_seen(
    server: MisbehavingServer, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.tickets["Queue = 4"] = answer({"items": [], "total": 0})
    queues = {**QUEUES, "nowhere": "change"}
    checks = check_source(source(server, monkeypatch, queues=queues), PretendTime(start=NOW).clock)
    states = {one.title: str(one.state) for one in checks}
    assert states["Queue checkout"] == "ok"
    assert states["Queue Problems"] == states["Queue nowhere"] == "warning"


@pytest.mark.parametrize(("priorities", "untold"), [({}, True), ({50: 2}, False)])
def test_priorities_cannot_be_told_where_nobody_says_what_the_numbers_mean(
    read: Read, priorities: dict[int, int], untold: bool
) -> None:
    outcome = read(priorities=priorities).of("incident").outcome
    assert outcome is not None
    told = {each.field: each.why for each in outcome.untold}
    assert ("priority" in told) is untold
    assert told["root_cause_class"].startswith("no ticket has a field called Root cause class")
