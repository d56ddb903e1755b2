"""Writing one collection: pages go to a partial file, and all becomes visible in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from itomm.config.clock import format_instant
from itomm.config.errors import StoreError
from itomm.evidence import ledger
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.collection import CollectionSummary
from itomm.evidence.columns import RecordRefusedError, column_values
from itomm.evidence.database import collections, requests, segments
from itomm.evidence.observation import CollectionOutcome, Observation, Page, RequestMade, UnknownReason
from itomm.evidence.raw_payloads import RawPayloads
from itomm.evidence.record_types import RecordType
from itomm.evidence.segments import SegmentWriter, SegmentWritten


class StoreRoom(Protocol):
    """What a writer needs of the store it writes to."""

    @property
    def folder(self) -> Path:
        """Where segments go."""

    @property
    def raw(self) -> RawPayloads:
        """Where raw payloads go."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A database transaction; raises StoreError when the database refuses."""


def evidence_id(source: str, record_type: str, source_ref: str) -> str:
    """The identity of a record: the same thing seen again is a newer version of the same record."""
    return hashlib.sha256(f"{source}|{record_type}|{source_ref}".encode()).hexdigest()


@dataclass(frozen=True)
class _PageKept:
    number: int
    request: RequestMade
    records: int
    raw_sha256: str


class CollectionWriter:
    """Takes pages of one stream; :meth:`finish` makes them visible, :meth:`abandon` forgets them."""

    def __init__(
        self,
        store: StoreRoom,
        *,
        run: int,
        source: str,
        collector: str,
        record_type: RecordType,
        started_at: datetime,
    ) -> None:
        self._store = store
        self._run = run
        self._source = source
        self._collector = collector
        self._type = record_type
        self._started_at = started_at
        self.id = f"{run:06d}-{source}-{record_type.name}"
        self._path = f"evidence/{record_type.name}/{self.id}.parquet"
        self._segment = SegmentWriter(record_type, store.folder / self._path)
        self._pages: list[_PageKept] = []
        self._refused: list[str] = []

    def add_page(self, page: Page, service_ids: Sequence[str | None]) -> None:
        """Keep a page; ``service_ids`` are the services its observations belong to, in order.

        Raises:
            StoreError: it could not be written (disk full, permissions).
        """
        number = len(self._pages) + 1
        try:
            raw_sha256 = self._store.raw.put([observation.raw for observation in page.observations])
            for position, (observation, service) in enumerate(
                zip(page.observations, service_ids, strict=True)
            ):
                self._add(observation, service, number, position)
        except OSError as error:
            raise _disk_error(self._store, error) from None
        self._pages.append(_PageKept(number, page.request, len(page.observations), raw_sha256))

    def _add(self, observation: Observation, service: str | None, page: int, position: int) -> None:
        try:
            own = column_values(self._type, observation.fields)
        except RecordRefusedError as error:
            self._refused.append(f"{observation.source_ref}: {error}")
            return
        provenance = {
            "evidence_id": evidence_id(self._source, self._type.name, observation.source_ref),
            "source": self._source,
            "source_ref": observation.source_ref,
            "url": observation.url,
            "collected_at": self._started_at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "),
            "service_id": service,
            "collection": self.id,
            "page": page,
            "position": position,
        }
        self._segment.add({**provenance, **own})

    def finish(self, outcome: CollectionOutcome) -> CollectionSummary:
        """Make the collection visible, whole, in one transaction.

        Raises:
            StoreError: it could not be written; then nothing of it is visible.
        """
        if self._refused:
            outcome = replace(
                outcome,
                complete=False,
                reason=outcome.reason or UnknownReason.COLLECTION_FAILED,
                error=outcome.error or f"{len(self._refused)} records do not fit: {self._refused[0]}",
            )
        try:
            self._record(outcome, self._segment.close())
        except OSError as error:
            self.abandon()
            raise _disk_error(self._store, error) from None
        except StoreError:
            self.abandon()
            raise
        self._segment.settle()
        return CollectionSummary(
            self._source, self._type.name, self._segment.rows, outcome.complete, outcome.reason, outcome.error
        )

    def abandon(self) -> None:
        """Forget everything; nothing of this collection becomes visible."""
        self._segment.abandon()

    def _record(self, outcome: CollectionOutcome, written: SegmentWritten | None) -> None:
        values = {
            "id": self.id,
            "run": self._run,
            "source": self._source,
            "collector": self._collector,
            "record_type": self._type.name,
            "started_at": format_instant(self._started_at),
            "finished_at": format_instant(outcome.finished_at),
            "complete": int(outcome.complete),
            "reason": outcome.reason,
            "error": outcome.error,
            "records": self._segment.rows,
            "window_start": format_instant(outcome.window_start) if outcome.window_start else None,
            "window_end": format_instant(outcome.window_end) if outcome.window_end else None,
            "requested": _text(outcome.requested),
            "denied": _text(outcome.denied),
            "warnings": _text(outcome.warnings),
            "unmapped": outcome.unmapped,
        }
        pages = [
            {
                "collection": self.id,
                "page": page.number,
                "method": page.request.method,
                "url": page.request.url,
                "query": _text(page.request.query),
                "status": page.request.status,
                "records": page.records,
                "raw_sha256": page.raw_sha256,
            }
            for page in self._pages
        ]
        segment = {"path": self._path, **vars(written)} if written else None
        body = {"collection": values, "segment": segment, "pages": pages}
        with self._store.transaction() as connection:
            seq = ledger.append(
                connection, at=outcome.finished_at, kind="collection", actor=self._source, body=body
            )
            connection.execute(collections.insert().values(**values, ledger_seq=seq))
            if segment:
                connection.execute(segments.insert().values(collection=self.id, **segment))
            if pages:
                connection.execute(requests.insert(), pages)


def _text(value: object) -> str:
    return canonical_bytes(value).decode()


def _disk_error(store: StoreRoom, error: OSError) -> StoreError:
    return StoreError(
        f"The store at {store.folder} could not be written: {error.strerror}. "
        "Free some space or mend the permissions, then run again; nothing already stored is lost."
    )
