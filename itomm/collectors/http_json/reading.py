"""Reads one list to its end: pages of records, and what is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from itomm.collectors.contract import CollectionContext
from itomm.collectors.framework.provenance import same_origin
from itomm.collectors.http_json.client import ListAsked, ListClient, PageGot
from itomm.collectors.http_json.paging import Position, step_after
from itomm.collectors.http_json.settings import OWN, HttpJsonSettings
from itomm.collectors.mapping.links import joined_address
from itomm.collectors.mapping.paths import at_path
from itomm.collectors.mapping.reading import Read, RecordReader, RowRefusedError
from itomm.collectors.mapping.refusals import Refusals
from itomm.collectors.resuming import checkpoint
from itomm.evidence.observation import Observation, Page, UnknownReason

DENIED = frozenset({403, 404})
"""Where one scope of several gets one of these, the others are still read."""


class ListReading:
    """Reads one list, in one thread, for one collection."""

    def __init__(self, settings: HttpJsonSettings, asked: ListAsked, context: CollectionContext) -> None:
        self._settings = settings
        self._asked = asked
        self._context = context
        self._reader = RecordReader(asked.kind, asked.mapping, at_path, {OWN: asked.scope})

    def pages(self, resumed: Mapping[str, Any] | None) -> Iterator[Page]:
        """The pages from a checkpoint's position on; from the beginning without one."""
        position: Position | None = Position(**resumed) if resumed else Position()
        client = ListClient(self._settings, self._context)
        while position is not None:
            got = self._page(client, position)
            if got is None or not self._is_new(got):
                return
            observations = self._observations(got, position)
            step = step_after(self._asked.mapping.page, position, got.answered)
            if step.lack:
                self._lacks(step.lack)
            position = step.following
            if position is not None and not self._is_further(position):
                position = None
            behind = position.as_json() if position is not None else None
            yield Page(observations, got.request, checkpoint(self._asked.name, behind))

    def _page(self, client: ListClient, position: Position) -> PageGot | None:
        try:
            return client.page(self._asked, position)
        except requests.HTTPError as error:
            status = error.response.status_code
            if not self._asked.scope or status not in DENIED:
                raise
            self._context.refused(
                self._asked.scope, UnknownReason.PERMISSION_DENIED, f"the tool answered {status}"
            )
            return None

    def _is_further(self, position: Position) -> bool:
        """Whether what the server says of the next page is new; a repeated token would go round for ever."""
        return position.next_page is None or self._context.unseen(f"next {position.next_page}")

    def _is_new(self, got: PageGot) -> bool:
        """Whether a page is another than those before: who does not page sends the same for ever."""
        if not got.rows:
            return True
        digest = hashlib.sha256(json.dumps(got.rows, sort_keys=True).encode()).hexdigest()
        if self._context.unseen(f"rows {digest}"):
            return True
        self._lacks("a page held the same rows as one before; does the tool page as declared?")
        return False

    def _observations(self, got: PageGot, position: Position) -> tuple[Observation, ...]:
        where = f"page {position.pages + 1:,}"
        refusals = Refusals(f"{self._asked.scope} {where}" if self._asked.scope else where)
        found: list[Observation] = []
        for number, row in enumerate(got.rows, start=1):
            try:
                read = self.read(row, refusals)
            except RowRefusedError as error:
                refusals.refuse(f"row {number:,}", str(error))
                continue
            if read is not None and self._is_in_time(read):
                found.append(read.observation(url=got.request.url))
        said = refusals.summary()
        if said:
            self._context.incomplete(UnknownReason.COLLECTION_FAILED, said)
        return tuple(found)

    def read(self, row: object, refusals: Refusals) -> Read | None:
        """What a row holds; None when it is of another type; raises RowRefusedError."""
        if not isinstance(row, dict):
            refusals.count()
            raise RowRefusedError("it is no object with named values")
        if not self._reader.is_wanted(row):
            refusals.pass_over()
            return None
        refusals.count()
        read = self._reader.read(row)
        return Read(read.source_ref, read.fields, read.raw, read.service_keys, self._link(read.link))

    def _is_in_time(self, read: Read) -> bool:
        at = self._reader.occurred_at(read)
        return at is None or self._context.since <= at <= self._context.until

    def _link(self, link: str | None) -> str | None:
        """The live page: below the source's host unless the mapping itself names another."""
        if link is None:
            return None
        is_given = (self._asked.mapping.link or "").startswith("{")
        address = joined_address(self._settings.url, link)
        if address is not None and (not is_given or same_origin(address, self._settings.url)):
            return address
        self._context.warn(f"{self._asked.kind}: links that lead to other hosts are left out")
        return None

    def _lacks(self, detail: str) -> None:
        self._context.incomplete(UnknownReason.INSUFFICIENT_COVERAGE, f"{self._asked.name}: {detail}.")
