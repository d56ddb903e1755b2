"""Reads services from the catalogue of a running Backstage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import requests

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.collectors.service_catalogues.backstage_entity import contacts, kind_of, listed_service
from itomm.collectors.service_catalogues.backstage_settings import BackstageSettings
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import Page, RequestMade

PAGE_SIZE = 200
KINDS = ("group", "component")

_CATALOGUE = "/api/catalog"


class BackstageCollector(Collector):
    """Components of Backstage's catalogue as services. Requests: 1 for every 200 groups and components."""

    name: ClassVar[str] = "backstage"
    title: ClassVar[str] = "Services of a Backstage catalogue"
    settings_model: ClassVar[type[CollectorSettings]] = BackstageSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("service", page_size=PAGE_SIZE, needs="catalog.entity.read"),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, BackstageSettings):
            raise TypeError("the Backstage collector takes BackstageSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Read the first page of components."""
        _, rows = next(self._pages(self._session(context), "component", context))
        state = CheckState.OK if rows else CheckState.WARNING
        remedy = "" if rows else "Does the token see any component (catalog.entity.read)?"
        return [Check("Components", state, f"{len(rows)} on the first page", remedy)]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """One page for each page of components."""
        del stream, cursor  # there is one stream, and it is always read whole
        session = self._session(context)
        context.asked("group")
        groups = [row for _, rows in self._pages(session, "group", context) for row in rows]
        owners = contacts(groups)
        context.asked("component")
        for request, rows in self._pages(session, "component", context):
            listed = [listed_service(row, self._settings.reading, owners, self._address(row)) for row in rows]
            yield Page(tuple(one.observation() for one in listed if one is not None), request)

    def _session(self, context: CollectionContext) -> requests.Session:
        session = context.session()
        if self._settings.token is not None:
            session.headers["Authorization"] = f"Bearer {resolve_secret(self._settings.token).reveal()}"
        return session

    def _pages(
        self, session: requests.Session, kind: str, context: CollectionContext
    ) -> Iterator[tuple[RequestMade, list[Payload]]]:
        """Pages of entities of one kind; servers older than 1.12 page by offset."""
        root = f"{self._settings.url}{_CATALOGUE}/entities"
        query = {"filter": f"kind={kind}", "limit": str(PAGE_SIZE)}
        response = session.get(f"{root}/by-query", params={**query, "orderField": "metadata.name,asc"})
        if response.status_code == 404:
            yield from self._pages_by_offset(session, root, query, context)
            return
        while True:
            answer = _answer(response)
            rows = _entities(mapping_of(answer).get("items"), kind)
            yield context.last_request, rows
            cursor = text_of(mapping_of(mapping_of(answer).get("pageInfo")).get("nextCursor"))
            if cursor is None or not context.unseen(cursor):
                return
            # The cursor holds the whole query; only the number of rows is asked for anew.
            response = session.get(f"{root}/by-query", params={"cursor": cursor, "limit": str(PAGE_SIZE)})

    def _pages_by_offset(
        self, session: requests.Session, root: str, query: dict[str, str], context: CollectionContext
    ) -> Iterator[tuple[RequestMade, list[Payload]]]:
        offset = 0
        while True:
            response = session.get(root, params={**query, "offset": str(offset)})
            rows = _entities(_answer(response), query["filter"].partition("=")[2])
            yield context.last_request, rows
            offset += len(rows)
            if len(rows) < PAGE_SIZE or not context.unseen(f"offset {offset}"):
                return

    def _address(self, entity: Payload) -> str:
        metadata = mapping_of(entity.get("metadata"))
        namespace = text_of(metadata.get("namespace")) or "default"
        return f"{self._settings.url}/catalog/{namespace}/{kind_of(entity)}/{metadata.get('name')}"


def _answer(response: requests.Response) -> object:
    response.raise_for_status()
    answer: object = response.json()
    return answer


def _entities(listed: object, kind: str) -> list[Payload]:
    if not isinstance(listed, list):
        raise SourceError(f"Backstage's answer is no list of entities of the kind {kind}.")
    return rows_of(listed)
