"""What a second collection costs when 1 % changed: time and bytes written, against the first one.

The goal: at most twice 1 % of the first, plus a constant: what a collection of one record costs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench.evidence.made_up import BEGINNING, RECORD_TYPE, pages
from itomm.evidence.observation import CollectionOutcome
from itomm.evidence.store import Store


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--page-size", type=int, default=100)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        store = Store.open(Path(made), create=True)
        _collect(store, range(1), chosen.page_size, 1)  # what is loaded once is loaded now
        constant = _collect(store, range(1), chosen.page_size, 2)
        first = _collect(store, range(chosen.records), chosen.page_size, 3)
        second = _collect(store, range(chosen.records // 100), chosen.page_size, 4)
    for name, (seconds, kilobytes) in (("one record", constant), ("first", first), ("1 % changed", second)):
        print(f"{name:12} {seconds:8.3f} s {kilobytes:12,.0f} kB written")
    for name, place in (("time", 0), ("bytes", 1)):
        share = (second[place] - constant[place]) / (first[place] / 100)
        print(f"{name:6} beyond the constant: {share:4.2f} of 1 % of the first (goal: at most 2)")


def _collect(store: Store, numbers: range, page_size: int, run: int) -> tuple[float, float]:
    before = _kilobytes(store.folder)
    at = BEGINNING + timedelta(days=900 + run)
    began = time.perf_counter()
    with store.writing("bench"):
        writer = store.begin_collection(
            run=run, source="gitlab", collector="gitlab", record_type=RECORD_TYPE, started_at=at
        )
        for page, services in pages(numbers, size=page_size, version=run):
            writer.add_page(page, services)
        writer.finish(CollectionOutcome(complete=True, finished_at=at, window_start=at - timedelta(days=1)))
    return time.perf_counter() - began, _kilobytes(store.folder) - before


def _kilobytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1000


if __name__ == "__main__":
    main()
