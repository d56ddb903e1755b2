from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itomm.collectors.conformance import MemorySink, PretendTime
from itomm.collectors.contract import (
    Check,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework import reading
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source
from itomm.config.errors import StoreError, UsageError
from itomm.config.settings import Service
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason
from itomm.evidence.store import Store

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
REQUEST = RequestMade("GET", "https://tool.example/api?private_token=abc", {"token": "abc", "page": "1"}, 200)


def silence(name: str, service: str = "", **fields: object) -> Observation:
    chosen: dict[str, object] = {
        "created_by": "Ada",
        "comment": "planned",
        "starts_at": NOW - timedelta(hours=2),
        "ends_at": NOW,
        "duration_s": timedelta(hours=2),
        **fields,
    }
    raw = {"id": name, "createdBy": "Ada", "note": "Ada", "api_key": "k"}
    return Observation(name, chosen, raw, "https://u:p@tool.example/1", (service,) if service else ())


class Tried(Collector):
    """A collector whose streams do what a test says."""

    name = "tried"
    title = "Tried"
    settings_model = CollectorSettings
    streams = (Stream("silence", cursor_field="starts_at"), Stream("notification_route"))

    def __init__(self, settings: CollectorSettings) -> None:
        pass

    def check(self, context: CollectionContext) -> list[Check]:
        return []

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        if stream.record_type == "silence":
            yield Page((silence("one", "checkout"), silence("two")), REQUEST)
            yield Page((silence("three", "CHECKOUT"),), REQUEST)


def run(
    *collectors: type[Collector],
    sink: MemorySink | None = None,
    services: tuple[Service, ...] = (Service(id="checkout"),),
    people: str = "pseudonym",
    changed_since: dict[tuple[str, str], datetime] | None = None,
) -> list[StreamResult]:
    time = PretendTime(start=NOW)
    settings = CollectorSettings.model_validate({"people": people})
    sources = [Source(f"s{index}", kind, settings) for index, kind in enumerate(collectors)]
    assignment = Assignment(
        run=1,
        until=NOW,
        history=timedelta(days=90),
        services=services,
        pseudonym_key=b"0123456789abcdef",
        continue_from={
            key: Continuation(at, "before", at - timedelta(days=90))
            for key, at in (changed_since or {}).items()
        },
    )
    return collect(sources, sink or MemorySink(), assignment, time.clock, timing=time.timing)


def test_every_stream_is_written_with_its_services_and_counts() -> None:
    sink = MemorySink()
    silences, routes = run(Tried, sink=sink)
    assert (silences.pages, silences.records, routes.pages, routes.records) == (2, 3, 0, 0)
    assert sink.of("silence").service_ids == ["checkout", None, "checkout"]
    assert silences.outcome.unmapped == 1
    assert silences.outcome.complete
    assert routes.outcome.complete
    assert silences.written is sink.of("silence")


def test_events_cover_a_window_and_state_covers_none() -> None:
    silences, routes = run(Tried)
    assert (silences.outcome.window_start, silences.outcome.window_end) == (NOW - timedelta(days=90), NOW)
    assert (routes.outcome.window_start, routes.outcome.window_end) == (None, None)


def test_people_and_secrets_do_not_reach_the_sink() -> None:
    sink = MemorySink()
    run(Tried, sink=sink)
    kept = repr(sink.collections)
    assert "Ada" not in kept
    assert "u:p@" not in kept
    assert "abc" not in kept
    assert "'api_key': '[redacted]'" in kept
    first = sink.of("silence").observations[0]
    assert isinstance(first.raw, dict)
    assert first.raw["note"] == first.raw["createdBy"] == first.fields["created_by"]


def test_a_login_in_a_records_name_is_replaced_alike_everywhere() -> None:
    class WithLogin(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            if stream.record_type == "silence":
                yield Page((silence("checkout:Ada"), silence("Adage")), REQUEST)

    sink = MemorySink()
    run(WithLogin, sink=sink)
    first, second = sink.of("silence").observations
    assert first.source_ref == f"checkout:{first.fields['created_by']}"
    assert second.source_ref == "Adage"


def test_people_are_named_when_the_source_says_so() -> None:
    sink = MemorySink()
    run(Tried, sink=sink, people="named")
    assert sink.of("silence").observations[0].fields["created_by"] == "Ada"


def test_only_a_stream_with_a_cursor_goes_on_from_an_earlier_run() -> None:
    seen: list[tuple[str, str | None, datetime]] = []

    class Noting(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            seen.append((stream.record_type, cursor, context.since))
            yield from ()

    reached = NOW - timedelta(days=2)
    changed_since = {("s0", "silence"): reached, ("s0", "notification_route"): reached}
    silences, routes = run(Noting, changed_since=changed_since)
    beginning = NOW - timedelta(days=90)
    assert seen == [
        ("silence", "2026-10-30T06:00:00Z", reached - timedelta(days=90)),
        ("notification_route", None, beginning),  # it has no field to continue from
    ]
    assert (silences.outcome.window_start, silences.outcome.continues) == (reached, "before")
    assert (routes.outcome.window_start, routes.outcome.continues) == (None, None)


class FailsHalfway(Tried):
    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        yield Page((silence("one"),), REQUEST)
        raise SourceError("It broke.")


def test_one_failing_source_does_not_stop_the_others() -> None:
    results = run(FailsHalfway, Tried, FailsHalfway)
    assert [(one.source, one.record_type, one.outcome.complete) for one in results] == [
        ("s0", "silence", False),
        ("s0", "notification_route", False),
        ("s1", "silence", True),
        ("s1", "notification_route", True),
        ("s2", "silence", False),
        ("s2", "notification_route", False),
    ]
    assert results[0].outcome.error == "It broke."
    assert results[0].records == 1  # what came before the failure is kept


class CannotBegin(Tried):
    def __init__(self, settings: CollectorSettings) -> None:
        raise UsageError("The environment variable X is not set.")


def test_a_collector_that_cannot_begin_fails_each_stream_in_words() -> None:
    for result in run(CannotBegin):
        assert not result.outcome.complete
        assert result.outcome.error == "The environment variable X is not set."


def test_an_ill_formed_record_is_left_out_and_makes_the_stream_incomplete() -> None:
    class IllFormed(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            yield Page((silence("one"), silence("two", surprise=1), silence("three", comment=None)), REQUEST)

    sink = MemorySink()
    result = run(IllFormed, sink=sink)[0]
    assert [one.source_ref for one in sink.of("silence").observations] == ["one"]
    assert not result.outcome.complete
    assert "silence has no field 'surprise'" in result.outcome.error
    assert "silence.comment is missing" in result.outcome.error


def test_a_refused_scope_leaves_the_others_and_makes_the_stream_incomplete() -> None:
    class OneRefused(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            context.asked("a")
            yield Page((silence("one"),), REQUEST)
            context.asked("b")
            context.refused("b", UnknownReason.PERMISSION_DENIED, "403 with token glpat-ABCDEFGHIJ1234567890")

    outcome = run(OneRefused)[0].outcome
    assert (outcome.requested, outcome.denied) == (("a", "b"), ("b",))
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert outcome.error == "b: 403 with token [redacted]"
    assert not outcome.complete


def test_a_repeated_page_token_is_incomplete_but_not_across_scopes() -> None:
    class Repeating(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            tokens = ["2", "3"] if stream.record_type == "silence" else ["2", "2"]
            for scope in ("a", "b"):
                context.asked(scope)
                for token in tokens:
                    if not context.unseen(token):
                        break
            yield from ()

    silences, routes = run(Repeating)
    assert silences.outcome.complete
    assert not routes.outcome.complete
    assert "same page token twice" in routes.outcome.error


def test_endless_pages_are_cut_off_as_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_PAGES", 3)

    class Endless(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            while True:
                yield Page((), REQUEST)

    result = run(Endless)[0]
    assert result.pages == 3
    assert not result.outcome.complete
    assert "stopped after 3 pages" in result.outcome.error


def test_windows_of_several_parts_cover_what_all_of_them_cover() -> None:
    class Covering(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            context.covered(NOW - timedelta(days=30), NOW)
            context.covered(NOW - timedelta(days=60), NOW - timedelta(days=1))
            yield from ()

    outcome = run(Covering)[0].outcome
    assert (outcome.window_start, outcome.window_end) == (NOW - timedelta(days=30), NOW - timedelta(days=1))


def test_a_collector_without_network_may_send_nothing() -> None:
    class Calling(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            with context.session() as session:
                session.get("http://127.0.0.1:1/")
            yield from ()

    outcome = run(Calling)[0].outcome
    assert not outcome.complete
    assert "was refused" in outcome.error


def test_an_interrupted_run_leaves_what_is_unfinished_and_keeps_what_is_finished() -> None:
    sink = MemorySink()

    def interrupt(source: str, record_type: str, pages: int, records: int) -> None:
        if record_type == "notification_route":
            raise KeyboardInterrupt

    class Both(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            yield Page((), REQUEST)
            yield Page((), REQUEST)

    time = PretendTime(start=NOW)
    assignment = Assignment(
        run=1, until=NOW, history=timedelta(days=1), services=(), pseudonym_key=b"0123456789abcdef"
    )
    with pytest.raises(KeyboardInterrupt):
        collect(
            [Source("s0", Both, CollectorSettings())],
            sink,
            assignment,
            time.clock,
            progress=interrupt,
            timing=time.timing,
        )
    assert sink.of("silence").outcome is not None
    assert not sink.of("notification_route").abandoned
    assert sink.of("notification_route").outcome is None
    assert not [one for one in threading.enumerate() if one.name.startswith("itomm-collect")]


def test_the_evidence_store_is_a_sink(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    time = PretendTime(start=NOW)
    assignment = Assignment(
        run=store.next_run(),
        until=NOW,
        history=timedelta(days=90),
        services=(Service(id="checkout"),),
        pseudonym_key=store.pseudonym_key(),
    )
    sources = [Source("good", Tried, CollectorSettings()), Source("bad", FailsHalfway, CollectorSettings())]
    with store.writing("a test"):
        results = collect(sources, store, assignment, time.clock, timing=time.timing)
    kept = {(one.source, one.record_type): one for one in store.collections()}
    assert len(kept) == len(results) == 4
    for result in results:
        stored = kept[result.source, result.record_type]
        assert (stored.records, stored.complete, stored.error) == (
            result.records,
            result.outcome.complete,
            result.outcome.error,
        )
    store.engine.dispose()


def test_a_store_that_fails_ends_the_run_and_no_thread_stays() -> None:
    class Full(MemorySink):
        def begin_collection(self, **given: object) -> object:  # type: ignore[override]  # it only fails
            raise StoreError("The disk is full.")

    with pytest.raises(StoreError, match="disk is full"):
        run(Tried, Tried, sink=Full())
    assert not [one for one in threading.enumerate() if one.name.startswith("itomm-collect")]


@given(
    before=st.integers(0, 3),
    error=st.sampled_from(
        [
            KeyError("x"),
            ValueError(),
            OSError(5, "I/O error"),
            RecursionError(),
            SourceError("no"),
            TypeError(),
        ]
    ),
)
def test_a_stream_that_raises_is_never_complete(before: int, error: Exception) -> None:
    class Raising(Tried):
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            for number in range(before):
                yield Page((silence(str(number)),), REQUEST)
            raise error

    for result in run(Raising):
        assert not result.outcome.complete
        assert result.outcome.reason is UnknownReason.COLLECTION_FAILED
        assert result.outcome.error
