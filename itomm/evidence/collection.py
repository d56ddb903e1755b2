"""A collection: one run of one stream of one source, as the catalogue knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itomm.evidence.observation import UnknownReason


@dataclass(frozen=True)
class Segment:
    """One Parquet file of records; ``path`` is relative to the store's folder."""

    path: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Collection:
    """What was asked of a source for one record type, and how that went."""

    id: str
    run: int
    source: str
    collector: str
    record_type: str
    started_at: datetime
    finished_at: datetime
    complete: bool
    reason: UnknownReason | None
    error: str
    records: int
    window_start: datetime | None
    window_end: datetime | None
    requested: tuple[str, ...]
    denied: tuple[str, ...]
    warnings: tuple[str, ...]
    unmapped: int
    segments: tuple[Segment, ...]

    @property
    def denied_in_part(self) -> bool:
        """Whether all was read but the parts that ``denied`` names."""
        return self.reason is UnknownReason.PERMISSION_DENIED and bool(self.denied)


@dataclass(frozen=True)
class CollectionSummary:
    """What a run reports about one stream when it is done."""

    source: str
    record_type: str
    records: int
    complete: bool
    reason: UnknownReason | None
    error: str
