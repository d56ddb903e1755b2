"""Asks Redmine's REST API."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.collectors.redmine.settings import RedmineSettings
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import RequestMade

PAGE_SIZE = 100
"""Redmine cuts longer pages to this."""


class RedmineApi:
    """One Redmine, read by one thread."""

    def __init__(self, settings: RedmineSettings, context: CollectionContext) -> None:
        self._context = context
        self._url = settings.url
        if settings.user is None:
            self._session = context.session()
            self._session.headers["X-Redmine-API-Key"] = resolve_secret(settings.token).reveal()
        else:
            self._session = sign_in(context.session(), settings)

    @property
    def last_request(self) -> RequestMade:
        """The request behind the last answer."""
        return self._context.last_request

    def read(self, path: str, **parameters: str | int) -> Payload:
        """The object at ``/<path>.json``.

        Raises:
            requests.HTTPError: the server answered with an error status.
            SourceError: the answer is no object, or another page than the one asked for.
        """
        response = self._session.get(f"{self._url}/{path}.json", params=parameters)
        response.raise_for_status()
        answer = response.json()
        if not isinstance(answer, dict):
            raise self._not_redmine(path)
        wanted, begins = parameters.get("offset"), answer.get("offset")
        if wanted is not None and isinstance(begins, int) and begins != wanted:
            raise SourceError(
                f"Redmine was asked for '{path}' behind row {wanted} and sent what is behind row {begins}."
            )
        return answer

    def listed(self, path: str, name: str, **parameters: str | int) -> list[Payload]:
        """The list called ``name`` at ``/<path>.json``, which has no pages."""
        return self.rows(self.read(path, **parameters), path, name)

    def paged(self, path: str, name: str, **parameters: str | int) -> Iterator[Payload]:
        """The rows of all pages of the list called ``name``."""
        offset = 0
        while True:
            answer = self.read(path, limit=PAGE_SIZE, offset=offset, **parameters)
            rows = self.rows(answer, path, name)
            yield from rows
            offset += len(rows)
            if not rows or offset >= total_of(answer):
                return
            if not self._context.unseen(f"{path} {rows[0].get('id')}"):
                return

    def one(self, path: str, name: str, **parameters: str | int) -> Payload:
        """The object called ``name`` in the answer of ``/<path>.json``."""
        found = mapping_of(self.read(path, **parameters).get(name))
        if not found:
            raise self._not_redmine(path)
        return found

    def rows(self, answer: Payload, path: str, name: str) -> list[Payload]:
        """The list called ``name`` in an answer."""
        if not isinstance(answer.get(name), list):
            raise self._not_redmine(path)
        return rows_of(answer[name])

    def _not_redmine(self, path: str) -> SourceError:
        return SourceError(f"{self._url}/{path}.json answers, but not as Redmine does. Is the address right?")


def total_of(answer: Payload) -> int:
    """How many rows the whole list has; 0 when the answer does not say."""
    total = answer.get("total_count")
    return total if isinstance(total, int) else 0
