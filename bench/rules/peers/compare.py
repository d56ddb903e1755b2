"""itomm beside what its peers use: the same ten rules over the same records, every answer compared.

Each engine runs in a process of its own, one after the other, warmed up, and counts its best round. Timed is
from loaded records to partial results (how many counted, how many matched, the value; for each rule and
service). For itomm also to finished answers, and the whole way from Parquet files. Install the peers first:
``bench/rules/peers/install``.
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
    """One engine: what it is called, how it is started, and whether it is quick enough for the large run."""

    name: str
    command: tuple[str, ...]
    quick: bool


def _module(python: Path | str, name: str) -> tuple[str, ...]:
    return (str(python), "-m", f"bench.rules.peers.engines.{name}")


ITOMM = Engine("itomm", _module(sys.executable, "itomm_engine"), quick=True)
PEERS = (
    Engine(
        "json-rules-engine (Node), record by record",
        ("node", str(HERE / "engines" / "json_rules_engine.mjs")),
        quick=False,
    ),
    Engine("CEL (Rust), record by record", _module(PEERS_PYTHON, "cel_records"), quick=False),
    Engine("Rego (regorus VM), list by list", _module(PEERS_PYTHON, "rego_lists"), quick=False),
    Engine("JsonLogic (Rust), record by record", _module(PEERS_PYTHON, "jsonlogic_records"), quick=False),
    Engine("JsonLogic (Rust), list by list", _module(PEERS_PYTHON, "jsonlogic_lists"), quick=True),
    Engine("Python, row loops, one a rule", _module(PEERS_PYTHON, "plain_rows"), quick=True),
    Engine("Python, column loops, one a type", _module(PEERS_PYTHON, "plain_columns"), quick=True),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=200_000, help="for all engines")
    options.add_argument("--large", type=int, default=2_000_000, help="for the quick ones; 0: not at all")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    _compare(chosen.rows, chosen.seed, chosen.rounds, PEERS)
    if chosen.large:
        _compare(chosen.large, chosen.seed, chosen.rounds, [each for each in PEERS if each.quick])


def _compare(rows: int, seed: int, rounds: int, peers: Sequence[Engine]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        services = make_rows(folder, rows, seed, for_peers=True)
        ours = _ran(ITOMM, folder, rounds)
        found = {peer.name: _ran(peer, folder, rounds) for peer in peers}
    for name, told in found.items():
        _must_agree(name, told["partials"], ours)
    evaluations = sum(rows * KINDS[rule.record_type].share for rule in asked())
    answers = len(services) * len(asked())
    print(f"\n{rows:,} records of {len(services):,} services, ten rules: {evaluations / 1e6:.2f} million")
    print(f"evaluations (rule x record), {answers:,} answers, all engines agree on every one of them")
    print(
        "| engine | s / million | of processor | loading s | peak MB | x itomm, partial | x itomm, answers |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    lines: dict[str, Mapping[str, Any]] = {
        "itomm, to finished answers": ours,
        "itomm, to partial results": ours["measuring"],
        "itomm, Parquet to finished answers": ours["whole"],
        **found,
    }
    for name, figures in lines.items():
        _show(name, figures, ours, evaluations / 1e6)
    best = min(found, key=lambda name: found[name]["seconds"])
    ratio = found[best]["seconds"] / ours["seconds"]
    print(f"Best of the others: {best}; itomm is {ratio:.2f} times as fast (goal: at least 25).")


def _show(name: str, told: Mapping[str, Any], ours: Mapping[str, Any], millions: float) -> None:
    loading = f"{told['loading']:.2f}" if "loading" in told else ""
    seconds = told["seconds"]
    print(
        f"| {name} | {seconds / millions:.3f} | {told['processor'] / millions:.3f} | {loading} "
        f"| {told['peak_mb']:,.0f} | {seconds / ours['measuring']['seconds']:.2f} "
        f"| {seconds / ours['seconds']:.2f} |"
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
