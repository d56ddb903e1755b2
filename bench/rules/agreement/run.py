"""Answers made-up rules over made-up evidence with the engine and the reference interpreter, and compares.

    python -m bench.rules.agreement.run [--rules 50000] [--seed 1] [--workers 2]

A case is one rule over one set of evidence; each compares the organisation's answer and every service's:
answer, reason, what was measured, counted, matched, seen, and the confidence. Exit code 1 when any differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from itomm.config.errors import InvalidInputError
from itomm.evidence.reading.as_of import lock_down
from itomm.evidence.segments.duckdb_connection import connect
from tests.rules.agreement import Difference, compared

RULES_IN_A_WORLD = 20
SHOWN = 5


@dataclass
class Tally:
    """What was compared."""

    rules: int = 0
    answers: int = 0
    too_large: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def main() -> int:
    """Compare, add up, say what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    worlds = -(-asked.rules // RULES_IN_A_WORLD)
    first = asked.seed * 1_000_000
    begun = time.perf_counter()
    whole = Tally()
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        parts = [range(first + start, first + min(start + 50, worlds)) for start in range(0, worlds, 50)]
        for part in pool.imap_unordered(work, parts):
            whole.rules += part.rules
            whole.answers += part.answers
            whole.too_large += part.too_large
            whole.outcomes += part.outcomes
            whole.differences += part.differences
            whole.refused += part.refused
            if whole.rules % 5_000 == 0:
                faults = f"{len(whole.differences)} differences, {len(whole.refused)} refused"
                print(f"{whole.rules:,} rules, {faults}", file=sys.stderr, flush=True)
    for outcome, number in sorted(whole.outcomes.items()):
        print(f"{outcome:40}{number:>10,}")
    print(f"rules over evidence: {whole.rules:,}; answers compared: {whole.answers:,}")
    print(f"refused because a number grows too large: {whole.too_large:,}")
    print(f"seconds: {time.perf_counter() - begun:.0f}")
    for difference in list(_shown(whole.differences)):
        print(difference)
    print(f"differences: {len(whole.differences):,}; worlds with a rule refused: {len(whole.refused):,}")
    print("\n".join(whole.refused[:SHOWN]))
    return 1 if whole.differences or whole.refused else 0


def work(seeds: range) -> Tally:
    """Some worlds, each with its rules."""
    tally = Tally()
    with closing(connect()) as connection:
        connection.execute("SET threads = 1")
        lock_down(connection)
        for seed in seeds:
            try:
                found = compared(connection, seed, RULES_IN_A_WORLD)
            except InvalidInputError as error:
                tally.refused.append(f"seed {seed}: {error}")
                continue
            tally.rules += found.rules
            tally.answers += found.cases
            tally.too_large += found.too_large
            tally.outcomes += found.outcomes
            tally.differences += found.differences
    return tally


def _shown(differences: list[Difference]) -> Iterator[Difference]:
    """The first of each rule, a handful."""
    first = {(each.seed, str(each.rule["rule"])): each for each in reversed(differences)}
    yield from list(first.values())[-SHOWN:]


if __name__ == "__main__":
    sys.exit(main())
