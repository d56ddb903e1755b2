"""Places in files as people read them: relative to the folder they stand in."""

from __future__ import annotations

import os
from pathlib import Path


def shown_place(place: object) -> str:
    """A place, or its text, with a path inside the current folder made relative to it."""
    return str(place).removeprefix(f"{Path.cwd()}{os.sep}")
