"""Reads the streams of one source, one after the other, and tells what it read as messages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from itomm.collectors.contract import Collector, Stream
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.asking import asked_of_stream
from itomm.collectors.framework.clock_skew import ClockSkew
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.continuing import Continuation, Resumption, StreamKey
from itomm.collectors.framework.failures import Failure, explain
from itomm.collectors.framework.kept_answers import AnswersFolder, KeptAnswers
from itomm.collectors.framework.preparation import Preparation, PreparedPage
from itomm.collectors.framework.redaction import Scrubber
from itomm.collectors.framework.service_mapper import ServiceMapper
from itomm.collectors.framework.timing import Cancelled, Timing
from itomm.collectors.source import Source
from itomm.config.clock import Clock, format_instant, tells_real_time
from itomm.config.identity import Pseudonyms
from itomm.config.settings import Service
from itomm.evidence.collection import Collection
from itomm.evidence.observation import CollectionOutcome, Page, UnknownReason
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.unfinished import KeptPages

MOST_PAGES = 20_000
"""More pages than this of one stream in one run mean that paging does not end."""


def _nothing(_stream: StreamKey) -> Mapping[str, datetime]:
    """What a run without a store holds."""
    return {}


@dataclass(frozen=True)
class Assignment:
    """What a run asks of every source.

    Attributes:
        run: the run's number in the store.
        until: the instant of the run; nothing later is read.
        history: how far back events are read.
        services: the services in scope, with the names that sources use for them.
        pseudonym_key: the store's key for pseudonyms.
        record_types: read only these; None reads all that the sources have.
        continue_from: streams of which only what changed is read. Only those with a cursor field heed it.
        standing: readings of streams without a cursor; they stand where the collector finds nothing moved.
        resumption: what a killed run of the same number had done.
        forgotten: hashes of pseudonyms that must not come back.
        held: when each record of a stream occurred that earlier runs brought, by its name in the source.
        answers: where answers are kept until the run has ended; None: a killed run asks for them again.
    """

    run: int
    until: datetime
    history: timedelta
    services: tuple[Service, ...]
    pseudonym_key: bytes
    record_types: frozenset[str] | None = None
    continue_from: Mapping[StreamKey, Continuation] = field(default_factory=dict)
    standing: Mapping[StreamKey, Collection] = field(default_factory=dict)
    resumption: Resumption = field(default_factory=Resumption)
    forgotten: frozenset[str] = frozenset()
    held: Callable[[StreamKey], Mapping[str, datetime]] = _nothing
    answers: AnswersFolder | None = None


@dataclass(frozen=True)
class Began:
    """A stream is about to be asked; ``kept`` are the pages behind which a killed run is gone on with."""

    source: Source
    stream: Stream
    started_at: datetime
    kept: KeptPages | None = None


@dataclass(frozen=True)
class PageRead:
    """A page of a stream, ready to be stored, and what is needed to go on behind it."""

    source: Source
    stream: Stream
    prepared: PreparedPage
    progress: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Ended:
    """A stream was read to its end, or as far as it went; ``requests`` counts those it sent."""

    source: Source
    stream: Stream
    outcome: CollectionOutcome
    requests: int


@dataclass(frozen=True)
class Stands:
    """A stream was not read again: its last reading still stands; ``requests`` found that out."""

    source: Source
    stream: Stream
    collection: Collection
    requests: int


Message = Began | PageRead | Ended | Stands


def read_source(
    source: Source, assignment: Assignment, clock: Clock, timing: Timing, tell: Callable[[Message], None]
) -> None:
    """Read every stream that is asked for; a failing one does not stop the next.

    Raises:
        Cancelled: the run was interrupted; the stream under way has not been told as ended.
    """
    named = source.settings.people == "named"
    pseudonyms = Pseudonyms(assignment.pseudonym_key, named=named, forgotten=assignment.forgotten)
    scrubber = Scrubber(pseudonyms, source.secrets)
    mapper = ServiceMapper(assignment.services, source.name)
    plugin = cache(
        lambda: source.collector(source.settings)
    )  # one for all streams; made where faults are met
    skew = ClockSkew(timing.now) if tells_real_time(clock) else None
    with ExitStack() as at_end:
        answers = _answers(source, assignment, timing)
        if answers:
            at_end.callback(answers.close)
        adapter = at_end.enter_context(GuardedAdapter(source.limits, timing, skew, answers))
        for stream in wanted_streams(source, assignment):
            timing.check()
            if answers:
                answers.stream = stream.record_type
            sent_before = adapter.requests_made
            kept = assignment.resumption.kept.get((source.name, stream.record_type))
            before = assignment.standing.get((source.name, stream.record_type))
            if kept is None and before and _still_stands(before, stream, plugin, assignment, adapter):
                tell(Stands(source, stream, before, adapter.requests_made - sent_before))
                continue
            tell(Began(source, stream, kept.started_at if kept else clock(), kept))
            preparation = Preparation(record_types()[stream.record_type], scrubber, mapper)
            reading = _Reading(source, stream, assignment, adapter, preparation, redact=scrubber.redact)
            with closing(reading.pages(plugin)) as pages:  # an interruption ends what is read ahead, too
                for prepared in pages:
                    timing.check()
                    tell(PageRead(source, stream, prepared, reading.progress(prepared)))
            tell(Ended(source, stream, reading.outcome(clock()), adapter.requests_made - sent_before))


def _answers(source: Source, assignment: Assignment, timing: Timing) -> KeptAnswers | None:
    """What is kept of the source's answers until the run has ended; None for a source without a network."""
    if assignment.answers is None or source.limits.max_requests == 0:
        return None
    return assignment.answers.of(source, assignment.pseudonym_key, timing.now)


def _still_stands(
    before: Collection,
    stream: Stream,
    plugin: Callable[[], Collector],
    assignment: Assignment,
    adapter: GuardedAdapter,
) -> bool:
    """Whether the collector finds that a reading still stands; when it cannot say, all is read."""
    context = StreamContext(Period(assignment.until - assignment.history, assignment.until), adapter)
    try:
        return plugin().unchanged(stream, before.started_at, context)
    except Cancelled:
        raise
    except Exception:  # noqa: BLE001  plug-ins raise anything; what is wrong shows when the stream is read
        return False


class _Reading:
    """One stream being read: its pages, then its outcome."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        assignment: Assignment,
        adapter: GuardedAdapter,
        preparation: Preparation,
        *,
        redact: Callable[[str], str],
    ) -> None:
        self._source = source
        self._stream = stream
        self._preparation = preparation
        self._continuation = _continuation(source, stream, assignment)
        self._asked_digest = asked_of_stream(
            source, stream.record_type, assignment.services, assignment.history
        )
        kept = assignment.resumption.kept.get((source.name, stream.record_type))
        progress: Mapping[str, Any] = kept.progress if kept else {}
        before = self._continuation
        since = before.since if before else assignment.until - assignment.history
        self._context = StreamContext(
            Period(since, assignment.until),
            adapter,
            changed_since=before.changed_since if before else None,
            resume_from=progress.get("checkpoint"),
            held=partial(assignment.held, (source.name, stream.record_type)) if before else dict,
            redact=redact,
        )
        for name in stream.cannot_tell:
            self._context.cannot_tell(name, "")
        if kept:
            self._context.restore(progress["context"])
        self._pages_before = kept.pages if kept else 0
        self._unmapped: int = progress.get("unmapped", 0)
        self._failure: Failure | None = None

    def pages(self, plugin: Callable[[], Collector]) -> Generator[PreparedPage]:
        """The stream's pages; a failure ends them and is kept for the outcome."""
        try:
            with ExitStack() as at_end:
                since = self._continuation
                cursor = format_instant(since.changed_since) if since else None
                pages = plugin().collect(self._stream, cursor, self._context)
                close = getattr(pages, "close", None)
                if close is not None:
                    at_end.callback(close)
                yield from self._prepared(pages)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001  plug-ins raise anything; all of it is this stream's failure
            self._failure = explain(error, self._source.address)

    def _prepared(self, pages: Iterator[Page]) -> Iterator[PreparedPage]:
        for count, page in enumerate(pages, start=self._pages_before + 1):
            if count > MOST_PAGES:
                self._context.incomplete(
                    UnknownReason.COLLECTION_FAILED, f"reading stopped after {MOST_PAGES:,} pages"
                )
                return
            prepared = self._preparation.prepare(page)
            for fault in prepared.faults:
                self._context.incomplete(UnknownReason.COLLECTION_FAILED, fault)
            self._unmapped += prepared.service_ids.count(None)
            yield prepared

    def progress(self, prepared: PreparedPage) -> dict[str, Any] | None:
        """What a later run needs to go on behind this page; None when the collector cannot."""
        if prepared.page.checkpoint is None:
            return None
        return {
            "checkpoint": prepared.page.checkpoint,
            "context": self._context.state(),
            "unmapped": self._unmapped,
        }

    def outcome(self, finished_at: datetime) -> CollectionOutcome:
        """How the reading ended."""
        is_state = record_types()[self._stream.record_type].is_state
        outcome = self._context.outcome(
            self._failure, finished_at, is_state=is_state, unmapped=self._unmapped
        )
        before = self._continuation
        # A gap between what was read before and what this covers breaks the chain.
        goes_on = before and outcome.window_start and outcome.window_start <= before.changed_since
        return replace(
            outcome,
            asked_digest=self._asked_digest,
            continues=before.collection if before and goes_on else None,
        )


def wanted_streams(source: Source, assignment: Assignment) -> list[Stream]:
    """The streams that the run reads of a source; a killed run may have finished others."""
    finished, chosen = assignment.resumption.finished, assignment.record_types
    return [
        stream
        for stream in source.streams
        if (source.name, stream.record_type) not in finished
        and (chosen is None or stream.record_type in chosen)
    ]


def _continuation(source: Source, stream: Stream, assignment: Assignment) -> Continuation | None:
    """What the stream goes on from; None when it is read whole."""
    found = assignment.continue_from.get((source.name, stream.record_type))
    beginning = assignment.until - assignment.history
    if stream.cursor_field is None or found is None or found.changed_since <= beginning:
        return None
    return found
