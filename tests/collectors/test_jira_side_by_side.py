"""Windows of time read side by side bring what one long search brings, for few requests more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.conformance import MemorySink, PretendTime
from itomm.collectors.conformance.exchange import Asked
from itomm.collectors.framework.continuing import Continuation, Resumption
from itomm.collectors.framework.kept_answers import AnswersFolder
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.jira import changelogs as jira_changelogs
from itomm.collectors.jira import client as jira_client
from itomm.collectors.jira import windows as jira_windows
from itomm.collectors.jira.query import Wanted, issue_query
from itomm.collectors.jira.windows import windows
from itomm.collectors.source import Source
from itomm.estate.http_exchange import TOKEN
from itomm.evidence.observation import UnknownReason
from tests.collectors.jira_stand_in import HISTORY, JiraStandIn, company, many

UNTIL = company().as_of
KEY = ("jira", "incident")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTATE_TOKEN", TOKEN)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of ten issues, and windows of about twenty."""
    monkeypatch.setattr(jira_client, "PAGE_SIZE", 10)
    monkeypatch.setattr(jira_windows, "ISSUES_PER_WINDOW", 20)
    monkeypatch.setattr(jira_windows, "FEWEST_PER_WINDOW", 20)


def run(
    source: Source,
    sink: MemorySink,
    *,
    interrupted_at: int = 0,
    resumption: Resumption | None = None,
    continue_from: Mapping[tuple[str, str], Continuation] | None = None,
    held: Mapping[str, datetime] | None = None,
    answers: AnswersFolder | None = None,
) -> StreamResult:
    time, written = PretendTime(start=UNTIL), 0

    def progress(_source: str, _record_type: str, _pages: int, _records: int) -> None:
        nonlocal written
        written += 1
        if written == interrupted_at:
            raise KeyboardInterrupt

    assignment = Assignment(
        run=1,
        until=UNTIL,
        history=HISTORY,
        services=(),
        pseudonym_key=b"0123456789abcdef",
        record_types=frozenset({"incident"}),
        resumption=resumption or Resumption(),
        continue_from=continue_from or {},
        held=lambda _: held or {},
        answers=answers,
    )
    (result,) = collect([source], sink, assignment, time.clock, progress=progress, timing=time.timing)
    return result


def keys(sink: MemorySink) -> list[str]:
    return [one.source_ref for one in sink.of("incident").observations]


def told(sink: MemorySink) -> list[object]:
    return [(one.pages, one.service_ids, one.outcome, one.started_at) for one in sink.collections]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", ["jira", "jira-dc"])
def test_many_windows_bring_what_one_search_brings_in_the_same_order(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jira, cut, whole = JiraStandIn(path, many(230)), MemorySink(), MemorySink()
    with jira.listening() as server:
        assert run(jira.source(server.url), cut).outcome.complete
        windows_asked = {query for query in jira.searches() if "created <" in query}
        monkeypatch.setattr(jira_windows, "MOST_WINDOWS", 1)
        run(jira.source(server.url), whole)
    assert len(windows_asked) == 11  # of 12, the last is open
    assert keys(cut) == keys(whole) == [f"OPS-{number}" for number in range(1, 231)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", ["jira", "jira-dc"])
@pytest.mark.parametrize("at", [1, 2, 9])
def test_a_killed_run_goes_on_in_its_window_and_asks_for_no_page_twice(
    path: str, at: int, tmp_path: Path
) -> None:
    answers = AnswersFolder(tmp_path, "the same")
    jira, undisturbed, sink = JiraStandIn(path, many(100)), MemorySink(), MemorySink()
    with jira.listening() as server:
        source = jira.source(server.url, max_concurrency=1)
        run(source, undisturbed)
        jira.asked.clear()
        with pytest.raises(KeyboardInterrupt):
            run(source, sink, interrupted_at=at, answers=answers)
        before = pages_asked(jira)
        jira.asked.clear()
        run(source, sink, resumption=Resumption(kept=sink.kept_pages()), answers=answers)
    assert told(sink) == told(undisturbed)
    assert len(set(before) & set(pages_asked(jira))) <= 1
    assert not [one for one in jira.asked if "approximate-count" in one.target]


def pages_asked(jira: JiraStandIn) -> list[str]:
    return [one.target for one in jira.asked if "/search" in one.path and "expand=changelog" in one.target]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("at", [1, 2, 4, 7])
def test_a_run_killed_while_it_looks_what_is_gone_ends_as_if_it_had_not_been(at: int) -> None:
    tickets = many(100)
    jira, undisturbed, sink = JiraStandIn("jira", tickets), MemorySink(), MemorySink()
    before = {KEY: Continuation(UNTIL - timedelta(days=60), "c", UNTIL - HISTORY)}
    held = {one.key: one.created_at for one in tickets}
    gone = tickets[50]
    jira.tickets = [one for one in tickets if one != gone]
    with jira.listening() as server:
        source = jira.source(server.url, max_concurrency=1)
        whole = run(source, undisturbed, continue_from=before, held=held)
        with pytest.raises(KeyboardInterrupt):
            run(source, sink, interrupted_at=at, continue_from=before, held=held)
        kept = Resumption(kept=sink.kept_pages())
        run(source, sink, resumption=kept, continue_from=before, held=held)
    assert whole.outcome.window_start == gone.created_at
    assert told(sink) == told(undisturbed)


@pytest.mark.parametrize("path", ["jira", "jira-dc"])
def test_a_first_run_asks_ten_pages_for_a_thousand_issues_and_few_more(path: str) -> None:
    jira = JiraStandIn(path, many(1000))
    with jira.listening() as server:
        result = run(jira.source(server.url, projects=["OPS"]), MemorySink())
    assert result.outcome.complete
    partly_filled = len(windows(1000, UNTIL - HISTORY, UNTIL))
    assert partly_filled == 4
    assert len(pages_asked(jira)) <= 10 + partly_filled
    once, count = 6, 1  # the kind of Jira, its vocabulary, the zone
    assert result.requests == len(jira.asked) == once + count + len(pages_asked(jira))


def test_a_second_run_with_nothing_changed_costs_two_requests_a_stream_and_seven_more() -> None:
    jira = JiraStandIn("jira", many(1000))
    before = {KEY: Continuation(UNTIL - timedelta(hours=1), "c", UNTIL - HISTORY)}
    held = {one.key: one.created_at for one in jira.tickets}
    with jira.listening() as server:
        result = run(jira.source(server.url), MemorySink(), continue_from=before, held=held)
    assert (result.records, result.requests) == (0, 7 + 2)  # what changed, and a count
    assert result.outcome.complete


def test_long_histories_cost_one_request_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jira_changelogs, "ENTRIES_PER_PAGE", 300)
    history = max((one.history for one in company().tickets), key=len)
    long = [replace(one, history=history * (45 // len(history) + 1)) for one in many(12)]
    jira, sink = JiraStandIn("jira", long), MemorySink()
    with jira.listening() as server:
        run(jira.source(server.url), sink)
    fetched = [one for one in jira.asked if "changelog" in one.path]
    entries = sum(len(one.history) for one in long)
    assert {one.method for one in fetched} == {"POST"}
    assert len(fetched) == -(-entries // 300)
    moves = sum(one.field == "status" for one in long[0].history)
    transitions = sink.of("incident").observations[0].fields["transitions"]
    assert isinstance(transitions, list)
    assert len(transitions) == moves


def test_an_issue_deleted_while_data_center_is_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jira_client, "PAGE_SIZE", 10)
    jira, sink = JiraStandIn("jira-dc", many(50)), MemorySink()

    def delete_one(asked: Asked) -> None:
        if "startAt=20" in asked.target and len(jira.tickets) == 50:
            jira.tickets = jira.tickets[1:]

    jira.meanwhile = delete_one
    with jira.listening() as server:
        result = run(jira.source(server.url), sink)
    assert result.outcome.complete, result.outcome.error
    assert set(keys(sink)) >= {f"OPS-{number}" for number in range(2, 51)}


@pytest.mark.parametrize("missing", [30, 5])
def test_far_fewer_issues_than_cloud_counts_are_incomplete(missing: int) -> None:
    jira = JiraStandIn("jira", many(250))
    everything = jira.tickets

    def hide(asked: Asked) -> None:
        hidden = missing if "/search/jql" in asked.path else 0
        if len(jira.tickets) != len(everything) - hidden:
            jira.tickets = everything[: len(everything) - hidden]

    jira.meanwhile = hide
    with jira.listening() as server:
        outcome = run(jira.source(server.url), MemorySink()).outcome
    assert outcome.complete is (missing == 5)
    if not outcome.complete:
        assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
        assert "counts 250 issues and sent 220" in outcome.error


def test_issues_deleted_while_cloud_is_read_are_no_missing_ones() -> None:
    jira = JiraStandIn("jira", many(250))

    def delete_many(asked: Asked) -> None:
        if "/search/jql" in asked.path and len(jira.tickets) == 250:
            jira.tickets = jira.tickets[:200]

    jira.meanwhile = delete_many
    with jira.listening() as server:
        outcome = run(jira.source(server.url, projects=["OPS"]), MemorySink()).outcome
    assert outcome.complete, outcome.error


@given(
    counted=st.integers(0, 1_000_000),
    days=st.floats(0.1, 3000),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
)
def test_windows_are_gapless_and_apart_in_every_zone(counted: int, days: float, zone: str) -> None:
    until = datetime(2026, 11, 1, 6, 13, tzinfo=UTC)
    cut = windows(counted, until - timedelta(days=days), until)
    assert cut[0].start is None
    assert cut[-1].end is None
    assert all(one.end == other.start for one, other in pairwise(cut))
    bounds = [issue_query(Wanted(("A",), window=one), ZoneInfo(zone)) for one in cut[1:]]
    assert len(set(bounds)) == len(bounds)
    local = [one.start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for one in cut[1:] if one.start]
    assert all(other - one >= timedelta(hours=2) for one, other in pairwise(local))


def test_queries_are_written_in_the_time_zone_of_the_account() -> None:
    since = datetime(2026, 7, 1, 12, tzinfo=UTC)
    wanted = Wanted(("OPS", "SEC"), created_since=since, clocks=("customfield_7",), updated_since=since)
    assert issue_query(wanted, ZoneInfo("Asia/Shanghai")) == (
        'project in ("OPS", "SEC") AND created >= "2026-07-01 19:00" AND '
        '(updated >= "2026-07-01 19:00" OR cf[7] = running() OR cf[7] = paused()) '
        "ORDER BY created ASC, key ASC"
    )
    assert 'created >= "2026-06-30 21:00"' in issue_query(Wanted(("OPS",), created_since=since))


def test_no_search_names_more_than_fifty_projects() -> None:
    jira = JiraStandIn("jira", many(5))
    names = ["OPS", *(f"P{number:03}" for number in range(120))]
    with jira.listening() as server:
        outcome = run(jira.source(server.url, projects=names), MemorySink()).outcome
    assert outcome.denied == tuple(names[1:])
    assert outcome.requested == tuple(names)
    assert max(query.count('"P') for query in jira.searches()) == 50
