"""The context of one collection of one stream: what it may use, and how complete it turned out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase

from itomm.collectors.contract import CollectionContext
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.clock_skew import larger, skew_warning
from itomm.collectors.framework.failures import Failure
from itomm.collectors.framework.lanes import Dropped, Lanes, Read
from itomm.collectors.framework.scope_context import REPEATED_TOKEN, ScopeContext
from itomm.collectors.framework.secret_forms import redact_text
from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.observation import CollectionOutcome, Page, RequestMade, UnknownReason, UntoldField

MOST_DETAILS = 20

Scope = TypeVar("Scope")


@dataclass(frozen=True)
class Period:
    """The window that a collection is asked for."""

    since: datetime
    until: datetime


class NoCredentials(AuthBase):
    """Sends none; without it requests would take a user and password from ~/.netrc unasked."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request as it is."""
        return request


class StreamContext:
    """Implements :class:`itomm.collectors.contract.CollectionContext`.

    Args:
        period: from when to when events are wanted.
        adapter: the way to the source.
        changed_since: for an incremental reading, from when on it covers everything.
        resume_from: the checkpoint behind which reading goes on.
        held: tells, for an incremental reading, when each record occurred that earlier runs brought.
        redact: takes secrets out of text.
    """

    def __init__(
        self,
        period: Period,
        adapter: GuardedAdapter,
        *,
        changed_since: datetime | None = None,
        resume_from: Mapping[str, Any] | None = None,
        held: Callable[[], Mapping[str, datetime]] = dict,
        redact: Callable[[str], str] = redact_text,
    ) -> None:
        self._redact = redact
        self._period = period
        self._adapter = adapter
        self._resume_from = resume_from
        self._held = held
        self._requested: list[str] = []
        self._denied: list[str] = []
        self._lacks: list[Failure] = []  # of the whole stream
        self._refusals: list[Failure] = []  # of named parts
        self._warnings: list[str] = []
        self._untold: dict[str, str] = {}
        self._seen_tokens: set[str] = set()
        self._covered = (changed_since or period.since, period.until)
        self._clock_skew: int | None = None

    @property
    def since(self) -> datetime:
        """Read events that occurred at or after this instant."""
        return self._period.since

    @property
    def until(self) -> datetime:
        """The instant of this collection."""
        return self._period.until

    @property
    def resume_from(self) -> Mapping[str, Any] | None:
        """The checkpoint behind which reading goes on; None at the beginning of a stream."""
        return self._resume_from

    @property
    def lane(self) -> int:
        """Outside of :meth:`side_by_side` there is only one reader."""
        return 0

    @property
    def adapter(self) -> GuardedAdapter:
        """The guarded HTTP adapter of the source."""
        return self._adapter

    @property
    def last_request(self) -> RequestMade:
        """The last request that went through the adapter."""
        sent = self._adapter.last_requests
        if not sent:
            raise RuntimeError("last_request was read before any request was made")
        return sent[-1]

    def session(self) -> requests.Session:
        """A new session with the guarded adapter mounted and no credentials."""
        session = requests.Session()
        session.auth = NoCredentials()
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        return session

    def side_by_side(
        self,
        scopes: Sequence[Scope],
        read: Callable[[Scope, CollectionContext], Iterator[Page]],
    ) -> Iterator[Page]:
        """The pages of all scopes, in the order of scopes, read as many at once as the source bears."""

        def in_lane(scope: Scope, lane: int, check: Callable[[], None]) -> Iterator[Read]:
            context = ScopeContext(self, self._adapter, lane)
            try:
                with self._adapter.obeying(check):
                    for page in read(scope, context):
                        yield Read(context.taken_notes(), page, size=self._adapter.take_bytes_read())
            except Dropped:
                raise
            except Exception as fault:  # noqa: BLE001  carried to the stream's thread, which raises it there
                yield Read(context.taken_notes(), failure=fault)
            else:
                yield Read(context.taken_notes())

        lanes = self._adapter.free_lanes(len(scopes))
        if len(lanes) > 1:
            lost = self._adapter.lost_lanes.add
            return Lanes(scopes, in_lane, lanes=lanes, check=self._adapter.check, lost=lost).pages()
        return _one_after_the_other(in_lane(scope, 0, _nobody_drops_it) for scope in scopes)

    def held(self) -> Mapping[str, datetime]:
        """When each record occurred that earlier runs brought, by its name in the source."""
        return self._held()

    def remember(self, name: str, said: str) -> None:
        """Keep a note until the run has ended."""
        self._adapter.remember(name, said)

    def recall(self, name: str) -> str | None:
        """The last note of this name from before the run was killed, once."""
        return self._adapter.recall(name)

    def covers_again_since(self, start: datetime) -> None:
        """Note that every record is read that occurred since ``start``; no earlier than the period begins."""
        begin, end = self._covered
        self._covered = (min(begin, max(start, self._period.since)), end)

    def asked(self, scope: str) -> None:
        """Note that ``scope`` is asked for; page tokens are told apart from the ones before."""
        self._seen_tokens.clear()
        scope = self._redact(scope)
        if scope not in self._requested:
            self._requested.append(scope)

    def refused(self, scope: str, reason: UnknownReason, detail: str) -> None:
        """Note that ``scope`` could not be read."""
        scope = self._redact(scope)
        if scope not in self._requested:
            self._requested.append(scope)
        if scope not in self._denied:
            self._denied.append(scope)
        self._refusals.append(Failure(reason, f"{scope}: {self._redact(detail)}"))

    def covered(self, start: datetime, end: datetime) -> None:
        """Note the window truly covered; several calls leave what all of them cover."""
        self._covered = (max(self._covered[0], start), min(self._covered[1], end))

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        """Note that the stream lacks something."""
        self._lacks.append(Failure(reason, self._redact(detail)))

    def cannot_tell(self, field: str, why: str) -> None:
        """Note that the source cannot tell a field; of several reasons, the first stays."""
        self._untold.setdefault(field, self._redact(why))

    def warn(self, detail: str) -> None:
        """Note something worth showing."""
        safe = self._redact(detail)
        if len(self._warnings) < MOST_DETAILS and safe not in self._warnings:
            self._warnings.append(safe)

    def unseen(self, token: str) -> bool:
        """Whether a page token is new in this scope; a repeated one makes the stream incomplete."""
        if token in self._seen_tokens:
            self.incomplete(UnknownReason.COLLECTION_FAILED, REPEATED_TOKEN)
            return False
        self._seen_tokens.add(token)
        return True

    def state(self) -> dict[str, Any]:
        """What is known of the stream so far, as plain JSON for :meth:`restore`.

        Scopes that were asked for are left out: a collector that goes on names them again.
        """
        self._note_skew()
        return {
            "denied": list(self._denied),
            "lacks": [[lack.reason.value, lack.message] for lack in self._lacks],
            "refusals": [[refusal.reason.value, refusal.message] for refusal in self._refusals],
            "warnings": list(self._warnings),
            "untold": dict(self._untold),
            "covered": [format_instant(instant) for instant in self._covered],
            "clock_skew": self._clock_skew,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Know again what :meth:`state` told."""
        self._denied = list(state["denied"])
        self._lacks = [Failure(UnknownReason(reason), message) for reason, message in state["lacks"]]
        self._refusals = [Failure(UnknownReason(reason), message) for reason, message in state["refusals"]]
        self._warnings = list(state["warnings"])
        self._untold.update(state.get("untold", {}))  # runs that an older itomm began kept none
        start, end = state["covered"]
        self._covered = (parse_instant(start), parse_instant(end))
        self._clock_skew = state["clock_skew"]

    def _note_skew(self) -> None:
        self._clock_skew = larger(self._clock_skew, self._adapter.take_clock_skew())

    def outcome(
        self, failure: Failure | None, finished_at: datetime, *, is_state: bool, unmapped: int
    ) -> CollectionOutcome:
        """How the collection ended.

        What the whole stream lacks speaks before refusals of its parts, and then no part is named as denied:
        the others cannot be taken for read.
        """
        failures = [Failure(failure.reason, self._redact(failure.message))] if failure else []
        whole = [*failures, *self._lacks]
        lacks = [*whole, *self._refusals]
        start, end = self._covered
        self._note_skew()
        said_of_skew = skew_warning(self._clock_skew)
        return CollectionOutcome(
            complete=not lacks,
            finished_at=finished_at,
            reason=lacks[0].reason if lacks else None,
            error=_joined([lack.message for lack in lacks]),
            window_start=None if is_state else min(start, end),
            window_end=None if is_state else end,
            requested=tuple(dict.fromkeys([*self._requested, *self._denied])),
            denied=() if whole else tuple(self._denied),
            warnings=(*self._warnings, *([said_of_skew] if said_of_skew else [])),
            unmapped=unmapped,
            clock_skew_seconds=self._clock_skew,
            untold=tuple(starmap(UntoldField, sorted(self._untold.items()))),
        )


def _nobody_drops_it() -> None:
    """Read in the stream's own thread, a scope ends with the stream."""


def _one_after_the_other(scopes: Iterator[Iterator[Read]]) -> Iterator[Page]:
    for scope in scopes:
        for found in scope:
            found.note()
            if found.failure is not None:
                raise found.failure
            if found.page is not None:
                yield found.page


def _joined(messages: list[str]) -> str:
    different = list(dict.fromkeys(messages))
    shown = "; ".join(different[:MOST_DETAILS])
    more = len(different) - MOST_DETAILS
    return f"{shown}; and {more} more" if more > 0 else shown
