"""Reads a source in a process of its own, so that two large sources use two processors.

The process reads, checks and scrubs, and tells what it read to its parent, which alone writes. It ends with
its parent, and when the parent no longer listens.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from itomm.collectors.contract import Stream
from itomm.collectors.framework.asking import asked_of_stream
from itomm.collectors.framework.garbage import rarely_collected
from itomm.collectors.framework.reading import (
    Assignment,
    Began,
    Ended,
    Message,
    Stands,
    read_source,
    wanted_streams,
)
from itomm.collectors.framework.timing import Cancelled, system_timing
from itomm.collectors.source import Source
from itomm.config.clock import Clock, fixed_clock, system_clock, tells_real_time
from itomm.evidence.observation import CollectionOutcome, UnknownReason

_SECONDS_TO_NOTICE = 0.2
_SECONDS_TO_LEAVE = 2.0


@dataclass(frozen=True)
class _Task:
    """What a process has to read; ``fixed_at`` is the time where it stands still."""

    source: Source
    assignment: Assignment
    fixed_at: datetime | None


@dataclass(frozen=True)
class _Done:
    """The process has told everything; ``error`` is a fault of the framework itself."""

    error: Exception | None = None


def parcel(source: Source, assignment: Assignment, clock: Clock) -> bytes | None:
    """What a process needs to read a source; None when a part of it cannot leave this process."""
    task = _Task(source, assignment, None if tells_real_time(clock) else clock())
    try:
        return pickle.dumps(task)
    except (pickle.PicklingError, AttributeError, TypeError):  # a plug-in that no other process can import
        return None


def read_apart(
    source: Source,
    assignment: Assignment,
    clock: Clock,
    cancelled: threading.Event,
    tell: Callable[[Message], None],
) -> None:
    """What :func:`read_source` does, in another process where that is possible.

    A process that ends before it has told everything leaves its streams incomplete.

    Raises:
        Cancelled: the run was interrupted; the process has been ended.
    """
    packed = parcel(source, assignment, clock)
    if packed is None:
        read_source(source, assignment, clock, system_timing(cancelled), tell)
        return
    told = _Told(source, tell)
    with _begun(packed) as (process, messages):
        done = _listen(messages, cancelled, told)
        process.join(_SECONDS_TO_LEAVE)
        ended = process.exitcode
    if done is None:
        told.leave_incomplete(assignment, clock, _how_it_ended(source, ended))
    elif done.error is not None:
        raise done.error


@contextmanager
def _begun(packed: bytes) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process that reads, and the connection on which it tells; it has ended afterwards."""
    messages, telling = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=_work, args=(packed, telling), daemon=True)
    with messages:
        with telling, _without_interrupts():
            process.start()
        try:
            yield process, messages
        finally:
            process.kill()
            process.join()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; one begun here leaves it to its parent from the first."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # beginning it later, with the process, would let Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen(messages: Connection, cancelled: threading.Event, told: _Told) -> _Done | None:
    """Pass on what the process tells; None when it ended without an end."""
    while True:
        while not messages.poll(_SECONDS_TO_NOTICE):
            if cancelled.is_set():
                raise Cancelled("The run was interrupted.")
        try:
            message = messages.recv()
        except (EOFError, OSError):
            return None
        if isinstance(message, _Done):
            return message
        told.take(message)


class _Told:
    """What a process has told of its source's streams."""

    def __init__(self, source: Source, tell: Callable[[Message], None]) -> None:
        self._source = source
        self._tell = tell
        self._begun: set[str] = set()
        self._ended: set[str] = set()

    def take(self, message: Message) -> None:
        """Pass a message on."""
        self._tell(message)
        if isinstance(message, Began):
            self._begun.add(message.stream.record_type)
        elif isinstance(message, Ended | Stands):
            self._ended.add(message.stream.record_type)

    def leave_incomplete(self, assignment: Assignment, clock: Clock, why: str) -> None:
        """End every stream that the process did not: nothing can be said of what it did not bring."""
        for stream in wanted_streams(self._source, assignment):
            if stream.record_type in self._ended:
                continue
            if stream.record_type not in self._begun:
                self._tell(Began(self._source, stream, clock()))
            self._tell(Ended(self._source, stream, self._incomplete(stream, assignment, clock(), why), 0))

    def _incomplete(
        self, stream: Stream, assignment: Assignment, at: datetime, why: str
    ) -> CollectionOutcome:
        return CollectionOutcome(
            complete=False,
            finished_at=at,
            reason=UnknownReason.COLLECTION_FAILED,
            error=why,
            asked_digest=asked_of_stream(
                self._source, stream.record_type, assignment.services, assignment.history
            ),
        )


def _how_it_ended(source: Source, exit_code: int | None) -> str:
    how = f"was ended by signal {-exit_code}" if exit_code is not None and exit_code < 0 else "ended early"
    return (
        f"The process that read {source.name} {how}. Run again; "
        "if it happens once more, see whether there is enough memory, or set 'processes: 1'."
    )


def _work(packed: bytes, telling: Connection) -> None:
    """Read in this process, which was begun for it, and tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="itomm-end-with-parent", daemon=True).start()
    error: Exception | None = None
    with suppress(BrokenPipeError):  # nobody listens any more
        try:
            task: _Task = pickle.loads(packed)  # noqa: S301  what the parent packed
            clock = fixed_clock(task.fixed_at) if task.fixed_at else system_clock
            with rarely_collected():
                read_source(
                    task.source, task.assignment, clock, system_timing(threading.Event()), telling.send
                )
        except BrokenPipeError:
            raise
        except Exception as fault:  # noqa: BLE001  carried to the parent, which raises it there
            error = _carried(fault)
        telling.send(_Done(error))


def _carried(fault: Exception) -> Exception:
    """The fault, or one that says the same where it cannot be passed on."""
    with suppress(Exception):  # of faults that cannot be packed or unpacked, any may be raised
        pickle.loads(pickle.dumps(fault))  # noqa: S301  what was packed on the same line
        return fault
    return RuntimeError(f"{type(fault).__name__}: {fault}")


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
