"""Progress of a collection, on stderr and only where a person watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ProgressCallback = Callable[[str, str, int, int], None]


def is_watched(*, quiet: bool) -> bool:
    """Whether somebody looks at stderr."""
    return not quiet and sys.stderr.isatty() and "CI" not in os.environ


@contextmanager
def collecting(*, quiet: bool) -> Iterator[ProgressCallback | None]:
    """A callback for the runner that shows what each source is at; None when nobody watches."""
    if not is_watched(quiet=quiet):
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  only where somebody watches
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}
        totals: dict[tuple[str, str], int] = {}

        def show(source: str, record_type: str, _pages: int, records: int) -> None:
            totals[(source, record_type)] = records
            gathered = sum(count for (name, _), count in totals.items() if name == source)
            text = f"{source}: {record_type}, {gathered:,} records so far"
            if source not in tasks:
                tasks[source] = progress.add_task(text, total=None)
            progress.update(tasks[source], description=text)

        yield show


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Say on stderr what is being done, when somebody watches."""
    if not is_watched(quiet=quiet):
        yield
        return
    from rich.console import Console  # noqa: PLC0415  only where somebody watches

    with Console(stderr=True).status(what):
        yield
