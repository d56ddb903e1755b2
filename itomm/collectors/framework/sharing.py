"""Which sources are read by processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from itomm.collectors.framework.continuing import StreamKey
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.source import Source
from itomm.evidence.collection import Collection

LARGE_RECORDS = 50_000
"""From so many records on a process of its own is worth while: one takes a second to begin, and 50 MB."""

LARGE_SERVICES = 100
"""A source that was never read is taken for large from so many services on."""


def sources_apart(
    sources: Sequence[Source],
    assignment: Assignment,
    known: Iterable[Collection],
    *,
    processes: int | None = None,
) -> frozenset[str]:
    """The names of the sources that get a process of their own; all others are read where the run began.

    Args:
        sources: those that are collected now.
        assignment: what is asked of them.
        known: the collections of earlier runs.
        processes: how many may read at once, this one included; then any source with an address counts as
            large. None: as many as there are large sources, up to the number of processors.
    """
    most = processes or _processors()
    if most < 2:
        return frozenset()
    counted: dict[StreamKey, int] = {}
    for one in known:
        key = (one.source, one.record_type)
        counted[key] = max(counted.get(key, 0), one.records)
    expected = {source.name: _expected(source, assignment, counted) for source in sources if _asks(source)}
    least = 0 if processes else LARGE_RECORDS
    large = [name for name, records in expected.items() if records >= least]
    largest_first = sorted(large, key=lambda name: -expected[name])
    return frozenset(largest_first[: min(most, len(large)) - 1])


def _expected(source: Source, assignment: Assignment, counted: dict[StreamKey, int]) -> int:
    """How many records the source will bring, as far as its streams are read whole; a guess at first."""
    keys = [(source.name, stream.record_type) for stream in source.streams]
    if not any(key in counted for key in keys):
        return LARGE_RECORDS if len(assignment.services) >= LARGE_SERVICES else 0
    whole = (key for key in keys if key not in assignment.continue_from and key not in assignment.standing)
    return sum(counted.get(key, 0) for key in whole)


def _asks(source: Source) -> bool:
    """Whether the source is asked over the network."""
    return source.limits.max_requests > 0


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
