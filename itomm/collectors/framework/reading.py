"""Reads the streams of one source, one after the other, and tells what it read as messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from itomm.collectors.contract import Collector, Stream
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.failures import Failure, explain
from itomm.collectors.framework.preparation import Preparation, PreparedPage
from itomm.collectors.framework.redaction import Scrubber
from itomm.collectors.framework.service_mapper import ServiceMapper
from itomm.collectors.framework.timing import Cancelled, Timing
from itomm.collectors.source import Source
from itomm.config.clock import Clock, format_instant
from itomm.config.identity import Pseudonyms
from itomm.config.settings import Service
from itomm.evidence.observation import CollectionOutcome, Page, UnknownReason
from itomm.evidence.record_types import record_types

MOST_PAGES = 20_000
"""More pages than this of one stream in one run mean that paging does not end."""


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
        continue_from: for (source, record type): the instant up to which events are already stored, less
            an overlap for those that arrive late. Only streams with a cursor field heed it.
    """

    run: int
    until: datetime
    history: timedelta
    services: tuple[Service, ...]
    pseudonym_key: bytes
    record_types: frozenset[str] | None = None
    continue_from: Mapping[tuple[str, str], datetime] | None = None


@dataclass(frozen=True)
class Began:
    """A stream is about to be asked."""

    source: Source
    stream: Stream
    started_at: datetime


@dataclass(frozen=True)
class PageRead:
    """A page of a stream, ready to be stored."""

    source: Source
    stream: Stream
    prepared: PreparedPage


@dataclass(frozen=True)
class Ended:
    """A stream was read to its end, or as far as it went; ``requests`` counts those it sent."""

    source: Source
    stream: Stream
    outcome: CollectionOutcome
    requests: int


Message = Began | PageRead | Ended


def read_source(
    source: Source, assignment: Assignment, clock: Clock, timing: Timing, tell: Callable[[Message], None]
) -> None:
    """Read every stream that is asked for; a failing one does not stop the next.

    Raises:
        Cancelled: the run was interrupted; the stream under way has not been told as ended.
    """
    named = source.settings.people == "named"
    scrubber = Scrubber(Pseudonyms(assignment.pseudonym_key, named=named))
    mapper = ServiceMapper(assignment.services, source.name)
    plugin = cache(
        lambda: source.collector(source.settings)
    )  # one for all streams; made where faults are met
    with closing(GuardedAdapter(source.limits, timing)) as adapter:
        for stream in source.collector.streams:
            if not _is_wanted(stream, source, assignment):
                continue
            timing.check()
            tell(Began(source, stream, clock()))
            since, cursor = _start(source, stream, assignment)
            preparation = Preparation(record_types()[stream.record_type], scrubber, mapper)
            context = StreamContext(Period(since, assignment.until), adapter)
            reading = _Reading(source, stream, cursor, context, preparation)
            sent_before = adapter.requests_made
            for prepared in reading.pages(plugin):
                timing.check()
                tell(PageRead(source, stream, prepared))
            tell(Ended(source, stream, reading.outcome(clock()), adapter.requests_made - sent_before))


class _Reading:
    """One stream being read: its pages, then its outcome."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        cursor: str | None,
        context: StreamContext,
        preparation: Preparation,
    ) -> None:
        self._source = source
        self._stream = stream
        self._cursor = cursor
        self._context = context
        self._preparation = preparation
        self._failure: Failure | None = None
        self._unmapped = 0

    def pages(self, plugin: Callable[[], Collector]) -> Iterator[PreparedPage]:
        """The stream's pages; a failure ends them and is kept for the outcome."""
        try:
            with ExitStack() as at_end:
                pages = plugin().collect(self._stream, self._cursor, self._context)
                close = getattr(pages, "close", None)
                if close is not None:
                    at_end.callback(close)
                yield from self._prepared(pages)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001  plug-ins raise anything; all of it is this stream's failure
            self._failure = explain(error, self._source.address)

    def _prepared(self, pages: Iterator[Page]) -> Iterator[PreparedPage]:
        for count, page in enumerate(pages, start=1):
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

    def outcome(self, finished_at: datetime) -> CollectionOutcome:
        """How the reading ended."""
        is_state = record_types()[self._stream.record_type].is_state
        return self._context.outcome(self._failure, finished_at, is_state=is_state, unmapped=self._unmapped)


def _is_wanted(stream: Stream, source: Source, assignment: Assignment) -> bool:
    chosen = (assignment.record_types, source.settings.record_types)
    return all(names is None or stream.record_type in names for names in chosen)


def _start(source: Source, stream: Stream, assignment: Assignment) -> tuple[datetime, str | None]:
    """From when to read, and the cursor of a stream that continues an earlier run."""
    beginning = assignment.until - assignment.history
    reached = (assignment.continue_from or {}).get((source.name, stream.record_type))
    if stream.cursor_field is None or reached is None or reached <= beginning:
        return beginning, None
    return reached, format_instant(reached)
