"""Timing one engine in a process of its own: warmed up, then the best of some rounds.

Uses the standard library only: it also runs in the peers' own environment.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Partials = dict[str, Sequence[Sequence[int | None]]]
"""By rule, for each service in order: how many counted, how many of these matched, the value."""

Columns = dict[str, dict[str, list[Any]]]
"""By record type and column: a list of values. ``service`` is the service's place."""


class Data:
    """Records as lists of values, with the as-of instant and the number of services."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text())
        self.as_of: int = about["as_of"]
        self.services = len(about["services"])
        self.columns: Columns = {
            path.stem: json.loads(path.read_text())
            for path in sorted(folder.glob("*.json"))
            if path.stem != "about"
        }

    def rows(self, record_type: str) -> list[dict[str, Any]]:
        """The records of a type as mappings."""
        columns = self.columns[record_type]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def rows_by_service(self, record_type: str) -> list[list[dict[str, Any]]]:
        """The records of a type as mappings, service by service."""
        found: list[list[dict[str, Any]]] = [[] for _ in range(self.services)]
        for row in self.rows(record_type):
            found[row["service"]].append(row)
        return found


def timed(run: Callable[[], object], rounds: int) -> dict[str, float]:
    """Seconds of the best round by wall clock, and of processor time of the round that took least of it."""
    run()
    gc.collect()
    gc.freeze()  # what was loaded is no garbage: nobody pays for looking at it again
    wall, processor = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return {"seconds": min(wall), "processor": min(processor), "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """The most memory that this process ever held; ``getrusage`` would count what its parent held, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def nearest_rank(values: list[int], percent: int) -> int | None:
    """The smallest value that at least this part of all values do not exceed."""
    if not values:
        return None
    values.sort()
    return values[-(-len(values) * percent // 100) - 1]


def tell(prepare: Callable[[Data], Callable[[], Partials]]) -> None:
    """Load the data, time an engine on it, and print figures and partial results as JSON.

    ``loading`` is the processor time from the program's start to records and rules that are ready.
    """
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    chosen, _ = options.parse_known_args()  # an engine may have options of its own
    run = prepare(Data(chosen.folder))
    loading = time.process_time()
    partials = run()
    print(json.dumps({**timed(run, chosen.rounds), "loading": loading, "partials": partials}))
