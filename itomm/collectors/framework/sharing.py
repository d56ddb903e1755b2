"""Which sources are read by processes of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from itomm.collectors.source import Source
from itomm.evidence.collection import Collection


def sources_apart(
    sources: Sequence[Source], known: Iterable[Collection], *, processes: int
) -> frozenset[str]:
    """The names of the sources that get a process of their own; all others are read where the run began.

    Args:
        sources: those that are collected now.
        known: the collections of earlier runs: what brought most comes first, then what is named first.
        processes: how many read side by side, the one that writes included.
    """
    asked = [source.name for source in sources if source.limits.max_requests > 0]
    brought: Counter[str] = Counter()
    for one in known:
        brought[one.source] += one.records
    largest_first = sorted(asked, key=lambda name: -brought[name])
    return frozenset(largest_first[: min(processes, len(asked)) - 1]) if asked else frozenset()
