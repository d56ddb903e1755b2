"""Asks the REST 2 interface of Request Tracker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import Payload, rows_of, text_of
from itomm.collectors.request_tracker.settings import RequestTrackerSettings
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import RequestMade, UnknownReason

PAGE_SIZE = 100
"""Request Tracker cuts longer pages to this."""


@dataclass(frozen=True)
class Rows:
    """One page of a list; ``total`` are there, None when RT does not tell because some may be hidden."""

    rows: list[Payload]
    total: int | None
    request: RequestMade


class RequestTrackerApi:
    """One Request Tracker, read by one thread."""

    def __init__(self, settings: RequestTrackerSettings, context: CollectionContext) -> None:
        self._context = context
        self._url = settings.url
        if settings.user is None:
            self._session = context.session()
            self._session.headers["Authorization"] = f"token {resolve_secret(settings.token).reveal()}"
        else:
            self._session = sign_in(context.session(), settings)

    def read(self, path: str, **parameters: str | int) -> Payload:
        """The object at ``/REST/2.0/<path>``.

        Raises:
            requests.HTTPError: the server answered with an error status.
            SourceError: the answer is no object.
        """
        response = self._session.get(f"{self._url}/REST/2.0/{path}", params=parameters)
        response.raise_for_status()
        answer = response.json()
        if not isinstance(answer, dict):
            raise self._not_request_tracker(path)
        return answer

    def page(self, path: str, **parameters: str | int) -> Rows:
        """One page of the list at ``/REST/2.0/<path>``."""
        answer = self.read(path, per_page=PAGE_SIZE, **parameters)
        if not isinstance(answer.get("items"), list):
            raise self._not_request_tracker(path)
        total = answer.get("total")
        return Rows(
            rows_of(answer["items"]), total if isinstance(total, int) else None, self._context.last_request
        )

    def paged(self, path: str, **parameters: str | int) -> Iterator[Payload]:
        """The rows of all pages of a list.

        Where RT does not tell how many there are, it leaves hidden rows out of each page, so a short page
        is no sign of the end; only an empty one is.
        """
        number, received = 1, 0
        while True:
            page = self.page(path, page=number, **parameters)
            yield from page.rows
            received += len(page.rows)
            if page.total is not None and number * PAGE_SIZE >= page.total:
                if received < page.total:
                    self.short_of(page.total, received, path)
                return
            if not page.rows:
                return
            number += 1
            if not self._context.unseen(f"{path} {number}"):
                return

    def short_of(self, total: int, received: int, path: str) -> None:
        """Note that fewer rows came than were announced."""
        self._context.incomplete(
            UnknownReason.INSUFFICIENT_COVERAGE,
            f"Request Tracker announced {total} rows at {path} and sent {received}.",
        )

    def named(self, path: str) -> Payload:
        """The object at a path, which must have a name.

        Raises:
            SourceError: it has none.
        """
        found = self.read(path)
        if text_of(found.get("Name")) is None:
            raise self._not_request_tracker(path)
        return found

    def _not_request_tracker(self, path: str) -> SourceError:
        return SourceError(
            f"{self._url}/REST/2.0/{path} answers, but not as Request Tracker does. Is the address right?"
        )
