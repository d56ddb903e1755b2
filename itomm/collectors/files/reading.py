"""Reads the files of one record type: pages of records, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from itomm.collectors.files.choosing import Candidate, candidates, newest_state
from itomm.collectors.files.names import Window
from itomm.collectors.files.opening import FileRefusedError, OpenedFile, open_file, unfinished_in
from itomm.collectors.files.rows import NumberedRow
from itomm.collectors.files.settings import FileRecords
from itomm.collectors.files.table import Table, table_of
from itomm.collectors.files.windows import joined, told_window
from itomm.collectors.mapping.paths import at_path, in_column
from itomm.collectors.mapping.reading import Read, RecordReader, RowRefusedError
from itomm.collectors.mapping.refusals import Refusals
from itomm.config.clock import format_instant
from itomm.evidence.observation import Observation, Page, UnknownReason
from itomm.evidence.record_types import record_types

PAGE_SIZE = 1000
STILL_WARM = timedelta(seconds=60)
"""A file whose last line has no end and that was written so shortly ago may still be under way."""

_LINES = frozenset({"csv", "json_lines", "yaml"})


class Notes(Protocol):
    """Where is told what the files lack; a collection's context is one."""

    def covered(self, start: datetime, end: datetime) -> None:
        """The window that the files truly cover."""

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        """The stream lacks something."""

    def warn(self, detail: str) -> None:
        """Something worth showing."""


@dataclass
class FilesReading:
    """One reading of one record type.

    Attributes:
        folder: the drop folder, resolved.
        kind: the record type.
        mapping: which files, and how.
        since: events before it are left out.
        until: events after it are left out.
        largest: bytes of the largest file that is read.
        notes: told what is missing.
    """

    folder: Path
    kind: str
    mapping: FileRecords
    since: datetime
    until: datetime
    largest: int
    notes: Notes
    files: list[str] = field(default_factory=list)
    records: int = 0
    _known: set[str] = field(default_factory=set)
    _windows: list[Window] = field(default_factory=list)

    @property
    def _is_state(self) -> bool:
        return record_types()[self.kind].is_state

    def pages(self) -> Iterator[Page]:
        """The pages of all files, the newest first: of a record that is in several, the newest counts."""
        for name in unfinished_in(self.folder, self.mapping.files):
            self._lacks(f"{name} is still being copied; run again when it has its own name")
        found = candidates(self.folder, self.mapping)
        if not found:
            self._lacks(f"no file in {self.folder} is called {self.mapping.files}")
        for candidate in newest_state(found) if self._is_state else found:
            yield from self._file(candidate)
        if not self._is_state:
            self._tell_window()

    def _file(self, candidate: Candidate) -> Iterator[Page]:
        refusals = Refusals(candidate.name)
        try:
            opened = open_file(self.folder, candidate.name, self.largest)
            if self._is_fit(opened, candidate):
                yield from self._rows(opened, refusals)
                self.files.append(candidate.name)
        except FileRefusedError as error:
            self.notes.incomplete(UnknownReason.COLLECTION_FAILED, f"{error}.")
        said = refusals.summary()
        if said:
            self.notes.incomplete(UnknownReason.COLLECTION_FAILED, said)
        doubt = refusals.nothing_fits()
        if doubt:
            self.notes.warn(doubt)

    def _is_fit(self, opened: OpenedFile, candidate: Candidate) -> bool:
        """Whether a file is whole, and new enough to tell of today."""
        is_warm = opened.modified <= self.until < opened.modified + STILL_WARM
        if is_warm and self.mapping.written_as in _LINES and not _ends_with_a_line(opened.content):
            raise FileRefusedError(
                f"{opened.name} was written just now and its last line has no end; run again in a minute"
            )
        if not self._is_state:
            return True
        seen_at = min(opened.modified, candidate.told.end) if candidate.told else opened.modified
        days = record_types()[self.kind].time_to_live_days
        if self.until - seen_at > timedelta(days=days):
            self.notes.incomplete(
                UnknownReason.STALE,
                f"{opened.name} is of {seen_at:%Y-%m-%d}; how things were more than {days} days ago is not "
                f"taken for how they are. Drop a newer file.",
            )
            return False
        return True

    def _rows(self, opened: OpenedFile, refusals: Refusals) -> Iterator[Page]:
        table = table_of(opened, self.mapping)
        own = {"$file": Path(opened.name).stem, "$sheet": table.sheet}
        look = in_column if self.mapping.is_table else at_path
        reader = RecordReader(self.kind, self.mapping, look, own)
        window = _Seen()
        observed = self._observed(table, reader, refusals, window)
        while page := tuple(islice(observed, PAGE_SIZE)):
            self.records += len(page)
            yield Page(page, table.request)
        if not self._is_state:
            self._note_window(opened, window)

    def _observed(
        self, table: Table, reader: RecordReader, refusals: Refusals, window: _Seen
    ) -> Iterator[Observation]:
        here: dict[str, int] = {}
        for row in table.rows:
            try:
                read = self._read(row, reader, refusals)
                if read is None:
                    continue
                before = here.setdefault(read.source_ref, row.number)
                if before != row.number:
                    raise RowRefusedError(f"it has the same identity as row {before}")  # noqa: TRY301  one place tells
            except RowRefusedError as error:
                refusals.refuse(f"row {row.number:,}", str(error))
                continue
            at = reader.occurred_at(read)
            window.note(at)
            if read.source_ref in self._known or (at is not None and not self.since <= at <= self.until):
                continue
            yield table.observation(row, read)
        self._known |= here.keys()

    def _read(self, row: NumberedRow, reader: RecordReader, refusals: Refusals) -> Read | None:
        """What a row holds; None when it is of another type."""
        if row.fault:
            refusals.count()
            raise RowRefusedError(row.fault)
        if not reader.is_wanted(row.values):
            refusals.pass_over()
            return None
        refusals.count()
        return reader.read(row.values)

    def _note_window(self, opened: OpenedFile, seen: _Seen) -> None:
        told = told_window(self.mapping.covers, opened.name, opened.modified)
        if told is not None:
            self._windows.append(told)
        elif self.mapping.covers is not None:
            self._lacks(f"{opened.name}: its name does not say which time it covers, as covers wants it")
        elif seen.first is None or seen.last is None:
            self._lacks(f"{opened.name} holds no {self.kind}, and covers does not say of which time")
        else:
            self._windows.append(Window(seen.first, seen.last))

    def _tell_window(self) -> None:
        found = joined(self._windows)
        if found is None:
            return
        window, gap = found
        self.notes.covered(window.start, min(window.end, self.until))
        if gap is not None:
            between = f"{format_instant(gap.start)} and {format_instant(gap.end)}"
            hint = "" if self.mapping.covers else " Say with covers which time each file tells of."
            self.notes.warn(f"{self.kind}: no file covers the time between {between}.{hint}")

    def _lacks(self, detail: str) -> None:
        self.notes.incomplete(UnknownReason.INSUFFICIENT_COVERAGE, f"{detail}.")


def _ends_with_a_line(content: bytes) -> bool:
    return not content or content.rstrip(b"\0").endswith((b"\n", b"\r"))


@dataclass
class _Seen:
    """The first and the last event of a file."""

    first: datetime | None = None
    last: datetime | None = None

    def note(self, at: datetime | None) -> None:
        if at is not None:
            self.first = min(self.first or at, at)
            self.last = max(self.last or at, at)
