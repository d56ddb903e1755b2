"""The contract between a collector plug-in and the framework.

A collector declares what it reads and has one generator that yields pages. Everything that makes a
collection honest (time-outs, retries, rate limits, loop guards, redaction, pseudonyms, provenance,
completeness, service mapping, storage) belongs to the framework and reaches the plug-in through
:class:`CollectionContext`.

Plug-ins register a :class:`Collector` subclass under the entry point group ``itomm.collectors``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

import requests
from pydantic import BaseModel, ConfigDict, Field
from requests.adapters import HTTPAdapter

from itomm.config.addresses import BaseUrl as BaseUrl  # noqa: PLC0414  plug-ins find it here
from itomm.config.errors import ItommError
from itomm.config.secrets import SecretReference
from itomm.evidence.observation import Page, RequestMade, UnknownReason


class CollectorSettings(BaseModel):
    """Base of every collector's settings: unknown keys are errors.

    ``people`` says how persons are stored: as pseudonyms (keyed hash, the default) or by name.
    ``record_types`` keeps a source to some of the record types its collector can read, such as the
    documents of a handbook that is no code repository. The framework does both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Literal["pseudonym", "named"] = "pseudonym"
    record_types: tuple[str, ...] | None = None


Seconds = Annotated[float, Field(gt=0, le=600)]


class NetworkedSettings(CollectorSettings):
    """Base of the settings of every collector that talks HTTP; the guarded adapter enforces them.

    Attributes:
        url: where the tool answers, as a browser would open it.
        user: user name or e-mail address, where the tool wants one beside the token.
        token: reference to the secret, such as ``env:JIRA_TOKEN``.
        timeout_seconds: longest wait to connect, and longest silence while an answer is read.
        deadline_minutes: longest time for one run over this source, waits for rate limits included.
        max_requests: most requests of one run, retries included.
        max_concurrency: most requests under way at once. There are few at first, and more only while the
            source answers in good time; 1 reads one after the other.
        verify: ``true`` to trust the usual certificate authorities, or the path of a CA bundle.
    """

    url: BaseUrl
    user: str | None = None
    token: SecretReference | None = None
    timeout_seconds: tuple[Seconds, Seconds] = (10, 30)
    deadline_minutes: Annotated[float, Field(gt=0, le=1440)] = 30
    max_requests: Annotated[int, Field(gt=0)] = 50_000
    max_concurrency: Annotated[int, Field(gt=0, le=64)] = 8
    verify: Literal[True] | str = True


@dataclass(frozen=True)
class Stream:
    """One record type that a collector can read.

    Attributes:
        record_type: a name from ``itomm/evidence/record_types.yaml``.
        cursor_field: the source's own field by which a later run reads only what changed; None when every run
            reads all. It must tell *changes*: a time of creation misses what was resolved or ended later.
        page_size: records asked for per request.
        needs: the least right a credential needs for this stream, in the source's own words.
        cannot_tell: fields of the record type that the tool never tells, or that the collector never reads.
            What is empty there means nothing: a rule that reads such a field answers *unknown*, never *no*.
            Name no field that is only empty of some records.
    """

    record_type: str
    cursor_field: str | None = None
    page_size: int = 100
    needs: str = ""
    cannot_tell: tuple[str, ...] = ()


class CheckState(StrEnum):
    """Outcome of one check of a source."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One line of ``itomm doctor``: what was tried, how it went, what to do about it."""

    title: str
    state: CheckState
    detail: str = ""
    remedy: str = ""


class SourceError(ItommError):
    """What a collector found wrong with a source, in words for the person who runs it; never a secret."""

    def __init__(self, message: str, reason: UnknownReason = UnknownReason.COLLECTION_FAILED) -> None:
        super().__init__(message)
        self.reason = reason


Scope = TypeVar("Scope")


class CollectionContext(Protocol):
    """What the framework lends to a collector during one collection of one stream."""

    @property
    def since(self) -> datetime:
        """Read events that occurred at or after this instant, also when only what changed is asked for."""

    @property
    def until(self) -> datetime:
        """The instant of this collection; read nothing that occurred later."""

    @property
    def resume_from(self) -> Mapping[str, Any] | None:
        """The checkpoint of the last page that a killed run kept of this stream; None at its beginning.

        Go on behind that page, and call :meth:`asked` for the scopes that lie before it, too.
        """

    @property
    def adapter(self) -> HTTPAdapter:
        """The guarded HTTP adapter; mount it on any client library's session, for http:// and https://.

        It sets time-outs, retries under the source's deadline, obeys both forms of Retry-After, counts
        requests against the budget, and refuses any host but the source's own.
        """

    @property
    def last_request(self) -> RequestMade:
        """The last request that this thread sent through :attr:`adapter`, ready for a page's provenance."""

    @property
    def lane(self) -> int:
        """Which of the readers of :meth:`side_by_side` this is, from 1 on; 0 outside of it.

        No two readings of the same lane are ever under way at once, in this stream or a later one. So keep
        by lane what is dear to make and must not be shared between threads: ``self._clients[context.lane]``.
        """

    def session(self) -> requests.Session:
        """A new session with the guarded adapter mounted and no credentials."""

    def side_by_side(
        self,
        scopes: Sequence[Scope],
        read: Callable[[Scope, CollectionContext], Iterator[Page]],
    ) -> Iterator[Page]:
        """Read scopes (projects, queries, windows of time) side by side; their pages in the scopes' order.

        ``read(scope, context)`` yields one scope's pages. It runs in a thread of its own with a context of
        its own: call ``context.asked`` and the others on that one, and use a session or client that no other
        lane uses. What it notes and what it raises counts when its turn comes, as if one scope had been read
        after the other; so checkpoints stay as they are. How many scopes are under way at once is the
        framework's business: few at first, more while answers come in good time, and half as many after the
        server said that it is too much. Some pages are read ahead and wait in memory.

            def collect(self, stream, cursor, context):
                yield from context.side_by_side(self._projects, partial(self._read, stream))

            def _read(self, stream, project, context):
                context.asked(project.name)
                client = self._client_of(context.lane, context)
                ...
                yield Page(...)
        """

    def held(self) -> Mapping[str, datetime]:
        """When each record of the stream occurred that earlier runs brought, by its name in the source.

        Empty when all is read. For sources that do not tell what was deleted: compare it with what is there.
        """

    def covers_again_since(self, start: datetime) -> None:
        """Say that every record is read that occurred since ``start``, not only what changed.

        For a reading of what changed that finds something gone: what occurred since ``start`` and is not
        handed over again counts no more. A change since ``start`` must then be handed over, too.
        """

    def remember(self, name: str, said: str) -> None:
        """Keep a note until the run has ended, so that a run that goes on behind a kill has it.

        What was answered is kept anyway: a request that a killed run sent is not sent again. So note what
        a later stream must know to ask the same again, and not what came of it.
        """

    def recall(self, name: str) -> str | None:
        """The last note of this name from before the run was killed, once; None when there is none."""

    def asked(self, scope: str) -> None:
        """Note that ``scope`` (a project, repository or query, by the key that services use) is asked for.

        Call it before the scope's first request; page tokens are told apart by scope.
        """

    def refused(self, scope: str, reason: UnknownReason, detail: str) -> None:
        """Note that ``scope`` could not be read; the stream becomes incomplete, other scopes go on."""

    def covered(self, start: datetime, end: datetime) -> None:
        """Note the window that the source truly covers, when that is less than was asked for."""

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        """Note that the stream lacks something which cannot be told apart by scope."""

    def cannot_tell(self, field: str, why: str) -> None:
        """Note that the source cannot tell a field of any record this time, besides ``stream.cannot_tell``.

        For what hangs on settings, on the tool's edition or on a right that is missing; ``why`` says which,
        and what would help, such as "the account may not see approvals; grant it the right X". With a
        ``cursor``, say it as without one.
        """

    def warn(self, detail: str) -> None:
        """Note something worth showing to a person that does not make the stream incomplete."""

    def unseen(self, token: str) -> bool:
        """Whether a page token is new since the last :meth:`asked`.

        A repeated one is an endless loop: stop; the stream is marked incomplete.
        """


class Collector(ABC):
    """Base of all collectors.

    With ``streams_are_configured``, a source delivers only what its settings say (:meth:`streams_of`), and
    ``streams`` lists all that they can say. ``queries_by_post`` are the ends of addresses, such as
    ``/search/count``, to which the tool wants a POST although it changes nothing: after a broken connection
    only these are sent again, and what GraphQL is asked.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    settings_model: ClassVar[type[CollectorSettings]]
    streams: ClassVar[tuple[Stream, ...]]
    streams_are_configured: ClassVar[bool] = False
    queries_by_post: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def streams_of(cls, settings: CollectorSettings) -> tuple[Stream, ...]:  # noqa: ARG003  for those that are configured
        """The streams of a source with these settings; those of its collector by default."""
        return cls.streams

    @abstractmethod
    def __init__(self, settings: CollectorSettings) -> None:
        """Keep the settings; connect to nothing. One instance reads all streams of a source in a run."""

    @abstractmethod
    def check(self, context: CollectionContext) -> list[Check]:
        """Connect, authenticate, and list what is missing for each stream with the exact right to grant."""

    def unchanged(self, stream: Stream, since: datetime, context: CollectionContext) -> bool:  # noqa: ARG002  for those that can tell
        """Whether a stream without a cursor need not be read again, as it was read at ``since``.

        Then its last reading stays the newest, with its own age. Say so only where asking is cheap, and with
        a limit that the settings state. The default is always to read.
        """
        return False

    @abstractmethod
    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield the stream's pages.

        With a ``cursor`` (an instant in ISO 8601), yield at least every record that occurred or changed
        since, with the same fields as reading all would give; without one, all since ``context.since``.

        Raises whatever the client library raises; the framework turns it into the right reason. Within
        one stream, catch a refusal of one scope and report it with ``context.refused``. What no library
        raises is said with :class:`SourceError`.
        """
