"""itomm beside what its peers use: the same ten rules over the same records, every answer compared.

Each engine runs in a process of its own, one after the other, warmed up, and counts its best round. Timed is
from loaded records to partial results (how many counted, how many matched, the value; for each rule and
service), for itomm also to finished answers. Wall and processor are seconds a million evaluations (rule x
record). Ratios are of processor time, which a busy machine disturbs less. "All told" is the processor time of
one evaluation from the program's start, with loading: Parquet for itomm, for its peers JSON of the columns
that the rules read. Install the peers first: ``bench/rules/peers/install``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench.rules.peers.around import asked
from bench.rules.peers.grades import GRADES
from bench.rules.peers.rows import AS_OF_US, KINDS, make_rows

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PEERS_PYTHON = HERE / ".venv" / "bin" / "python"


@dataclass(frozen=True)
class Engine:
    """One engine: what it is called, how it is started, and up to how many records it takes seconds."""

    name: str
    command: tuple[str, ...]
    most_rows: int


def _module(python: Path | str, name: str) -> tuple[str, ...]:
    return (str(python), "-m", f"bench.rules.peers.engines.{name}")


ITOMM = Engine("itomm", _module(sys.executable, "itomm_engine"), 100_000_000)
PEERS = (
    Engine(
        "json-rules-engine (Node), record by record",
        ("node", str(HERE / "engines" / "json_rules_engine.mjs")),
        2_000_000,
    ),
    Engine("CEL (Rust), records anew", (*_module(PEERS_PYTHON, "cel_records"), "--anew"), 2_000_000),
    Engine("CEL (Rust), record by record", _module(PEERS_PYTHON, "cel_records"), 2_000_000),
    Engine("Rego (regorus VM), list by list", _module(PEERS_PYTHON, "rego_lists"), 2_000_000),
    Engine(
        "JsonLogic (Rust), records anew",
        (*_module(PEERS_PYTHON, "jsonlogic_records"), "--anew"),
        2_000_000,
    ),
    Engine("JsonLogic (Rust), record by record", _module(PEERS_PYTHON, "jsonlogic_records"), 2_000_000),
    Engine("JsonLogic (Rust), list by list", _module(PEERS_PYTHON, "jsonlogic_lists"), 2_000_000),
    Engine("Python, row loops, one a rule", _module(PEERS_PYTHON, "plain_rows"), 2_000_000),
    Engine("Python, column loops, one a type", _module(PEERS_PYTHON, "plain_columns"), 20_000_000),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[200_000, 2_000_000, 10_000_000])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    for rows in chosen.rows:
        peers = [each for each in PEERS if rows <= each.most_rows]
        _compare(rows, chosen.seed, chosen.rounds, peers)


def _compare(rows: int, seed: int, rounds: int, peers: Sequence[Engine]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        services = make_rows(folder, rows, seed)
        ours = _ran(ITOMM, folder, rounds)
        found = {}
        for peer in peers:
            found[peer.name] = _ran(peer, folder, rounds)
            _must_agree(peer.name, found[peer.name].pop("partials"), ours)
    evaluations = sum(rows * KINDS[rule.record_type].share for rule in asked())
    answers = len(services) * len(asked())
    print(f"\n{rows:,} records of {len(services):,} services, ten rules: {evaluations / 1e6:.2f} million")
    print(f"evaluations (rule x record), {answers:,} answers, all engines agree on every one of them\n")
    print("| engine | wall | processor | x itomm, partial | x itomm, answers | all told, s | peak MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    lines: dict[str, Mapping[str, Any]] = {
        "itomm, to partial results": ours["measuring"],
        "itomm, to finished answers": ours,
        **found,
    }
    for name, figures in lines.items():
        _show(name, figures, ours, evaluations / 1e6)
    best = min(found, key=lambda name: found[name]["processor"])
    times = [found[best]["processor"] / each["processor"] for each in (ours["measuring"], ours)]
    print(f"\nBest of the others: {best}; {times[0]:.2f} times what itomm takes to partial results,")
    print(f"{times[1]:.2f} times what it takes to finished answers (goal: at least 25).", flush=True)


def _show(name: str, told: Mapping[str, Any], ours: Mapping[str, Any], millions: float) -> None:
    used = told["processor"]
    all_told = f"{told['loading'] + used:.2f}" if "loading" in told else ""
    print(
        f"| {name} | {told['seconds'] / millions:.3f} | {used / millions:.3f} "
        f"| {used / ours['measuring']['processor']:.2f} | {used / ours['processor']:.2f} "
        f"| {all_told} | {told['peak_mb']:,.0f} |"
    )


def _ran(engine: Engine, folder: Path, rounds: int) -> dict[str, Any]:
    print(f"{engine.name} ...", file=sys.stderr, flush=True)
    command = [*engine.command, str(folder), "--rounds", str(rounds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _must_agree(name: str, partials: Mapping[str, Sequence[Any]], ours: Mapping[str, Any]) -> None:
    """Stop when an engine counts, measures or answers anything else than itomm, for any rule and service."""
    if partials.keys() != GRADES.keys():
        raise SystemExit(f"{name} answers other rules")
    for rule, graded in GRADES.items():
        for place, partial in enumerate(partials[rule]):
            exact, answer = ours["partials"][rule][place], ours["answers"][rule][place]
            value = None if exact[2] is None else Fraction(exact[2])
            if [exact[0], exact[1], value] != list(partial):
                raise SystemExit(f"{name}, {rule}, service {place}: {partial}, but itomm found {exact}")
            said = graded.said(partial, AS_OF_US)
            if list(said) != answer:
                raise SystemExit(f"{name}, {rule}, service {place}: {said}, but itomm says {answer}")


if __name__ == "__main__":
    main()
