"""Try every mutant of a pack's rules, two rules at a time, and say after each rule how it stands.

.venv/bin/python bench/rules/mutants/run.py [--pack PACK] [--processes 2] [RULE...]
"""

from __future__ import annotations

import argparse
import time
from multiprocessing import Pool

from itomm.rules.mutation.running import TriedMutant, try_mutants
from itomm.rules.pack import load_packs


def tried(pack_and_rule: tuple[str, str]) -> tuple[str, list[TriedMutant], float]:
    pack, name = pack_and_rule
    began = time.process_time()
    rule = load_packs([pack]).rule(name)
    (mutants,) = try_mutants([rule] if rule else [])
    return name, mutants, time.process_time() - began


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pack", default="itomm")
    arguments.add_argument("--processes", type=int, default=2)
    arguments.add_argument("rules", nargs="*")
    options = arguments.parse_args()
    rules = load_packs([options.pack]).rules
    names = options.rules or [rule.name for rule in sorted(rules, key=lambda each: len(each.document.text))]
    counted = killed = alike = 0
    seconds = 0.0
    with Pool(options.processes) as pool:
        for name, mutants, took in pool.imap_unordered(tried, [(options.pack, each) for each in names]):
            seconds += took
            for mutant in mutants:
                if mutant.alike:
                    alike += 1
                    continue
                counted += 1
                killed += bool(mutant.killed_by)
                if not mutant.killed_by:
                    print(f"    {mutant.place}: {name}: {mutant.change}  {mutant.accepted}", flush=True)
            share = killed / counted if counted else 1
            print(
                f"{name}: so far {killed} of {counted} ({share:.1%}), {alike} alike, {seconds:.0f} s of CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
