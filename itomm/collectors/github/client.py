"""Asks GitHub's REST API and its GraphQL through the guarded session: pages, single objects, refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.github.refusals import GitHubError, refusal_in, refused_by_graphql
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import RequestMade

API_VERSION = "2022-11-28"
"""The oldest version that github.com and every supported Enterprise Server answer."""

PAGE_SIZE = 100
"""GitHub's own maximum."""

SMALLEST_PAGE = 5
"""GraphQL gives up on large pages after some seconds; below this a smaller page does not help."""

_TOO_LARGE_TO_ANSWER = frozenset({502, 504})


@dataclass(frozen=True)
class Rows:
    """One page of a list, and the request that fetched it; ``following`` is the query of the next page."""

    rows: tuple[Payload, ...]
    request: RequestMade
    following: Mapping[str, str] | None = None


class GitHubClient:
    """One session with GitHub, for one thread."""

    def __init__(self, settings: GitHubSettings, context: CollectionContext) -> None:
        self._settings = settings
        self._context = context
        self._session = context.session()
        self._session.headers.update(
            {
                "Authorization": f"Bearer {resolve_secret(settings.token).reveal()}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            }
        )

    def use(self, context: CollectionContext) -> None:
        """Report to the context of what is now collected."""
        self._context = context

    def pages(self, path: str, query: Mapping[str, str] | None = None, *, rows: str = "") -> Iterator[Rows]:
        """All pages of the list at ``path``, one request each; ``rows`` is the key under which it stands.

        Only the query of GitHub's "next" link is followed, so that no answer can lead elsewhere.

        Raises:
            GitHubError: when GitHub refuses.
            SourceError: when the answer is not a list, or a rate limit is used up.
        """
        query = {"per_page": str(PAGE_SIZE), **(query or {})}
        while True:
            response = self._get(path, query)
            answer = response.json()
            listed = answer.get(rows) if rows and isinstance(answer, Mapping) else answer
            if not isinstance(listed, list):
                raise SourceError(f"GitHub's answer to '{path}' is no list.")
            following = _next_query(response)
            yield Rows(tuple(rows_of(listed)), self._context.last_request, following)
            if following is None or not self._context.unseen(f"{path} {sorted(following.items())}"):
                return
            query = following

    def all_rows(self, path: str, query: Mapping[str, str] | None = None, *, rows: str = "") -> list[Payload]:
        """All rows of the list at ``path``; raises as :meth:`pages` does."""
        return [row for page in self.pages(path, query, rows=rows) for row in page.rows]

    def one(self, path: str, query: Mapping[str, str] | None = None) -> Payload:
        """The object at ``path``; raises as :meth:`pages` does."""
        answer = self._get(path, query or {}).json()
        if not isinstance(answer, Mapping):
            raise SourceError(f"GitHub's answer to '{path}' is no object.")
        return mapping_of(answer)

    def last_request(self) -> RequestMade:
        """The request that was sent last."""
        return self._context.last_request

    def ask(self, question: str, variables: Mapping[str, Any]) -> tuple[Payload, RequestMade]:
        """The data that GraphQL answers, and the request with its question, so that it can be repeated.

        Raises:
            GitHubError: when GitHub refuses all or part of it: what came along is then dropped.
            SourceError: when the answer is no data, or a rate limit is used up.
        """
        response = self._session.post(
            self._settings.graphql_address,
            json={"query": question, "variables": dict(variables)},
        )
        _raise_for(response)
        answer = response.json()
        errors = rows_of(mapping_of(answer).get("errors"))
        if errors:
            raise refused_by_graphql(errors)
        data = mapping_of(answer).get("data")
        if not isinstance(data, Mapping):
            raise SourceError("GitHub's GraphQL answered without data.")
        sent = {
            "query": " ".join(question.split()),
            **{name: str(value) for name, value in variables.items()},
        }
        return data, replace(self._context.last_request, query=sent)

    def connection(
        self, question: str, variables: Mapping[str, Any], name: str, *, size: int, after: str | None = None
    ) -> Iterator[Rows]:
        """All pages of the connection ``repository.<name>``; pages that GitHub gives up on are halved.

        ``following`` holds the cursor behind the page under ``after``. Raises as :meth:`ask` does.
        """
        while True:
            try:
                data, request = self.ask(question, {**variables, "size": size, "after": after})
            except GitHubError as error:
                if error.status_code not in _TOO_LARGE_TO_ANSWER or size <= SMALLEST_PAGE:
                    raise
                size //= 2
                continue
            listed = mapping_of(mapping_of(data.get("repository")).get(name))
            if not isinstance(listed.get("nodes"), list):
                raise SourceError(f"GitHub's GraphQL answered without {name}.")
            told = mapping_of(listed.get("pageInfo"))
            after = str(told["endCursor"]) if told.get("hasNextPage") is True else None
            yield Rows(tuple(rows_of(listed["nodes"])), request, None if after is None else {"after": after})
            if after is None or not self._context.unseen(f"{name} {after}"):
                return

    def _get(self, path: str, query: Mapping[str, str]) -> requests.Response:
        response = self._session.get(f"{self._settings.rest_root}{path}", params=dict(query))
        _raise_for(response)
        return response


def encoded(name: str) -> str:
    """A name as one segment of an address."""
    return quote(name, safe="")


def _raise_for(response: requests.Response) -> None:
    if response.status_code >= 400:
        raise refusal_in(response)


def _next_query(response: requests.Response) -> dict[str, str] | None:
    link = response.links.get("next", {}).get("url")
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) if link else None
