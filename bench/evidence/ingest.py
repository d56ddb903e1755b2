"""Ingest: a collection written whole (checks, hashes, Merkle tree, raw payloads, ledger) and DuckDB alone.

DuckDB reads the very rows as JSON and writes them as Parquet. Both in one run, alternating.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from bench.evidence.made_up import BEGINNING, RECORD_TYPE, pages
from itomm.evidence.observation import CollectionOutcome
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_types
from itomm.evidence.store import Store


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=500_000)
    options.add_argument("--page-size", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    observed = list(pages(range(chosen.records), size=chosen.page_size))
    gc.freeze()  # what only the benchmark holds is no work for the collector of garbage
    ours: list[Seconds] = []
    theirs: list[Seconds] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.rounds):
            store = Store.open(Path(folder) / f"store-{number}", create=True)
            ours.append(_ingest(store, observed))
            rows = Path(folder) / "rows.ndjson"
            if not number:
                _export(store, rows)
            theirs.append(_duckdb(rows, Path(folder) / "theirs.parquet"))
    print(f"{chosen.records:,} records in pages of {chosen.page_size}")
    for name, seconds in (("itomm", ours), ("DuckDB", theirs)):
        wall, work = (
            statistics.median(getattr(each, field) for each in seconds) for field in ("wall", "work")
        )
        print(
            f"{name:7} {wall:6.2f} s wall {work:6.2f} s of one core "
            f"{chosen.records / work:12,.0f} records/s/core"
        )
    for field in ("wall", "work"):
        each = [getattr(one, field) / getattr(other, field) for one, other in zip(ours, theirs, strict=True)]
        print(
            f"ratio {field}: {statistics.median(each):5.2f} "
            f"(goal: at most 3; rounds {[round(ratio, 2) for ratio in each]})"
        )


@dataclass(frozen=True)
class Seconds:
    """Time on the wall, and of all cores together."""

    wall: float
    work: float


class _Stopwatch:
    def __init__(self) -> None:
        self._wall, self._work = time.perf_counter(), time.process_time()

    def read(self) -> Seconds:
        return Seconds(time.perf_counter() - self._wall, time.process_time() - self._work)


def _ingest(store: Store, observed: list) -> Seconds:  # type: ignore[type-arg]
    began = _Stopwatch()
    with store.writing("bench"):
        writer = store.begin_collection(
            run=1, source="gitlab", collector="gitlab", record_type=RECORD_TYPE, started_at=BEGINNING
        )
        for page, services in observed:
            writer.add_page(page, services, {"checkpoint": {"page": 1}})
        writer.finish(
            CollectionOutcome(
                complete=True, finished_at=BEGINNING + timedelta(days=900), window_start=BEGINNING
            )
        )
    return began.read()


def _export(store: Store, target: Path) -> None:
    paths = [str(store.folder / part.path) for each in store.collections() for part in each.segments]
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_parquet({paths})) TO '{target}' (FORMAT json)")


def _duckdb(rows: Path, target: Path) -> Seconds:
    columns = column_types(record_types()[RECORD_TYPE])
    began = _Stopwatch()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_json('{rows}', format='newline_delimited', columns={columns})) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return began.read()


if __name__ == "__main__":
    main()
