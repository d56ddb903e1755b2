"""Settings of a drop folder."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from itomm.collectors.contract import CollectorSettings
from itomm.collectors.files.names import DatedName, dated_name
from itomm.collectors.mapping.declared import RecordMapping
from itomm.collectors.mapping.fitting import Fault, fitting, refuse
from itomm.collectors.mapping.links import is_web_address
from itomm.collectors.mapping.paths import path_fault
from itomm.collectors.mapping.zones import ZoneName
from itomm.collectors.payload import instant_of
from itomm.config.structure import StrictModel
from itomm.evidence.record_types import record_types

FORMATS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".xlsx": "xlsx",
}
"""The format that a file's name tells."""

OWN = ("$file", "$sheet")
"""What a mapping may read besides the row: the file's name without its ending, and the sheet's name."""

Format = Literal["csv", "json", "json_lines", "yaml", "xlsx"]


def _must_be_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(f"there is no encoding '{name}'. Common are utf-8, utf-16 and cp1252") from None


def _must_be_instant(text: str) -> str:
    if instant_of(text) is None:
        raise ValueError("write a date (2026-11-01) or an instant with an offset (2026-11-01T00:00:00Z)")
    return text


InstantText = Annotated[str, AfterValidator(_must_be_instant)]


class Covers(StrictModel):
    """Which time a file tells of.

    Attributes:
        start: nothing before it is in the file.
        end: nothing from it on is in the file; default: when the file was written.
        name: how the file's name tells it instead, such as ``incidents-%Y-%m``.
        zone: where the dates in names begin; default UTC.
    """

    start: InstantText | None = Field(default=None, alias="from")
    end: InstantText | None = Field(default=None, alias="to")
    name: str | None = None
    zone: ZoneName = "UTC"

    @cached_property
    def dated_name(self) -> DatedName | None:
        """How names tell dates; None when they do not."""
        return dated_name(self.name, self.zone) if self.name is not None else None

    @property
    def start_instant(self) -> datetime | None:
        """The declared beginning."""
        return instant_of(self.start)

    @property
    def end_instant(self) -> datetime | None:
        """The declared end."""
        return instant_of(self.end)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Covers:
        if (self.start is None) == (self.name is None):
            raise ValueError("say either from (and to), or name with the date in the files' names")
        if self.name is not None and self.end is not None:
            raise ValueError("the names of the files tell where their time ends; leave to out")
        if self.name is not None:
            dated_name(self.name, self.zone)
        start, end = self.start_instant, self.end_instant
        if start and end and end <= start:
            raise ValueError("to must lie after from")
        return self


class FileRecords(RecordMapping):
    """Which files hold one record type, and how.

    Attributes:
        files: the files' names as a pattern, relative to the folder, such as ``incidents-*.csv``.
        format: how they are written; default: told by the pattern's ending.
        encoding: of text without a byte order mark; default UTF-8.
        delimiter: between the columns of CSV; default: whichever of ``;``, ``,``, tab and ``|`` fits.
        header: the row that names the columns of CSV and XLSX.
        sheet: the sheet of an XLSX file; default: its only one.
        rows: where the rows are in JSON and YAML, as a JMESPath expression; default: the document itself.
        covers: which time the files tell of; default: from the first to the last event they hold.
    """

    files: Annotated[str, Field(min_length=1)]
    format: Format | None = None
    encoding: Annotated[str, AfterValidator(_must_be_encoding)] = "utf-8"
    delimiter: Literal[";", ",", "\t", "|"] | None = None
    header: Annotated[int, Field(ge=1, le=1000)] = 1
    sheet: str | None = None
    rows: str | None = None
    covers: Covers | None = None

    @property
    def written_as(self) -> str:
        """The files' format; empty when neither settings nor name tell it."""
        return self.format or FORMATS.get(PurePosixPath(self.files).suffix.lower(), "")

    @property
    def is_table(self) -> bool:
        """Whether rows have named columns, and no structure of their own."""
        return self.written_as in {"csv", "xlsx"}

    @field_validator("files")
    @classmethod
    def _stays_in_the_folder(cls, pattern: str) -> str:
        path = PurePosixPath(pattern)
        if path.is_absolute() or ".." in path.parts or "\\" in pattern or "\0" in pattern:
            raise ValueError("write a pattern of names below the folder, such as incidents-*.csv")
        return pattern

    @model_validator(mode="after")
    def _holds_together(self) -> FileRecords:
        refuse(list(self._faults()))
        return self

    def _faults(self) -> list[Fault]:
        faults: list[Fault] = []
        if not self.written_as:
            faults.append((("files",), "the name tells no format; add one with format: csv, json, yaml …"))
        fitting_formats = {
            "delimiter": {"csv"},
            "encoding": {"csv", "json", "json_lines"},
            "header": {"csv", "xlsx"},
            "sheet": {"xlsx"},
            "rows": {"json", "yaml"},
        }
        for key, formats in fitting_formats.items():
            if key in self.model_fields_set and self.written_as and self.written_as not in formats:
                faults.append(((key,), f"{key} says nothing about files of format {self.written_as}"))
        if self.rows is not None and (wrong := path_fault(self.rows)):
            faults.append((("rows",), wrong))
        if self.link is not None and not (self.link.partition("{")[0] and is_web_address(self.link)):
            faults.append((("link",), "write an address that begins with https://host/"))
        return faults


class FilesSettings(CollectorSettings):
    """A folder into which other tools' exports are dropped.

    Attributes:
        path: the folder.
        records: by record type: which files, and what their columns mean.
        max_file_mb: a larger file is refused.
    """

    path: Path
    records: dict[str, FileRecords]
    max_file_mb: Annotated[int, Field(ge=1, le=2000)] = 100

    @field_validator("records")
    @classmethod
    def _fits_the_record_types(
        cls, records: dict[str, FileRecords], info: ValidationInfo
    ) -> dict[str, FileRecords]:
        del info
        fitting(records, _path_fault)
        refuse(
            [((kind, *place), text) for kind, one in records.items() for place, text in _windows(kind, one)]
        )
        return records


def _windows(kind: str, mapping: FileRecords) -> list[Fault]:
    if mapping.covers and mapping.covers.start and record_types()[kind].is_state:
        return [(("covers",), f"{kind} is state: it is as of when a file was written, or a date in its name")]
    return []


def _path_fault(mapping: RecordMapping, path: str) -> str | None:
    if path.startswith("$"):
        return None if path in OWN else f"there is no '{path}' here; there are {' and '.join(OWN)}"
    is_table = isinstance(mapping, FileRecords) and mapping.is_table
    return None if is_table else path_fault(path)
