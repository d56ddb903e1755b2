"""Processes that work on one store at once; started quickly: a server forks them with all imports made."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

from itomm.config.errors import ItommError, LockedError
from itomm.config.secrets import Secret
from itomm.evidence.decisions import Decision, decide, propose, record_answer
from itomm.evidence.store import Store
from tests.evidence.stores import NOON, collect, scan
from tests.evidence.whole_store import REASON, an_answer, an_override

PATIENCE_SECONDS = 60.0
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.evidence.racers"])

Work = Callable[[Store, int, Connection], None]


@dataclass(frozen=True)
class Racer:
    """A process, and the line on which it tells how it goes."""

    process: ForkServerProcess
    line: Connection

    def told(self) -> object:
        """What it says next."""
        assert self.line.poll(PATIENCE_SECONDS), "nothing was heard of the other process"
        return self.line.recv()

    def go_on(self) -> None:
        """Let it go on where it waits."""
        self.line.send("go on")

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.join()


@contextmanager
def racing(work: Work, folder: Path, database: Secret | None, many: int = 1) -> Iterator[Sequence[Racer]]:
    """Processes that all begin at the same moment; each says how it ended: exit code and message."""
    start = CONTEXT.Barrier(many)
    racers = []
    for number in range(many):
        near, far = CONTEXT.Pipe()
        url = database.reveal() if database else None
        process = CONTEXT.Process(target=_race, args=(Lane(folder, url, number, start, far), work))
        process.start()
        far.close()
        racers.append(Racer(process, near))
    try:
        yield racers
    finally:
        for racer in racers:
            racer.kill()
            racer.line.close()


@dataclass(frozen=True)
class Lane:
    """What a process is given: the store, its number, when to start, and the line to tell how it goes."""

    folder: Path
    url: str | None
    number: int
    start: Barrier
    line: Connection


def _race(lane: Lane, work: Work) -> None:
    lane.start.wait()
    try:
        database = Secret(lane.url) if lane.url else None
        work(Store.open(lane.folder, create=True, database=database), lane.number, lane.line)
    except ItommError as error:
        lane.line.send((int(error.exit_code), str(error)))
    else:
        lane.line.send((0, ""))


def collects_once(store: Store, number: int, line: Connection) -> None:
    """Collects, says so, and keeps the lock until it is told to go on."""
    with store.writing(f"racer {number}"):
        collect(store, "security_scan", {str(number): scan(str(number))})
        line.send("wrote")
        line.recv()


def collects_when_it_can(store: Store, number: int, line: Connection) -> None:
    """Collects; tries again as long as somebody else has the lock."""
    moment = threading.Event()
    while True:
        try:
            with store.writing(f"racer {number}"):
                records = {f"{number}-{each}": scan(f"{number}-{each}") for each in "ab"}
                collect(store, "security_scan", records, source=f"tool{number}", page_size=1)
        except LockedError:
            moment.wait(0.05)
        else:
            return


def decides(store: Store, number: int, line: Connection) -> None:
    """States five answers and proposes five overrides."""
    for _ in range(5):
        record_answer(store, an_answer(f"racer {number}"))
        propose(store, an_override(f"racer {number}"))


def settles_the_first_override(store: Store, number: int, line: Connection) -> None:
    """Approves or rejects one and the same override."""
    decide(store, "O1", Decision("approved" if number % 2 else "rejected", f"racer {number}", REASON, NOON))


def opens(store: Store, number: int, line: Connection) -> None:
    """Opens the store, which makes it when it is not there."""
    store.collections()


def makes_the_pseudonym_key(store: Store, number: int, line: Connection) -> None:
    """Says which key it got."""
    line.send(store.pseudonym_key())


def holds_the_lock(store: Store, number: int, line: Connection) -> None:
    """Holds the lock until it is told to go on."""
    with store.writing("itomm collect"):
        line.send("held")
        line.recv()


def holds_a_transaction(store: Store, number: int, line: Connection) -> None:
    """Stops in the midst of writing a decision, which is not visible yet."""
    with store.writing("itomm collect"):
        original = store.transaction

        @contextmanager
        def slow() -> Iterator[object]:
            with original() as connection:
                yield connection
                line.send("held")
                line.recv()

        store.transaction = slow  # type: ignore[method-assign, assignment]  # the test's own store
        record_answer(store, an_answer("slow"))
