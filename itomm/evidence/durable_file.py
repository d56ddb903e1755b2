"""Small files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path


def write_durably(path: Path, content: bytes, *, through: str) -> None:
    """Put ``content`` on the disk, then in place of ``path``; meanwhile its suffix is ``through``.

    Raises:
        OSError: it could not be written; then ``path`` is as it was.
    """
    partial = path.with_suffix(through)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
