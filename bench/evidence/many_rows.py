"""Reading the current state of more rows than fit in memory, and a plain Parquet scan of the same rows.

DuckDB makes the segments directly: a compaction, and behind it collections that each hold 1 % of the records
again (100 collections leave at most eight behind the newest compaction). Both sides answer the same questions
in processes of their own, alternating, with the memory limit that itomm uses; the peak is the process's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from bench.evidence.made_up import BEGINNING, RECORD_TYPE
from bench.evidence.reading import QUESTIONS, Answered, answered, compare, peak_megabytes
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.current_state import Compaction
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.evidence.segments.columns import column_types

BEHIND_THE_BASE = 7
AS_OF = BEGINNING + timedelta(days=3650)

VALUES = {
    "source": "'gitlab'",
    "source_ref": "(number % 500) || '/' || number",
    "url": "'https://gitlab.example/group/project-' || (number % 500) || '/-/pipelines/' || number",
    "collected_at": f"TIMESTAMP '{BEGINNING:%Y-%m-%d}' + to_days(900 + {{version}})",
    "service_id": "'service-' || (number % 500)",
    "collection": "'{collection}'",
    "page": "1 + number // 100",
    "position": "number % 100",
    "repo_id": "'group/project-' || (number % 500)",
    "sha": "left(md5(number::VARCHAR) || md5(number::VARCHAR), 40)",
    "ref": "'main'",
    "trigger": "'push'",
    "status": "CASE (number + {version}) % 4 WHEN 3 THEN 'failed' ELSE 'success' END",
    "on_default_branch": "true",
    "created_at": f"TIMESTAMP '{BEGINNING:%Y-%m-%d}' + to_seconds(number)",
    "finished_at": f"TIMESTAMP '{BEGINNING:%Y-%m-%d}' + to_seconds(number + 60 + number % 1800)",
    "duration_s": "60 + number % 1800",
    "queued_s": "number % 30",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=50_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path)
    options.add_argument("--ask", choices=["store", "plain"], help=argparse.SUPPRESS)
    options.add_argument("--question", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.ask:
        _ask(chosen.folder, chosen.ask, QUESTIONS[chosen.question], chosen.records)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.folder or Path(made)
        folder.mkdir(exist_ok=True)
        if not (folder / "plain.parquet").exists():
            _make(folder, chosen.records)
        print(f"{chosen.records:,} records, 1 % of them read again by each of {BEHIND_THE_BASE} collections")
        for question in QUESTIONS:
            ask = partial(_asked, folder, chosen.records, question)
            compare(question, chosen.rounds, ask, "at most 1.3; peak below 2,048 MB")


def _make(folder: Path, records: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        for version in range(BEHIND_THE_BASE + 1):
            numbers = _numbers(version, records)
            rows = _rows(version, f"range({numbers.start}, {numbers.stop}) AS numbers(number)")
            _write(connection, rows, folder / _path(version))
        parts = [
            _rows(version, f"range({numbers.start}, {numbers.stop}) AS numbers(number)")
            for version in range(1, BEHIND_THE_BASE + 1)
            if (numbers := _numbers(version, records))
        ]
        first, last = _numbers(1, records).start, _numbers(BEHIND_THE_BASE, records).stop
        rest = f"(FROM range({records}) AS numbers(number) WHERE number < {first} OR number >= {last})"
        _write(connection, " UNION ALL ".join([_rows(0, rest), *parts]), folder / "plain.parquet")


def _numbers(version: int, records: int) -> range:
    share = records // 100
    return range(records) if version == 0 else range(version * share, (version + 1) * share)


def _rows(version: int, numbers: str) -> str:
    columns = [
        f"({VALUES.get(name, 'NULL').format(version=version, collection=_name(version))})::{kind} AS {name}"
        for name, kind in column_types(record_types()[RECORD_TYPE]).items()
    ]
    return f"SELECT {', '.join(columns)} FROM {numbers}"


def _write(connection: duckdb.DuckDBPyConnection, rows: str, target: Path) -> None:
    connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _name(version: int) -> str:
    return f"{version + 1:06}-gitlab-{RECORD_TYPE}"


def _path(version: int) -> str:
    return f"{_name(version)}.parquet"


def _snapshot(folder: Path, records: int) -> Snapshot:
    collections = [
        _collection(version, len(_numbers(version, records))) for version in range(BEHIND_THE_BASE + 1)
    ]
    base = Compaction("gitlab", RECORD_TYPE, _name(0), _path(0), "", records)
    return Snapshot(folder, tuple(collections), (base,))


def _collection(version: int, rows: int) -> Collection:
    at = BEGINNING + timedelta(days=900 + version)
    return Collection(
        id=_name(version),
        run=version + 1,
        source="gitlab",
        collector="gitlab",
        record_type=RECORD_TYPE,
        started_at=at,
        finished_at=at,
        complete=True,
        reason=None,
        error="",
        records=rows,
        window_start=at - timedelta(days=1),
        window_end=at,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(Segment(_path(version), rows, "", rows),),
    )


def _asked(folder: Path, records: int, question: str, which: str) -> Answered:
    place = ["--folder", str(folder), "--records", str(records)]
    return answered("bench.evidence.many_rows", "--ask", which, "--question", question, *place)


def _ask(folder: Path, which: str, question: str, records: int) -> None:
    began = time.perf_counter()
    if which == "store":
        connection = open_evidence(_snapshot(folder, records), [record_types()[RECORD_TYPE]], AS_OF)
        table = f'"{RECORD_TYPE}"'
    else:
        connection = duckdb.connect()
        connection.execute("SET memory_limit = '1GB'")
        table = f"read_parquet('{folder / 'plain.parquet'}')"
    answer = connection.execute(question.format(table=table)).fetchall()
    seconds = time.perf_counter() - began
    peak = peak_megabytes()
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "answer": str(answer)}))


if __name__ == "__main__":
    main()
