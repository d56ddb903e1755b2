"""What a signal found: which records, and what about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itomm.config.identity import FORGOTTEN, PREFIX, is_pseudonym


class Signal(StrEnum):
    """What may have been done to evidence."""

    BULK_CLOSING = "bulk_closing"
    BACK_DATED = "back_dated"
    RECORDED_LATE = "recorded_late"
    BURST = "burst"
    RELABELLED = "relabelled"
    OWN_WORK = "own_work"
    THRESHOLD_LOOSENED = "threshold_loosened"


@dataclass(frozen=True, order=True)
class Identity:
    """One record, whatever was read of it."""

    record_type: str
    source: str
    source_ref: str


@dataclass(frozen=True)
class SuspectRecord:
    """A record that a signal is about: where it is, which page of which collection brought it.

    ``said`` is what is remarkable about this one, ready to read.
    """

    identity: Identity
    url: str
    service: str | None
    collection: str
    page: int
    said: str


@dataclass(frozen=True)
class Suspicion:
    """One finding of a signal; ``text`` is a sentence without its final stop.

    With a ``field`` it is only about answers whose rules read that field of the records.
    """

    signal: Signal
    text: str
    because: str
    records: tuple[SuspectRecord, ...]
    field: str | None = None


@dataclass(frozen=True, order=True)
class NotLooked:
    """What a signal could not look at in stored evidence, and why."""

    signal: Signal
    subject: str
    why: str


@dataclass(frozen=True)
class Moment:
    """One thing that happened to a record, and who did it; None where the source does not tell.

    ``before`` is the other time that it is held against, where there is one.
    """

    record: Identity
    url: str
    service: str | None
    collection: str
    page: int
    at: datetime
    person: str | None = None
    before: datetime | None = None

    def suspect(self, said: str) -> SuspectRecord:
        """The record, with what is remarkable about it."""
        return SuspectRecord(self.record, self.url, self.service, self.collection, self.page, said)


def shown_person(person: str) -> str:
    """A person as a caveat tells of them: by a pseudonym even where records name people."""
    if is_pseudonym(person) or person == FORGOTTEN:
        return person
    return PREFIX + hashlib.sha256(person.encode()).hexdigest()[:12]
