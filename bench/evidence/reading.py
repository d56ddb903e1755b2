"""Reading the current state after many incremental collections, and a plain Parquet scan of the same rows.

The first collection holds all records; each later one changes 1 % of them. The plain scan reads one Parquet
file that DuckDB wrote from the same current rows. Both answer the same questions in one run, alternating, in
processes of their own, with the memory limit that itomm uses: one question needs every column of every row,
the other one five columns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from bench.evidence.made_up import BEGINNING, RECORD_TYPE, pages
from itomm.evidence.observation import CollectionOutcome
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store

QUESTIONS = {
    "all columns": "SELECT count(*), bit_xor(hash(one)) FROM {table} AS one",
    "few columns": (
        "SELECT status, count(*), avg(duration_s), count(DISTINCT repo_id), max(finished_at) "
        "FROM {table} WHERE on_default_branch GROUP BY status ORDER BY status"
    ),
}
Answered = dict[str, float]
AS_OF = BEGINNING + timedelta(days=3650)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--collections", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--ask", choices=["store", "plain"], help=argparse.SUPPRESS)
    options.add_argument("--question", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    if chosen.ask:
        _ask(chosen.folder, chosen.ask, QUESTIONS[chosen.question])
        return
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.folder or Path(made)
        if not (folder / "store").exists():
            _fill(folder, chosen.records, chosen.collections)
        for question in QUESTIONS:
            ask = partial(_asked, folder, question)
            compare(question, chosen.rounds, ask, "at most 1.3")


def compare(question: str, rounds: int, ask: Callable[[str], Answered], goal: str) -> None:
    """Ask the store and the plain file in turn, see that both answer the same, and print how they did."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(ask("store"))
        theirs.append(ask("plain"))
    assert ours[0]["answer"] == theirs[0]["answer"]
    print(question)
    for name, found in (("itomm", ours), ("plain scan", theirs)):
        seconds = statistics.median(each["seconds"] for each in found)
        print(f"  {name:10} {seconds:7.3f} s, peak {max(each['peak_mb'] for each in found):,.0f} MB")
    ratios = [one["seconds"] / other["seconds"] for one, other in zip(ours, theirs, strict=True)]
    print(f"  ratio      {statistics.median(ratios):7.2f} (goal: {goal})")


def answered(module: str, *options: str) -> Answered:
    """What a process of its own answers and takes: ``seconds``, ``peak_mb``, ``answer``."""
    command = [sys.executable, "-m", module, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _fill(folder: Path, records: int, collections: int) -> None:
    store = Store.open(folder / "store", create=True)
    changed = max(1, records // 100)
    for run in range(1, collections + 1):
        first = 0 if run == 1 else (run * changed) % records
        numbers = range(records) if run == 1 else range(first, min(first + changed, records))
        at = BEGINNING + timedelta(days=900 + run)
        with store.writing("bench"):
            writer = store.begin_collection(
                run=run, source="gitlab", collector="gitlab", record_type=RECORD_TYPE, started_at=at
            )
            for page, services in pages(numbers, size=1000, version=run):
                writer.add_page(page, services)
            writer.finish(
                CollectionOutcome(complete=True, finished_at=at, window_start=at - timedelta(days=1))
            )
    with duckdb.connect() as connection:
        query = _current(store)
        connection.execute("SET threads = 1")
        connection.execute(
            f"COPY ({query}) TO '{folder / 'plain.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )


def _current(store: Store) -> str:
    """The current rows, found without itomm: of each record the last one read."""
    paths = [str(store.folder / part.path) for each in store.collections() for part in each.segments]
    return (
        f"SELECT * FROM read_parquet({paths}) "
        "QUALIFY row_number() OVER (PARTITION BY source_ref ORDER BY collection DESC, page DESC) = 1"
    )


def _asked(folder: Path, question: str, which: str) -> Answered:
    return answered("bench.evidence.reading", "--ask", which, "--question", question, "--folder", str(folder))


def _ask(folder: Path, which: str, question: str) -> None:
    if which == "store":
        snapshot = snapshot_of(Store.open(folder / "store"))
        began = time.perf_counter()
        connection = open_evidence(snapshot, [record_types()[RECORD_TYPE]], AS_OF, most_rows=0)
        answer = connection.execute(question.format(table=f'"{RECORD_TYPE}"')).fetchall()
    else:
        began = time.perf_counter()
        connection = duckdb.connect()
        connection.execute("SET memory_limit = '1GB'")
        answer = connection.execute(
            question.format(table=f"read_parquet('{folder / 'plain.parquet'}')")
        ).fetchall()
    seconds = time.perf_counter() - began
    peak = peak_megabytes()
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "answer": str(answer)}))


def peak_megabytes() -> float:
    """The most memory that this process ever had; getrusage would tell of the one that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
