"""Runs a collector, by the framework it will run by, against a tool in which something may be wrong."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from itomm.collectors.conformance.exchange import Asked, Tool
from itomm.collectors.conformance.healthy_tool import HealthyTool
from itomm.collectors.conformance.memory_sink import MemorySink
from itomm.collectors.conformance.misbehaving_server import MisbehavingServer
from itomm.collectors.conformance.pretend_time import PretendTime
from itomm.collectors.conformance.watching import Watch, watched
from itomm.collectors.contract import Check, Collector, NetworkedSettings, Stream
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation, Resumption, StreamKey
from itomm.collectors.framework.kept_answers import AnswersFolder
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import Progress, StreamResult, collect
from itomm.collectors.source import Source
from itomm.evidence.observation import Page

VARIABLE = "ITOMM_CONTRACT_TOKEN"
SOURCE = "tried"
_ANY_ADDRESS = "http://127.0.0.1:1"
MOST_REQUESTS = 2_000
"""A tool that a test asks more often than this is too large, or is asked without end."""
SettingsAt = Callable[[str], Mapping[str, object]]
"""Given a URL, the settings of a source there, as in ``itomm.yaml`` without ``collector``."""


@dataclass(frozen=True)
class Reading:
    """What came of one run."""

    results: tuple[StreamResult, ...]
    sink: MemorySink
    pages: Mapping[str, list[Page]]
    asked: tuple[Asked, ...]
    base: str
    seconds: float

    def result(self, record_type: str) -> StreamResult:
        """The result of one stream."""
        return next(one for one in self.results if one.record_type == record_type)

    def records(self, record_type: str) -> dict[str, Mapping[str, object]]:
        """The fields of what was stored of a stream, by source reference, the newest of each."""
        return {
            self.neutral(one.source_ref): {name: self.neutral(value) for name, value in one.fields.items()}
            for one in self.sink.of(record_type).observations
        }

    def neutral(self, value: object) -> str:
        """A value as text that is the same wherever the tool listens."""
        return repr(value).replace(self.base, "{base}")


@dataclass(frozen=True)
class Asking:
    """How a run asks, besides for everything.

    Attributes:
        settings: that replace the source's own.
        record_types: those to read; None for all.
        continue_from: of which streams only what changed is read.
        resumption: what a killed run had done.
        progress: told after each page; what it raises interrupts the run.
        seconds_per_reading: how much time each look at the clock takes.
        answers: where answers are kept, as of a run that may be killed.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    record_types: frozenset[str] | None = None
    continue_from: Mapping[StreamKey, Continuation] = field(default_factory=dict)
    resumption: Resumption = field(default_factory=Resumption)
    progress: Progress | None = None
    seconds_per_reading: float = 0.0
    answers: AnswersFolder | None = None


ALL = Asking()


def _offered(collector: type[Collector], settings: SettingsAt) -> tuple[Stream, ...]:
    """The streams of a source; only a collector that is configured which ones needs its settings for that."""
    if not collector.streams_are_configured:
        return collector.streams
    return collector.streams_of(collector.settings_model.model_validate(settings(_ANY_ADDRESS)))


class Subject:
    """A collector under trial, with the settings and the tool that it is tried with.

    ``streams`` keeps the trials to some record types.
    """

    def __init__(
        self,
        collector: type[Collector],
        settings: SettingsAt,
        tool: HealthyTool,
        *,
        variable: str = VARIABLE,
        streams: tuple[str, ...] | None = None,
    ) -> None:
        self.collector = collector
        self.settings = settings
        self.tool = tool
        self.variable = variable
        self.offered = _offered(collector, settings)
        self.streams = streams or tuple(stream.record_type for stream in self.offered)

    @cached_property
    def healthy(self) -> Reading:
        """A reading of everything on a good day."""
        return self.read()

    def read(
        self,
        tool: Tool | None = None,
        asking: Asking = ALL,
        *,
        sink: MemorySink | None = None,
        tls: ssl.SSLContext | None = None,
        address: str | None = None,
        watch: Watch | None = None,
    ) -> Reading:
        """One run against the tool, or against ``tool`` in its place.

        ``address`` is where the source is said to be, when that is not where the tool listens.

        Raises:
            RuntimeError: the tool itself fell over a request.
        """
        with self.server(tool, tls) as server:
            return self.read_from(server, asking, sink=sink, address=address, watch=watch)

    def read_from(
        self,
        server: MisbehavingServer,
        asking: Asking = ALL,
        *,
        sink: MemorySink | None = None,
        address: str | None = None,
        watch: Watch | None = None,
    ) -> Reading:
        """One run against a server that :meth:`server` gave."""
        base = address or server.url
        time = PretendTime(self.tool.until, seconds_per_reading=asking.seconds_per_reading)
        watch, kept = watch or Watch(), MemorySink() if sink is None else sink
        source = self.source(base, asking.settings, watched(self.collector, watch))
        results = collect(
            [source],
            kept,
            self._assignment(asking),
            time.clock,
            timing=time.timing,
            progress=asking.progress,
        )
        if server.faults:
            raise RuntimeError(f"the healthy tool raised {server.faults[0]!r}") from server.faults[0]
        return Reading(tuple(results), kept, watch.pages, tuple(server.asked), base, time.passed)

    def check(
        self, tool: Tool | None = None, settings: Mapping[str, object] | None = None
    ) -> tuple[list[Check], tuple[Asked, ...]]:
        """What ``check()`` finds, and what it asked."""
        with self.server(tool) as server:
            time = PretendTime(self.tool.until)
            checks = check_source(self.source(server.url, settings or {}), time.clock, timing=time.timing)
        return checks, tuple(server.asked)

    @contextmanager
    def server(
        self, tool: Tool | None = None, tls: ssl.SSLContext | None = None
    ) -> Iterator[MisbehavingServer]:
        """The tool, listening; with the token in the environment."""
        token = {self.variable: self.tool.token}
        with environment(token), MisbehavingServer(tool=tool or self.tool.answer, tls=tls) as server:
            yield server

    def source(
        self, base: str, settings: Mapping[str, object], collector: type[Collector] | None = None
    ) -> Source:
        """The configured source.

        One request is sent after the other, so that a fault always meets the same one; people are named:
        where a login is an address, its pseudonym differs with the port that the tool listens on.
        """
        model = self.collector.settings_model
        configured = {"people": "named", **self.settings(base)}
        if issubclass(model, NetworkedSettings):
            configured = {"max_concurrency": 1, "max_requests": MOST_REQUESTS, **configured}
        return Source(SOURCE, collector or self.collector, model.model_validate({**configured, **settings}))

    def _assignment(self, asking: Asking) -> Assignment:
        return Assignment(
            run=1,
            until=self.tool.until,
            history=self.tool.history,
            services=(),
            pseudonym_key=b"contract" * 2,
            record_types=asking.record_types or frozenset(self.streams),
            continue_from=asking.continue_from,
            resumption=asking.resumption,
            answers=asking.answers,
        )


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables, set for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
