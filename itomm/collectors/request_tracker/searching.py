"""Reads the tickets of one queue, page by page, each with its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

from itomm.collectors.contract import CollectionContext
from itomm.collectors.payload import Payload, mapping_of
from itomm.collectors.request_tracker.api import PAGE_SIZE, RequestTrackerApi, Rows
from itomm.collectors.request_tracker.site import Queue, Site
from itomm.collectors.request_tracker.ticket import (
    TICKET_FIELDS,
    TRANSACTION_FIELDS,
    linked_numbers,
    observation,
    read_ticket,
    was_touched,
)
from itomm.collectors.resuming import checkpoint
from itomm.collectors.undated import note_undated
from itomm.evidence.observation import Observation, Page, UnknownReason

TIME_ZONE_MARGIN = timedelta(hours=15)
"""Request Tracker reads times in the account's own time zone (at most 14 h from UTC)."""

_TICKETS = "tickets"


@dataclass(frozen=True)
class Search:
    """The tickets of a queue that are asked for: ``kind`` is a record type, the instants may be None."""

    queue: Queue
    kind: str
    site: Site
    created_since: datetime | None
    updated_since: datetime | None

    def query(self, after: str) -> str:
        """TicketSQL for what follows the ticket ``after``."""
        clauses = [f"Queue = {self.queue.number}", f"id > {after}"]
        for field, since in (("Created", self.created_since), ("LastUpdated", self.updated_since)):
            if since is not None:
                clauses.append(f"{field} > '{since.astimezone(UTC) - TIME_ZONE_MARGIN:%Y-%m-%d %H:%M:%S}'")
        return " AND ".join(clauses)


def ticket_pages(
    search: Search, after: str, api: RequestTrackerApi, context: CollectionContext
) -> Iterator[Page]:
    """Pages of tickets in the order of their ids, behind the ticket ``after``: deletions move nothing."""
    first = True
    while True:
        found = api.page(_TICKETS, query=search.query(after), fields=",".join(TICKET_FIELDS), orderby="id")
        if first and not found.rows and after == "0":
            _doubt_emptiness(search, api, context)
        if found.total is not None and len(found.rows) < min(PAGE_SIZE, found.total):
            api.short_of(found.total, len(found.rows), _TICKETS)
        is_last = not found.rows or (found.total is not None and found.total <= len(found.rows))
        after = str(found.rows[-1].get("id")) if found.rows else after
        yield _page(search, found, None if is_last else after, api, context)
        if is_last or not context.unseen(f"{search.queue.name} {after}"):
            return
        first = False


def _doubt_emptiness(search: Search, api: RequestTrackerApi, context: CollectionContext) -> None:
    """An empty answer is a fact only when the account can see some ticket of the queue, however old."""
    if not api.page(_TICKETS, query=f"Queue = {search.queue.number}").rows:
        context.refused(
            search.queue.name,
            UnknownReason.PERMISSION_DENIED,
            "no ticket of the queue can be seen: either it never had one, or the account lacks ShowTicket",
        )


def _page(
    search: Search, found: Rows, position: str | None, api: RequestTrackerApi, context: CollectionContext
) -> Page:
    kinds = _kinds(found.rows, search, api) if search.kind == "problem" else {}
    observed = [one for row in found.rows if (one := _observation(row, search, kinds, api, context))]
    return Page(tuple(observed), found.request, checkpoint(search.queue.name, position))


def _observation(
    row: Payload,
    search: Search,
    kinds: Mapping[str, str | None],
    api: RequestTrackerApi,
    context: CollectionContext,
) -> Observation | None:
    transactions = _transactions(row, api, context) if was_touched(row, search.site) else []
    if transactions is None:
        return None
    ticket = read_ticket(row, transactions, search.site, kinds)
    if ticket is None:
        note_undated(f"ticket {row.get('id')}", context)
        return None
    if ticket.created_at > context.until:
        return None
    if search.created_since is not None and ticket.created_at < search.created_since:
        return None
    return observation(row, transactions, ticket, search.kind, search.site)


def _transactions(
    row: Payload, api: RequestTrackerApi, context: CollectionContext
) -> Sequence[Payload] | None:
    """A ticket's history; None when the account may not see it."""
    number = row.get("id")
    try:
        return list(api.paged(f"ticket/{number}/history", fields=",".join(TRANSACTION_FIELDS)))
    except requests.HTTPError as error:
        if error.response.status_code not in (403, 404):
            raise
        context.incomplete(
            UnknownReason.PERMISSION_DENIED, f"Request Tracker refused the history of ticket {number}."
        )
        return None


def _kinds(rows: Sequence[Payload], search: Search, api: RequestTrackerApi) -> dict[str, str | None]:
    """Our kinds of the tickets that ``rows`` link to, by id; asked for a hundred at once."""
    numbers = sorted({number for row in rows for number in linked_numbers(row)}, key=int)
    kinds: dict[str, str | None] = {}
    for start in range(0, len(numbers), PAGE_SIZE):
        wanted = " OR ".join(f"id = {number}" for number in numbers[start : start + PAGE_SIZE])
        for row in api.page(_TICKETS, query=wanted, fields="Queue").rows:
            kinds[str(row.get("id"))] = search.site.kind_of(str(mapping_of(row.get("Queue")).get("id")))
    return kinds
