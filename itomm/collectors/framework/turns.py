"""When a thread may send its request: in its turn, within the source's limits, not before it was told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from itomm.collectors.framework.allowance import allowance_in
from itomm.collectors.framework.bounds import Bounds
from itomm.collectors.framework.pace import Pace, Ticket
from itomm.collectors.framework.timing import Timing
from itomm.collectors.framework.waiting import asked_wait, asks_to_wait, back_off

_LONGEST_WAIT_AT_ONCE = 1.0


class _OfThread(threading.local):
    """Who may end the requests of a thread."""

    def __init__(self) -> None:
        self.check: Callable[[], None] = _never_ended


def _never_ended() -> None:
    """Nobody ends the requests of this thread but an interruption of the run."""


class Turns:
    """Gives requests their turn, for any number of threads.

    Args:
        most: requests that may be under way at once.
        bounds: what the run may still do.
        timing: clocks and waiting.
    """

    def __init__(self, most: int, bounds: Bounds, timing: Timing) -> None:
        self._bounds = bounds
        self._timing = timing
        self._pace = Pace(most, timing.monotonic)
        self._of_thread = _OfThread()

    def check(self) -> None:
        """Raise when the run was interrupted, or when nobody wants what the calling thread reads."""
        self._timing.check()
        self._of_thread.check()

    @contextmanager
    def obeying(self, check: Callable[[], None]) -> Iterator[None]:
        """In the calling thread, let ``check`` end requests by raising."""
        before, self._of_thread.check = self._of_thread.check, check
        try:
            yield
        finally:
            self._of_thread.check = before

    def begin(self, kind: str) -> Ticket:
        """Wait for our turn to ask for a ``kind`` of thing; raises SourceError when none will come."""
        ticket = None
        while ticket is None:
            self.check()
            self._bounds.seconds_left()
            ticket = self._pace.enter(kind)
        try:
            self._wait_for_the_others()
            due = self._pace.book()
            if due:
                self.pause(due, "to keep within its rate limit")
                self._wait_for_the_others()  # one may have been told to wait meanwhile
            self._bounds.refuse_to_lock_the_account()
            self._bounds.spend_one_request()
        except BaseException:
            self._pace.leave(ticket, answered=False, overburdened=False)
            raise
        return ticket

    def end(self, ticket: Ticket, *, answered: bool, overburdened: bool) -> None:
        """Make room: whether an answer came, and whether it said that the server has too much to do."""
        self._pace.leave(ticket, answered=answered, overburdened=overburdened)

    def heed(self, response: requests.Response) -> None:
        """Note what an answer's head tells about the token and the rate limit."""
        self._bounds.note_status(response.status_code)
        if response.status_code == 401:
            self._pace.one_at_a_time()
        left = allowance_in(response.headers, self._timing.now())
        if left is not None:
            self._pace.note_allowance(left)

    def back_off(self, attempt: int, why: str) -> None:
        """Wait after the network failed."""
        self.pause(back_off(attempt, self._timing.random()), why)

    def wait_after(self, response: requests.Response, attempt: int) -> None:
        """Wait as long as an answer says, or by our own measure."""
        own = back_off(attempt, self._timing.random())
        not_now = asks_to_wait(response.status_code, response.headers)
        asked = asked_wait(response.headers, self._timing.now()) if not_now else None
        seconds = own if asked is None else asked + own / 2  # jitter on top: never earlier than asked
        why = f"after the answer {response.status_code}"
        if not_now:
            self._pace.hold(seconds, why)  # the other threads need not be told one by one
        self.pause(seconds, why)

    def pause(self, seconds: float, why: str) -> None:
        """Wait; raises SourceError when the deadline would pass meanwhile."""
        self._bounds.refuse_longer_wait(seconds, why)
        while seconds > _LONGEST_WAIT_AT_ONCE and self._of_thread.check is not _never_ended:
            self._timing.wait(_LONGEST_WAIT_AT_ONCE)
            seconds -= _LONGEST_WAIT_AT_ONCE
            self.check()
        self._timing.wait(seconds)

    def _wait_for_the_others(self) -> None:
        """Keep a wait that another thread was told."""
        while (held := self._pace.held())[0]:
            self.pause(*held)
            self.check()
