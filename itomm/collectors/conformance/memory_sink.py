"""An evidence sink that keeps everything in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from itomm.evidence.observation import CollectionOutcome, Observation, Page
from itomm.evidence.segments.unfinished import KeptPages


@dataclass
class MemoryCollection:
    """One collection: its pages, the services of their observations, and how it ended."""

    source: str
    record_type: str
    started_at: datetime
    pages: list[Page] = field(default_factory=list)
    service_ids: list[str | None] = field(default_factory=list)
    progress: list[Mapping[str, Any] | None] = field(default_factory=list)
    outcome: CollectionOutcome | None = None
    abandoned: bool = False

    def add_page(
        self, page: Page, service_ids: Sequence[str | None], progress: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a page, and how to go on behind it."""
        if len(service_ids) != len(page.observations):
            raise ValueError("every observation needs a service id or None")
        self.pages.append(page)
        self.service_ids += service_ids
        self.progress.append(progress)

    def finish(self, outcome: CollectionOutcome) -> MemoryCollection:
        """Keep the outcome."""
        self.outcome = outcome
        return self

    def leave(self) -> None:
        """Stop here; the pages stay."""

    def abandon(self) -> None:
        """Drop what was kept."""
        self.abandoned = True
        self._keep(0)

    @property
    def kept(self) -> KeptPages | None:
        """What can be gone on with: the pages up to the last one behind which reading can go on."""
        numbers = [number for number, one in enumerate(self.progress, start=1) if one is not None]
        last = max(numbers, default=0)
        progress = self.progress[last - 1] if last else None
        if progress is None:
            return None
        return KeptPages(last, sum(len(p.observations) for p in self.pages[:last]), self.started_at, progress)

    def enter_again(self) -> None:
        """Drop the pages behind which reading cannot go on."""
        self._keep(self.kept.pages if self.kept else 0)

    def _keep(self, pages: int) -> None:
        records = sum(len(page.observations) for page in self.pages[:pages])
        del self.pages[pages:], self.progress[pages:], self.service_ids[records:]

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
        resume: bool = False,
    ) -> MemoryCollection:
        """Start one collection, or go on with the one that was left."""
        if resume:
            left = self.of(record_type, source)
            left.enter_again()
            return left
        self.collections.append(MemoryCollection(source, record_type, started_at))
        return self.collections[-1]

    def kept_pages(self) -> dict[tuple[str, str], KeptPages]:
        """What can be gone on with of the collections that were left unfinished."""
        return {
            (one.source, one.record_type): one.kept
            for one in self.collections
            if one.outcome is None and one.kept is not None
        }

    def of(self, record_type: str, source: str | None = None) -> MemoryCollection:
        """The last collection of a record type (of one source).

        Raises:
            KeyError: there is none.
        """
        for collection in reversed(self.collections):
            if collection.record_type == record_type and source in {None, collection.source}:
                return collection
        raise KeyError(record_type)
