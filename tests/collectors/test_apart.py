"""Sources that are read by processes of their own: they tell the same and leave nothing running."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import active_children
from pathlib import Path

import pytest

import itomm.estate
from itomm.collectors.alertmanager import AlertmanagerCollector
from itomm.collectors.conformance import MemorySink
from itomm.collectors.framework.apart import _carried, parcel
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.framework.sharing import sources_apart
from itomm.collectors.source import Source, build_source
from itomm.config.clock import fixed_clock
from itomm.config.errors import StoreError
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.collection import Collection
from itomm.evidence.observation import UnknownReason

SMALL = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
PATIENCE_SECONDS = 60.0

ASSIGNMENT = Assignment(
    run=1, until=NOW, history=timedelta(days=400), services=(), pseudonym_key=b"estate" * 3
)


@contextmanager
def deaf() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_SECONDS)
        yield listening


def alertmanager(server: socket.socket) -> Source:
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    return build_source("alerts", {"collector": "alertmanager", "url": url, "timeout_seconds": (5, 60)})


def asked(server: socket.socket) -> socket.socket:
    """The connection of who asks, once the question is there."""
    connection, _ = server.accept()
    connection.settimeout(PATIENCE_SECONDS)
    assert connection.recv(1)
    return connection


def ended(connection: socket.socket) -> bool:
    """Whether who asked has gone, waiting for it."""
    with connection:
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
    return True


def read(sources: list[Source], sink: MemorySink, *apart: str) -> list[StreamResult]:
    return collect(sources, sink, ASSIGNMENT, fixed_clock(NOW), apart=frozenset(apart))


def test_a_process_of_its_own_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTATE_TOKEN", "estate-token")
    told = []
    with EstateServer(Estate.load(SMALL)) as server:
        settings = {
            "collector": "jira",
            "url": f"{server.url}/jira-dc",
            "token": "env:ESTATE_TOKEN",
            "record_types": ["incident", "problem"],
        }
        assignment = replace(ASSIGNMENT, until=server.estate.as_of)
        for apart in ([], ["jira"]):
            sink = MemorySink()
            source = build_source("jira", settings)
            clock = fixed_clock(server.estate.as_of)
            assert parcel(source, assignment, clock) is not None
            results = collect([source], sink, assignment, clock, apart=frozenset(apart))
            told.append((results, sink.collections))
            assert all(result.outcome.complete for result in results)
    (here, kept_here), (there, kept_there) = told
    assert sum(len(page.observations) for page in kept_here[0].pages) > 10
    assert repr(kept_there) == repr(kept_here)
    assert [replace(one, written=None) for one in there] == [replace(one, written=None) for one in here]


def test_a_killed_process_leaves_its_source_incomplete_and_no_other() -> None:
    def kill(server: socket.socket) -> None:
        connection = asked(server)
        for process in active_children():
            process.kill()
        ended(connection)

    class Quiet(AlertmanagerCollector):
        """Needs no server."""

        def collect(self, *_: object) -> Iterator[object]:  # type: ignore[override]  # brings nothing
            yield from ()

    sink = MemorySink()
    with deaf() as server:
        source = alertmanager(server)
        killer = threading.Thread(target=kill, args=(server,))
        killer.start()
        results = read([source, replace(source, name="other", collector=Quiet)], sink, "alerts")
        killer.join()
    streams = len(source.streams)
    assert streams > 1
    assert len(results) == 2 * streams
    for gone, other in zip(results[:streams], results[streams:], strict=True):
        assert not gone.outcome.complete
        assert gone.outcome.reason is UnknownReason.COLLECTION_FAILED
        assert "process that read alerts was ended by signal 9" in gone.outcome.error
        assert gone.records == 0
        assert gone.outcome.asked_digest
        assert other.outcome.complete
    assert active_children() == []


class StopsError(Exception):
    """What a sink raises in place of Ctrl-C."""


def test_an_interrupted_run_ends_its_processes() -> None:
    class Stops(MemorySink):
        def begin_collection(self, **named: object) -> object:  # type: ignore[override]  # raises in the end
            connections.append(asked(server))
            raise StopsError

    connections: list[socket.socket] = []
    with deaf() as server:
        with pytest.raises(StopsError):
            read([alertmanager(server)], Stops(), "alerts")
        assert active_children() == []
        assert ended(connections[0])


PARENT = """
import sys
from itomm.collectors.conformance import MemorySink
from tests.collectors.test_apart import ASSIGNMENT, build_source, collect, fixed_clock, NOW
if __name__ == "__main__":
    settings = {"collector": "alertmanager", "url": sys.argv[1], "timeout_seconds": (5, 60)}
    source = build_source("alerts", settings)
    collect([source], MemorySink(), ASSIGNMENT, fixed_clock(NOW), apart=frozenset(["alerts"]))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_process_ends_with_its_parent(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with deaf() as server:
        heeded = signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # what runs behind a shell ignores it
        running = subprocess.Popen(
            [sys.executable, str(script), f"http://127.0.0.1:{server.getsockname()[1]}"],
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            start_new_session=True,
        )
        signal.signal(signal.SIGINT, heeded)
        connection = asked(server)
        if how is signal.SIGINT:
            os.killpg(running.pid, how)  # as a terminal does
        else:
            running.send_signal(how)
        assert ended(connection)
        _, said = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == -how
    own_words_of_parent = 1 if how is signal.SIGINT else 0  # this script catches no Ctrl-C; itomm does
    assert said.count("Traceback") == own_words_of_parent


def test_a_plug_in_that_no_process_can_import_is_read_here() -> None:
    class Local(AlertmanagerCollector):
        def collect(self, *_: object) -> Iterator[object]:  # type: ignore[override]  # brings nothing
            readers.append(os.getpid())
            yield from ()

    readers: list[int] = []
    with deaf() as server:
        results = read([replace(alertmanager(server), collector=Local)], MemorySink(), "alerts")
    assert all(result.outcome.complete for result in results)
    assert readers == [os.getpid()] * len(results)


class StubbornError(Exception):
    """Can be packed, but not unpacked."""

    def __init__(self, *, told: str) -> None:
        super().__init__(told)


@pytest.mark.parametrize("fault", [StoreError("the disk is full"), StubbornError(told="the disk is full")])
def test_a_fault_of_the_framework_is_carried_to_the_parent(fault: Exception) -> None:
    carried = pickle.loads(pickle.dumps(_carried(fault)))  # noqa: S301  packed on the same line
    assert "the disk is full" in str(carried)


def known(source: str, records: int) -> Collection:
    return Collection(
        id=f"000001-{source}-silence",
        run=1,
        source=source,
        collector="alertmanager",
        record_type="silence",
        started_at=NOW,
        finished_at=NOW,
        complete=True,
        reason=None,
        error="",
        records=records,
        window_start=None,
        window_end=None,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(),
    )


def networked(*names: str) -> list[Source]:
    settings = {"collector": "alertmanager", "url": "http://tool.example", "record_types": ["silence"]}
    return [build_source(name, settings) for name in names]


@pytest.mark.parametrize(
    ("records", "processes", "expected"),
    [
        ({"a": 7, "b": 9, "c": 1}, 2, {"b"}),
        ({"a": 7, "b": 9, "c": 1}, 3, {"a", "b"}),
        ({"a": 7, "b": 9, "c": 1}, 8, {"a", "b"}),
        ({"a": 7, "b": 9, "c": 1}, 1, set()),
        ({"a": 0, "b": 0}, 2, {"a"}),
        ({"a": 7}, 2, set()),
        ({}, 2, set()),
    ],
)
def test_the_largest_sources_are_read_apart(
    records: dict[str, int], processes: int, expected: set[str]
) -> None:
    collections = [known(name, count) for name, count in records.items()]
    assert sources_apart(networked(*records), collections, processes=processes) == expected


def test_what_asks_no_server_is_never_read_apart(tmp_path: Path) -> None:
    local = build_source("files", {"collector": "local_git", "path": str(tmp_path)})
    chosen = sources_apart([local, *networked("a", "b")], [known("files", 9)], processes=2)
    assert chosen == {"a"}
