"""The Request Tracker collector: one search per queue, and the history of each ticket that has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import requests
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.payload import instant_of
from itomm.collectors.request_tracker.api import RequestTrackerApi
from itomm.collectors.request_tracker.searching import Search, ticket_pages
from itomm.collectors.request_tracker.settings import RequestTrackerSettings
from itomm.collectors.request_tracker.site import Queue, Site, read_site
from itomm.collectors.resuming import remaining
from itomm.collectors.ticketing.records import TICKETS
from itomm.collectors.ticketing.untold import never_told, noting_lacking_fields
from itomm.collectors.ticketing.vocabulary import READ_HOWEVER_OLD, field_names
from itomm.evidence.observation import Page, UnknownReason

_NEEDS = "SeeQueue, ShowTicket and SeeCustomField on the queues"

_REFUSALS = frozenset({403, 404})


class RequestTrackerCollector(Collector):
    """Tickets of Request Tracker 5 (or 4.4 with its REST 2 extension)."""

    name: ClassVar[str] = "request_tracker"
    title: ClassVar[str] = "Request Tracker"
    settings_model: ClassVar[type[CollectorSettings]] = RequestTrackerSettings
    streams: ClassVar[tuple[Stream, ...]] = tuple(
        Stream(
            kind,
            cursor_field="LastUpdated",
            needs=_NEEDS,
            cannot_tell=never_told(kind, labels=False, text=False),
        )
        for kind in TICKETS
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, RequestTrackerSettings):
            raise TypeError("the Request Tracker collector takes RequestTrackerSettings")
        self._settings = settings
        self._site: Site | None = None
        self._adapter: HTTPAdapter | None = None

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then see which queues the account sees, and whether it sees tickets in them."""
        api = RequestTrackerApi(self._settings, context)
        site = self._vocabulary(context)
        checks = [Check("Signed in", CheckState.OK, f"{len(site.queues)} queues are seen")]
        for kind in TICKETS:
            queues, missing = site.queues_of(kind)
            checks += [_missing_queue(name, kind) for name in missing]
            checks += [_queue_check(queue, api) for queue in queues]
        return checks

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages, queue by queue."""
        if not self._settings.priorities:
            context.cannot_tell("priority", "say under priorities which numbers mean which priority")
        names = field_names(self._settings.fields)
        yield from noting_lacking_fields(
            self._pages(stream, cursor, context), stream.record_type, names, context
        )

    def _pages(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        kind = stream.record_type
        site = self._vocabulary(context)
        queues, missing = site.queues_of(kind)
        if not queues:
            what = (
                f"the account sees no queue called {', '.join(missing)}" if missing else "no queue is named"
            )
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE, f"{what}; say under queues which one means {kind}."
            )
            return
        for name in missing:
            context.asked(name)
            context.refused(
                name, UnknownReason.PERMISSION_DENIED, "there is no such queue, or no SeeQueue on it"
            )
        by_name = {queue.name: queue for queue in queues}
        left = remaining(sorted(by_name), context.resume_from)
        for name in left.before:
            context.asked(name)
        created_since = None if kind in READ_HOWEVER_OLD else context.since
        searches = [
            Search(by_name[name], kind, site, created_since, instant_of(cursor)) for name in left.scopes
        ]
        positions = [str(left.position or 0), *("0" for _ in searches[1:])]
        yield from context.side_by_side(list(zip(searches, positions, strict=False)), self._read)

    def _read(self, scope: tuple[Search, str], context: CollectionContext) -> Iterator[Page]:
        search, after = scope
        context.asked(search.queue.name)
        try:
            yield from ticket_pages(search, after, RequestTrackerApi(self._settings, context), context)
        except requests.HTTPError as error:
            status = error.response.status_code
            if status not in _REFUSALS:
                raise
            context.refused(
                search.queue.name, UnknownReason.PERMISSION_DENIED, f"Request Tracker answered {status}."
            )

    def _vocabulary(self, context: CollectionContext) -> Site:
        """The site's vocabulary, read once per run."""
        if self._site is None or self._adapter is not context.adapter:
            self._site = read_site(RequestTrackerApi(self._settings, context), self._settings)
            self._adapter = context.adapter
        return self._site


def _missing_queue(name: str, kind: str) -> Check:
    return Check(
        f"Queue {name}",
        CheckState.WARNING,
        f"The account sees no such queue, so no {kind} is read from it.",
        "Name yours under queues, or grant the account SeeQueue and ShowTicket on it.",
    )


def _queue_check(queue: Queue, api: RequestTrackerApi) -> Check:
    try:
        seen = bool(api.page("tickets", query=f"Queue = {queue.number}").rows)
    except requests.HTTPError as error:
        detail = f"Request Tracker answered {error.response.status_code}."
        return Check(f"Queue {queue.name}", CheckState.FAILED, detail, "Grant the account ShowTicket on it.")
    if seen:
        return Check(f"Queue {queue.name}", CheckState.OK, "its tickets can be seen")
    return Check(
        f"Queue {queue.name}",
        CheckState.WARNING,
        "No ticket can be seen.",
        "If the queue is not empty, grant the account ShowTicket on it.",
    )
