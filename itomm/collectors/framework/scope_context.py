"""The context of one scope of a stream that is read side by side with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import requests

from itomm.collectors.contract import CollectionContext
from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.evidence.observation import Page, RequestMade, UnknownReason

Scope = TypeVar("Scope")

REPEATED_TOKEN = "the tool gave the same page token twice; reading stopped rather than go round for ever"  # noqa: S105  a sentence


class ScopeContext:
    """Implements :class:`itomm.collectors.contract.CollectionContext` for one scope, in one thread.

    What is noted reaches the stream's context only with :meth:`taken_notes`, in the order of scopes.
    """

    def __init__(self, whole: CollectionContext, adapter: GuardedAdapter, lane: int) -> None:
        self._whole = whole
        self._adapter = adapter
        self._lane = lane
        self._seen_tokens: set[str] = set()
        self._notes: list[Callable[[], None]] = []

    @property
    def since(self) -> datetime:
        """Read events that occurred at or after this instant."""
        return self._whole.since

    @property
    def until(self) -> datetime:
        """The instant of this collection."""
        return self._whole.until

    @property
    def resume_from(self) -> Mapping[str, Any] | None:
        """The checkpoint behind which the stream goes on."""
        return self._whole.resume_from

    @property
    def lane(self) -> int:
        """Which of the readers this is."""
        return self._lane

    @property
    def adapter(self) -> GuardedAdapter:
        """The guarded HTTP adapter of the source."""
        return self._adapter

    @property
    def last_request(self) -> RequestMade:
        """The last request of this scope."""
        return self._whole.last_request

    def session(self) -> requests.Session:
        """A new session with the guarded adapter mounted and no credentials."""
        return self._whole.session()

    def side_by_side(
        self,
        scopes: Sequence[Scope],
        read: Callable[[Scope, CollectionContext], Iterator[Page]],
    ) -> Iterator[Page]:
        """Within a scope, one after the other: the lanes are taken."""
        for scope in scopes:
            yield from read(scope, self)

    def held(self) -> Mapping[str, datetime]:
        """When each record occurred that earlier runs brought."""
        return self._whole.held()

    def remember(self, name: str, said: str) -> None:
        """Keep a note until the run has ended."""
        self._whole.remember(name, said)

    def recall(self, name: str) -> str | None:
        """The last note of this name from before the run was killed, once."""
        return self._whole.recall(name)

    def covers_again_since(self, start: datetime) -> None:
        """Note that every record is read that occurred since ``start``."""
        self._notes.append(partial(self._whole.covers_again_since, start))

    def asked(self, scope: str) -> None:
        """Note that ``scope`` is asked for."""
        self._seen_tokens.clear()
        self._notes.append(partial(self._whole.asked, scope))

    def refused(self, scope: str, reason: UnknownReason, detail: str) -> None:
        """Note that ``scope`` could not be read."""
        self._notes.append(partial(self._whole.refused, scope, reason, detail))

    def covered(self, start: datetime, end: datetime) -> None:
        """Note the window truly covered."""
        self._notes.append(partial(self._whole.covered, start, end))

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        """Note that the stream lacks something."""
        self._notes.append(partial(self._whole.incomplete, reason, detail))

    def cannot_tell(self, field: str, why: str) -> None:
        """Note that the source cannot tell a field."""
        self._notes.append(partial(self._whole.cannot_tell, field, why))

    def warn(self, detail: str) -> None:
        """Note something worth showing."""
        self._notes.append(partial(self._whole.warn, detail))

    def unseen(self, token: str) -> bool:
        """Whether a page token is new in this scope; a repeated one makes the stream incomplete."""
        if token in self._seen_tokens:
            self.incomplete(UnknownReason.COLLECTION_FAILED, REPEATED_TOKEN)
            return False
        self._seen_tokens.add(token)
        return True

    def taken_notes(self) -> Callable[[], None]:
        """What was noted since the last call, to be told to the stream when it is this scope's turn."""
        notes, self._notes = self._notes, []

        def tell() -> None:
            for note in notes:
                note()

        return tell
