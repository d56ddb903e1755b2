"""Reads scopes of one stream side by side and hands their pages out in the order of the scopes.

Results, checkpoints and what a resumed run does are so the same as if one scope had been read after the
other. What was read ahead waits in memory, within a bound.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

from itomm.config.errors import ItommError
from itomm.evidence.observation import Page

BYTES_AHEAD = 4 * 1024 * 1024
"""Of answers whose pages wait, as they came; read, they take some seven times as much memory."""

PAGES_AHEAD_PER_LANE = 4
"""Pages that wait for those before them, by lane; a kill loses them, and they are memory."""

_NOTICED_WITHIN_SECONDS = 0.2
_SECONDS_TO_LEAVE = 2.0

Scope = TypeVar("Scope")


class Dropped(ItommError):  # noqa: N818  nobody wants the pages any more; nothing went wrong
    """The stream ended before this scope was read."""


@dataclass(frozen=True)
class Read:
    """A page of a scope, or its end.

    ``note`` tells the stream what was noted since the page before, ``size`` how many bytes were read since.
    """

    note: Callable[[], None]
    page: Page | None = None
    failure: BaseException | None = None
    size: int = 0


class Lanes(Generic[Scope]):
    """Threads that read scopes ahead, each with a lane number that no other has at the same time.

    Args:
        scopes: what to read, in the order in which pages are wanted.
        read: reads one scope in a lane; called from the lane's thread. Ends with a page of None.
        lanes: the numbers of the lanes; as many scopes are read at once.
        check: raises when the run was interrupted.
        lost: told of a lane whose thread did not end in time; nobody else may use what it holds.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        read: Callable[[Scope, int, Callable[[], None]], Iterator[Read]],
        *,
        lanes: Sequence[int],
        check: Callable[[], None],
        lost: Callable[[int], None],
    ) -> None:
        self._scopes = scopes
        self._read = read
        self._check = check
        self._lost = lost
        self._most_ahead = PAGES_AHEAD_PER_LANE * len(lanes)
        self._changed = threading.Condition()
        self._waiting: list[deque[Read]] = [deque() for _ in scopes]
        self._ahead = 0
        self._bytes_ahead = 0
        self._wanted = 0
        self._next = 0
        self._dropped = False
        self._threads = {
            lane: threading.Thread(
                target=self._work, args=(lane,), name=f"itomm-collect-lane-{lane}", daemon=True
            )
            for lane in lanes
        }

    def pages(self) -> Iterator[Page]:
        """All pages; what a scope raised is raised in its turn."""
        for thread in self._threads.values():
            thread.start()
        try:
            for number in range(len(self._scopes)):
                yield from self._pages_of(number)
        finally:
            self._drop()

    def _pages_of(self, number: int) -> Iterator[Page]:
        with self._changed:
            self._wanted = number
            self._changed.notify_all()
        while True:
            found = self._take(number)
            found.note()
            if found.failure is not None:
                raise found.failure
            if found.page is None:
                return
            yield found.page

    def _take(self, number: int) -> Read:
        while True:
            self._check()
            with self._changed:
                if self._changed.wait_for(lambda: self._waiting[number], _NOTICED_WITHIN_SECONDS):
                    found = self._waiting[number].popleft()
                    self._ahead -= 1
                    self._bytes_ahead -= found.size
                    self._changed.notify_all()
                    return found

    def _work(self, lane: int) -> None:
        while (number := self._next_scope()) is not None:
            try:
                with ExitStack() as at_end:
                    found = self._read(self._scopes[number], lane, self._refuse_when_dropped)
                    close = getattr(found, "close", None)
                    if close is not None:
                        at_end.callback(close)
                    for one in found:
                        self._put(number, one)
            except Dropped:
                return

    def _next_scope(self) -> int | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._dropped or self._next >= len(self._scopes) or self._has_room(self._next)
            )
            if self._dropped or self._next >= len(self._scopes):
                return None
            self._next += 1
            return self._next - 1

    def _has_room(self, number: int) -> bool:
        """The scope whose pages are wanted now always has; so somebody always gets on."""
        if number <= self._wanted:
            return True
        return self._ahead < self._most_ahead and self._bytes_ahead < BYTES_AHEAD

    def _put(self, number: int, found: Read) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._dropped or found.page is None or self._has_room(number))
            if self._dropped:
                raise Dropped("The stream has ended.")
            self._waiting[number].append(found)
            self._ahead += 1
            self._bytes_ahead += found.size
            self._changed.notify_all()

    def _refuse_when_dropped(self) -> None:
        if self._dropped:
            raise Dropped("The stream has ended.")

    def _drop(self) -> None:
        with self._changed:
            self._dropped = True
            self._changed.notify_all()
        for lane, thread in self._threads.items():
            thread.join(_SECONDS_TO_LEAVE / len(self._threads))
            if thread.is_alive():  # in a request that takes its time
                self._lost(lane)
