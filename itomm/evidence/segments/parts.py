"""Writes record lines to files and turns each full one into a segment, while the next one fills."""

from __future__ import annotations

import errno
import glob
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO

from itomm.evidence.segments.record_lines import lines_of_segment
from itomm.evidence.segments.segment_files import (
    Origin,
    SegmentWritten,
    described,
    distinct_records,
    write_segment,
)
from itomm.evidence.segments.unfinished import lines_of

ROWS_IN_A_PART = 100_000
"""Rows after which a new segment is begun; keeps memory and the space for unfinished lines flat."""

_PART = re.compile(r"\.\d{4}\.(parquet|partial|lines\.partial)$")


class Parts:
    """The segments of one collection under way: ``<stem>.0001.parquet`` and so on."""

    def __init__(self, folder: Path, stem: str, origin: Origin) -> None:
        self._folder = folder
        self._stem = stem
        self._origin = origin
        self._file: IO[bytes] | None = None
        self._rows_in_part = 0
        self._background: ThreadPoolExecutor | None = None
        self._under_way: list[Future[SegmentWritten]] = []
        self.part = 1
        self.end = 0
        self.rows = 0

    def go_on(self, rows_by_part: Mapping[int, int], end: int) -> None:
        """Continue with what a killed run kept.

        ``rows_by_part`` are the rows that each part must have; the lines file of the last is then ``end``
        bytes long, unless it was already turned into a segment.

        Raises:
            FileNotFoundError: something of it is no longer there.
        """
        last = max(rows_by_part, default=1)
        for part in sorted(rows_by_part):
            segment, lines = self.segment(part), lines_of(self.segment(part))
            rows = rows_by_part[part]
            if segment.exists() and part == last:
                self._open_again(segment, lines, rows)
            if not segment.exists() and rows and not lines.exists():
                raise FileNotFoundError(errno.ENOENT, "what a killed run kept is no longer there", str(lines))
            if not segment.exists() and lines.exists() and part == last:
                os.truncate(lines, end)
                self._file = lines.open("ab")
        for path in self._files():
            if int(path.name.split(".")[-3 if path.name.endswith(".lines.partial") else -2]) > last:
                path.unlink()
        self.part, self.rows = last, sum(rows_by_part.values())
        if self._file is None and rows_by_part.get(last):
            self.part += 1
        else:
            self.end, self._rows_in_part = end, rows_by_part.get(last, 0)
        for part in sorted(rows_by_part):
            if part < self.part and rows_by_part[part]:
                self._convert(part)

    def _open_again(self, segment: Path, lines: Path, rows: int) -> None:
        """Make a segment lines again, when it also holds pages that have to be read once more."""
        if described(segment, "", self._origin.record_type).rows > rows:
            kept = islice(lines_of_segment(segment), rows)
            lines.write_bytes(b"".join(line + b"\n" for line in kept))
            segment.unlink()

    def add(self, lines: Sequence[bytes]) -> None:
        """Add record lines; raises OSError."""
        if not lines:
            return
        if self._file is None:
            path = lines_of(self.segment(self.part))
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb")
        block = b"\n".join(lines) + b"\n"
        self._file.write(block)
        self._file.flush()
        self.end += len(block)
        self._rows_in_part += len(lines)
        self.rows += len(lines)

    def turn(self) -> None:
        """Begin a new part when this one is full; call it between pages only."""
        if self._rows_in_part >= ROWS_IN_A_PART and self._file is not None:
            self._file.close()
            self._file = None
            self._convert(self.part)
            self.part, self.end, self._rows_in_part = self.part + 1, 0, 0

    def close(self) -> tuple[list[SegmentWritten], int | None]:
        """Write what is left; all segments in order, and how many different records they hold.

        Raises OSError.
        """
        if self._file is not None:
            self._file.close()
            self._file = None
            self._convert(self.part)
        written = [future.result() for future in self._under_way]
        if self._background is not None:
            self._background.shutdown()
            self._background = None
        paths = [self._folder / each.path for each in written]
        return written, distinct_records(paths, self.rows) if paths else None

    def leave(self) -> None:
        """Close files and leave them as they are."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written need not be written now
                self._file.close()
            self._file = None
        if self._background is not None:
            self._background.shutdown(cancel_futures=True)
            self._background = None

    def abandon(self) -> None:
        """Leave nothing behind, and nothing of a killed run either."""
        self.leave()
        for path in self._files():
            path.unlink(missing_ok=True)

    def segment(self, part: int) -> Path:
        """Where a part's segment lies."""
        return self._folder / self._path(part)

    def _path(self, part: int) -> str:
        return f"{self._stem}.{part:04}.parquet"

    def _files(self) -> list[Path]:
        stem = self._folder / self._stem
        return [path for path in stem.parent.glob(f"{glob.escape(stem.name)}.*") if _PART.search(path.name)]

    def _convert(self, part: int) -> None:
        if self._background is None:
            self._background = ThreadPoolExecutor(1, "itomm-segment")
        self._under_way.append(self._background.submit(self._converted, part))
        if len(self._under_way) > 2:
            self._under_way[-3].result()  # two behind is far enough; faults are met here

    def _converted(self, part: int) -> SegmentWritten:
        segment = self.segment(part)
        lines = lines_of(segment)
        if not segment.exists():
            write_segment(lines, segment, self._origin)
        lines.unlink(missing_ok=True)
        return described(segment, self._path(part), self._origin.record_type)
