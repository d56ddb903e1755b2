"""An evidence sink that keeps everything in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from itomm.evidence.observation import CollectionOutcome, Observation, Page


@dataclass
class MemoryCollection:
    """One collection: its pages, the services of their observations, and how it ended."""

    source: str
    record_type: str
    started_at: datetime
    pages: list[Page] = field(default_factory=list)
    service_ids: list[str | None] = field(default_factory=list)
    outcome: CollectionOutcome | None = None
    abandoned: bool = False

    def add_page(self, page: Page, service_ids: Sequence[str | None]) -> None:
        """Keep a page."""
        if len(service_ids) != len(page.observations):
            raise ValueError("every observation needs a service id or None")
        self.pages.append(page)
        self.service_ids += service_ids

    def finish(self, outcome: CollectionOutcome) -> MemoryCollection:
        """Keep the outcome."""
        self.outcome = outcome
        return self

    def abandon(self) -> None:
        """Drop what was kept."""
        self.abandoned = True
        self.pages.clear()
        self.service_ids.clear()

    @property
    def observations(self) -> list[Observation]:
        """Everything on all pages."""
        return [observation for page in self.pages for observation in page.observations]


@dataclass
class MemorySink:
    """Collects in memory; ``collections`` are in the order in which they began."""

    collections: list[MemoryCollection] = field(default_factory=list)

    def begin_collection(
        self,
        *,
        run: int,  # noqa: ARG002  the signature of a sink
        source: str,
        collector: str,  # noqa: ARG002  the signature of a sink
        record_type: str,
        started_at: datetime,
    ) -> MemoryCollection:
        """Start one collection."""
        self.collections.append(MemoryCollection(source, record_type, started_at))
        return self.collections[-1]

    def of(self, record_type: str, source: str | None = None) -> MemoryCollection:
        """The last collection of a record type (of one source).

        Raises:
            KeyError: there is none.
        """
        for collection in reversed(self.collections):
            if collection.record_type == record_type and source in {None, collection.source}:
                return collection
        raise KeyError(record_type)
