"""Keeps one run over one source within its limits: time, number of requests, size, address, account."""

from __future__ import annotations

import threading

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.limits import Limits
from itomm.collectors.framework.provenance import origin_of, public_url, same_origin
from itomm.collectors.framework.timing import Timing
from itomm.evidence.observation import UnknownReason

MOST_UNAUTHORISED = 3
"""So many answers 401 in a row, and no more is asked: tools lock accounts after a few more."""


class Bounds:
    """What a run may still do; its time begins now. Every method that refuses raises SourceError."""

    def __init__(self, limits: Limits, timing: Timing) -> None:
        self._limits = limits
        self._timing = timing
        self._ends_at = timing.monotonic() + limits.deadline_seconds
        self._lock = threading.Lock()
        self._unauthorised_in_a_row = 0
        self.requests_made = 0

    @property
    def host(self) -> str:
        """The source's address, for messages."""
        return public_url(self._limits.origin)

    def seconds_left(self) -> float:
        """Seconds until the deadline; refuses when it has passed."""
        left = self._ends_at - self._timing.monotonic()
        if left <= 0:
            raise SourceError(
                f"{self.host}: the run over this source took longer than "
                f"{self._limits.deadline_seconds / 60:g} minutes and was ended. Raise its deadline_minutes."
            )
        return left

    def refuse_longer_wait(self, seconds: float, why: str) -> None:
        """Refuse a wait that would not end before the deadline."""
        left = self.seconds_left()
        if seconds >= left:
            raise SourceError(
                f"{self.host}: {why} a wait of {seconds:.0f} s is due, but this run may last only "
                f"{left:.0f} s more. Run again later, or raise deadline_minutes of this source."
            )

    def refuse_larger_answer(self, size: int) -> None:
        """Refuse an answer of more bytes than are allowed."""
        if size > self._limits.max_answer_bytes:
            raise SourceError(
                f"The answer of {self.host} is larger than {self._limits.max_answer_bytes:,} bytes; "
                f"it was not read further."
            )

    def refuse_foreign(self, url: str, *, redirected: bool = False) -> None:
        """Refuse any scheme, host or port but the source's own."""
        if same_origin(url, self._limits.origin):
            return
        other = origin_of(url)
        if redirected:
            raise SourceError(
                f"{self.host} sends us on to {other}, which is not this source's address. Is that a sign-in "
                f"page, or did the tool move? Check the source's url and token."
            )
        raise SourceError(f"A request to {other} was refused: the source's address is {self._limits.origin}.")

    def note_status(self, status: int) -> None:
        """Note the status of an answer."""
        with self._lock:
            self._unauthorised_in_a_row = self._unauthorised_in_a_row + 1 if status == 401 else 0

    def refuse_to_lock_the_account(self) -> None:
        """Refuse to ask once more after the token was refused again and again."""
        with self._lock:
            refused = self._unauthorised_in_a_row >= MOST_UNAUTHORISED
        if refused:
            raise SourceError(
                f"{self.host} answered 401 {MOST_UNAUTHORISED} times: the token is wrong, expired or "
                f"missing. It was not asked again, so that the account is not locked.",
                UnknownReason.PERMISSION_DENIED,
            )

    def spend_one_request(self) -> None:
        """Count a request that is about to be sent; refuse when there were too many."""
        with self._lock:
            spent = self.requests_made >= self._limits.max_requests
            if not spent:
                self.requests_made += 1
        if spent:
            raise SourceError(
                f"{self.host}: the budget of {self._limits.max_requests:,} requests for one run is used up. "
                f"Narrow the source down, or raise its max_requests."
            )
