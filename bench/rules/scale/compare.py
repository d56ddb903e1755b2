"""Itomm's engine against hand-written SQL: 150 rules, 10,000 services, the same rows, every answer compared.

    python -m bench.rules.scale.compare --folder /tmp/scale --rows 2 10 20

Each side runs in a process of its own, by turns; of several rounds the one with the least work counts. Work
is the time of all processors, which a busy machine changes less than the clock's. Ends with 1 when an answer
differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import duckdb

from bench.rules.scale.by_itomm import rules_of_twins
from bench.rules.scale.made_up_rows import write
from itomm.config.quantities import Quantity

SEED = 1
_DIFFERENT = """
SELECT count(*), count(*) FILTER (
    hand.verdict IS DISTINCT FROM itomm.verdict OR hand.counted IS DISTINCT FROM itomm.counted
    OR coalesce(hand.matched, 0) <> coalesce(itomm.matched, 0))
FROM '{hand}' hand FULL JOIN '{itomm}' itomm
ON hand.rule = itomm.rule AND hand.service IS NOT DISTINCT FROM itomm.service
"""


def main() -> int:
    """Compare at each number of rows; print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=[2, 10, 20], help="millions")
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    print("million rows | side | answers | work s | wall s | peak MiB | work, of by hand | different")
    worst = 0
    for millions in options.rows:
        worst = max(worst, compared(options.folder, millions, options.services, options.rounds))
    return int(worst > 0)


def compared(folder: Path, millions: int, services: int, rounds: int) -> int:
    """Compare once; the number of answers that differ."""
    segments = folder / f"{millions}M"
    write(segments, millions * 1_000_000, services, SEED)
    outputs = {side: folder / f"{side}-{millions}M.parquet" for side in ("by_hand", "by_itomm")}
    runs: dict[str, list[Mapping[str, float]]] = {side: [] for side in outputs}
    for _ in range(rounds):
        for side, output in outputs.items():
            extra = [str(millions * 1_000_000)] if side == "by_itomm" else []
            command = [sys.executable, "-m", f"bench.rules.scale.{side}", str(segments), str(services)]
            done = subprocess.run([*command, str(output), *extra], check=True, stdout=subprocess.PIPE)
            runs[side].append(json.loads(done.stdout))
    different = differing(outputs["by_hand"], outputs["by_itomm"])
    best = {side: min(each, key=lambda run: run["work"]) for side, each in runs.items()}
    for side, run in best.items():
        times = f"{run['work']:.1f} | {run['seconds']:.1f} | {run['peak_kb'] / 1024:.0f}"
        ratio = run["work"] / best["by_hand"]["work"]
        print(f"{millions} | {side} | {run['answers']} | {times} | {ratio:.2f} | {different}", flush=True)
    return different


def differing(hand: Path, itomm: Path) -> int:
    """How many answers differ in verdict, counts or measured value."""
    with duckdb.connect() as connection:
        query = _DIFFERENT.format(hand=hand, itomm=itomm)
        all_answers, different = connection.execute(query).fetchone() or (0, 1)
        rows = connection.execute(
            f"SELECT hand.rule, value::HUGEINT, below::HUGEINT, measured FROM '{hand}' hand"
            f" JOIN '{itomm}' itomm"
            " ON hand.rule = itomm.rule AND hand.service IS NOT DISTINCT FROM itomm.service"
            " WHERE hand.verdict <> 'unknown'"
        )
        rules = {rule.name: rule for rule in rules_of_twins()}
        while found := rows.fetchmany(100_000):
            for rule, value, below, measured in found:
                quantity = Quantity(rules[rule].dimension, Fraction(int(value), int(below)))
                different += rules[rule].grade.shown(quantity) != measured
    print(f"  {all_answers} answers compared", file=sys.stderr)
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
