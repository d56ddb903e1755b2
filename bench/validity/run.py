"""Runs the validity study; see README.md beside this file.

PYTHONPATH= .venv/bin/python -m bench.validity.run --organisations 40 --seed 1 --to /tmp/validity.jsonl
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from bench.validity.organisations import Organisation, organisations
from bench.validity.variations import BASE, VARIATIONS, Variation
from itomm.cli.main import run as itomm_at_the_door
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer


def studied(organisation: Organisation, base_only: bool) -> list[dict[str, Any]]:  # noqa: FBT001  mapped
    """A result for the organisation with everything, and for each variation."""
    with tempfile.TemporaryDirectory(prefix="itomm-validity-") as name:
        folder = Path(name)
        estate = Estate.load(organisation.write(folder))
        repository = folder / "handbook"
        estate.write_repository(repository)
        estate.write_registers(folder / "registers")
        truth = estate.truth()
        return [
            reading(organisation, estate, repository, variation, truth)
            for variation in (BASE, *(() if base_only else VARIATIONS))
        ]


def reading(
    organisation: Organisation, estate: Estate, repository: Path, variation: Variation, truth: Any
) -> dict[str, Any]:
    """What itomm says of the organisation whose handbook's ``repository`` this is, beside the truth.

    Its registers lie beside the handbook.
    """
    folder = repository.parent
    place = folder / variation.name.replace(" ", "-").replace(":", "")
    place.mkdir()
    with EstateServer(estate) as server:
        configuration = yaml.safe_load(estate.configuration(server.url, repository, folder / "registers"))
        if variation.change:
            variation.change(configuration)
        if variation.refused:
            server.faults.add(variation.refused.replace("{project}", str(_first_project(server))), "403")
        config = place / "itomm.yaml"
        config.write_text(
            yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        document = _assessed(config, estate)
    return {
        "organisation": organisation.name,
        "kind": organisation.kind,
        "variation": variation.name,
        "levels": {scope["id"]: scope["views"]["evidence"] for scope in _slim(document)},
        "answers": list(_answers(document, truth)),
    }


def _first_project(server: EstateServer) -> int:
    request = urllib.request.Request(  # noqa: S310  our own server
        f"{server.url}/gitlab/api/v4/groups/acme/projects?per_page=1",
        headers={"PRIVATE-TOKEN": "estate-token"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return int(json.load(answer)[0]["id"])


def _assessed(config: Path, estate: Estate) -> dict[str, Any]:
    """What itomm says, called as its command is, in this process: starting one takes a third of the time."""
    os.environ[TOKEN_VARIABLE] = "estate-token"
    sys.argv = ["itomm", "assess", "--config", str(config), "--output", "json"]
    sys.argv += ["--now", estate.as_of.isoformat()]
    said, complaints = io.StringIO(), io.StringIO()
    code: object = None
    with redirect_stdout(said), redirect_stderr(complaints), chdir(config.parent):
        try:
            itomm_at_the_door()
        except SystemExit as ended:
            code = ended.code
    if code not in {None, 0, 3}:
        raise RuntimeError(f"{config}: exit {code}: {complaints.getvalue()[-2000:]}")
    document: dict[str, Any] = json.loads(said.getvalue())
    return document


def _slim(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for scope in document["scopes"]:
        view = scope["views"]["evidence"]
        yield {
            "id": scope["id"],
            "views": {
                "evidence": {
                    **{name: view[name] for name in ("level", "index")},
                    "practices": {each["practice"]: each["level"] for each in view["practices"]},
                }
            },
        }


def _answers(document: dict[str, Any], truth: Any) -> Iterator[dict[str, Any]]:
    for scope in document["scopes"]:
        if scope["kind"] == "group":
            continue
        known = truth["organisation"] if scope["kind"] == "organisation" else truth["services"][scope["id"]]
        for answer in scope["answers"]:
            inferred, true = answer["inferred"], known.get(answer["criterion"])
            if inferred is None or true is None:
                continue
            yield {
                "scope": scope["id"],
                "criterion": answer["criterion"],
                "inferred": inferred["verdict"],
                "true": true["answer"],
                "base": inferred["base"],
                "confidence": inferred["confidence"],
                "reason": inferred["reason"],
                "measured": inferred["measured"],
                "rule": inferred["rule"],
            }


def main() -> None:
    """Study organisations, several at a time, and write a line for each run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--organisations", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="begin with this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--base-only", action="store_true", help="no variations")
    parser.add_argument("--to", type=Path, required=True)
    chosen = parser.parse_args()
    wanted = list(organisations(chosen.seed, chosen.organisations))[chosen.first :]
    with (
        chosen.to.open("a", encoding="utf-8") as out,
        ProcessPoolExecutor(
            chosen.workers, mp_context=get_context("spawn"), max_tasks_per_child=1
        ) as workers,
    ):
        for results in workers.map(studied, wanted, [chosen.base_only] * len(wanted)):
            for result in results:
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
            out.flush()
            print(results[0]["organisation"], results[0]["kind"], len(results), "runs", flush=True)


if __name__ == "__main__":
    main()
