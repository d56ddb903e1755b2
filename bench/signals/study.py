"""How often signs of gaming are seen where nobody games, and where somebody does; see README.md beside this.

PYTHONPATH= .venv/bin/python -m bench.signals.study --organisations 20 --seed 1
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.signals.gamers import GAMERS, Gamer, game
from bench.validity.organisations import Organisation, organisations
from itomm.config.settings import load_configuration
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.decisions import Decisions
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.pack import load_packs
from itomm.scoring.assess import assess
from itomm.scoring.assessment import Assessment

BEFORE = timedelta(days=21)


@dataclass(frozen=True)
class Seen:
    """What was seen in one organisation: signs by kind, and the answers that they are on."""

    organisation: str
    kind: str
    gamer: str
    signs: tuple[str, ...]
    answers: int


def studied(organisation: Organisation) -> list[Seen]:
    """An organisation as it is, and once for each gamer."""
    with tempfile.TemporaryDirectory(prefix="itomm-signals-") as name:
        folder = Path(name)
        honest = read_twice(organisation, folder)
        found = [seen(organisation, "nobody", honest)]
        for gamer in GAMERS:
            copy = folder / gamer.name.replace(" ", "-")
            shutil.copytree(honest, copy)
            if game(copy, gamer):
                found.append(seen(organisation, gamer.name, copy))
            shutil.rmtree(copy)
        return found


def read_twice(organisation: Organisation, folder: Path) -> Path:
    """A folder with configuration and a store that was collected three weeks before, and at the end."""
    place = folder / "honest"
    place.mkdir()
    habits = organisation.write(folder)
    end = Estate.load(habits).as_of
    port = 0
    for instant in (end - BEFORE, end):
        estate = Estate.load(habits, as_of=instant)
        repository = folder / "handbook"
        shutil.rmtree(repository, ignore_errors=True)
        estate.write_repository(repository)
        with EstateServer(estate, port=port) as server:
            port = int(server.url.rsplit(":", 1)[1])
            config = place / "itomm.yaml"
            config.write_text(estate.configuration(server.url, repository), encoding="utf-8")
            subprocess.run(
                [sys.executable, "-m", "itomm", "collect", "--config", config, "--now", instant.isoformat()],
                capture_output=True,
                check=True,
                env={**os.environ, TOKEN_VARIABLE: "estate-token"},
            )
    return place


def seen(organisation: Organisation, gamer: str, folder: Path) -> Seen:
    """Assess a folder's store, and list the caveats."""
    assessment = assessed(folder)
    answers = {(each.criterion, each.scope) for caveat in assessment.caveats for each in caveat.touches}
    signs = tuple(sorted(f"{caveat.signal.value}: {caveat.text}" for caveat in assessment.caveats))
    return Seen(organisation.name, organisation.kind, gamer, signs, len(answers))


def assessed(folder: Path) -> Assessment:
    """The newest assessment of a folder's store."""
    configuration = load_configuration(folder / "itomm.yaml")
    store = Store.open(folder / ".itomm", create=False)
    try:
        return assess(
            load_packs(["itomm"], [], [], [], tests=False),
            snapshot_of(store),
            Decisions(),
            configuration,
            store.newest_instant(),
        )
    finally:
        store.engine.dispose()


def main() -> None:
    """Study organisations and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    everything: list[Seen] = []
    with ProcessPoolExecutor(chosen.workers) as workers:
        for results in workers.map(studied, organisations(chosen.seed, chosen.organisations)):
            everything += results
            for each in results:
                if each.gamer == "nobody":
                    print(each.organisation, each.kind, len(each.signs), "signs", flush=True)
                    for sign in each.signs:
                        print("   ", sign, flush=True)
    print("\ngamer | organisations | seen in | by the sign meant | other signs | answers with a caveat, mean")
    expected: dict[str, Gamer] = {gamer.name: gamer for gamer in GAMERS}
    for name in ("nobody", *expected):
        of_gamer = [each for each in everything if each.gamer == name]
        if not of_gamer:
            continue
        meant = expected[name].signal if name in expected else ""
        kinds = [Counter(sign.partition(":")[0] for sign in each.signs) for each in of_gamer]
        hit = sum(bool(each[meant]) for each in kinds)
        other = Counter(kind for each in kinds for kind in each if kind != meant)
        mean = sum(each.answers for each in of_gamer) / len(of_gamer)
        print(
            f"{name} | {len(of_gamer)} | {sum(bool(each) for each in kinds)} | {hit if meant else '-'} | "
            f"{dict(other) or '-'} | {mean:.1f}"
        )


if __name__ == "__main__":
    main()
