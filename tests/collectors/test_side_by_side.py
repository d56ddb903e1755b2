"""Scopes read side by side give what they give one after the other, whatever happens to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime
from itomm.collectors.contract import (
    Check,
    CollectionContext,
    Collector,
    CollectorSettings,
    NetworkedSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.continuing import Resumption
from itomm.collectors.framework.lanes import BYTES_AHEAD, PAGES_AHEAD_PER_LANE, Lanes, Read
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.resuming import checkpoint, remaining
from itomm.collectors.source import Source
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason

MakeAdapter = Callable[..., GuardedAdapter]
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
SCOPES = tuple(f"scope-{number:02d}" for number in range(12))
PAGES = 3
REQUEST = RequestMade("GET", "https://tool.example/x", {}, 200)


def silence(name: str) -> Observation:
    fields: dict[str, object] = {
        "created_by": "Ada",
        "comment": "planned",
        "starts_at": NOW - timedelta(hours=2),
        "ends_at": NOW,
        "duration_s": timedelta(hours=2),
    }
    return Observation(name, fields, {"id": name}, f"https://tool.example/{name}")


class Wide(Collector):
    """Twelve scopes of three pages, read side by side."""

    name = "wide"
    title = "Wide"
    settings_model = NetworkedSettings
    streams = (Stream("silence"),)

    def __init__(self, settings: CollectorSettings) -> None:
        assert isinstance(settings, NetworkedSettings)
        self._url = settings.url

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        left = remaining(SCOPES, context.resume_from)
        for scope in left.before:
            context.asked(scope)
        first = {left.scopes[0]: left.position or 0} if left.scopes else {}
        yield from context.side_by_side(left.scopes, partial(self.scope, first))

    def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
        context.asked(scope)
        with context.session() as session:
            for number in range(first.get(scope, 0), PAGES):
                response = session.get(f"{self._url}/{scope}", params={"page": number})
                if response.status_code == 403:
                    context.refused(scope, UnknownReason.PERMISSION_DENIED, "no")
                    return
                if response.status_code == 404:
                    raise SourceError(f"{scope} is broken.")
                if scope.endswith("5"):
                    context.warn(f"seen {scope}")
                context.unseen(str(number))
                following = number + 1 if number + 1 < PAGES else None
                found = (silence(f"{scope}/{number}"),)
                yield Page(found, context.last_request, checkpoint(scope, following))


@pytest.fixture
def tool() -> Iterator[MisbehavingServer]:
    with MisbehavingServer(otherwise=Answer(200, b"{}")) as server:
        yield server


def run(
    tool: MisbehavingServer,
    collector: type[Collector] = Wide,
    *,
    sink: MemorySink | None = None,
    interrupted_at: int = 0,
    resumption: Resumption | None = None,
    **settings: object,
) -> tuple[MemorySink, StreamResult]:
    sink, time, written = sink or MemorySink(), PretendTime(start=NOW), 0

    def progress(_source: str, _record_type: str, _pages: int, _records: int) -> None:
        nonlocal written
        written += 1
        if written == interrupted_at:
            raise KeyboardInterrupt

    assignment = Assignment(
        run=1,
        until=NOW,
        history=timedelta(days=90),
        services=(),
        pseudonym_key=b"0123456789abcdef",
        resumption=resumption or Resumption(),
    )
    model = NetworkedSettings.model_validate({"url": tool.url, **settings})
    source = Source("wide", collector, model)
    (result,) = collect([source], sink, assignment, time.clock, progress=progress, timing=time.timing)
    return sink, result


def told(sink: MemorySink) -> list[object]:
    return [(one.pages, one.service_ids, one.progress, one.outcome) for one in sink.collections]


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("itomm-collect")]


def test_pages_notes_and_checkpoints_are_those_of_reading_one_after_the_other(
    tool: MisbehavingServer,
) -> None:
    tool.on("/scope-02", Answer(200), Answer(403))
    tool.on("/scope-09", Answer(403))
    one_by_one, _ = run(tool, max_concurrency=1)
    tool.on("/scope-02", Answer(200), Answer(403))
    side_by_side, result = run(tool)
    assert told(side_by_side) == told(one_by_one)
    assert result.outcome.requested == SCOPES
    assert result.outcome.denied == ("scope-02", "scope-09")
    assert result.outcome.warnings == ("seen scope-05",)
    assert threads() == []


def test_each_page_names_the_request_that_brought_it(tool: MisbehavingServer) -> None:
    sink, _ = run(tool)
    for page in sink.of("silence").pages:
        scope, number = page.observations[0].source_ref.split("/")
        assert (page.request.url, page.request.query) == (f"{tool.url}/{scope}", {"page": number})


def test_requests_are_truly_under_way_together_and_never_more_than_allowed() -> None:
    """The first requests are answered only when as many have arrived as may be under way."""
    gate, arrived, lock = threading.Barrier(2), [], threading.Lock()
    most = 0

    class Gated(MisbehavingServer):
        def give(self, handler: object, answer: Answer) -> None:
            nonlocal most
            with lock:
                arrived.append(1)
                most = max(most, len(arrived))
            if len(self.requests) <= 2:
                gate.wait(10)
            super().give(handler, answer)  # type: ignore[arg-type]  # the handler's class is made by the server
            with lock:
                arrived.pop()

    with Gated(otherwise=Answer(200, b"{}")) as tool:
        _, result = run(tool, max_concurrency=4)
    assert result.outcome.complete
    assert result.requests == len(SCOPES) * PAGES
    assert 2 <= most <= 4


def test_what_one_scope_raises_ends_the_stream_in_its_turn(tool: MisbehavingServer) -> None:
    tool.on("/scope-03", Answer(200), Answer(404))
    sink, result = run(tool)
    assert [one.source_ref for one in sink.of("silence").observations] == [
        *(f"{scope}/{number}" for scope in SCOPES[:3] for number in range(PAGES)),
        "scope-03/0",
    ]
    assert (result.outcome.complete, result.outcome.error) == (False, "scope-03 is broken.")
    assert result.outcome.requested == SCOPES[:4]
    assert threads() == []


@pytest.mark.parametrize("interrupted_at", [1, 4, 20, 35])
def test_an_interrupted_reading_is_gone_on_with_as_if_it_had_not_been(
    tool: MisbehavingServer, interrupted_at: int
) -> None:
    undisturbed, _ = run(tool)
    sink = MemorySink()
    with pytest.raises(KeyboardInterrupt):
        run(tool, sink=sink, interrupted_at=interrupted_at)
    assert threads() == []
    tool.requests.clear()
    run(tool, sink=sink, resumption=Resumption(kept=sink.kept_pages()))
    assert told(sink) == told(undisturbed)
    assert len(tool.requests) == len(SCOPES) * PAGES - interrupted_at


def test_the_budget_of_requests_holds_for_all_together(tool: MisbehavingServer) -> None:
    _, result = run(tool, max_requests=7)
    assert len(tool.requests) == 7
    assert not result.outcome.complete
    assert "budget of 7 requests" in result.outcome.error


def test_a_token_that_is_refused_is_not_sent_by_every_reader(tool: MisbehavingServer) -> None:
    tool.otherwise = Answer(401)

    class Careless(Wide):
        def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
            context.asked(scope)
            with context.session() as session:
                for _ in range(PAGES):
                    session.get(f"{self._url}/{scope}")
            yield from ()

    _, result = run(tool, Careless)
    assert not result.outcome.complete
    assert result.outcome.reason is UnknownReason.PERMISSION_DENIED
    assert len(tool.requests) <= 4  # three in a row, and one that was under way


def test_what_is_read_ahead_is_bounded(tool: MisbehavingServer) -> None:
    behind = threading.Event()
    made: list[str] = []

    class Slow(Wide):
        def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
            context.asked(scope)
            if scope == SCOPES[0]:
                behind.wait(10)  # until the others have been stopped
                return
            for number in range(100):
                made.append(f"{scope}/{number}")
                if len(made) == PAGES_AHEAD_PER_LANE * 2 + 1:
                    behind.set()
                yield Page((), REQUEST)

    assert run(tool, Slow, max_concurrency=2)[1].pages == 1100
    assert behind.is_set()


def test_large_pages_are_read_less_far_ahead(tool: MisbehavingServer) -> None:
    tool.otherwise = Answer(200, b"x" * (BYTES_AHEAD // 2))
    tool.on("/small", Answer(200))
    full, asked, meanwhile = threading.Event(), list[str](), list[int]()

    class Large(Wide):
        def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
            with context.session() as session:
                if scope == SCOPES[0]:
                    full.wait(10)
                    for _ in range(20):  # while these are asked, the other could have gone on
                        session.get(f"{self._url}/small")
                    meanwhile.append(len(asked))
                    return
                session.get(f"{self._url}/{scope}")
            asked.append(scope)
            if len(asked) == 2:
                full.set()
            yield Page((), context.last_request)

    _, result = run(tool, Large, max_concurrency=2)
    assert (meanwhile, result.pages) == ([2], len(SCOPES) - 1)


def test_a_reader_keeps_its_lane_and_no_two_share_one(tool: MisbehavingServer) -> None:
    busy: set[int] = set()
    shared: list[int] = []
    lock = threading.Lock()

    class Laned(Wide):
        def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
            with lock:
                if context.lane in busy or context.lane == 0:
                    shared.append(context.lane)
                busy.add(context.lane)
            yield from super().scope(first, scope, context)
            with lock:
                busy.remove(context.lane)

    run(tool, Laned)
    assert shared == []


def test_scopes_within_a_scope_are_read_one_after_the_other(tool: MisbehavingServer) -> None:
    class Nested(Wide):
        def scope(self, first: dict[str, int], scope: str, context: CollectionContext) -> Iterator[Page]:
            yield from context.side_by_side(["a", "b"], partial(super().scope, {}))

    sink, result = run(tool, Nested)
    assert result.outcome.complete
    names = [one.source_ref for one in sink.of("silence").observations]
    assert names == [f"{part}/{number}" for _ in SCOPES for part in ("a", "b") for number in range(PAGES)]


def test_a_wait_that_one_reader_is_told_is_kept_by_all(tool: MisbehavingServer) -> None:
    tool.on("/scope-00", Answer(429, headers={"Retry-After": "86400"}), Answer(200))
    sink, result = run(tool, deadline_minutes=10)
    assert not result.outcome.complete
    assert "a wait of 86400 s is due" in result.outcome.error
    asked = [path for _, path in tool.requests]
    after = asked[asked.index("/scope-00?page=0") + 1 :]
    assert len(after) < 8, "no more than what was under way when the wait was told"
    assert sink.of("silence").observations == []


def test_a_lane_that_does_not_end_in_time_is_told_so_that_nobody_shares_it() -> None:
    go_on, lost = threading.Event(), list[int]()

    def read(scope: str, lane: int, check: Callable[[], None]) -> Iterator[Read]:
        if scope == "stuck":
            go_on.wait(30)
        yield Read(lambda: None, failure=SourceError("broken"))

    lanes = Lanes(("broken", "stuck"), read, lanes=(1, 2), check=lambda: None, lost=lost.append)
    with pytest.raises(SourceError):
        list(lanes.pages())
    go_on.set()
    assert len(lost) == 1


def test_lost_lanes_are_not_given_out_again(make_adapter: MakeAdapter) -> None:
    adapter = make_adapter(max_concurrency=3)
    adapter.lost_lanes.add(2)
    assert adapter.free_lanes(10) == [1, 3, 4]
    assert adapter.free_lanes(2) == [1, 3]


def test_a_long_wait_ends_when_nobody_wants_what_is_read(
    server: MisbehavingServer, time: PretendTime, make_adapter: MakeAdapter
) -> None:
    server.on("/a", Answer(429, headers={"Retry-After": "600"}))
    adapter = make_adapter()

    def check() -> None:
        if sum(time.waits) > 3:
            raise SourceError("Nobody wants it.")

    with adapter.obeying(check), requests.Session() as session:
        session.mount("http://", adapter)
        with pytest.raises(SourceError, match="Nobody"):
            session.get(f"{server.url}/a")
    assert sum(time.waits) < 10


class Lines(Collector):
    """Reads no network, and yet offers scopes."""

    name = "lines"
    title = "Lines"
    settings_model = CollectorSettings
    streams = (Stream("silence"),)

    def __init__(self, settings: CollectorSettings) -> None:
        pass

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        read: Callable[[str, CollectionContext], Iterator[Page]] = self._scope
        yield from context.side_by_side(SCOPES, read)

    def _scope(self, scope: str, context: CollectionContext) -> Iterator[Page]:
        context.asked(scope)
        yield Page((silence(f"{scope}@{threading.current_thread().name}"),), REQUEST)


def test_a_source_without_a_network_is_read_in_its_own_thread() -> None:
    time, sink = PretendTime(start=NOW), MemorySink()
    assignment = Assignment(
        run=1, until=NOW, history=timedelta(days=1), services=(), pseudonym_key=b"0123456789abcdef"
    )
    source = Source("lines", Lines, CollectorSettings())
    collect([source], sink, assignment, time.clock, timing=time.timing)
    names = {one.source_ref.split("@")[1] for one in sink.of("silence").observations}
    assert names == {"itomm-collect-lines"}
