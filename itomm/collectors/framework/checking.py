"""Runs a source's own checks for ``itomm doctor``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from itomm.collectors.contract import Check, CheckState
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.context import Period, StreamContext
from itomm.collectors.framework.failures import explain
from itomm.collectors.framework.timing import Timing, system_timing
from itomm.collectors.source import Source
from itomm.config.clock import Clock
from itomm.evidence.observation import UnknownReason


def check_source(
    source: Source, clock: Clock, *, timing: Callable[[threading.Event], Timing] = system_timing
) -> list[Check]:
    """What the collector finds when it connects; a failure to connect is a check that failed."""
    now = clock()
    with GuardedAdapter(source.limits, timing(threading.Event())) as adapter:
        context = StreamContext(Period(now - timedelta(days=1), now), adapter)
        try:
            return source.collector(source.settings).check(context)
        except Exception as error:  # noqa: BLE001  plug-ins raise anything; doctor shows it as a failed check
            failure = explain(error, source.address)
            remedy = rights_needed(source) if failure.reason is UnknownReason.PERMISSION_DENIED else ""
            return [Check(f"{source.name} answers", CheckState.FAILED, failure.message, remedy)]


def rights_needed(source: Source) -> str:
    """The rights that the streams of a source need, each with what it is needed for."""
    needed: dict[str, list[str]] = {}
    for stream in source.streams:
        needed.setdefault(stream.needs or "read access", []).append(stream.record_type)
    rights = "; ".join(f"{right} (for {', '.join(kinds)})" for right, kinds in needed.items())
    return f"Give the source a valid token with: {rights}."
