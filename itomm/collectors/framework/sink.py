"""Where collected pages go. The evidence store is one such sink; tests use one in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from itomm.evidence.observation import CollectionOutcome, Page


class CollectionWriter(Protocol):
    """Takes the pages of one collection; nothing of it counts before :meth:`finish`."""

    def add_page(
        self, page: Page, service_ids: Sequence[str | None], progress: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a page, already redacted; ``service_ids`` go with its observations, one each.

        ``progress`` is what is needed to go on behind this page, as plain JSON; None: it cannot be done.
        """

    def finish(self, outcome: CollectionOutcome) -> object:
        """Close the collection with how it ended."""

    def leave(self) -> None:
        """Stop here; the pages kept so far stay for a later run to go on with."""

    def abandon(self) -> None:
        """Drop the collection as if it had never begun."""


class EvidenceSink(Protocol):
    """Opens a writer per collection. The runner calls sink and writers from one thread only."""

    def begin_collection(
        self,
        *,
        run: int,
        source: str,
        collector: str,
        record_type: str,
        started_at: datetime,
        resume: bool = False,
    ) -> CollectionWriter:
        """Start one collection of one stream; with ``resume``, behind the pages that were kept."""
