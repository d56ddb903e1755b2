"""Asks for the pages of one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.http_json.paging import (
    Answered,
    Position,
    link_parameters,
    parameters,
    total_of,
)
from itomm.collectors.http_json.settings import PLACEHOLDER, HttpJsonSettings, HttpRecords
from itomm.collectors.http_json.times import written
from itomm.collectors.mapping.paths import at_path
from itomm.config.clock import parse_instant
from itomm.config.secrets import SCHEMES, resolve_secret
from itomm.evidence.observation import RequestMade


@dataclass(frozen=True)
class ListAsked:
    """What is asked of a list: one of its scopes (empty without any), and only what changed since then."""

    kind: str
    mapping: HttpRecords
    scope: str = ""
    changed_since: str | None = None

    @property
    def name(self) -> str:
        """How the list is called in messages, and the scope that is asked for."""
        return self.scope or self.mapping.get


@dataclass(frozen=True)
class PageGot:
    """One page: its rows as they were sent, and the answer and request they came with."""

    rows: list[object]
    answered: Answered
    request: RequestMade = field(repr=False)


class ListClient:
    """Reads one list, in one thread."""

    def __init__(self, settings: HttpJsonSettings, context: CollectionContext) -> None:
        self._settings = settings
        self._context = context
        self._session = sign_in(context.session(), settings)
        self._session.headers["Accept"] = "application/json"
        for name, value in settings.headers.items():
            is_reference = value.startswith(SCHEMES)
            self._session.headers[name] = resolve_secret(value).reveal() if is_reference else value

    def page(self, asked: ListAsked, position: Position) -> PageGot:
        """The page of a list at a position.

        Raises:
            requests.HTTPError: the server answered with an error status.
            SourceError: the answer does not hold a list of rows where the mapping says.
        """
        mapping = asked.mapping
        url = self._settings.url + _filled(mapping.get, {"scope": quote(asked.scope, safe="")})
        query = link_parameters(mapping.page, position)
        if query is None:
            query = list((self._query(asked) | parameters(mapping.page, position)).items())
        response = self._session.get(url, params=query)
        response.raise_for_status()
        answered = Answered(url, response.json(), response.headers, 0)
        rows = _rows(answered, mapping)
        return PageGot(
            rows, Answered(url, answered.body, response.headers, len(rows)), self._context.last_request
        )

    def _query(self, asked: ListAsked) -> dict[str, str]:
        mapping = asked.mapping
        values = {
            "since": written(self._context.since, mapping.time, mapping.zone),
            "until": written(self._context.until, mapping.time, mapping.zone),
            "scope": asked.scope,
        }
        query = {name: _filled(text, values) for name, text in mapping.query.items()}
        if asked.changed_since is not None and mapping.changes is not None:
            changed = parse_instant(asked.changed_since)
            query[mapping.changes] = written(changed, mapping.time, mapping.zone)
        return query


def _filled(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found.group(1)], text)


def _rows(answered: Answered, mapping: HttpRecords) -> list[object]:
    try:
        found = answered.body if mapping.rows is None else at_path(answered.body, mapping.rows)
    except ValueError as error:
        raise SourceError(f"The answer of {mapping.get} does not hold {error}.") from None
    if isinstance(found, list):
        return found
    if found is None and mapping.rows is not None and total_of(mapping.page, answered) == 0:
        return []  # some servers write an empty list as null
    where = f"at '{mapping.rows}'" if mapping.rows is not None else "at its top"
    raise SourceError(f"The answer of {mapping.get} has no list of rows {where}; check the source's rows.")
