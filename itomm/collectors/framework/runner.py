"""Runs all sources side by side and writes what they bring, from one thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from itomm.collectors.framework.apart import read_apart
from itomm.collectors.framework.garbage import rarely_collected
from itomm.collectors.framework.reading import (
    Assignment,
    Began,
    Ended,
    Message,
    PageRead,
    Stands,
    read_source,
)
from itomm.collectors.framework.sink import CollectionWriter, EvidenceSink
from itomm.collectors.framework.timing import Cancelled, Timing, system_timing
from itomm.collectors.source import Source
from itomm.config.clock import Clock
from itomm.evidence.collection import Collection
from itomm.evidence.observation import CollectionOutcome

_WAITING_PAGES = 8  # pages read ahead of the sink; keeps memory flat when the disk is the slower part
_SECONDS_TO_NOTICE = 0.2
_SECONDS_TO_LEAVE = 2.0

Progress = Callable[[str, str, int, int], None]
"""Called with source, record type, pages and records so far, after each page and at each stream's end."""


@dataclass(frozen=True)
class StreamResult:
    """How one stream of one source went.

    ``written`` is what the sink's writer returned when the collection was finished. ``kept`` says that the
    stream was not read again, as a killed run had finished it or an earlier reading still stands; then
    ``pages`` is 0.
    """

    source: str
    collector: str
    record_type: str
    outcome: CollectionOutcome
    pages: int
    records: int
    requests: int
    written: object
    kept: bool = False


def collect(
    sources: Sequence[Source],
    sink: EvidenceSink,
    assignment: Assignment,
    clock: Clock,
    *,
    progress: Progress | None = None,
    timing: Callable[[threading.Event], Timing] = system_timing,
    apart: frozenset[str] = frozenset(),
) -> list[StreamResult]:
    """Read every stream of every source into ``sink``; results in the order of sources and their streams.

    Each source has its own thread, and reads its streams one after the other; those named in ``apart`` are
    read by processes of their own, with the system's time. Nothing that a source does stops another. When
    the run is interrupted (Ctrl-C) or the sink fails, collections that are not finished are left as they
    are, for a later run to go on with, and the exception goes on.
    """
    cancelled = threading.Event()
    messages: queue.Queue[Message | _Left] = queue.Queue(_WAITING_PAGES)
    writing = _Writing(sink, assignment.run, progress or _no_progress)
    channel = _Channel(messages, cancelled)
    threads = [
        threading.Thread(
            target=_work,
            args=(
                partial(read_apart, source, assignment, clock, cancelled)
                if source.name in apart
                else partial(read_source, source, assignment, clock, timing(cancelled)),
                channel,
            ),
            name=f"itomm-collect-{source.name}",
            daemon=True,  # a thread stuck in a system call must not keep an interrupted run alive
        )
        for source in sources
    ]
    with rarely_collected():
        for thread in threads:
            thread.start()
        try:
            _write_all(messages, writing, len(threads))
        finally:
            cancelled.set()
            writing.leave_unfinished()
            for thread in threads:
                thread.join(_SECONDS_TO_LEAVE)
    order = {
        (source.name, stream.record_type): (index, number)
        for index, source in enumerate(sources)
        for number, stream in enumerate(source.streams)
    }
    results = [*map(_result_of_kept, assignment.resumption.finished.values()), *writing.results]
    return sorted(results, key=lambda result: order[result.source, result.record_type])


def _result_of_kept(collection: Collection) -> StreamResult:
    """The result of a stream whose collection was there already."""
    return StreamResult(
        source=collection.source,
        collector=collection.collector,
        record_type=collection.record_type,
        outcome=CollectionOutcome(
            complete=collection.complete,
            finished_at=collection.finished_at,
            reason=collection.reason,
            error=collection.error,
            window_start=collection.window_start,
            window_end=collection.window_end,
            requested=collection.requested,
            denied=collection.denied,
            warnings=collection.warnings,
            unmapped=collection.unmapped,
            asked_digest=collection.asked_digest,
            continues=collection.continues,
            clock_skew_seconds=collection.clock_skew_seconds,
            untold=collection.untold,
        ),
        pages=0,
        records=collection.records,
        requests=0,
        written=None,
        kept=True,
    )


@dataclass(frozen=True)
class _Left:
    """A source's thread has nothing more to tell; ``error`` is a fault of the framework itself."""

    error: BaseException | None = None


@dataclass(frozen=True)
class _Channel:
    """The way from a source's thread to the one that writes."""

    messages: queue.Queue[Message | _Left]
    cancelled: threading.Event

    def tell(self, message: Message | _Left) -> None:
        while not self.cancelled.is_set():
            with suppress(queue.Full):
                self.messages.put(message, timeout=_SECONDS_TO_NOTICE)
                return
        raise Cancelled("The run was interrupted.")


def _work(read: Callable[[Callable[[Message], None]], None], channel: _Channel) -> None:
    error: BaseException | None = None
    try:
        read(channel.tell)
    except Cancelled:
        return
    except BaseException as fault:  # noqa: BLE001  carried to the calling thread, which raises it there
        error = fault
    with suppress(Cancelled):
        channel.tell(_Left(error))


def _write_all(messages: queue.Queue[Message | _Left], writing: _Writing, sources: int) -> None:
    while sources:
        message = messages.get()
        if isinstance(message, _Left):
            if message.error is not None:
                raise message.error
            sources -= 1
        else:
            writing.take(message)


@dataclass
class _Open:
    writer: CollectionWriter
    pages: int = 0
    records: int = 0


@dataclass
class _Writing:
    """Brings messages of all sources into the sink."""

    sink: EvidenceSink
    run: int
    progress: Progress
    results: list[StreamResult] = field(default_factory=list)
    _open: dict[tuple[str, str], _Open] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        key = (message.source.name, message.stream.record_type)
        if isinstance(message, Began):
            writer = self.sink.begin_collection(
                run=self.run,
                source=message.source.name,
                collector=message.source.collector.name,
                record_type=message.stream.record_type,
                started_at=message.started_at,
                resume=message.kept is not None,
            )
            kept = message.kept
            self._open[key] = _Open(writer, kept.pages, kept.records) if kept else _Open(writer)
        elif isinstance(message, PageRead):
            collection = self._open[key]
            collection.writer.add_page(
                message.prepared.page, message.prepared.service_ids, progress=message.progress
            )
            collection.pages += 1
            collection.records += len(message.prepared.page.observations)
            self.progress(*key, collection.pages, collection.records)
        elif isinstance(message, Stands):
            self.results.append(replace(_result_of_kept(message.collection), requests=message.requests))
        else:
            self._finish(key, message)

    def _finish(self, key: tuple[str, str], ended: Ended) -> None:
        collection = self._open[key]
        written = collection.writer.finish(ended.outcome)
        del self._open[key]
        self.results.append(
            StreamResult(
                source=ended.source.name,
                collector=ended.source.collector.name,
                record_type=ended.stream.record_type,
                outcome=ended.outcome,
                pages=collection.pages,
                records=collection.records,
                requests=ended.requests,
                written=written,
            )
        )
        self.progress(*key, collection.pages, collection.records)

    def leave_unfinished(self) -> None:
        while self._open:
            _, collection = self._open.popitem()
            collection.writer.leave()


def _no_progress(_source: str, _record_type: str, _pages: int, _records: int) -> None:
    """Tell nobody."""
