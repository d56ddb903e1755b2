"""The one door to the network: an HTTP adapter that no client library can talk out of its guards."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, islice
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from itomm.collectors.framework.body import read_body
from itomm.collectors.framework.bounds import Bounds
from itomm.collectors.framework.clock_skew import ClockSkew
from itomm.collectors.framework.kept_answers import KeptAnswers
from itomm.collectors.framework.limits import Limits
from itomm.collectors.framework.provenance import request_made
from itomm.collectors.framework.repeating import is_repeatable, may_be_better_next_time, never_connected
from itomm.collectors.framework.timing import Timing
from itomm.collectors.framework.turns import Turns
from itomm.collectors.framework.waiting import asks_to_wait
from itomm.evidence.observation import RequestMade

MOST_TRIES = 5


@dataclass(frozen=True)
class _Manner:
    """How a client library wants a request sent."""

    verify: bool | str
    cert: str | tuple[str, str] | None
    proxies: dict[str, str] | None


class _OfThread(threading.local):
    """What each thread has for itself: what it sent and read."""

    def __init__(self) -> None:
        self.sent: deque[RequestMade] = deque(maxlen=20)
        self.bytes_read = 0
        self.skew: timedelta | None = None  # that the last answer told


class GuardedAdapter(HTTPAdapter):
    """Sends requests within :class:`Limits`, repeats what may be repeated, and remembers what it sent.

    One adapter serves one source in one run, from any number of threads; what it sent last it tells each
    thread apart. Answers are read whole before they are handed on, so that a slow, endless or cut body is met
    here and not in a client library. With ``answers``, what a killed run was answered is not asked again.
    """

    def __init__(
        self,
        limits: Limits,
        timing: Timing,
        skew: ClockSkew | None = None,
        answers: KeptAnswers | None = None,
    ) -> None:
        super().__init__(max_retries=0, pool_maxsize=max(10, limits.max_concurrency))
        self._skew = skew  # None where our own clock stands still
        self._limits = limits
        self._bounds = Bounds(limits, timing)
        self._turns = Turns(limits.max_concurrency, self._bounds, timing)
        self._answers = answers
        self._unreachable: requests.ConnectionError | None = None
        self._lock = threading.Lock()
        self._of_thread = _OfThread()
        self.lost_lanes: set[int] = set()

    @property
    def requests_made(self) -> int:
        """How many requests were sent, retries included."""
        return self._bounds.requests_made

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

    def take_clock_skew(self) -> int | None:
        """The server's clock less ours in seconds, the largest since the last call; None: not measured."""
        with self._lock:
            return self._skew.take() if self._skew else None

    def remember(self, name: str, said: str) -> None:
        """Keep a note beside the answers."""
        if self._answers:
            self._answers.remember(name, said)

    def recall(self, name: str) -> str | None:
        """The last note of this name that a killed run kept, once."""
        return self._answers.recall(name) if self._answers else None

    def check(self) -> None:
        """Raise when the run was interrupted, or when nobody wants what the calling thread reads."""
        self._turns.check()

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
        with self._turns.obeying(check):
            yield

    def send(  # type: ignore[override]  # noqa: PLR0917  the signature is requests', whose stubs vary
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002  the signature is requests'
        timeout: object = None,  # noqa: ARG002  the source's own time-outs always hold
        verify: bool | str = True,  # noqa: FBT001, FBT002  the signature is requests'
        cert: str | tuple[str, str] | None = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send ``request`` and return the answer with its body read, or the one that a killed run got.

        Raises:
            SourceError: another host, deadline, request budget or answer size.
            requests.RequestException: when the network still fails after the last try.
        """
        self._bounds.refuse_foreign(request.url or "")
        kept = self._kept_answer(request)
        if kept is not None:
            return kept
        response = self._send_until_answered(request, _Manner(verify, cert, proxies))
        if self._answers:
            self._answers.keep(request, response, self._of_thread.skew)
        return response

    def _kept_answer(self, request: requests.PreparedRequest) -> requests.Response | None:
        kept = self._answers.find(request) if self._answers else None
        if kept is None:
            return None
        self.check()
        response = self.build_response(request, kept.raw)
        read_body(response, request, _read_all)
        self._note_request(request, response.status_code)
        self._of_thread.bytes_read += len(response.content)
        if self._skew and kept.skew is not None:
            with self._lock:
                self._skew.note_measured(kept.skew)
        return response

    def _send_until_answered(self, request: requests.PreparedRequest, manner: _Manner) -> requests.Response:
        if self._unreachable is not None:
            raise self._unreachable
        queries = self._limits.queries_by_post
        for attempt in range(1, MOST_TRIES + 1):
            last = attempt == MOST_TRIES
            try:
                response = self._send_once(request, manner)
            except requests.exceptions.SSLError:
                raise
            except requests.ConnectionError as error:
                if last or not is_repeatable(request, error, queries):
                    self._remember_unreachable(error)
                    raise
                self._turns.back_off(attempt, "after a failed connection")
                continue
            except (requests.Timeout, requests.exceptions.ChunkedEncodingError):
                if last or not is_repeatable(request, None, queries):
                    raise
                self._turns.back_off(attempt, "after a broken answer")
                continue
            not_now = asks_to_wait(response.status_code, response.headers)
            if not not_now and not may_be_better_next_time(request, response.status_code, queries):
                return response
            if last:
                return _after_last_try(response)
            self._turns.wait_after(response, attempt)
        raise AssertionError("the last try returns or raises")

    def _send_once(self, request: requests.PreparedRequest, manner: _Manner) -> requests.Response:
        ticket = self._turns.begin(_kind_of(request.url or ""))
        response: requests.Response | None = None
        overburdened = False
        try:
            response = self._sent(request, manner)
            overburdened = asks_to_wait(response.status_code, response.headers)
        except requests.Timeout:
            overburdened = True
            raise
        finally:
            self._turns.end(ticket, answered=response is not None, overburdened=overburdened)
        location = response.headers.get("Location")
        if response.is_redirect and location:
            self._bounds.refuse_foreign(urljoin(request.url or "", location), redirected=True)
        return response

    def _sent(self, request: requests.PreparedRequest, manner: _Manner) -> requests.Response:
        connect, read = self._limits.timeout_seconds
        left = self._bounds.seconds_left()
        chosen = self._limits.verify if isinstance(self._limits.verify, str) else (manner.verify or True)
        status = None
        sent_at = self._skew.now() if self._skew else None
        try:
            response = super().send(
                request,
                stream=True,
                timeout=(min(connect, left), min(read, left)),
                verify=chosen,
                cert=manner.cert,
                proxies=manner.proxies,
            )
            status = response.status_code
            if self._skew and sent_at:
                with self._lock:
                    self._of_thread.skew = self._skew.note(response.headers, sent_at)
            self._turns.heed(response)
            read_body(response, request, self._keep_reading)
            self._of_thread.bytes_read += len(response.content)
        finally:
            self._note_request(request, status)
        return response

    def _note_request(self, request: requests.PreparedRequest, status: int | None) -> None:
        self._of_thread.sent.append(request_made(request.method or "GET", request.url or "", status))

    def _keep_reading(self, size: int) -> None:
        self.check()
        self._bounds.seconds_left()
        self._bounds.refuse_larger_answer(size)

    def _remember_unreachable(self, error: requests.ConnectionError) -> None:
        """Fail the source's other streams at once rather than wait for a dead host again and again."""
        if never_connected(error):
            self._unreachable = error


def _read_all(_size: int) -> None:
    """An answer that is at hand is read to its end."""


def _kind_of(url: str) -> str:
    """What is asked for, by the last name in the address that is no number; it only tells answers apart."""
    names = (part for part in reversed(urlsplit(url).path.split("/")) if part and not part.isdecimal())
    return next(names, "")[:40]


def _after_last_try(response: requests.Response) -> requests.Response:
    # Client libraries read Retry-After again, wait on their own, and stumble over its date form.
    response.headers.pop("Retry-After", None)
    return response
