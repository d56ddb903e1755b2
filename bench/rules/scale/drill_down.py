"""How long it takes to list the records behind one answer: one service, one rule, evidence already opened.

    python -m bench.rules.scale.drill_down --folder /tmp/scale --rows 20

Lists up to 20 records, with why those that did not count were left out, and draws a sample of 25, for three
services (the largest, a middling one, the smallest) and six rules; over segments in the order of collecting,
and over segments sorted by service. Best of five; milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.rules.scale.by_itomm import rules_of_twins
from bench.rules.scale.made_up_rows import AS_OF, write
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import Snapshot
from itomm.rules.listing import columns_listed
from itomm.rules.records import records_behind, sampled_records

SEED = 1
RULES = (
    "alert-event-001", "alert-event-011", "pipeline-037", "incident-117", "incident-134", "vulnerability-136",
)  # fmt: skip


def main() -> None:
    """Print a row for each layout and rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20, help="millions")
    parser.add_argument("--services", type=int, default=10_000)
    options = parser.parse_args()
    services = [f"s{number:05d}" for number in (0, options.services // 2, options.services - 1)]
    print("layout | rule | listing, ms, by service | sample, ms | opening, s")
    for layout, by_service in (("as collected", False), ("sorted", True)):
        folder = options.folder / f"{options.rows}M{'-sorted' * by_service}"
        rows = options.rows * 1_000_000
        snapshot = write(folder, rows, options.services, SEED, sorted_by_service=by_service)
        for line in timed(snapshot, services):
            print(f"{layout} | {line}", flush=True)


def timed(snapshot: Snapshot, services: list[str]) -> Iterator[str]:
    """One line for each rule."""
    for rule in rules_of_twins():
        if rule.name not in RULES:
            continue
        bound = rule.bound(AS_OF)
        begun = time.perf_counter()
        opened = open_evidence(snapshot, rule.needed_types, AS_OF, columns=columns_listed([bound]))
        opening = time.perf_counter() - begun
        with closing(opened) as connection:
            listed = [best(partial(records_behind, connection, bound, service, 20)) for service in services]
            drawn = best(partial(sampled_records, connection, bound, services[1], 25, 1))
        yield f"{rule.name} | {' '.join(f'{each:.0f}' for each in listed)} | {drawn:.0f} | {opening:.2f}"


def best(run: Callable[[], object], rounds: int = 5) -> float:
    """Milliseconds of the quickest of several runs."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun) * 1000)
    return min(taken)


if __name__ == "__main__":
    main()
