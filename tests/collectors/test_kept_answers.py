"""What a killed run was answered is answered again without a request, and reads as if it had just come."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from itomm.collectors.conformance import Answer, MisbehavingServer, PretendTime
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.answer_journal import AnswerJournal, JournalKey
from itomm.collectors.framework.clock_skew import ClockSkew
from itomm.collectors.framework.kept_answers import AnswersFolder, KeptAnswers
from itomm.collectors.framework.limits import Limits
from itomm.collectors.source import build_source
from itomm.config.clock import system_clock

SessionOf = Callable[[GuardedAdapter], requests.Session]
Opened = Callable[[], requests.Session]


@pytest.fixture
def adapter_of_a_run(
    server: MisbehavingServer, time: PretendTime, tmp_path: Path
) -> Iterator[Callable[[], GuardedAdapter]]:
    """Each call begins a run that goes on behind the one before."""
    open_now = ExitStack()

    def begin() -> GuardedAdapter:
        open_now.close()
        key = JournalKey((b"key of this test",), "what this test asks")
        path = tmp_path / "tool.answers"
        answers = KeptAnswers(AnswerJournal(path, key, now=time.clock, kept_for=timedelta(hours=24)))
        open_now.callback(answers.close)
        limits = Limits(origin=server.url, timeout_seconds=(2.0, 2.0), max_requests=20)
        skew = ClockSkew(time.clock)
        return open_now.enter_context(GuardedAdapter(limits, time.timing(threading.Event()), skew, answers))

    with open_now:
        yield begin


@pytest.fixture
def run(adapter_of_a_run: Callable[[], GuardedAdapter], session_of: SessionOf) -> Opened:
    return lambda: session_of(adapter_of_a_run())


def test_an_answer_reads_as_it_did(server: MisbehavingServer, run: Opened) -> None:
    told = {
        "Link": f'<{server.url}/a?page=2>; rel="next"',
        "X-Total": "7",
        "Content-Type": "text/plain; charset=x",
    }
    server.on("/a", Answer(200, "Größe".encode(), told))
    first = run().get(f"{server.url}/a", params={"page": "1"})
    again = run().get(f"{server.url}/a", params={"page": "1"})
    assert len(server.requests) == 1
    for one in (first, again):
        assert (one.status_code, one.content) == (200, "Größe".encode())
        assert (one.headers["X-Total"], one.links["next"]["url"]) == ("7", f"{server.url}/a?page=2")
    assert (again.text, again.encoding, again.url) == (first.text, first.encoding, first.url)


def test_an_answer_that_came_compressed_reads_as_it_did(server: MisbehavingServer, run: Opened) -> None:
    server.on("/a", Answer(200, gzip.compress(b'{"fine": true}'), {"Content-Encoding": "gzip"}))
    assert run().get(f"{server.url}/a").json() == run().get(f"{server.url}/a").json() == {"fine": True}
    assert len(server.requests) == 1


def test_another_question_is_another_request(server: MisbehavingServer, run: Opened) -> None:
    server.on("/a", Answer(200))
    session = run()
    session.get(f"{server.url}/a?page=1")
    session.post(f"{server.url}/a?page=1", json={"jql": "x"})
    session.get(f"{server.url}/a?page=1", headers={"Accept": "text/csv"})
    session = run()
    session.get(f"{server.url}/a?page=2")
    session.post(f"{server.url}/a?page=1", json={"jql": "y"})
    session.get(f"{server.url}/a?page=1", headers={"Accept": "text/html"})
    assert len(server.requests) == 6
    session.post(f"{server.url}/a?page=1", json={"jql": "x"})
    session.get(f"{server.url}/a?page=1", headers={"Accept": "text/csv", "Authorization": "Bearer another"})
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [
        (200, True),
        (204, True),
        (404, True),
        (410, True),
        (400, False),
        (401, False),
        (403, False),
        (500, False),
    ],
)
def test_what_may_be_answered_otherwise_next_time_is_asked_again(
    server: MisbehavingServer, run: Opened, status: int, *, is_kept: bool
) -> None:
    server.on("/a", Answer(status))
    assert run().get(f"{server.url}/a").status_code == status
    asked = len(server.requests)
    assert run().get(f"{server.url}/a").status_code == status
    assert (len(server.requests) == asked) is is_kept


def test_a_page_for_people_in_place_of_an_answer_is_asked_again(
    server: MisbehavingServer, run: Opened
) -> None:
    server.on("/a", Answer(200, b"<html>Sign in", {"Content-Type": "text/html"}), Answer(200, b"{}"))
    assert run().get(f"{server.url}/a").text == "<html>Sign in"
    assert run().get(f"{server.url}/a").json() == {}


def test_a_redirect_is_followed_as_it_was(server: MisbehavingServer, run: Opened) -> None:
    server.on("/old", Answer(302, headers={"Location": "/new"}))
    server.on("/new", Answer(200, b"here"))
    assert run().get(f"{server.url}/old").content == run().get(f"{server.url}/old").content == b"here"
    assert len(server.requests) == 2


def test_a_kept_answer_costs_nothing_and_is_told_as_the_request_that_it_was(
    server: MisbehavingServer, adapter_of_a_run: Callable[[], GuardedAdapter], session_of: SessionOf
) -> None:
    server.on("/a", Answer(200, b"12345"))
    told = []
    for _ in range(2):
        adapter = adapter_of_a_run()
        session_of(adapter).get(f"{server.url}/a?x=1&private_token=s3cr3t")
        told.append((list(adapter.last_requests), adapter.take_bytes_read(), adapter.requests_made))
    assert told[0][:2] == told[1][:2]
    assert [requests_made for *_, requests_made in told] == [1, 0]


def test_cookies_are_not_kept(server: MisbehavingServer, run: Opened, tmp_path: Path) -> None:
    server.on("/a", Answer(200, headers={"Set-Cookie": "session=1"}))
    assert run().get(f"{server.url}/a").headers["Set-Cookie"]
    assert "Set-Cookie" not in run().get(f"{server.url}/a").headers


def test_how_far_the_clock_was_off_is_known_again(
    server: MisbehavingServer,
    time: PretendTime,
    adapter_of_a_run: Callable[[], GuardedAdapter],
    session_of: SessionOf,
) -> None:
    ahead = time.clock() + timedelta(minutes=5)
    server.on("/a", Answer(200, headers={"Date": f"{ahead:%a, %d %b %Y %H:%M:%S} GMT"}))
    for _ in range(2):
        adapter = adapter_of_a_run()
        session_of(adapter).get(f"{server.url}/a")
        assert adapter.take_clock_skew() == 300
    assert len(server.requests) == 1


def test_of_several_notes_the_last_is_recalled_and_only_by_a_run_that_goes_on(
    adapter_of_a_run: Callable[[], GuardedAdapter],
) -> None:
    adapter = adapter_of_a_run()
    adapter.remember("since", "Monday")
    adapter.remember("since", "Tuesday")
    assert adapter.recall("since") is None
    adapter = adapter_of_a_run()
    assert [adapter.recall(name) for name in ("until", "since", "since")] == [None, "Tuesday", None]


def noted(
    path: Path,
    *,
    token: str = "s3cr3t-one",  # noqa: S107  an invented one
    asked: str = "everything",
    url: str = "https://alerts.example",
    store_key: bytes = b"the key of the store",
) -> KeptAnswers:
    """What a run over a source with this token finds of what others kept."""
    settings = {"collector": "alertmanager", "url": url, "token": "env:TOKEN_OF_THIS_TEST"}
    os.environ["TOKEN_OF_THIS_TEST"] = token
    return AnswersFolder(path, asked).of(build_source("alerts", settings), store_key, system_clock)


@pytest.mark.parametrize(
    "other",
    [
        {"token": "s3cr3t-two"},
        {"asked": "less"},
        {"url": "https://other.example"},
        {"store_key": b"the key of another store"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_with_another_token_question_address_or_store_nothing_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    monkeypatch.setenv("TOKEN_OF_THIS_TEST", "")  # so that it is put back
    for run in ({}, other):
        begun = noted(tmp_path, **run)
        assert begun.recall("note") is None
        begun.remember("note", "kept")
        begun.close()
    before = noted(tmp_path)
    assert before.recall("note") is None, "the file was begun anew"
    before.close()


def test_the_same_source_finds_what_it_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_THIS_TEST", "")  # so that it is put back
    first = noted(tmp_path)
    first.remember("note", "kept")
    first.close()
    again = noted(tmp_path)
    assert again.recall("note") == "kept"
    again.close()


def test_without_a_journal_nothing_is_kept(server: MisbehavingServer, time: PretendTime) -> None:
    with GuardedAdapter(Limits(origin=server.url), time.timing(threading.Event())) as adapter:
        adapter.remember("since", "Monday")
        assert adapter.recall("since") is None
