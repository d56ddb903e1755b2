from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
import requests

from itomm.collectors.conformance import Answer, MisbehavingServer, PretendTime
from itomm.collectors.contract import SourceError
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.timing import Cancelled
from itomm.evidence.observation import UnknownReason

MakeAdapter = Callable[..., GuardedAdapter]
SessionOf = Callable[[GuardedAdapter], requests.Session]

FINE = Answer(200, b'{"fine": true}')


def test_a_token_that_is_refused_again_and_again_is_not_tried_until_the_account_is_locked(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(401))
    server.on("/b", FINE)
    session = session_of(make_adapter())
    for path in ("/a", "/a", "/b", "/a", "/a", "/a"):
        session.get(f"{server.url}{path}")
    with pytest.raises(SourceError, match=r"answered 401 3 times.*not locked") as caught:
        session.get(f"{server.url}/b")
    assert caught.value.reason is UnknownReason.PERMISSION_DENIED
    assert len(server.requests) == 6


def test_an_error_of_the_moment_is_tried_again(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(500), Answer(502), FINE)
    adapter = make_adapter()
    assert session_of(adapter).get(f"{server.url}/a").json() == {"fine": True}
    assert time.waits == [0.25, 0.5]
    assert adapter.requests_made == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(
    status: int, server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(status))
    assert session_of(make_adapter()).get(f"{server.url}/a").status_code == status
    assert len(server.requests) == 1


def test_a_server_may_say_in_seconds_how_long_to_wait(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(429, headers={"Retry-After": "7"}), FINE)
    assert session_of(make_adapter()).get(f"{server.url}/a").ok
    assert 7 <= time.waits[0] < 8


def test_a_rate_limit_that_is_answered_with_403_is_waited_for(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(403, headers={"Retry-After": "60"}), FINE)
    assert session_of(make_adapter(deadline_seconds=600.0)).get(f"{server.url}/a").ok
    assert 60 <= time.waits[0] < 61


def test_a_server_may_say_with_a_date_how_long_to_wait(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    # The test server's own Date header is the real time; the wait is counted from there.
    first = session_of(make_adapter()).get(f"{server.url}/any").headers["Date"]
    then = format_datetime(parsedate_to_datetime(first) + timedelta(seconds=90), usegmt=True)
    server.on("/a", Answer(429, headers={"Retry-After": then}), FINE)
    assert session_of(make_adapter()).get(f"{server.url}/a").ok
    assert 80 <= time.waits[-1] <= 91


def test_a_wait_beyond_the_deadline_fails_at_once_and_says_so(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceError, match=r"a wait of 3600 s is due.*only 60 s more.*deadline_minutes"):
        session_of(make_adapter(deadline_seconds=60.0)).get(f"{server.url}/a")
    assert time.waits == []


def test_a_client_library_never_sees_a_date_that_it_cannot_read(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(429, headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}))
    response = session_of(make_adapter()).get(f"{server.url}/a")
    assert response.status_code == 429
    assert "Retry-After" not in response.headers


def test_what_may_have_been_done_is_not_sent_twice(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(500))
    assert session_of(make_adapter()).post(f"{server.url}/a", json={}).status_code == 500
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "tries"),
    [
        ({"query": "\nquery($name: String!) { x }"}, 2),
        ({"query": "{ x }", "variables": {}}, 2),
        ({"query": "mutation { query }"}, 1),
        ({"jql": "query"}, 1),
    ],
)
def test_a_query_of_graphql_is_sent_again_although_it_is_posted(
    body: dict[str, object],
    tries: int,
    server: MisbehavingServer,
    make_adapter: MakeAdapter,
    session_of: SessionOf,
) -> None:
    server.on("/graphql", Answer(500), FINE)
    assert session_of(make_adapter()).post(f"{server.url}/graphql", json=body).ok is (tries == 2)
    assert len(server.requests) == tries


@pytest.mark.parametrize("broken", [Answer(reset=True), Answer(200, b"{}", missing_bytes=1), Answer(500)])
@pytest.mark.parametrize(("path", "tries"), [("/search/count", 2), ("/issue", 1)])
def test_a_post_that_is_declared_to_be_a_query_is_sent_again(
    *,
    broken: Answer,
    path: str,
    tries: int,
    server: MisbehavingServer,
    make_adapter: MakeAdapter,
    session_of: SessionOf,
) -> None:
    server.on(path, broken, FINE)
    session = session_of(make_adapter(queries_by_post=("/search/count",)))
    with suppress(requests.RequestException):
        assert session.post(f"{server.url}{path}?page=1", json={}).ok is (tries == 2)
    assert len(server.requests) == tries


def test_what_was_surely_not_done_is_sent_again(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(503), FINE)
    assert session_of(make_adapter()).post(f"{server.url}/a", json={}).ok


def test_a_closed_connection_is_tried_again(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(reset=True), FINE)
    assert session_of(make_adapter()).get(f"{server.url}/a").ok


def test_a_body_cut_short_is_tried_again_and_never_handed_on(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(200, b'{"fi', missing_bytes=10))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session_of(make_adapter()).get(f"{server.url}/a")
    assert len(server.requests) == 5


def test_a_dead_host_is_asked_once_and_then_known(
    time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        adapter = make_adapter(origin=url)
        session = session_of(adapter)
        with pytest.raises(requests.ConnectionError):
            session.get(url)
        waited = len(time.waits)
        assert waited == 4
        with pytest.raises(requests.ConnectionError):
            session.get(url)
        assert len(time.waits) == waited


def test_a_body_that_drips_is_cut_off_at_the_deadline(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf, time: PretendTime
) -> None:
    server.on("/a", Answer(200, b"x" * 10_000, drip_seconds=0.001))
    time.seconds_per_reading = 1.0
    with pytest.raises(SourceError, match=r"took longer than 0\.5 minutes"):
        session_of(make_adapter(deadline_seconds=30.0)).get(f"{server.url}/a")


def test_an_answer_too_large_is_not_read_to_its_end(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    server.on("/a", Answer(200, bomb, {"Content-Encoding": "gzip"}))
    with pytest.raises(SourceError, match="larger than 1,000,000 bytes"):
        session_of(make_adapter(max_answer_bytes=1_000_000)).get(f"{server.url}/a")


def test_a_compressed_answer_arrives_whole(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(200, gzip.compress(b"0" * 300_000), {"Content-Encoding": "gzip"}))
    assert session_of(make_adapter()).get(f"{server.url}/a").content == b"0" * 300_000


def test_a_body_can_be_read_in_pieces_by_a_client_that_asked_for_a_stream(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(200, b"abcdef"))
    response = session_of(make_adapter()).get(f"{server.url}/a", stream=True)
    assert b"".join(response.iter_content(2)) == b"abcdef"


def test_a_connection_is_used_again_after_an_answer_was_read_whole(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on(
        "/a",
        Answer(200, b"x" * 200_000),
        Answer(200, gzip.compress(b"y"), {"Content-Encoding": "gzip"}),
        FINE,
    )
    session = session_of(make_adapter())
    for _ in range(4):
        session.get(f"{server.url}/a")
    assert server.connections == 1


def test_a_redirect_to_another_host_is_refused(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(302, b"", {"Location": "https://sso.invalid/login?next=/a"}))
    with pytest.raises(SourceError, match=r"sends us on to https://sso\.invalid, which is not"):
        session_of(make_adapter()).get(f"{server.url}/a")


def test_a_redirect_within_the_host_is_followed(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(302, b"", {"Location": "/b"}))
    server.on("/b", FINE)
    assert session_of(make_adapter()).get(f"{server.url}/a").json() == {"fine": True}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://example.invalid/", "http://localhost/"])
def test_no_other_host_is_asked(url: str, make_adapter: MakeAdapter, session_of: SessionOf) -> None:
    adapter = make_adapter()
    with pytest.raises(SourceError, match="was refused"):
        session_of(adapter).get(url)
    assert adapter.requests_made == 0


def test_the_request_budget_holds(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", FINE)
    session = session_of(make_adapter(max_requests=2))
    session.get(f"{server.url}/a")
    session.get(f"{server.url}/a")
    with pytest.raises(SourceError, match=r"budget of 2 requests.*max_requests"):
        session.get(f"{server.url}/a")
    assert len(server.requests) == 2


def test_certificates_are_checked_whatever_a_client_asks(
    make_adapter: MakeAdapter,
    session_of: SessionOf,
    monkeypatch: pytest.MonkeyPatch,
    server: MisbehavingServer,
) -> None:
    seen: list[object] = []

    def spy(self: object, request: object, **given: object) -> requests.Response:
        seen.append((given["verify"], given["timeout"]))
        raise requests.exceptions.SSLError("enough seen")

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", spy)
    for verify in (True, "/etc/ours.pem"):
        session = session_of(make_adapter(verify=verify))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{server.url}/a", verify=False, timeout=None)
    assert seen == [(True, (2.0, 2.0)), ("/etc/ours.pem", (2.0, 2.0))]


def test_requests_are_remembered_without_secrets(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", FINE)
    adapter = make_adapter()
    address = server.url.replace("http://", "http://ada:pass@")
    session_of(adapter).get(f"{address}/a?private_token=abc&query=up&nextPageToken=n1")
    made = adapter.last_requests[-1]
    assert (made.method, made.url, made.status) == ("GET", f"{server.url}/a", 200)
    assert made.query == {"query": "up", "nextPageToken": "n1"}


def test_what_is_left_of_a_rate_limit_is_spread_before_the_server_refuses(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    left = {"RateLimit-Limit": "100", "RateLimit-Reset": "60"}
    server.on("/a", *(Answer(200, headers={**left, "RateLimit-Remaining": str(n)}) for n in (9, 8, 7, 100)))
    session = session_of(make_adapter())
    for _ in range(5):
        session.get(f"{server.url}/a")
    assert [round(wait) for wait in time.waits] == [7, 8, 9]


def test_nothing_is_sent_when_a_rate_limit_is_used_up(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    server.on("/a", Answer(200, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "45"}), FINE)
    session = session_of(make_adapter())
    session.get(f"{server.url}/a")
    assert time.waits == []
    session.get(f"{server.url}/a")
    assert time.waits == [45.0]


def test_an_interrupted_run_sends_nothing_more(
    server: MisbehavingServer, make_adapter: MakeAdapter, session_of: SessionOf
) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        session_of(make_adapter(cancelled)).get(f"{server.url}/a")
    assert server.requests == []
