"""Going on behind a killed run: only the page under way is asked twice, nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import itomm.estate
from itomm.collectors.conformance import MemorySink, PretendTime
from itomm.collectors.contract import Check, CollectionContext, Collector, CollectorSettings, Stream
from itomm.collectors.framework.continuing import Resumption
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.gitlab import client as gitlab_client
from itomm.collectors.jira import client as jira_client
from itomm.collectors.resuming import checkpoint, remaining
from itomm.collectors.source import Source, build_source
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason
from itomm.evidence.store import Store

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
SCOPES = ("a", "b", "c")


class Paged(Collector):
    """Three scopes of three pages; the second scope is refused behind its first page."""

    name = "paged"
    title = "Paged"
    settings_model = CollectorSettings
    streams = (Stream("silence"),)

    def __init__(self, settings: CollectorSettings) -> None:
        self.asked: list[str] = []

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        left = remaining(SCOPES, context.resume_from)
        for scope in left.before:
            context.asked(scope)
        for index, scope in enumerate(left.scopes):
            context.asked(scope)
            first = left.position if index == 0 and left.position else 0
            for number in range(first, 3):
                ASKED.append(f"{scope}{number}")
                if scope == "b" and number == 1:
                    context.refused("b", UnknownReason.PERMISSION_DENIED, "no")
                    break
                context.warn(f"seen {scope}")
                following = number + 1 if number < 2 else None
                yield Page(
                    (silence(f"{scope}{number}"),),
                    RequestMade("GET", "https://tool.example/x", {}, 200),
                    self.checkpoint(scope, following),
                )

    def checkpoint(self, scope: str, following: int | None) -> dict[str, object] | None:
        return checkpoint(scope, following)


ASKED: list[str] = []


def silence(name: str) -> Observation:
    fields: dict[str, object] = {
        "created_by": "Ada",
        "comment": "planned",
        "starts_at": NOW - timedelta(hours=2),
        "ends_at": NOW,
        "duration_s": timedelta(hours=2),
    }
    return Observation(name, fields, {"id": name}, f"https://tool.example/{name}")


def run(
    source: Source,
    sink: MemorySink,
    *,
    interrupted_at: int = 0,
    resumption: Resumption | None = None,
    until: datetime = NOW,
) -> list[StreamResult]:
    """One run; with ``interrupted_at``, Ctrl-C is pressed when so many pages have been written."""
    time = PretendTime(start=until)
    written = 0

    def progress(_source: str, _record_type: str, _pages: int, _records: int) -> None:
        nonlocal written
        written += 1
        if written == interrupted_at:
            raise KeyboardInterrupt

    assignment = Assignment(
        run=1,
        until=until,
        history=timedelta(days=400),
        services=(),
        pseudonym_key=b"0123456789abcdef",
        resumption=resumption or Resumption(),
    )
    return collect([source], sink, assignment, time.clock, progress=progress, timing=time.timing)


def paged(collector: type[Collector] = Paged) -> Source:
    return Source("p", collector, CollectorSettings())


def told(sink: MemorySink) -> list[object]:
    return [
        (one.record_type, one.pages, one.service_ids, one.outcome, one.started_at) for one in sink.collections
    ]


@given(pages=st.integers(1, 7))
def test_an_interrupted_stream_ends_as_if_it_had_not_been(pages: int) -> None:
    undisturbed, sink = MemorySink(), MemorySink()
    ASKED.clear()
    run(paged(), undisturbed)
    everything = [*ASKED]
    ASKED.clear()
    with pytest.raises(KeyboardInterrupt):
        run(paged(), sink, interrupted_at=pages)
    ASKED.clear()
    (result,) = run(paged(), sink, resumption=Resumption(kept=sink.kept_pages()))
    assert told(sink) == told(undisturbed)
    assert (result.pages, result.records) == (7, 7)
    assert everything[-len(ASKED) :] == ASKED if ASKED else pages == 7
    assert len(ASKED) <= len(everything) - pages


def test_a_stream_without_checkpoints_begins_anew() -> None:
    class Never(Paged):
        def checkpoint(self, scope: str, following: int | None) -> None:
            return None

    sink = MemorySink()
    with pytest.raises(KeyboardInterrupt):
        run(paged(Never), sink, interrupted_at=3)
    assert sink.kept_pages() == {}


def test_a_checkpoint_that_holds_a_secret_is_not_kept() -> None:
    class Careless(Paged):
        def checkpoint(self, scope: str, following: int | None) -> dict[str, object]:
            return {"next": "https://tool.example/x?page=2&private_token=s3cr3t-s3cr3t"}

    sink = MemorySink()
    with pytest.raises(KeyboardInterrupt):
        run(paged(Careless), sink, interrupted_at=3)
    assert sink.kept_pages() == {}
    assert "s3cr3t" not in repr(sink.collections)


def test_pages_behind_the_last_one_with_a_checkpoint_are_read_again() -> None:
    class AtScopeEnds(Paged):
        def checkpoint(self, scope: str, following: int | None) -> dict[str, object] | None:
            return checkpoint(scope, following) if following is None else None

    undisturbed, sink = MemorySink(), MemorySink()
    run(paged(AtScopeEnds), undisturbed)
    with pytest.raises(KeyboardInterrupt):
        run(paged(AtScopeEnds), sink, interrupted_at=4)
    assert [one.pages for one in sink.kept_pages().values()] == [3]
    run(paged(AtScopeEnds), sink, resumption=Resumption(kept=sink.kept_pages()))
    assert [one.pages for one in sink.collections] == [one.pages for one in undisturbed.collections]


def test_a_finished_stream_is_not_asked_again_but_told_of(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    with store.writing("a test"):
        first = run(paged(), store)  # type: ignore[arg-type]  # a store is a sink, too
        finished = {(one.source, one.record_type): one for one in store.collections()}
        ASKED.clear()
        (again,) = run(paged(), store, resumption=Resumption(finished=finished))  # type: ignore[arg-type]  # likewise
    store.engine.dispose()
    assert ASKED == []
    assert again.kept
    assert (again.requests, again.pages) == (0, 0)
    assert (again.records, again.outcome) == (first[0].records, first[0].outcome)


def test_pages_whose_raw_payload_a_kill_kept_from_its_place_are_read_again(tmp_path: Path) -> None:
    whole = Store.open(tmp_path / "whole", create=True)
    store = Store.open(tmp_path / "killed", create=True)
    with whole.writing("a test"), store.writing("a test"):
        run(paged(), whole)  # type: ignore[arg-type]  # a store is a sink, too
        with pytest.raises(KeyboardInterrupt):
            run(paged(), store, interrupted_at=5)  # type: ignore[arg-type]  # likewise
        newest = max(store.raw.addresses(), key=lambda one: store.raw.path(one).stat().st_mtime_ns)
        store.raw.remove(newest)
        kept = store.kept_pages(1)
        assert [one.pages for one in kept.values()] == [4]
        run(paged(), store, resumption=Resumption(kept=kept))  # type: ignore[arg-type]  # likewise
    roots = [[one.merkle_root for one in each.collections()] for each in (whole, store)]
    assert roots[0] == roots[1]
    whole.engine.dispose()
    store.engine.dispose()


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate.load(SMALL)


@pytest.fixture
def server(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[EstateServer]:
    monkeypatch.setenv("ESTATE_TOKEN", "estate-token")
    monkeypatch.setattr(jira_client, "PAGE_SIZE", 10)
    monkeypatch.setattr(gitlab_client, "PAGE_SIZE", 10)
    with EstateServer(estate) as running:
        yield running


def jira(server: EstateServer, record_type: str) -> Source:
    settings = {"user": "auditor@acme.example", "projects": ["OPS", "SEC"]}
    return at_estate(server, "jira", "jira", record_type, **settings)


def data_center(server: EstateServer, record_type: str) -> Source:
    return at_estate(server, "jira", "jira-dc", record_type, projects=["OPS", "SEC"])


def gitlab(server: EstateServer, record_type: str) -> Source:
    return at_estate(server, "gitlab", "gitlab", record_type, groups=["acme"])


def prometheus(server: EstateServer, record_type: str) -> Source:
    return at_estate(server, "prometheus", "prometheus", record_type)


def at_estate(
    server: EstateServer, collector: str, path: str, record_type: str, **settings: object
) -> Source:
    configured = {
        "collector": collector,
        "url": f"{server.url}/{path}",
        "token": "env:ESTATE_TOKEN",
        "record_types": [record_type],
        **settings,
    }
    return build_source(path, configured)


@pytest.mark.parametrize(
    ("made", "record_type", "asked_once_more"),
    [
        (jira, "incident", 5),  # connecting and the site's vocabulary
        (data_center, "incident", 5),
        (gitlab, "merge_request", 1),  # the list of projects
        (gitlab, "access_grant", 1),
        (gitlab, "repository", 1),
        (prometheus, "alert_event", 2),  # how far back the server's history reaches
        (prometheus, "uptime_series", 2),
        (prometheus, "capacity_series", 2),
    ],
)
def test_every_built_in_stream_of_many_requests_goes_on_behind_its_checkpoints(
    server: EstateServer,
    made: Callable[[EstateServer, str], Source],
    record_type: str,
    asked_once_more: int,
) -> None:
    source = made(server, record_type)
    undisturbed = MemorySink()
    (whole,) = run(source, undisturbed, until=server.estate.as_of)
    requests_of_all = len(server.requests)
    for at in (1, whole.pages * 2 // 3):
        sink = MemorySink()
        with pytest.raises(KeyboardInterrupt):
            run(source, sink, interrupted_at=at, until=server.estate.as_of)
        kept = sink.kept_pages()
        assert [one.pages for one in kept.values()] == [at]
        server.requests.clear()
        run(source, sink, resumption=Resumption(kept=kept), until=server.estate.as_of)
        assert told(sink) == told(undisturbed)
        assert len(server.requests) < requests_of_all + asked_once_more


@pytest.mark.parametrize(
    ("resume_from", "expected"),
    [
        (None, ((), ("a", "b", "c"), None)),
        (checkpoint("a", "2"), ((), ("a", "b", "c"), "2")),
        (checkpoint("b", None), (("a", "b"), ("c",), None)),
        (checkpoint("bb", "2"), (("a", "b"), ("c",), None)),  # it vanished
        (checkpoint("c", None), (("a", "b", "c"), (), None)),
    ],
)
def test_what_remains_lies_behind_the_checkpoint(
    resume_from: dict[str, object] | None, expected: tuple[tuple[str, ...], tuple[str, ...], object]
) -> None:
    left = remaining(SCOPES, resume_from)
    assert (left.before, left.scopes, left.position) == expected
