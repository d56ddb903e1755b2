"""Lets a collector meet a fault."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from itomm.collectors.conformance.authority import unknown_authority
from itomm.collectors.conformance.changes import Change
from itomm.collectors.conformance.exchange import Answer, Asked, Tool
from itomm.collectors.conformance.faults import (
    DEAD_PROXY,
    REFUSED_CONNECTION,
    UNKNOWN_AUTHORITY,
    Fault,
    Where,
)
from itomm.collectors.conformance.trial import Asking, Reading, Subject, environment

_NOWHERE = "http://tool.invalid"


def meet(subject: Subject, fault: Fault) -> Reading | None:
    """A reading while ``fault`` holds; None where it cannot be met: no scopes, or no pages.

    A fault in the middle begins with the request in the middle of a healthy reading.
    """
    asking = Asking(settings=fault.settings, seconds_per_reading=fault.seconds_per_reading)
    if fault.where is Where.WAY:
        return _on_the_way(subject, fault, asking)
    if fault.tool is not None:
        changed = fault.tool(subject.tool)
        return None if changed is None else subject.read(changed, asking)
    if fault.where is Where.SCOPE and not subject.tool.scopes:
        return None
    return subject.read(meeting_tool(subject, fault), asking)


def meeting_tool(subject: Subject, fault: Fault) -> Tool:
    """The subject's tool with a fault in the answers to the requests that meet it."""
    if fault.change is None:
        raise ValueError(f"the fault '{fault.name}' changes no answer")
    return _changed(subject, _which(subject, fault), fault.change)


def faulty(subject: Subject, fault: Fault) -> Tool:
    """The subject's tool with a fault in every answer."""
    if fault.change is None:
        raise ValueError(f"the fault '{fault.name}' changes no answer")
    return _changed(subject, lambda _asked: True, fault.change)


def refused_scope(subject: Subject) -> str:
    """The scope that faults of one scope hold for: the last one, so that others are read before."""
    return max(subject.tool.scopes)


def _changed(subject: Subject, meets: Callable[[Asked], bool], change: Change) -> Tool:
    tool, now = subject.tool.answer, subject.tool.until

    def answer(asked: Asked) -> Answer:
        return change(tool(asked), asked, now) if meets(asked) else tool(asked)

    return answer


def _which(subject: Subject, fault: Fault) -> Callable[[Asked], bool]:
    if fault.where is Where.SCOPE:
        text = subject.tool.scopes[refused_scope(subject)]
        return lambda asked: text in asked.text
    first = 1 if fault.where is Where.EVERY else len(subject.healthy.asked) // 2 + 1
    return _Count(first, fault.times)


class _Count:
    """Which requests meet a fault, by their number."""

    def __init__(self, first: int, times: int | None) -> None:
        self._first, self._times = first, times
        self._lock = threading.Lock()
        self._count = 0

    def __call__(self, _asked: Asked) -> bool:
        with self._lock:
            self._count += 1
            after = self._count - self._first
        return after >= 0 and (self._times is None or after < self._times)


def _on_the_way(subject: Subject, fault: Fault, asking: Asking) -> Reading:
    if fault is REFUSED_CONNECTION:
        with _closed_port() as address:
            return subject.read(None, asking, address=address)
    if fault is UNKNOWN_AUTHORITY:
        return subject.read(None, asking, tls=unknown_authority().server)
    return _through_a_proxy(subject, fault, asking)


def _through_a_proxy(subject: Subject, fault: Fault, asking: Asking) -> Reading:
    """The source is at a host that only the proxy could reach; the proxy is the tool itself."""
    tool = faulty(subject, fault) if fault.change else None
    with subject.server(tool) as proxy, _closed_port() as closed:
        address = closed if fault is DEAD_PROXY else proxy.url
        names = {"HTTP_PROXY": address, "http_proxy": address, "NO_PROXY": "", "no_proxy": ""}
        with environment(names):
            return subject.read_from(proxy, asking, address=_NOWHERE)


@contextmanager
def _closed_port() -> Iterator[str]:
    """An address that is taken, so that nobody else listens there, and refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
