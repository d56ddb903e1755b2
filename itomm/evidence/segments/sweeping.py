"""Takes away what a killed run left half-written and nobody will go on with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from itomm.evidence.segments.unfinished import Journal, journals


def sweep(
    evidence: Path,
    *,
    keep_run: int | None,
    collections: Collection[str],
    segments: Collection[Path],
    release: Callable[[Iterable[str], Path], None],
) -> None:
    """Sweep the evidence folder.

    Stays: what the run ``keep_run`` kept, and every listed segment. An unlisted segment goes only when a
    journal or a marker shows that a killed run wrote it; another one was put there by somebody and is for
    ``verify``.
    """
    kept: set[str] = set()
    for path, journal in list(journals(evidence)):
        name = path.name.split(".journal.")[0]
        if journal is not None and journal.run == keep_run and name not in collections:
            kept.add(name)
        else:
            _drop(path, name, journal, segments, release)
    for marker in evidence.glob("*/*.parquet.partial"):
        unlisted = marker.with_suffix("")
        if unlisted not in segments:
            unlisted.unlink(missing_ok=True)
    for leftover in evidence.glob("*/*.partial"):
        if leftover.name.split(".")[0] not in kept and not _is_of(leftover, kept):
            leftover.unlink(missing_ok=True)


def sweep_answers(answers: Path, keep: Path | None) -> None:
    """Sweep what runs kept of their answers; the folder ``keep`` stays, as its run may be gone on with."""
    for run in answers.glob("*"):
        if run != keep:
            shutil.rmtree(run, ignore_errors=True)
    if keep is None or not keep.exists():
        shutil.rmtree(answers, ignore_errors=True)


def _is_of(leftover: Path, kept: Collection[str]) -> bool:
    return any(leftover.name.startswith(f"{name}.") for name in kept)


def _drop(
    path: Path,
    name: str,
    journal: Journal | None,
    segments: Collection[Path],
    release: Callable[[Iterable[str], Path], None],
) -> None:
    for segment in path.parent.glob("*.parquet"):
        if segment.name.startswith(f"{name}.") and segment not in segments:
            segment.unlink()
    if journal is not None:
        release([page.raw_sha256 for page in journal.pages], path)
    path.unlink()
