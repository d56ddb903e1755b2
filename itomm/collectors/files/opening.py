"""Finds the files of a folder and reads them whole: only its own, only regular ones, only finished ones."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download", ".upload")
"""How the name of a file ends that is being copied or downloaded; it gets its own name when it is whole."""


class FileRefusedError(Exception):
    """A file cannot be read; the message, which begins with its name, says why and what to do."""


@dataclass(frozen=True)
class OpenedFile:
    """A file as it was read: its name below the folder, its bytes, and what tells it from another version."""

    name: str
    path: Path
    content: bytes = field(repr=False)
    modified: datetime

    @cached_property
    def sha256(self) -> str:
        """The hash by which the very file can be found again."""
        return hashlib.sha256(self.content).hexdigest()


def files_in(folder: Path, pattern: str) -> list[str]:
    """The names below ``folder`` that a pattern fits, sorted; hidden ones and editors' locks left out."""
    names = (path.relative_to(folder).as_posix() for path in folder.glob(pattern) if not path.is_dir())
    return sorted(name for name in names if not name.rpartition("/")[2].startswith((".", "~$")))


def unfinished_in(folder: Path, pattern: str) -> list[str]:
    """Files whose names say that they are still being copied, and that the pattern will then fit."""
    return sorted({name for ending in UNFINISHED for name in files_in(folder, pattern + ending)})


def modified_at(folder: Path, name: str) -> datetime | None:
    """When a file was last written; None when it cannot be told."""
    try:
        return _instant(os.stat(folder / name).st_mtime_ns)
    except OSError:
        return None


def open_file(folder: Path, name: str, largest: int) -> OpenedFile:
    """Read a file of ``folder``, which is resolved already, unless it has more than ``largest`` bytes.

    Raises:
        FileRefusedError: it leads out of the folder, is no file, is too large, or changed while it was read.
    """
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder):
            raise FileRefusedError(
                f"{name} is a link that leads out of the folder; put the file itself there"
            )
        # Not blocking: a pipe that nobody writes to would keep us waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "its links go round in circles"
        raise FileRefusedError(f"{name} cannot be opened: {why}") from None
    with os.fdopen(descriptor, "rb", buffering=0) as opened:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise FileRefusedError(f"{name} is no regular file")
        if before.st_size > largest:
            raise FileRefusedError(
                f"{name} has {before.st_size:,} bytes, more than the {largest:,} allowed; raise max_file_mb"
            )
        content = b"".join(_pieces(opened.fileno(), largest))
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        content
    ) != after.st_size:
        raise FileRefusedError(f"{name} changed while it was read; run again when it is whole")
    return OpenedFile(name, path, content, _instant(after.st_mtime_ns))


def _pieces(descriptor: int, largest: int) -> Iterator[bytes]:
    left = largest + 1
    while left > 0 and (piece := os.read(descriptor, min(left, 1 << 20))):
        left -= len(piece)
        yield piece


def _instant(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
