"""Reads texts that nobody should write, and checks that each is a valid rule or a clear error.

    python -m bench.rules.fuzz.run [--texts 200000] [--seed 1] [--workers 2]

Exit code 1 when a text brought a traceback, took longer than a second of processor time to read, or memory
went over 500 MB in a worker. Offending texts are written to --findings.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from bench.rules.fuzz.outcomes import Outcome, empty_evidence, outcome_of
from bench.rules.fuzz.texts import Maker

MOST_SECONDS = 1.0
MOST_BYTES = 500_000_000
SLOWEST_KEPT = 5
TEXTS_IN_A_PART = 1_000


@dataclass
class Tally:
    """What became of a worker's texts."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: list[tuple[float, float, str, bytes]] = field(default_factory=list)
    faults: list[tuple[str, bytes, str]] = field(default_factory=list)
    peak_kb: int = 0

    def add(self, kind: str, text: bytes, outcome: Outcome, worked: float, waited: float) -> None:
        self.outcomes[kind, outcome.what] += 1
        if outcome.fault:
            self.faults.append((kind, text, outcome.fault))
        reading = worked - outcome.ran
        if reading > MOST_SECONDS:
            self.faults.append((kind, text, f"took {reading:.2f} s of processor time to read"))
        self.slowest = sorted([*self.slowest, (worked, waited, kind, text)], reverse=True)[:SLOWEST_KEPT]

    def add_all(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.slowest = sorted([*self.slowest, *other.slowest], reverse=True)[:SLOWEST_KEPT]
        self.faults += other.faults
        self.peak_kb = max(self.peak_kb, other.peak_kb)


def main() -> int:
    """Run the workers, add up, say what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "itomm-fuzz-findings")
    asked = parser.parse_args()
    parts = [
        (asked.seed * 1_000_000 + part, TEXTS_IN_A_PART) for part in range(-(-asked.texts // TEXTS_IN_A_PART))
    ]
    whole = Tally()
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for number, part in enumerate(pool.imap_unordered(work, parts), start=1):
            whole.add_all(part)
            for kind, text, fault in part.faults:
                print(f"FAULT ({kind}) {text[:2000]!r}: {fault}", file=sys.stderr, flush=True)
            if number % 10 == 0:
                print(
                    f"{whole.outcomes.total():,} texts, {len(whole.faults)} faults",
                    file=sys.stderr,
                    flush=True,
                )
    return report(whole, asked.findings)


def work(part: tuple[int, int]) -> Tally:
    """One part: its texts from its seed, its tally."""
    seed, texts = part
    resource.setrlimit(resource.RLIMIT_DATA, (2 * MOST_BYTES, 2 * MOST_BYTES))
    maker, tally = Maker(seed), Tally()
    with closing(empty_evidence()) as connection, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        file = Path(folder) / "rules.yaml"
        for _ in range(texts):
            kind, text = maker.text()
            tally.add(kind, text, *_tried(connection, file, text))
    tally.peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return tally


def _tried(connection: duckdb.DuckDBPyConnection, file: Path, text: bytes) -> tuple[Outcome, float, float]:
    file.write_bytes(text)
    began, worked = time.perf_counter(), time.process_time()
    try:
        outcome = outcome_of(connection, file)
    except Exception:  # noqa: BLE001  # whatever it is, it is a finding
        outcome = Outcome("traceback", traceback.format_exc(limit=-6))
    return outcome, time.process_time() - worked, time.perf_counter() - began


def report(whole: Tally, findings: Path) -> int:
    """Print what was found."""
    outcomes = whole.outcomes
    words = sorted({what for _, what in outcomes})
    print(f"{'kind of text':36}" + "".join(f"{word:>12}" for word in words))
    for kind in sorted({kind for kind, _ in outcomes}):
        print(f"{kind:36}" + "".join(f"{outcomes[kind, word]:>12,}" for word in words))
    for word in words:
        print(f"{word}: {sum(number for (_, what), number in outcomes.items() if what == word):,}")
    print(f"texts: {outcomes.total():,}; peak memory of a worker: {whole.peak_kb / 1024:.0f} MB")
    for worked, waited, kind, text in whole.slowest:
        print(
            f"slow: {worked * 1000:.0f} ms of processor, {waited * 1000:.0f} ms by the clock; "
            f"{kind}; {text[:60]!r}"
        )
    for number, (kind, text, fault) in enumerate(whole.faults):
        findings.mkdir(exist_ok=True)
        (findings / f"{number:05}.yaml").write_bytes(text)
        if number < 10:
            print(f"FAULT {number:05} ({kind}): {fault}")
    print(f"faults: {len(whole.faults):,}" + (f", in {findings}" if whole.faults else ""))
    return 1 if whole.faults or whole.peak_kb * 1024 > MOST_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
