"""The files collector: what other tools export, dropped into a folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.files.reading import FilesReading, Notes
from itomm.collectors.files.settings import FilesSettings
from itomm.collectors.mapping.fitting import mapped_types
from itomm.collectors.mapping.stating import note_untold, stated_by_mapping
from itomm.evidence.observation import Page, UnknownReason

NEEDS = "read access to the folder and its files"
_REMEDY = "Correct the file or its mapping, or have the tool export it again."


class FilesCollector(Collector):
    """A folder of CSV, JSON, YAML and XLSX files."""

    name: ClassVar[str] = "files"
    title: ClassVar[str] = "Files in a drop folder"
    settings_model: ClassVar[type[CollectorSettings]] = FilesSettings
    streams: ClassVar[tuple[Stream, ...]] = tuple(Stream(kind, needs=NEEDS) for kind in mapped_types())
    streams_are_configured: ClassVar[bool] = True

    def __init__(self, settings: CollectorSettings) -> None:
        self._settings = _checked(settings)

    @classmethod
    def streams_of(cls, settings: CollectorSettings) -> tuple[Stream, ...]:
        """Those that the settings map."""
        mapped = _checked(settings).records
        return tuple(stream for stream in cls.streams if stream.record_type in mapped)

    def check(self, context: CollectionContext) -> list[Check]:
        """Read everything, and tell for each record type how many records there are and what is missing."""
        self._folder()
        return [self._check(kind, context) for kind in self._settings.records]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield the records of one type; a file that cannot be read makes the stream incomplete."""
        del cursor  # every file is read whole
        kind = stream.record_type
        context.asked(self._settings.records[kind].files)
        said = stated_by_mapping(kind, self._settings.records[kind])
        if said:
            context.warn(said)
        note_untold(kind, self._settings.records[kind], context)
        yield from self._reading(kind, context.since, context.until, context).pages()

    def _reading(self, kind: str, since: datetime, until: datetime, notes: Notes) -> FilesReading:
        return FilesReading(
            folder=self._folder(),
            kind=kind,
            mapping=self._settings.records[kind],
            since=since,
            until=until,
            largest=self._settings.max_file_mb * 1024 * 1024,
            notes=notes,
        )

    def _check(self, kind: str, context: CollectionContext) -> Check:
        notes = _Noted()
        reading = self._reading(kind, datetime.min.replace(tzinfo=context.until.tzinfo), context.until, notes)
        deque(reading.pages(), maxlen=0)
        title = f"{kind} in {self._settings.records[kind].files}"
        count = f"{reading.records:,} records in {len(reading.files):,} files"
        if notes.lacks:
            return Check(title, CheckState.FAILED, " ".join([*notes.lacks, count]), _REMEDY)
        if notes.window is not None:
            count += f", which cover {notes.window[0]:%Y-%m-%d} to {notes.window[1]:%Y-%m-%d}"
        if notes.warnings:
            return Check(title, CheckState.WARNING, f"{count}. {' '.join(notes.warnings)}")
        return Check(title, CheckState.OK, count)

    def _folder(self) -> Path:
        try:
            folder = self._settings.path.resolve(strict=True)
        except (OSError, RuntimeError):
            folder = None
        if folder is None or not folder.is_dir():
            raise SourceError(
                f"There is no folder {self._settings.path}. Make it, or correct the source's path.",
                UnknownReason.COLLECTION_FAILED,
            )
        return folder


@dataclass
class _Noted(Notes):
    """Keeps what a reading tells, for ``itomm doctor``."""

    lacks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    window: tuple[datetime, datetime] | None = None

    def covered(self, start: datetime, end: datetime) -> None:
        self.window = (start, end)

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        del reason
        self.lacks.append(detail)

    def warn(self, detail: str) -> None:
        self.warnings.append(detail)


def _checked(settings: CollectorSettings) -> FilesSettings:
    if not isinstance(settings, FilesSettings):
        raise TypeError("the files collector takes FilesSettings")
    return settings
