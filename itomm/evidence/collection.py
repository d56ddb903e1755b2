"""A collection: one run of one stream of one source, as the catalogue knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itomm.evidence.observation import UnknownReason, UntoldField


@dataclass(frozen=True)
class Segment:
    """One Parquet file of records; ``path`` is relative to the store's folder.

    ``distinct_records`` is below ``rows`` when pages repeated records; None when nobody counted. ``first_at``
    and ``last_at`` are when the earliest and the latest of its events occurred; None for state.
    """

    path: str
    rows: int
    sha256: str
    distinct_records: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class Collection:
    """What was asked of a source for one record type, and how that went.

    ``window_start`` is from when this reading read; ``covered_from`` also counts the readings it goes on
    from. ``asked_digest``, ``continues`` and ``clock_skew_seconds`` are as in
    :class:`~itomm.evidence.observation.CollectionOutcome`. ``merkle_root`` is over the record lines; None in
    collections of version 1. ``let_go`` says what of the content was let go since, "" when all is there; what
    it concerns is no longer covered. ``untold`` are fields that the source cannot tell; none where nobody
    said.
    """

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
    merkle_root: str | None = None
    asked_digest: str | None = None
    continues: str | None = None
    clock_skew_seconds: int | None = None
    covered_from: datetime | None = None
    let_go: str = ""
    untold: tuple[UntoldField, ...] = ()

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
