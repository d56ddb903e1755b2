"""Reads services from Backstage's descriptor files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import yaml

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.payload import Payload
from itomm.collectors.service_catalogues.backstage_entity import contacts, kind_of, listed_service
from itomm.collectors.service_catalogues.backstage_settings import BackstageFilesSettings
from itomm.evidence.observation import Page, RequestMade, UnknownReason

LARGEST_FILE_BYTES = 20_000_000


class BackstageFilesCollector(Collector):
    """Components of ``catalog-info.yaml`` files as services. It asks nothing of anyone."""

    name: ClassVar[str] = "backstage_files"
    title: ClassVar[str] = "Services of Backstage descriptor files"
    settings_model: ClassVar[type[CollectorSettings]] = BackstageFilesSettings
    streams: ClassVar[tuple[Stream, ...]] = (Stream("service", needs="read the files"),)

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, BackstageFilesSettings):
            raise TypeError("the collector of Backstage files takes BackstageFilesSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Whether there are files to read."""
        del context
        files = self._files()
        return [Check("Descriptor files", CheckState.OK, f"{len(files)} under {self._settings.path}")]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """One page for each file; a file that cannot be read makes the stream incomplete."""
        del stream, cursor  # there is one stream, and it is always read whole
        read: dict[Path, list[Payload]] = {}
        for file in self._files():
            context.asked(str(file))
            try:
                read[file] = _entities(file)
            except (OSError, ValueError, yaml.YAMLError) as error:
                context.incomplete(UnknownReason.COLLECTION_FAILED, f"{file}: {_in_words(error)}")
        owners = contacts(entity for entities in read.values() for entity in entities)
        for file, entities in read.items():
            if any(kind_of(entity) == "location" for entity in entities):
                context.warn(f"{file} names other files in a Location, which is not followed")
            address = file.resolve().as_uri()
            listed = [listed_service(entity, self._settings.reading, owners, address) for entity in entities]
            found = tuple(one.observation() for one in listed if one is not None)
            yield Page(found, RequestMade("RUN", f"read services from {address}"))

    def _files(self) -> list[Path]:
        path = self._settings.path
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise SourceError(f"There is no file or folder {path}.")
        found = sorted(file for file in path.glob(self._settings.pattern) if file.is_file())
        if not found:
            raise SourceError(f"No file under {path} fits the pattern {self._settings.pattern}.")
        return found


def _entities(file: Path) -> list[Payload]:
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise ValueError(f"it is larger than {LARGEST_FILE_BYTES:,} bytes")
    documents = [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one is not None]
    if not all(isinstance(one, dict) and "kind" in one for one in documents):
        raise ValueError("a document in it is no entity: it has no kind")
    return documents


def _in_words(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error).splitlines()[0]
