"""The store: one folder with the catalogue database, evidence segments and raw payloads.

Writing goes through :meth:`Store.writing`, one process at a time. Reading never waits.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import starmap
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select
from sqlalchemy.exc import DatabaseError

from itomm.config.clock import parse_instant
from itomm.config.secrets import Secret
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import collections, compactions, removals, requests, segments
from itomm.evidence.catalogue.engines import refused, writing
from itomm.evidence.catalogue.fingerprints import record_fingerprint
from itomm.evidence.catalogue.locking import StillHeld, exclusive
from itomm.evidence.catalogue.opening import DATABASE_FILE, open_database
from itomm.evidence.catalogue.seal import seal
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.letting_go.readable import as_readable, packed_in
from itomm.evidence.letting_go.removals import Removal, finish_removals, removals_in
from itomm.evidence.observation import RequestMade, UnknownReason, UntoldField
from itomm.evidence.reading.compaction import compact
from itomm.evidence.reading.current_state import Compaction
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.raw_payloads import RawPayloads
from itomm.evidence.segments.sweeping import sweep, sweep_answers
from itomm.evidence.segments.unfinished import KeptPages, UnfinishedRun, journals, note_run, noted_run
from itomm.evidence.segments.writer import CollectionWriter

PSEUDONYM_KEY = "pseudonym.key"
ANSWERS = "answers.partial"


class Store:
    """An opened store."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        self.raw = RawPayloads(folder / "raw")
        self._one_transaction = threading.Lock()  # sources finish in threads of one process
        self._still_held: StillHeld | None = None  # while this process may write

    @classmethod
    def open(cls, folder: Path, *, create: bool = False, database: Secret | None = None) -> Store:
        """Open a store; with ``create``, make it when it is not there.

        ``database`` is the URL of a team store's PostgreSQL database; without it, the folder holds one.

        Raises:
            StoreError: there is none, or it cannot be read.
            StoreVersionError: another version of itomm wrote it.
            UsageError: the URL cannot be used.
        """
        return cls(folder, open_database(folder, create=create, database=database))

    @contextmanager
    def writing(self, purpose: str) -> Iterator[None]:
        """Hold the only right to write; sweeps away what an interrupted run left half-written.

        Raises:
            LockedError: another run holds it.
        """
        with exclusive(self.folder, self.engine, purpose) as still_held:
            self._still_held = still_held
            try:
                finish_removals(self)
                self._sweep()
                yield
                compact(self)
            finally:
                self._still_held = None
                self._seal()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A database transaction.

        Raises:
            StoreError: the database refused; nothing of the transaction is kept.
        """
        try:
            with self._one_transaction, writing(self.engine).begin() as connection:
                if self._still_held:
                    self._still_held()
                yield connection
        except DatabaseError as error:
            raise refused(self.engine, error) from None
        if self._still_held is None:
            self._seal()

    def _seal(self) -> None:
        """Seal the database file; who cannot now leaves it to the next who writes."""
        if self.engine.dialect.name == "sqlite":
            with suppress(OSError):
                seal(self.engine, self.folder / DATABASE_FILE)

    def pseudonym_key(self) -> bytes:
        """The key by which people's names are hashed; made on first use, readable by the owner only."""
        path = self.folder / PSEUDONYM_KEY
        if not path.exists():
            descriptor, partial = tempfile.mkstemp(dir=self.folder, prefix="pseudonym.", suffix=".partial")
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
            with suppress(FileExistsError):  # somebody else was faster; theirs counts
                os.link(partial, path)
            os.unlink(partial)
        return path.read_bytes()

    def next_run(self) -> int:
        """The number of the run that starts now."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.max(collections.c.run))).scalar() or 0) + 1

    def begin_run(self, until: datetime, asked_digest: str) -> int:
        """Note that a run begins; its number. What an unfinished run kept before is dropped."""
        self.end_run()
        self._note_pseudonym_key(until)
        number = self.next_run()
        note_run(self._run_file, UnfinishedRun(number, until, asked_digest))
        return number

    def _note_pseudonym_key(self, at: datetime) -> None:
        """Record the hash of the key, once: another key would make everybody somebody else."""
        self.pseudonym_key()
        with self.transaction() as connection:
            path = self.folder / PSEUDONYM_KEY
            record_fingerprint(connection, self.folder, path, at=at, actor="itomm")

    def unfinished_run(self) -> UnfinishedRun | None:
        """The run that was begun and did not come to its end, if any."""
        return noted_run(self._run_file)

    def end_run(self) -> None:
        """The run is done, or given up: nothing of it will be gone on with."""
        self._run_file.unlink(missing_ok=True)
        self._sweep()

    def kept_pages(self, run: int) -> dict[tuple[str, str], KeptPages]:
        """What a killed run kept, by source and record type, of streams that can be entered again."""
        finished = {collection.id for collection in self.collections() if collection.run == run}
        return {
            (journal.source, journal.record_type): journal.kept
            for _, journal in journals(self.folder / "evidence")
            if journal and journal.run == run and journal.kept and journal.collection not in finished
        }

    def answers_folder(self, run: int) -> Path:
        """Where a run under way keeps what it was answered; that is no evidence, and goes with its end."""
        return self.folder / ANSWERS / f"{run:06d}"

    @property
    def _run_file(self) -> Path:
        return self.folder / "run.partial"

    def _sweep(self) -> None:
        with self.engine.connect() as connection:
            listed = [
                *connection.execute(select(segments.c.path)).scalars(),
                *connection.execute(select(compactions.c.path)).scalars(),
                *connection.execute(select(removals.c.replaced_by)).scalars(),
            ]
            known = connection.execute(select(collections.c.id)).scalars().all()
        unfinished = self.unfinished_run()
        sweep_answers(self.folder / ANSWERS, self.answers_folder(unfinished.run) if unfinished else None)
        sweep(
            self.folder / "evidence",
            keep_run=unfinished.run if unfinished else None,
            collections=frozenset(known),
            segments={self.folder / path for path in listed if path},
            release=self.release,
        )

    def release(self, addresses: Iterable[str], besides: Path | None = None) -> None:
        """Take away raw payloads that nothing refers to any more, besides the journal that is about to go."""
        unused = set(addresses)
        for path, journal in journals(self.folder / "evidence"):
            if journal is not None and path != besides:
                unused -= {page.raw_sha256 for page in journal.pages}
        with self.engine.connect() as connection:
            for address in unused:
                query = select(requests.c.raw_sha256).where(requests.c.raw_sha256 == address).limit(1)
                if connection.execute(query).first() is None:
                    self.raw.remove(address)

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
        """Start writing one stream of one source; nothing is visible before it is finished.

        With ``resume``, what a killed run kept of the same collection stays, and pages go behind it.
        """
        return CollectionWriter(
            self,
            run=run,
            source=source,
            collector=collector,
            record_type=record_types()[record_type],
            started_at=started_at,
            resume=resume,
        )

    def collections(self) -> list[Collection]:
        """All collections, oldest first, with those segments that hold now what can still be read of them."""
        with self.engine.connect() as connection:
            removals, packed = removals_in(connection), packed_in(connection)
        return as_readable(self.recorded_collections(), removals, packed)

    def recorded_collections(self) -> list[Collection]:
        """All collections, oldest first, with their segments as they were written."""
        with self.engine.connect() as connection:
            parts: dict[str, list[Segment]] = {}
            for row in connection.execute(select(segments).order_by(segments.c.path)):
                parts.setdefault(row.collection, []).append(
                    Segment(
                        row.path,
                        row.rows,
                        row.sha256,
                        row.distinct_records,
                        _instant(row.first_at),
                        _instant(row.last_at),
                    )
                )
            rows = connection.execute(select(collections).order_by(collections.c.ledger_seq)).all()
        covered_from: dict[str, str | None] = {}  # of each collection with those it goes on from
        for row in rows:
            covered_from[row.id] = covered_from.get(row.continues, row.window_start)
        return [_collection(row, parts.get(row.id, ()), covered_from[row.id]) for row in rows]

    def compactions(self) -> list[Compaction]:
        """All compactions that can still be read, oldest first."""
        with self.engine.connect() as connection:
            let_go = removals_in(connection)
            rows = connection.execute(select(compactions).order_by(compactions.c.ledger_seq)).all()
        there = [(row, let_go.in_force(row.path, row.sha256)) for row in rows]
        return [
            Compaction(row.source, row.record_type, row.through, *place, row.rows)
            for row, place in there
            if not isinstance(place, Removal)
        ]

    def request(self, collection: str, page: int) -> RequestMade | None:
        """The request that fetched a page of a collection."""
        query = select(requests).where(requests.c.collection == collection, requests.c.page == page)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return RequestMade(row.method, row.url, json.loads(row.query), row.status) if row else None

    def raw_record(self, collection: str, page: int, position: int) -> object:
        """The raw payload that a record was read from, or what replaced it; None when it is not kept."""
        query = select(requests.c.raw_sha256).where(
            requests.c.collection == collection, requests.c.page == page
        )
        with self.engine.connect() as connection:
            address = connection.execute(query).scalar()
            found = removals_in(connection).raw_in_force(address) if address else None
        if isinstance(found, Removal):
            found = found.sha256 if (self.folder / found.path).exists() else None
        return self.raw.get(found)[position] if found else None

    def newest_instant(self) -> datetime | None:
        """The latest time at which anything was recorded; None for an empty store."""
        with self.engine.connect() as connection:
            return ledger.newest_instant(connection)


def _collection(row: Row[Any], parts: Sequence[Segment], covered_from: str | None) -> Collection:
    return Collection(
        id=row.id,
        run=row.run,
        source=row.source,
        collector=row.collector,
        record_type=row.record_type,
        started_at=parse_instant(row.started_at),
        finished_at=parse_instant(row.finished_at),
        complete=bool(row.complete),
        reason=UnknownReason(row.reason) if row.reason else None,
        error=row.error,
        records=row.records,
        window_start=_instant(row.window_start),
        window_end=_instant(row.window_end),
        requested=tuple(json.loads(row.requested)),
        denied=tuple(json.loads(row.denied)),
        warnings=tuple(json.loads(row.warnings)),
        unmapped=row.unmapped,
        segments=tuple(parts),
        merkle_root=row.merkle_root,
        asked_digest=row.asked_digest,
        continues=row.continues,
        clock_skew_seconds=row.clock_skew_seconds,
        untold=tuple(starmap(UntoldField, sorted(json.loads(row.untold or "{}").items()))),
        covered_from=_instant(covered_from),
    )


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
