"""The one door to the network: an HTTP adapter that no client library can talk out of its guards."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.allowance import allowance_in
from itomm.collectors.framework.body import read_body
from itomm.collectors.framework.clock_skew import ClockSkew
from itomm.collectors.framework.pace import Pace, Ticket
from itomm.collectors.framework.provenance import origin_of, public_url, request_made, same_origin
from itomm.collectors.framework.repeating import is_repeatable, may_be_better_next_time, never_connected
from itomm.collectors.framework.timing import Timing
from itomm.collectors.framework.waiting import asked_wait, asks_to_wait, back_off
from itomm.evidence.observation import RequestMade, UnknownReason

MOST_TRIES = 5
MOST_UNAUTHORISED = 3
"""So many answers 401 in a row, and no more is asked: tools lock accounts after a few more."""
_LONGEST_WAIT_AT_ONCE = 1.0
LARGEST_ANSWER_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one run over one source may take.

    Attributes:
        origin: the address of the source; requests to any other scheme, host or port are refused.
        timeout_seconds: to connect, and between two pieces of an answer.
        deadline_seconds: for the whole run, waits included.
        max_requests: for the whole run, retries included.
        max_concurrency: requests under way at once.
        max_answer_bytes: of one answer, after decompression.
        verify: True, or the path of a CA bundle.
        queries_by_post: ends of addresses where a POST changes nothing, so that it may be sent again.
    """

    origin: str
    timeout_seconds: tuple[float, float] = (10.0, 30.0)
    deadline_seconds: float = 1800.0
    max_requests: int = 50_000
    max_concurrency: int = 8
    max_answer_bytes: int = LARGEST_ANSWER_BYTES
    verify: bool | str = True
    queries_by_post: tuple[str, ...] = ()


class _OfThread(threading.local):
    """What each thread has for itself: what it sent, and who may end its requests."""

    def __init__(self) -> None:
        self.sent: deque[RequestMade] = deque(maxlen=20)
        self.bytes_read = 0
        self.check: Callable[[], None] = _never_ended

    @property
    def may_end_early(self) -> bool:
        """Whether somebody may end the requests of this thread."""
        return self.check is not _never_ended


def _never_ended() -> None:
    """Nobody ends the requests of this thread but an interruption of the run."""


class GuardedAdapter(HTTPAdapter):
    """Sends requests within :class:`Limits`, repeats what may be repeated, and remembers what it sent.

    One adapter serves one source in one run, from any number of threads; what it sent last it tells each
    thread apart. Answers are read whole before they are handed on, so that a slow, endless or cut body is met
    here and not in a client library.
    """

    def __init__(self, limits: Limits, timing: Timing, skew: ClockSkew | None = None) -> None:
        super().__init__(max_retries=0, pool_maxsize=max(10, limits.max_concurrency))
        self._skew = skew  # None where our own clock stands still
        self._limits = limits
        self._timing = timing
        self._ends_at = timing.monotonic() + limits.deadline_seconds
        self._unreachable: requests.ConnectionError | None = None
        self._unauthorised_in_a_row = 0
        self._lock = threading.Lock()
        self._of_thread = _OfThread()
        self._pace = Pace(limits.max_concurrency, timing.monotonic)
        self.requests_made = 0
        self.lost_lanes: set[int] = set()

    @property
    def last_requests(self) -> deque[RequestMade]:
        """The last requests that the calling thread sent."""
        return self._of_thread.sent

    def free_lanes(self, wanted: int) -> list[int]:
        """Numbers of lanes for so many readers, or for as many as may be at once; none that was lost."""
        number = min(wanted, self._limits.max_concurrency)
        return list(islice((lane for lane in count(1) if lane not in self.lost_lanes), number))

    def take_bytes_read(self) -> int:
        """How much the calling thread has read of answers since it last asked."""
        size, self._of_thread.bytes_read = self._of_thread.bytes_read, 0
        return size

    def check(self) -> None:
        """Raise when the run was interrupted, or when nobody wants what the calling thread reads."""
        self._timing.check()
        self._of_thread.check()

    def __enter__(self) -> GuardedAdapter:
        """Use it, and end its connections after that."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all connections."""
        super().close()

    def close(self) -> None:
        """Keep the connections: a session that is closed must not cut off the others that use this."""

    @contextmanager
    def obeying(self, check: Callable[[], None]) -> Iterator[None]:
        """In the calling thread, begin anew to note requests, and let ``check`` end them by raising."""
        self._of_thread.sent.clear()
        before, self._of_thread.check = self._of_thread.check, check
        try:
            yield
        finally:
            self._of_thread.check = before

    def send(  # type: ignore[override]  # noqa: PLR0917  the signature is requests', whose stubs vary
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002  the signature is requests'
        timeout: object = None,  # noqa: ARG002  the source's own time-outs always hold
        verify: bool | str = True,  # noqa: FBT001, FBT002  the signature is requests'
        cert: str | tuple[str, str] | None = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send ``request`` and return the answer with its body read.

        Raises:
            SourceError: another host, deadline, request budget or answer size.
            requests.RequestException: when the network still fails after the last try.
        """
        self._refuse_foreign(request.url or "")
        if self._unreachable is not None:
            raise self._unreachable
        queries = self._limits.queries_by_post
        for attempt in range(1, MOST_TRIES + 1):
            last = attempt == MOST_TRIES
            try:
                response = self._send_once(request, verify, cert, proxies)
            except requests.exceptions.SSLError:
                raise
            except requests.ConnectionError as error:
                if last or not is_repeatable(request, error, queries):
                    self._remember_unreachable(error)
                    raise
                self._pause(back_off(attempt, self._timing.random()), "after a failed connection")
                continue
            except (requests.Timeout, requests.exceptions.ChunkedEncodingError):
                if last or not is_repeatable(request, None, queries):
                    raise
                self._pause(back_off(attempt, self._timing.random()), "after a broken answer")
                continue
            not_now = asks_to_wait(response.status_code, response.headers)
            if not not_now and not may_be_better_next_time(request, response.status_code, queries):
                return response
            if last:
                return _after_last_try(response)
            wait, why = self._wait_before_next(response, attempt), _why(response)
            if not_now:
                self._pace.hold(wait, why)  # the other threads need not be told one by one
            self._pause(wait, why)
        raise AssertionError("the last try returns or raises")

    def _send_once(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001  passed through from requests
        cert: str | tuple[str, str] | None,
        proxies: dict[str, str] | None,
    ) -> requests.Response:
        ticket = self._enter(_kind_of(request.url or ""))
        response: requests.Response | None = None
        overburdened = False
        try:
            response = self._sent(request, verify, cert, proxies)
            overburdened = asks_to_wait(response.status_code, response.headers)
        except requests.Timeout:
            overburdened = True
            raise
        finally:
            self._pace.leave(ticket, answered=response is not None, overburdened=overburdened)
        location = response.headers.get("Location")
        if response.is_redirect and location:
            self._refuse_foreign(urljoin(request.url or "", location), redirected=True)
        return response

    def _enter(self, kind: str) -> Ticket:
        """Wait for our turn."""
        ticket = None
        while ticket is None:
            self.check()
            self._seconds_left()
            ticket = self._pace.enter(kind)
        try:
            self._wait_for_the_others()
            due = self._pace.book()
            if due:
                self._pause(due, "to keep within its rate limit")
                self._wait_for_the_others()  # one may have been told to wait meanwhile
            self._refuse_to_lock_the_account()
            self._spend_one_request()
        except BaseException:
            self._pace.leave(ticket, answered=False, overburdened=False)
            raise
        return ticket

    def _wait_for_the_others(self) -> None:
        """Keep a wait that another thread was told."""
        while (held := self._pace.held())[0]:
            self._pause(*held)
            self.check()

    def _sent(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001  passed through from requests
        cert: str | tuple[str, str] | None,
        proxies: dict[str, str] | None,
    ) -> requests.Response:
        connect, read = self._limits.timeout_seconds
        left = self._seconds_left()
        chosen = self._limits.verify if isinstance(self._limits.verify, str) else (verify or True)
        status = None
        sent_at = self._skew.now() if self._skew else None
        try:
            response = super().send(
                request,
                stream=True,
                timeout=(min(connect, left), min(read, left)),
                verify=chosen,
                cert=cert,
                proxies=proxies,
            )
            status = response.status_code
            self._note_answer(response, sent_at)
            read_body(response, request, self._keep_reading)
            self._of_thread.bytes_read += len(response.content)
        finally:
            self._of_thread.sent.append(request_made(request.method or "GET", request.url or "", status))
        return response

    def _note_answer(self, response: requests.Response, sent_at: datetime | None) -> None:
        """What an answer's head tells about clocks, the token and the rate limit."""
        unauthorised = response.status_code == 401
        with self._lock:
            if self._skew and sent_at:
                self._skew.note(response.headers, sent_at)
            self._unauthorised_in_a_row = self._unauthorised_in_a_row + 1 if unauthorised else 0
        if unauthorised:
            self._pace.one_at_a_time()
        left = allowance_in(response.headers, self._timing.now())
        if left is not None:
            self._pace.note_allowance(left)

    def take_clock_skew(self) -> int | None:
        """The server's clock less ours in seconds, the largest since the last call; None: not measured."""
        with self._lock:
            return self._skew.take() if self._skew else None

    def _keep_reading(self, size: int) -> None:
        self.check()
        self._seconds_left()
        self._refuse_larger_than_allowed(size)

    def _refuse_larger_than_allowed(self, size: int) -> None:
        if size > self._limits.max_answer_bytes:
            raise SourceError(
                f"The answer of {self._host} is larger than {self._limits.max_answer_bytes:,} bytes; "
                f"it was not read further."
            )

    def _wait_before_next(self, response: requests.Response, attempt: int) -> float:
        own = back_off(attempt, self._timing.random())
        not_now = asks_to_wait(response.status_code, response.headers)
        asked = asked_wait(response.headers, self._timing.now()) if not_now else None
        return own if asked is None else asked + own / 2  # jitter on top: never earlier than asked

    def _pause(self, seconds: float, why: str) -> None:
        left = self._seconds_left()
        if seconds >= left:
            raise SourceError(
                f"{self._host}: {why} a wait of {seconds:.0f} s is due, but this run may last only "
                f"{left:.0f} s more. Run again later, or raise deadline_minutes of this source."
            )
        while seconds > _LONGEST_WAIT_AT_ONCE and self._of_thread.may_end_early:
            self._timing.wait(_LONGEST_WAIT_AT_ONCE)
            seconds -= _LONGEST_WAIT_AT_ONCE
            self.check()
        self._timing.wait(seconds)

    def _refuse_to_lock_the_account(self) -> None:
        with self._lock:
            refused = self._unauthorised_in_a_row >= MOST_UNAUTHORISED
        if refused:
            raise SourceError(
                f"{self._host} answered 401 {MOST_UNAUTHORISED} times: the token is wrong, expired or "
                f"missing. It was not asked again, so that the account is not locked.",
                UnknownReason.PERMISSION_DENIED,
            )

    def _spend_one_request(self) -> None:
        with self._lock:
            spent = self.requests_made >= self._limits.max_requests
            if not spent:
                self.requests_made += 1
        if spent:
            raise SourceError(
                f"{self._host}: the budget of {self._limits.max_requests:,} requests for one run is used up. "
                f"Narrow the source down, or raise its max_requests."
            )

    def _seconds_left(self) -> float:
        left = self._ends_at - self._timing.monotonic()
        if left <= 0:
            raise SourceError(
                f"{self._host}: the run over this source took longer than "
                f"{self._limits.deadline_seconds / 60:g} minutes and was ended. Raise its deadline_minutes."
            )
        return left

    def _remember_unreachable(self, error: requests.ConnectionError) -> None:
        """Fail the source's other streams at once rather than wait for a dead host again and again."""
        if never_connected(error):
            self._unreachable = error

    def _refuse_foreign(self, url: str, *, redirected: bool = False) -> None:
        if same_origin(url, self._limits.origin):
            return
        other = origin_of(url)
        if redirected:
            raise SourceError(
                f"{self._host} sends us on to {other}, which is not this source's address. Is that a sign-in "
                f"page, or did the tool move? Check the source's url and token."
            )
        raise SourceError(f"A request to {other} was refused: the source's address is {self._limits.origin}.")

    @property
    def _host(self) -> str:
        return public_url(self._limits.origin)


def _kind_of(url: str) -> str:
    """What is asked for, by the last name in the address that is no number; it only tells answers apart."""
    names = (part for part in reversed(urlsplit(url).path.split("/")) if part and not part.isdecimal())
    return next(names, "")[:40]


def _why(response: requests.Response) -> str:
    return f"after the answer {response.status_code}"


def _after_last_try(response: requests.Response) -> requests.Response:
    # Client libraries read Retry-After again, wait on their own, and stumble over its date form.
    response.headers.pop("Retry-After", None)
    return response
