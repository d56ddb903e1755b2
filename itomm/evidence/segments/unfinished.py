"""What a run keeps while it is under way, so that a killed one is gone on with at its last complete page.

A run is noted in one small file. Each collection under way has a journal beside its segments: a line for
every complete page, written before the page's raw payload gets its name. A line without its payload, and a
last line without its end, belong to a page that was not complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

import orjson

from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.durable_file import write_durably
from itomm.evidence.observation import RequestMade
from itomm.evidence.segments.raw_payloads import RawPayloads

_JOURNAL = ".journal.partial"
_LINES = ".lines.partial"


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that was begun: its number, the instant up to which it reads, and what it asks for."""

    run: int
    until: datetime
    asked_digest: str


@dataclass(frozen=True)
class KeptPages:
    """What a killed run kept of one stream, up to the last page behind which it can be entered."""

    pages: int
    records: int
    started_at: datetime
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class PageKept:
    """One page of a collection under way.

    ``end`` is the length in bytes of the lines file of ``part`` with this page's lines.
    """

    number: int
    request: RequestMade
    records: int
    raw_sha256: str
    part: int
    end: int
    refused: tuple[str, ...] = ()
    progress: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Journal:
    """A journal as it was found: the collection it is of, and its pages."""

    path: Path
    run: int
    source: str
    record_type: str
    started_at: datetime
    pages: tuple[PageKept, ...] = field(repr=False)

    @property
    def collection(self) -> str:
        """The id of the collection."""
        return self.path.name.removesuffix(_JOURNAL)

    @property
    def enterable(self) -> tuple[PageKept, ...]:
        """The pages up to the last one behind which reading can go on, none of whose raw payloads was lost.

        A payload gets its name after its line here, so the last lines may tell of payloads that never did.
        """
        raw = RawPayloads(self.path.parents[2] / "raw")
        whole = list(takewhile(lambda page: raw.holds(page.raw_sha256), self.pages))
        while whole and whole[-1].progress is None:
            whole.pop()
        return tuple(whole)

    @property
    def kept(self) -> KeptPages | None:
        """What can be gone on with; None when reading must begin anew."""
        pages = self.enterable
        if not pages or pages[-1].progress is None:
            return None
        return KeptPages(len(pages), sum(page.records for page in pages), self.started_at, pages[-1].progress)


class JournalWriter:
    """Appends to the journal of one collection."""

    def __init__(self, path: Path, *, run: int, source: str, record_type: str, started_at: datetime) -> None:
        self._path = path
        self._header = {
            "run": run,
            "source": source,
            "record_type": record_type,
            "started_at": format_instant(started_at),
        }
        self._file: IO[bytes] | None = None

    def keep(self, page: PageKept) -> None:
        """Note a page; after this, kill -9 does not lose it."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            begun = self._path.exists()
            self._file = self._path.open("ab")
            if not begun:
                self._file.write(orjson.dumps(self._header) + b"\n")
        self._file.write(orjson.dumps(page) + b"\n")
        self._file.flush()

    def begin_with(self, pages: Sequence[PageKept]) -> None:
        """Put these pages in place of what was noted before, all at once."""
        anew = self._path.with_suffix(".anew.partial")
        lines = [orjson.dumps(self._header), *(orjson.dumps(page) for page in pages)]
        anew.write_bytes(b"".join(line + b"\n" for line in lines))
        anew.replace(self._path)

    def close(self) -> None:
        """Close the file; what is in it stays."""
        if self._file is not None:
            self._file.close()
            self._file = None


def journal_of(segment_stem: Path) -> Path:
    """Where the journal lies of the collection whose segments begin with this name."""
    return segment_stem.with_name(segment_stem.name + _JOURNAL)


def lines_of(segment: Path) -> Path:
    """Where the record lines lie from which a segment is to be written."""
    return segment.with_suffix(_LINES)


def read_journal(path: Path) -> Journal | None:
    """A journal with its whole lines; None when not even its first line is whole."""
    lines = path.read_bytes().split(b"\n")[:-1]
    if not lines:
        return None
    header = json.loads(lines[0])
    return Journal(
        path,
        header["run"],
        header["source"],
        header["record_type"],
        parse_instant(header["started_at"]),
        tuple(_page(json.loads(line)) for line in lines[1:]),
    )


def _page(values: dict[str, Any]) -> PageKept:
    request = RequestMade(**values.pop("request"))
    refused = tuple(values.pop("refused"))
    return PageKept(**values, request=request, refused=refused)


def journals(evidence: Path) -> Iterator[tuple[Path, Journal | None]]:
    """All journals in the evidence folder, in order of their names."""
    for path in sorted(evidence.glob(f"*/*{_JOURNAL}")):
        yield path, read_journal(path)


def note_run(path: Path, begun: UnfinishedRun) -> None:
    """Note durably that a run began; raises OSError."""
    content = {**asdict(begun), "until": format_instant(begun.until)}
    write_durably(path, orjson.dumps(content), through=".new")


def noted_run(path: Path) -> UnfinishedRun | None:
    """The run that was begun and not ended, if any."""
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return UnfinishedRun(values["run"], parse_instant(values["until"]), values["asked_digest"])
