"""What one Request Tracker calls things; read once per run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from itomm.collectors.payload import Payload, mapping_of, text_of
from itomm.collectors.request_tracker.api import RequestTrackerApi
from itomm.collectors.request_tracker.settings import RequestTrackerSettings
from itomm.collectors.ticketing.history import DONE, IN_PROGRESS, OPEN
from itomm.collectors.ticketing.vocabulary import field_names, kind_of, names_of_kind

NOBODY = "Nobody"

CLOSED_AS_DELIVERED = frozenset({"resolved", "rejected", "deleted"})
"""The inactive statuses of RT's default lifecycle."""

MOST_CLOSED_STATUSES = 50


@dataclass(frozen=True)
class Queue:
    """A queue that the account can see."""

    number: str
    name: str


@dataclass(frozen=True)
class Site:
    """A Request Tracker's vocabulary.

    Attributes:
        server: the address that people open.
        settings: the source's settings.
        queues: by id.
        closed: statuses that close a ticket, in small letters.
        nobody: the id of the account that owns what nobody has.
    """

    server: str
    settings: RequestTrackerSettings
    queues: Mapping[str, Queue]
    closed: frozenset[str]
    nobody: str

    @cached_property
    def names_of_fields(self) -> Mapping[str, str]:
        """Our names of custom fields by the site's, in small letters."""
        return {theirs.casefold(): ours for ours, theirs in field_names(self.settings.fields).items()}

    def category(self, status: str) -> str:
        """One of open, in_progress, done."""
        folded = status.casefold()
        if folded in self.closed:
            return DONE
        initial = {name.casefold() for name in self.settings.initial_statuses}
        return OPEN if folded in initial else IN_PROGRESS

    def queues_of(self, kind: str) -> tuple[list[Queue], list[str]]:
        """The queues of a kind of ticket, by name; and the names of those that the account cannot see."""
        by_name = {queue.name.casefold(): queue for queue in self.queues.values()}
        names = sorted(names_of_kind(self.settings.queues, kind))
        seen = [by_name[name.casefold()] for name in names if name.casefold() in by_name]
        return seen, [name for name in names if name.casefold() not in by_name]

    def kind_of(self, queue: str) -> str | None:
        """Our kind of the tickets of a queue, by its id."""
        known = self.queues.get(queue)
        return kind_of(self.settings.queues, known.name) if known else None

    def priority(self, value: object) -> int | None:
        """1 to 5 from RT's number, as the settings say; None when they say nothing of it."""
        text = str(value)
        if not text.isdecimal():
            return None
        reached = [number for number in self.settings.priorities if number <= int(text)]
        return self.settings.priorities[max(reached)] if reached else None

    def is_automation(self, person: str | None) -> bool:
        """Whether the settings name an account as no person."""
        return person in self.settings.automation_accounts


def account_of(user: object) -> str | None:
    """The name of a user object; None for nobody."""
    name = text_of(mapping_of(user).get("id"))
    return None if name == NOBODY else name


def read_site(api: RequestTrackerApi, settings: RequestTrackerSettings) -> Site:
    """Read the vocabulary: queues, the id of Nobody, and which statuses close a ticket.

    Raises:
        requests.HTTPError: a request was refused.
        SourceError: this is no Request Tracker.
    """
    nobody = api.named(f"user/{NOBODY}")
    listed = list(api.paged("queues/all", fields="Name"))
    return Site(
        server=settings.url,
        settings=settings,
        queues={
            str(row.get("id")): Queue(str(row.get("id")), text_of(row.get("Name")) or "") for row in listed
        },
        closed=_closed_statuses(api),
        nobody=_number_of(nobody),
    )


def _closed_statuses(api: RequestTrackerApi) -> frozenset[str]:
    """Statuses that close a ticket, in any language: those of tickets that RT itself counts as inactive."""
    known = set(CLOSED_AS_DELIVERED)
    for _ in range(MOST_CLOSED_STATUSES):
        query = " AND ".join(
            ["Status = '__Inactive__'", *(f"Status != '{_quoted(name)}'" for name in sorted(known))]
        )
        rows = api.page("tickets", query=query, fields="Status").rows
        found = {status.casefold() for row in rows if (status := text_of(row.get("Status")))}
        if found <= known:
            break
        known |= found
    return frozenset(known)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _number_of(user: Payload) -> str:
    """A user's number; accounts without the right to administrate see it only in a link."""
    links: Iterable[object] = user.get("_hyperlinks") or ()
    own = (mapping_of(link).get("id") for link in links if mapping_of(link).get("ref") == "self")
    return str(user.get("id") or next(own, ""))
