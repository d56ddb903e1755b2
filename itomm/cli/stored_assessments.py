"""Assessments by what people call them: an id, the beginning of a hash, an instant, a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from itomm.cli.workspace import Workspace, score
from itomm.config.clock import format_instant, parse_instant
from itomm.config.errors import StoreError, UsageError
from itomm.evidence.trust.recorded_assessments import (
    RecordedAssessment,
    document_of,
    recorded_assessments,
)
from itomm.reports.read_document import read_assessment
from itomm.scoring.assessment import Assessment

_SHORTEST_PREFIX = 6
_HASH = re.compile(r"[0-9a-f]+")
NEWEST = "newest"
HOW_TO_NAME = (
    "Name a recorded assessment (S1, or the beginning of its SHA-256), an instant (2026-10-31), "
    "a file that 'itomm score --output json' wrote, or 'newest'."
)


@dataclass(frozen=True)
class Named:
    """An assessment and what it was called."""

    name: str
    assessment: Assessment


def named_assessment(
    workspace: Workspace, name: str, *, profile: str | None = None, rescore: bool = False
) -> Named:
    """The assessment that is called so; ``rescore`` judges its evidence by today's rules, model and settings.

    ``profile`` holds for what is scored now; a recorded one keeps its own.

    Raises:
        UsageError: there is none.
    """
    recorded = _recorded(workspace, name)
    if recorded is not None:
        if not rescore:
            store = workspace.existing_store
            return Named(recorded.id, read_assessment(document_of(store, recorded), recorded.id))
        as_of, run = format_instant(recorded.as_of), str(recorded.run)
        return Named(recorded.id, score(workspace, as_of=as_of, snapshot=run, profile=profile).assessment)
    if name == NEWEST:
        return Named(NEWEST, score(workspace, profile=profile).assessment)
    file = Path(name)
    if file.is_file():
        if rescore:
            raise UsageError(f"{name} holds no evidence to score again; name a recorded assessment.")
        return Named(file.name, read_assessment(_content(file), name))
    try:
        instant = format_instant(parse_instant(name))
    except UsageError:
        raise UsageError(f"There is no assessment '{name}'. {HOW_TO_NAME}{_known(workspace)}") from None
    return Named(instant, score(workspace, as_of=instant, profile=profile).assessment)


def previous_assessment(workspace: Workspace, as_of: datetime) -> Named | None:
    """The newest recorded assessment of an earlier instant; None when there is none."""
    store = workspace.existing_store
    earlier = [each for each in recorded_assessments(store) if each.as_of < as_of]
    if not earlier:
        return None
    newest = max(earlier, key=lambda each: (each.as_of, each.head.seq))
    return Named(newest.id, read_assessment(document_of(store, newest), newest.id))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}.") from None


def _recorded(workspace: Workspace, name: str) -> RecordedAssessment | None:
    found = recorded_assessments(workspace.existing_store)
    for each in reversed(found):
        if each.id.casefold() == name.casefold():
            return each
    if len(name) >= _SHORTEST_PREFIX and _HASH.fullmatch(name.lower()):
        by_hash = [each for each in reversed(found) if each.sha256.startswith(name.lower())]
        if len({each.sha256 for each in by_hash}) > 1:
            raise UsageError(f"More than one recorded assessment begins with '{name}'; write more of it.")
        return by_hash[0] if by_hash else None
    return None


def _known(workspace: Workspace) -> str:
    found = [each.id for each in recorded_assessments(workspace.existing_store)]
    if not found:
        return " None is recorded yet; 'itomm assess' records one."
    return f" Recorded: {found[0]}." if len(found) == 1 else f" Recorded: {found[0]} to {found[-1]}."
