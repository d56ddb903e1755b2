"""Which files of a folder are read, and in which order: the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from itomm.collectors.files.names import Window
from itomm.collectors.files.opening import files_in, modified_at
from itomm.collectors.files.settings import FileRecords

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """A file that fits the pattern; ``told`` is the time that its name says."""

    name: str
    modified: datetime
    told: Window | None

    @property
    def age_key(self) -> tuple[datetime, datetime, str]:
        """Sorts files by their age: by their names' dates, else by when they were written."""
        return (self.told.end if self.told else self.modified, self.modified, self.name)


def candidates(folder: Path, mapping: FileRecords) -> list[Candidate]:
    """The files that fit a mapping, newest first."""
    dated = mapping.covers.dated_name if mapping.covers else None
    found = [
        Candidate(name, modified_at(folder, name) or _LONG_AGO, dated.window(name) if dated else None)
        for name in files_in(folder, mapping.files)
    ]
    return sorted(found, key=lambda one: one.age_key, reverse=True)


def newest_state(found: Sequence[Candidate]) -> list[Candidate]:
    """Of files with dates in their names, those of the newest date: state replaces what was before."""
    dated = [one for one in found if one.told is not None]
    if not dated:
        return list(found)
    return [one for one in dated if one.told == dated[0].told]
