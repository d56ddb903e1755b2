"""Runs a collector against every fault a source can have, and tells where it breaks the contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from itomm.collectors.conformance.exchange import Answer
from itomm.collectors.conformance.memory_sink import MemorySink
from itomm.collectors.conformance.misbehaving_server import MisbehavingServer
from itomm.collectors.conformance.pretend_time import PretendTime
from itomm.collectors.contract import CollectionContext, Collector, NetworkedSettings, Stream
from itomm.collectors.discovery import declaration_faults
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source
from itomm.evidence.observation import Page

FAULTS: Mapping[str, Answer] = {
    "401": Answer(401, b'{"message": "401 Unauthorized"}'),
    "403": Answer(403, b'{"message": "403 Forbidden"}'),
    "404": Answer(404, b'{"message": "404 Not Found"}'),
    "429 for ever": Answer(429, b"{}", {"Retry-After": "1"}),
    "429 until after the deadline": Answer(429, b"{}", {"Retry-After": "86400"}),
    "500": Answer(500, b'{"message": "500 Internal Server Error"}'),
    "503 with a date": Answer(503, b"", {"Retry-After": "Sun, 01 Nov 2026 06:00:01 GMT"}),
    "a web page with 200": Answer(
        200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"}
    ),
    "a body cut short": Answer(200, b'{"data": [', missing_bytes=100),
    "JSON that ends early": Answer(200, b'{"data": ['),
    "no JSON": Answer(200, b"it works!", {"Content-Type": "text/plain"}),
    "an empty body": Answer(200, b""),
    "an empty object": Answer(200, b"{}"),
    "null": Answer(200, b"null"),
    "a closed connection": Answer(reset=True),
    "a redirect to another host": Answer(302, b"", {"Location": "https://login.invalid/"}),
}
"""What a source may answer to every request. After none of these may a stream call itself complete."""

VARIABLE = "ITOMM_CONTRACT_TOKEN"
_CANARY = "canary-secret-7c0e1f"


def contract_faults(
    collector: type[Collector],
    settings: Callable[[str], Mapping[str, object]],
    variable: str = VARIABLE,
) -> list[str]:
    """Everything in which ``collector`` breaks the contract; empty when it keeps it.

    Args:
        collector: the plug-in.
        settings: given a URL, the settings of a source there, as in ``itomm.yaml`` without ``collector``.
        variable: the environment variable that holds the token; refer to it in the settings.
    """
    declared = declaration_faults(collector)
    if declared:
        return declared
    if not issubclass(collector.settings_model, NetworkedSettings):
        return []  # no network, no network faults
    before = os.environ.get(variable)
    os.environ[variable] = _CANARY
    try:
        return [found for fault in FAULTS for found in _after(fault, collector, settings)]
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _after(
    fault: str, collector: type[Collector], settings: Callable[[str], Mapping[str, object]]
) -> Iterator[str]:
    with MisbehavingServer(otherwise=FAULTS[fault]) as server:
        handed_over: list[str] = []
        watched = _watched(collector, handed_over)
        source = Source("tried", watched, collector.settings_model.model_validate(settings(server.url)))
        time = PretendTime()
        sink = MemorySink()
        assignment = Assignment(
            run=1, until=time.clock(), history=timedelta(days=30), services=(), pseudonym_key=b"contract" * 2
        )
        results = collect([source], sink, assignment, time.clock, timing=time.timing)
    for result in results:
        yield from (f"after {fault}, {result.record_type} {problem}" for problem in _problems(result))
    if any(_CANARY in page for page in handed_over):
        yield f"after {fault}, the token stands in what it hands over"
    if _CANARY in repr(sink.collections):
        yield f"after {fault}, the token stands in what would be stored"


def _watched(collector: type[Collector], handed_over: list[str]) -> type[Collector]:
    """The collector, noting its pages as they are before the framework takes the token out."""

    class Watched(collector):  # type: ignore[misc, valid-type]  # a class that is only known here
        def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
            for page in super().collect(stream, cursor, context):
                handed_over.append(repr(page))
                yield page

    return Watched


def _problems(result: StreamResult) -> Iterator[str]:
    outcome = result.outcome
    if outcome.complete:
        yield "calls itself complete"
    elif outcome.reason is None or not outcome.error:
        yield "does not say why it is incomplete"
    if _CANARY in outcome.error:
        yield "shows the token in its error"
    if "Traceback" in outcome.error:
        yield "shows a traceback"
