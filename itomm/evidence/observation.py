"""What a collector hands over: observations, in pages, each with the request that got it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class UnknownReason(StrEnum):
    """Why an answer is unknown. A closed set: it is part of every output."""

    NEVER_COLLECTED = "never_collected"
    COLLECTION_FAILED = "collection_failed"
    PERMISSION_DENIED = "permission_denied"
    INSUFFICIENT_COVERAGE = "insufficient_coverage"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    STALE = "stale"
    AWAITING_PERSON = "awaiting_person"


@dataclass(frozen=True)
class RequestMade:
    """The request that fetched a page, as an auditor would repeat it; never holds a secret.

    ``method`` is an HTTP method, or ``RUN`` for a local command, whose words are then the ``url``.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True)
class Observation:
    """One fact as a collector saw it.

    Attributes:
        source_ref: the source's own stable name of the thing; with source and type it is the identity,
            so the same thing seen again is a newer version of the same record.
        fields: the record type's fields. Instants are aware datetimes, durations timedeltas, ratios and
            numbers int, float or Decimal, lists are lists of text, json fields plain data.
        raw: the part of the source's payload that the fields were read from.
        url: the live page that a person opens to check the fact.
        service_keys: names by which the source may know the service this belongs to, best first. The
            service mapper resolves them; a collector never does.
    """

    source_ref: str
    fields: Mapping[str, object]
    raw: object
    url: str
    service_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Observations that came with one request.

    ``checkpoint`` is where reading goes on after this page, as plain JSON data that only the collector
    reads: a run that was killed later is resumed there. None says that the stream can't be entered here.
    It holds no secret.
    """

    observations: tuple[Observation, ...]
    request: RequestMade
    checkpoint: Mapping[str, Any] | None = None


@dataclass(frozen=True, order=True)
class UntoldField:
    """A field of a record type that a source cannot tell, so that its being empty means nothing.

    ``why`` says in words what keeps it from that, and what would help; "" when the tool knows no such thing.
    """

    field: str
    why: str = ""


@dataclass(frozen=True)
class CollectionOutcome:
    """How a collection of one stream ended.

    ``complete`` means: all pages were read, nothing asked for was refused, and nothing was truncated.
    ``window_start`` is the earliest instant truly covered, None for state streams. ``requested`` and
    ``denied`` name parts of the source (projects, repositories, queries) by the keys that services use.
    ``asked_digest`` is equal for runs that asked for the same; ``continues`` is the id of the collection
    that an incremental reading goes on from; ``clock_skew_seconds`` is the server's clock less ours.
    ``untold`` are the fields that the source cannot tell of any of its records. Not complete for the reason
    ``never_collected`` is what the configuration says that nobody reads: nothing failed.
    """

    complete: bool
    finished_at: datetime
    reason: UnknownReason | None = None
    error: str = ""
    window_start: datetime | None = None
    window_end: datetime | None = None
    requested: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unmapped: int = 0
    asked_digest: str | None = None
    continues: str | None = None
    clock_skew_seconds: int | None = None
    untold: tuple[UntoldField, ...] = ()

    @property
    def as_configured(self) -> bool:
        """Whether all was read that the configuration wants read."""
        return self.complete or self.reason is UnknownReason.NEVER_COLLECTED
