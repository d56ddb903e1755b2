"""How fast one source is asked: requests under way at once, and waits that all threads share.

Few requests are under way at first. More are let through while answers come in good time, and half as many
after a server said that it is too much. What a server says is left of its rate limit is spread over the time
for which it must do, before the server refuses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from itomm.collectors.framework.allowance import Allowance

FIRST_UNDER_WAY = 2
SLOWER_THAN_BEST = 2.0
"""When answers take twice as long as they took at best, more at once would only queue up in the server."""

UNDISTURBED_SECONDS = 0.1
"""Answers that come within this time say nothing of a burden, however much quicker others were."""

SPARE_SHARE = 0.1
"""From a tenth of the rate limit on, what is left is spread over the time until it is counted anew."""

_WEIGHT_OF_NEWEST = 0.3
_FORGOTTEN = 1.1
_NOTICED_WITHIN_SECONDS = 0.2
_TOO_SHORT_TO_WAIT = 0.001


@dataclass(frozen=True)
class Ticket:
    """One request under way: what for, since when, and how often the source had been slowed down before."""

    kind: str
    began: float
    slowed_before: int


class _UsualTimes:
    """How long answers take at best, by what is asked: a list of jobs takes longer than one branch."""

    def __init__(self) -> None:
        self._smoothed: dict[str, float] = {}
        self._best: dict[str, float] = {}

    def note(self, kind: str, took: float) -> float:
        """How much longer an answer took than such answers take at best; 1 when it was quick anyway."""
        before = self._smoothed.get(kind, took)
        smoothed = before + _WEIGHT_OF_NEWEST * (took - before)
        self._smoothed[kind] = smoothed
        best = self._best.setdefault(kind, smoothed)
        self._best[kind] = min(best, smoothed)
        return 1.0 if took <= UNDISTURBED_SECONDS or not best else took / best

    def forget_a_little(self) -> None:
        """So that a server which has become slower for good is not taken for a busy one for ever."""
        for kind in self._best:
            self._best[kind] *= _FORGOTTEN


class Pace:
    """Lets requests of one source through, from any number of threads.

    Args:
        most: requests that may be under way at once.
        monotonic: seconds that never jump.
    """

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._allowed = min(FIRST_UNDER_WAY, most)
        self._under_way = 0
        self._doubling = True
        self._slowed = 0
        self._answers = 0
        self._longer = 0.0
        self._was_full = False
        self._usual = _UsualTimes()
        self._hold_until = 0.0
        self._why = ""
        self._spacing = 0.0
        self._spaced_until = 0.0
        self._next_at = 0.0

    @property
    def allowed(self) -> int:
        """How many requests may be under way now."""
        with self._changed:
            return self._allowed

    def enter(self, kind: str = "") -> Ticket | None:
        """Begin a request for a ``kind`` of thing; None when no place came free in a moment: try again."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._under_way < self._allowed, _NOTICED_WITHIN_SECONDS)
            if not free:
                return None
            self._under_way += 1
            self._was_full = self._was_full or self._under_way >= self._allowed
            return Ticket(kind, self._monotonic(), self._slowed)

    def leave(self, ticket: Ticket, *, answered: bool, overburdened: bool) -> None:
        """End a request: whether an answer came, and whether it said that the server has too much to do."""
        took = self._monotonic() - ticket.began
        with self._changed:
            self._under_way -= 1
            if overburdened:
                self._slow_down(ticket)
            elif answered:
                self._note_answer(ticket.kind, took)
            self._changed.notify_all()

    def held(self) -> tuple[float, str]:
        """Seconds for which nobody may send anything, and why; 0 when everybody may."""
        with self._changed:
            held = self._hold_until - self._monotonic()
            return (held, self._why) if held > _TOO_SHORT_TO_WAIT else (0.0, "")

    def book(self) -> float:
        """Seconds until the place of one more request, where what is left of a rate limit is spread."""
        with self._changed:
            now = self._monotonic()
            if not self._spacing or now >= self._spaced_until:
                return 0.0
            at = max(now, self._next_at)
            self._next_at = at + self._spacing
            due = at - now
            return due if due > _TOO_SHORT_TO_WAIT else 0.0

    def hold(self, seconds: float, why: str) -> None:
        """Let nobody send anything for so long."""
        with self._changed:
            until = self._monotonic() + seconds
            if until > self._hold_until:
                self._hold_until, self._why = until, why

    def note_allowance(self, left: Allowance) -> None:
        """Heed what the server says is left of its rate limit."""
        with self._changed:
            now = self._monotonic()
            # Others have sent requests that this answer does not count yet.
            remaining = left.remaining - self._under_way
            reserve = max(self._most, (left.limit or 0) * SPARE_SHARE)
            if remaining > reserve:
                self._spacing = 0.0
            elif left.remaining <= 0:
                self._hold(now + left.seconds, "as its rate limit is used up")
            else:
                self._spacing = left.seconds / (max(remaining, 0) + 1)
                self._spaced_until = now + left.seconds
                self._next_at = max(self._next_at, now + self._spacing)
                self._next_at = min(self._next_at, self._spaced_until)

    def one_at_a_time(self) -> None:
        """Ask with care from here on, such as after a token was refused."""
        with self._changed:
            self._allowed, self._doubling = 1, False

    def _hold(self, until: float, why: str) -> None:
        if until > self._hold_until:
            self._hold_until, self._why = until, why

    def _slow_down(self, ticket: Ticket) -> None:
        """Halve once for all requests that were under way together."""
        if ticket.slowed_before == self._slowed:
            self._slowed += 1
            self._allowed = max(1, self._allowed // 2)
            self._doubling = False
            self._begin_round()

    def _note_answer(self, kind: str, took: float) -> None:
        """After as many answers as may be under way, let more through if the server kept up."""
        self._answers += 1
        self._longer += self._usual.note(kind, took)
        if self._answers < self._allowed:
            return
        if self._longer / self._answers > SLOWER_THAN_BEST:
            self._doubling = False
            self._usual.forget_a_little()
        elif self._was_full:
            more = self._allowed if self._doubling else 1
            self._allowed = min(self._most, self._allowed + more)
        self._begin_round()

    def _begin_round(self) -> None:
        self._answers, self._longer, self._was_full = 0, 0.0, False
