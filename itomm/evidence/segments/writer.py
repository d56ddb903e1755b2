"""Writing one collection: pages go to partial files, and all becomes visible in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from itomm.config.clock import format_instant
from itomm.config.errors import StoreError
from itomm.evidence.canonical import canonical_bytes
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import collections, requests, segments
from itomm.evidence.collection import CollectionSummary
from itomm.evidence.observation import CollectionOutcome, Page, UnknownReason
from itomm.evidence.record_types import RecordType
from itomm.evidence.segments.line_maker import LineMaker
from itomm.evidence.segments.merkle import MerkleTree, leaf_hash
from itomm.evidence.segments.parts import Parts
from itomm.evidence.segments.raw_payloads import RawPayloads, pack
from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.segments.segment_files import Origin, SegmentWritten
from itomm.evidence.segments.unfinished import (
    Journal,
    JournalWriter,
    PageKept,
    journal_of,
    lines_of,
    read_journal,
)

_MOST_FLUSHING = 100
"""Payloads that may wait for the disk; keeps memory flat when it is slow."""


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

    def release(self, addresses: Iterable[str], besides: Path | None = None) -> None:
        """Take away raw payloads that nothing refers to any more, besides the journal that is about to go."""


class CollectionWriter:
    """Takes pages of one stream; :meth:`finish` makes them visible, :meth:`abandon` forgets them.

    With ``resume``, the pages that a killed run kept of the same collection stay; new ones go behind them.
    """

    def __init__(
        self,
        store: StoreRoom,
        *,
        run: int,
        source: str,
        collector: str,
        record_type: RecordType,
        started_at: datetime,
        resume: bool = False,
    ) -> None:
        self._store = store
        self._run = run
        self._source = source
        self._collector = collector
        self._type = record_type
        self.id = f"{run:06d}-{source}-{record_type.name}"
        stem = f"evidence/{record_type.name}/{self.id}"
        self._journal_path = journal_of(store.folder / stem)
        found = read_journal(self._journal_path) if self._journal_path.exists() else None
        self._started_at = found.started_at if found and resume else started_at
        origin = Origin(record_type, source, self.id, self._started_at)
        self._parts = Parts(store.folder, stem, origin)
        self._lines = LineMaker(record_type)
        self._tree = MerkleTree()
        self._pages: list[PageKept] = []
        self._background = ThreadPoolExecutor(1, "itomm-flush")
        self._flushing: deque[Future[None]] = deque()
        self._journal = JournalWriter(
            self._journal_path,
            run=run,
            source=source,
            record_type=record_type.name,
            started_at=self._started_at,
        )
        if found:
            self._take_up(found, resume=resume)

    def add_page(
        self, page: Page, service_ids: Sequence[str | None], progress: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a page; ``service_ids`` are the services its observations belong to, in order.

        ``progress`` is what a later run needs to go on behind this page if this one is killed, as plain JSON;
        None says that the stream cannot be entered here.

        Raises:
            StoreError: it could not be written (disk full, permissions).
        """
        number = len(self._pages) + 1
        try:
            self._parts.turn()
            packed = pack([observation.raw for observation in page.observations])
            lines, refused = self._lines.lines(page.observations, service_ids, number)
            self._parts.add(lines)
            hashes = [leaf_hash(line) for line in lines]
            kept = PageKept(
                number,
                page.request,
                len(page.observations),
                packed.address,
                self._parts.part,
                self._parts.end,
                tuple(refused),
                progress,
            )
            self._journal.keep(kept)
            self._store.raw.place(packed)
            self._flushing.append(self._background.submit(self._store.raw.flush, packed.address))
            if len(self._flushing) > _MOST_FLUSHING:
                self._flushing.popleft().result()
        except OSError as error:
            self.leave()
            raise _disk_error(self._store, error) from None
        self._tree.add(hashes)
        self._pages.append(replace(kept, progress=None))  # it is in the journal, and there may be many pages

    def finish(self, outcome: CollectionOutcome) -> CollectionSummary:
        """Make the collection visible, whole, in one transaction.

        Raises:
            StoreError: it could not be written; then nothing of it is visible.
        """
        refused = [told for page in self._pages for told in page.refused]
        if refused:
            outcome = replace(
                outcome,
                complete=False,
                reason=outcome.reason or UnknownReason.COLLECTION_FAILED,
                error=outcome.error or f"{len(refused)} records do not fit: {refused[0]}",
            )
        try:
            written, distinct = self._parts.close()
            for flushed in self._flushing:
                flushed.result()
            self._store.raw.flush_folders(page.raw_sha256 for page in self._pages)
            self._record(outcome, written, distinct)
        except OSError as error:
            self.abandon()
            raise _disk_error(self._store, error) from None
        except StoreError:
            self.abandon()
            raise
        self._close()
        self._journal_path.unlink(missing_ok=True)
        return CollectionSummary(
            self._source, self._type.name, self._parts.rows, outcome.complete, outcome.reason, outcome.error
        )

    def leave(self) -> None:
        """Stop here; the complete pages stay for a later run to go on with."""
        self._close()
        self._parts.leave()

    def abandon(self) -> None:
        """Forget everything; nothing of this collection becomes visible."""
        self._close()
        self._parts.abandon()
        self._store.release([page.raw_sha256 for page in self._pages], besides=self._journal_path)
        self._journal_path.unlink(missing_ok=True)

    def _close(self) -> None:
        self._journal.close()
        self._background.shutdown(cancel_futures=True)

    def _take_up(self, found: Journal, *, resume: bool) -> None:
        """Go on behind pages that a killed run kept, as far as all of them are there; drop the others."""
        pages = [*found.enterable] if resume else []
        rows: dict[int, int] = {}
        for page in pages:
            rows[page.part] = rows.get(page.part, 0) + page.records - len(page.refused)
        if pages:
            try:
                tree = self._tree_up_to(pages[-1], rows)
                self._parts.go_on(rows, pages[-1].end)
            except OSError as error:
                raise StoreError(
                    f"What the killed run kept of {self.id} cannot be read: {error.strerror}. "
                    "Run again with --afresh."
                ) from None
            for page in pages:
                self._flushing.append(self._background.submit(self._store.raw.flush, page.raw_sha256))
            self._pages, self._tree = pages, tree
        else:
            self._parts.abandon()
        # The journal speaks for files until they are gone: a kill right here leaves nothing unaccounted for.
        kept = {page.raw_sha256 for page in self._pages}
        dropped = [page.raw_sha256 for page in found.pages if page.raw_sha256 not in kept]
        self._store.release(dropped, besides=self._journal_path)
        self._journal.begin_with(self._pages)

    def _tree_up_to(self, last: PageKept, rows: Mapping[int, int]) -> MerkleTree:
        tree = MerkleTree()
        for part in range(1, last.part + 1):
            segment = self._parts.segment(part)
            lines = lines_of(segment)
            if segment.exists():
                tree.add(map(leaf_hash, islice(lines_of_segment(segment), rows.get(part, 0))))
            elif lines.exists():
                end = last.end if part == last.part else None
                tree.add(map(leaf_hash, lines.read_bytes()[:end].split(b"\n")[:-1]))
        return tree

    def _record(
        self, outcome: CollectionOutcome, written: Sequence[SegmentWritten], distinct: int | None
    ) -> None:
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
            "records": self._parts.rows,
            "window_start": format_instant(outcome.window_start) if outcome.window_start else None,
            "window_end": format_instant(outcome.window_end) if outcome.window_end else None,
            "requested": _text(outcome.requested),
            "denied": _text(outcome.denied),
            "warnings": _text(outcome.warnings),
            "unmapped": outcome.unmapped,
            "merkle_root": self._tree.root,
            "asked_digest": outcome.asked_digest,
            "continues": outcome.continues,
            "clock_skew_seconds": outcome.clock_skew_seconds,
            "untold": _text({each.field: each.why for each in outcome.untold}),
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
        repeats = distinct != self._parts.rows
        parts = [
            {
                **vars(segment),
                "distinct_records": distinct if len(written) == 1 else None if repeats else segment.rows,
            }
            for segment in written
        ]
        body = {"collection": values, "segments": parts, "pages": pages}
        with self._store.transaction() as connection:
            seq = ledger.append(
                connection, at=outcome.finished_at, kind="collection", actor=self._source, body=body
            )
            connection.execute(collections.insert().values(**values, ledger_seq=seq))
            if parts:
                connection.execute(segments.insert(), [{**part, "collection": self.id} for part in parts])
            if pages:
                connection.execute(requests.insert(), pages)


def _text(value: object) -> str:
    return canonical_bytes(value).decode()


def _disk_error(store: StoreRoom, error: OSError) -> StoreError:
    return StoreError(
        f"The store at {store.folder} could not be written: {error.strerror}. "
        "Free some space or mend the permissions, then run again; nothing already stored is lost."
    )
