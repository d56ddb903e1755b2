"""Kills collections with kill -9 at random moments, and looks what is left of them.

    .venv/bin/python bench/crash/kill_at_random.py --kills 200 --seed 1

Each collection runs in a process of its own, against the stand-in estate over HTTP, and is killed some
times before it is let run to its end. After every kill the store must open and verify. In the end it must
hold, byte for byte, what an undisturbed run holds: same records, same Merkle roots, same requests, same
outcomes; and no more may have been asked twice than was under way at the kills. The last line is JSON with
the figures; the exit code is 1 when anything differed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import pickle
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import select

import itomm.cli.collect
import itomm.cli.verify
import itomm.collectors.alertmanager
import itomm.collectors.gitlab.client
import itomm.collectors.jira.client
import itomm.collectors.prometheus
import itomm.estate
from itomm.cli.main import run
from itomm.collectors.framework.runner import collect
from itomm.config.clock import format_instant
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import TOKEN
from itomm.estate.server import EstateServer
from itomm.evidence.catalogue.database import requests
from itomm.evidence.store import Store

HABITS = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
MOST_KILLS_OF_ONE_RUN = 4
MOST_UNDER_WAY = 8 * 4  # connections of each of the estate's sources
PATIENCE_SECONDS = 2.0  # without any request: the run asks for no more
_ALREADY_LOADED = (itomm.cli.collect, itomm.cli.verify, itomm.collectors.alertmanager, collect)
"""Imported before the processes part, so that a kill meets the collection and not Python's start."""


@dataclass
class Figures:
    """What was seen."""

    kills: int = 0
    stores: int = 0
    seconds: float = 0.0
    undisturbed_seconds: float = 0.0
    undisturbed_requests: int = 0
    requests_more: list[int] = field(default_factory=list)  # of each store, all its runs together
    resumed_with_pages: int = 0
    resumed_with_streams: int = 0
    faults: list[str] = field(default_factory=list)


def in_a_fork(work: Callable[[], object], moment: Callable[[], None] | None = None) -> tuple[int, Any]:
    """The exit status of a forked process (negative: the signal that ended it), and what ``work`` gave.

    It is killed when ``moment`` returns.
    """
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            status = 70
            try:
                pickle.dump(work(), answer)
                answer.flush()
                status = 0
            except Exception:  # noqa: BLE001  whatever it is, the parent must hear of it
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        if moment is not None:
            moment()
            os.kill(child, signal.SIGKILL)
        _, waited = os.waitpid(child, 0)
        answer.seek(0)
        status = os.waitstatus_to_exitcode(waited)
        if status == 70:
            printed.seek(0)
            sys.stderr.write(printed.read().decode(errors="replace"))
        return status, pickle.load(answer) if status == 0 else None  # noqa: S301  written a moment ago


def called(*arguments: str) -> Callable[[], tuple[int, str]]:
    """A call of the command line: its exit code and what it said."""

    def work() -> tuple[int, str]:
        sys.argv = ["itomm", *arguments]
        with tempfile.TemporaryFile("w+") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            try:
                run()
            except SystemExit as ended:
                code = ended.code
            sys.stdout.flush()
            sys.stderr.flush()
            said.seek(0)
            return int(code or 0), said.read()

    return work


def held(folder: Path) -> dict[str, Any]:
    """All that a store holds of its newest run, in a form that equal runs have in common."""
    store = Store.open(folder)
    with store.engine.connect() as connection:
        pages = [
            row._asdict() for row in connection.execute(select(requests).order_by(*requests.primary_key))
        ]
    return {
        collection.id: {
            **asdict(collection),
            "pages": [page for page in pages if page["collection"] == collection.id],
        }
        for collection in store.collections()
    }


def serve(pipe: Connection, months: int) -> None:
    """Serve the estate; answers every message with the number of requests so far."""
    text = HABITS.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        habits = Path(folder) / "habits.yaml"
        habits.write_text(text.replace("history_months: 4", f"history_months: {months}"), encoding="utf-8")
        estate = Estate.load(habits)
    with EstateServer(estate) as server:
        pipe.send((estate.configuration(server.url, None), format_instant(estate.as_of)))
        while pipe.recv():
            pipe.send(len(server.requests))


def crash(kills: int, seed: int, months: int, sources: Sequence[str] = ()) -> Figures:
    """Kill collections ``kills`` times in all."""
    figures, chance, began = Figures(), random.Random(seed), time.monotonic()  # noqa: S311  a test's chance
    os.environ[TOKEN_VARIABLE] = TOKEN
    # Small pages: more moments between two of them.
    itomm.collectors.jira.client.PAGE_SIZE = 10
    itomm.collectors.gitlab.client.PAGE_SIZE = 10
    pipe, other = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(other, months))
    server.start()
    try:
        text, now = pipe.recv()

        def count() -> int:
            pipe.send("how many requests?")
            return int(pipe.recv())

        with tempfile.TemporaryDirectory(prefix="itomm-crash-") as work:
            config = Path(work) / "itomm.yaml"
            config.write_text(text, encoding="utf-8")
            chosen = tuple(word for source in sources for word in ("--source", source))
            _Trials((config, now, *chosen), count, chance, figures).until(kills)
    finally:
        pipe.send("")
        server.join()
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


class _Trials:
    def __init__(
        self,
        given: tuple[Path, str, *tuple[str, ...]],
        count: Callable[[], int],
        chance: random.Random,
        figures: Figures,
    ) -> None:
        self._config, self._now, *self._chosen = given
        self._requests = count
        self._chance = chance
        self._figures = figures

    def until(self, kills: int) -> None:
        whole = self._config.parent / "undisturbed"
        before, began = self._requests(), time.monotonic()
        self._found(whole)
        status, _ = self._collect(whole)
        figures = self._figures
        figures.undisturbed_seconds = round(time.monotonic() - began, 2)
        figures.undisturbed_requests = self._requests() - before
        if status != 0:
            figures.faults.append(f"the undisturbed run ended with {status}")
            return
        expected = in_a_fork(lambda: held(whole))[1]
        while figures.kills < kills and not figures.faults:
            wanted = min(self._chance.randint(1, MOST_KILLS_OF_ONE_RUN), kills - figures.kills)
            self._one(self._config.parent / f"store-{figures.stores}", wanted, expected)
            figures.stores += 1

    def _one(self, folder: Path, kills: int, expected: dict[str, Any]) -> None:
        figures, before, left = self._figures, self._requests(), kills
        self._found(folder)
        while left:
            status, _ = self._collect(folder, self._moment(before))
            if status != -signal.SIGKILL:
                self._compare(folder, expected)  # it was done before it could be killed
                return
            left -= 1
            figures.kills += 1
            if folder.joinpath("itomm.db").exists():
                self._must_be_sound(folder)
            if not folder.joinpath("run.partial").exists() and any(folder.glob("evidence/*/*.parquet")):
                self._compare(folder, expected)  # the kill came when the run had just ended
                return
        status, ended = self._collect(folder)
        if status != 0 or ended[0] != 0:
            figures.faults.append(f"{folder.name}: the last run ended with {status}, {ended}")
        if "0 pages of others are kept" not in ended[1] and "pages of others are kept" in ended[1]:
            figures.resumed_with_pages += 1
        if " streams are done" in ended[1] and ": 0 streams are done" not in ended[1]:
            figures.resumed_with_streams += 1
        more = self._requests() - before - figures.undisturbed_requests
        if more > kills * MOST_UNDER_WAY:
            figures.faults.append(f"{folder.name}: {more} requests were sent twice after {kills} kills")
        figures.requests_more.append(more)
        self._compare(folder, expected)

    def _compare(self, folder: Path, expected: dict[str, Any]) -> None:
        self._must_be_sound(folder)
        found = in_a_fork(lambda: held(folder))[1]
        self._figures.faults += [f"{folder.name}: {one}" for one in differences(expected, found or {})]

    @staticmethod
    def _found(folder: Path) -> None:
        """Make the store's folder with the key that all share, so that people have the same pseudonyms."""
        folder.mkdir()
        (folder / "pseudonym.key").write_bytes(b"0123456789abcdef" * 2)

    def _moment(self, before: int) -> Callable[[], None]:
        """Waits for a random request of all that are left, and then a random part of the time between two."""
        to_do = max(self._figures.undisturbed_requests - (self._requests() - before), 1)
        wanted = self._requests() + self._chance.randint(0, to_do)
        between = self._figures.undisturbed_seconds / self._figures.undisturbed_requests
        pause = self._chance.uniform(0, 3 * between)

        def wait() -> None:
            seen, seen_at = -1, time.monotonic()
            while seen < wanted and time.monotonic() < seen_at + PATIENCE_SECONDS:
                time.sleep(0.001)
                now = self._requests()
                if now != seen:
                    seen, seen_at = now, time.monotonic()
            time.sleep(pause)

        return wait

    def _collect(self, folder: Path, moment: Callable[[], None] | None = None) -> tuple[int, Any]:
        work = called(
            "collect",
            "--config",
            str(self._config),
            "--store",
            str(folder),
            "--now",
            self._now,
            *self._chosen,
        )
        return in_a_fork(work, moment)

    def _must_be_sound(self, folder: Path) -> None:
        status, ended = in_a_fork(
            called("verify", "--config", str(self._config), "--store", str(folder), "--now", self._now)
        )
        being_made = status == 0 and "There is no store in" in ended[1]
        if not being_made and (status != 0 or ended[0] != 0):
            self._figures.faults.append(f"{folder.name}: verify ended with {status}, {ended}")


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """In which collections and which of their properties two stores differ."""
    return [
        f"{name}: {key} is {_short(found.get(name, {}).get(key))}, not {_short(value)}"
        for name in sorted({*expected, *found})
        for key, value in expected.get(name, {"it": None}).items()
        if found.get(name, {}).get(key) != value
    ]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", action="append", default=[], help="only this source; repeatable")
    parser.add_argument("--months", type=int, default=4, help="how much history the estate has")
    given = parser.parse_args()
    figures = crash(given.kills, given.seed, given.months, given.source)
    print(json.dumps({**asdict(figures), "requests_more": sorted(figures.requests_more)}))
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
