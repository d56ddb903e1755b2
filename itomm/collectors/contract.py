"""The contract between a collector plug-in and the framework.

A collector declares what it reads and has one generator that yields pages. Everything that makes a
collection honest (time-outs, retries, rate limits, loop guards, redaction, pseudonyms, provenance,
completeness, service mapping, storage) belongs to the framework and reaches the plug-in through
:class:`CollectionContext`.

Plug-ins register a :class:`Collector` subclass under the entry point group ``itomm.collectors``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

import requests
from pydantic import BaseModel, ConfigDict
from requests.adapters import HTTPAdapter

from itomm.evidence.observation import Page, UnknownReason


class CollectorSettings(BaseModel):
    """Base of every collector's settings: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Stream:
    """One record type that a collector can read.

    Attributes:
        record_type: a name from ``itomm/evidence/record_types.yaml``.
        cursor_field: the field that a later run continues from; None for state, which is always read whole.
        page_size: records asked for per request.
        needs: the least right a credential needs for this stream, in the source's own words.
    """

    record_type: str
    cursor_field: str | None = None
    page_size: int = 100
    needs: str = ""


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


class CollectionContext(Protocol):
    """What the framework lends to a collector during one collection of one stream."""

    @property
    def since(self) -> datetime:
        """Read events that occurred at or after this instant."""

    @property
    def until(self) -> datetime:
        """The instant of this collection; read nothing that occurred later."""

    @property
    def adapter(self) -> HTTPAdapter:
        """The guarded HTTP adapter; mount it on any client library's session, for http:// and https://.

        It sets time-outs, retries under the source's deadline, obeys both forms of Retry-After, counts
        requests against the budget, and refuses any host but the source's own.
        """

    def session(self) -> requests.Session:
        """A new session with the guarded adapter mounted and no credentials."""

    def asked(self, scope: str) -> None:
        """Note that ``scope`` (a project, repository or query, by the key that services use) is asked for."""

    def refused(self, scope: str, reason: UnknownReason, detail: str) -> None:
        """Note that ``scope`` could not be read; the stream becomes incomplete, other scopes go on."""

    def covered(self, start: datetime, end: datetime) -> None:
        """Note the window that the source truly covers, when that is less than was asked for."""

    def incomplete(self, reason: UnknownReason, detail: str) -> None:
        """Note that the stream lacks something which cannot be told apart by scope."""

    def warn(self, detail: str) -> None:
        """Note something worth showing to a person that does not make the stream incomplete."""

    def unseen(self, token: str) -> bool:
        """Whether a page token is new. A repeated one is an endless loop: stop; the stream is incomplete."""


class Collector(ABC):
    """Base of all collectors."""

    name: ClassVar[str]
    title: ClassVar[str]
    settings_model: ClassVar[type[CollectorSettings]]
    streams: ClassVar[tuple[Stream, ...]]

    @abstractmethod
    def __init__(self, settings: CollectorSettings) -> None:
        """Keep the settings; connect to nothing."""

    @abstractmethod
    def check(self, context: CollectionContext) -> list[Check]:
        """Connect, authenticate, and list what is missing for each stream with the exact right to grant."""

    @abstractmethod
    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield the stream's pages.

        Raises whatever the client library raises; the framework turns it into the right reason. Within
        one stream, catch a refusal of one scope and report it with ``context.refused``.
        """
