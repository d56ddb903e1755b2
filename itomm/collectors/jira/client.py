"""One lane's way to a Jira site: its vocabulary, searching, counting, whole histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests
from jira import JIRAError

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.jira.changelogs import Changelogs, refuse_another_page
from itomm.collectors.jira.connection import Server, connect, prepare, server_of
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site, read_site
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.evidence.observation import RequestMade, UnknownReason

PAGE_SIZE = 100

KEYS_PER_PAGE = {True: 5000, False: 1000}
"""Most issues of a page of keys alone, on Cloud and on Data Center (``jira.search.views.default.max``)."""


@dataclass(frozen=True)
class IssuePage:
    """One page of a search, each issue with its whole history when it was asked for.

    ``following`` is the position of the next page; None on the last one.
    """

    issues: tuple[Payload, ...]
    request: RequestMade
    following: str | None


class JiraClient:
    """One signed-in connection to a Jira site; no two threads use the same."""

    def __init__(
        self, settings: JiraSettings, context: CollectionContext, server: Server | None = None
    ) -> None:
        """Connect; without a ``server`` that is known already, find out which it is: one request.

        Raises:
            UsageError: when the token's reference leads nowhere.
            SourceError: when what answers is not Jira.
        """
        self._settings = settings
        self._context = context
        client = connect(settings, context.adapter)
        self.server = server or server_of(client, settings)
        self._client = prepare(client, self.server)
        self._changelogs = Changelogs(self._client, is_cloud=self.is_cloud)

    @property
    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud."""
        return self.server.is_cloud

    def use(self, context: CollectionContext) -> None:
        """Report to the context of the stream that is now collected."""
        self._context = context

    def account(self) -> str:
        """The signed-in account's display name or id."""
        myself = mapping_of(self._client.myself())
        return str(myself.get("displayName") or myself.get("accountId") or myself.get("name") or "")

    def zone(self) -> tzinfo | None:
        """The time zone in which the site reads the account's JQL; None when it does not tell."""
        try:
            name = text_of(mapping_of(self._client.myself()).get("timeZone"))
            return ZoneInfo(name) if name else None
        except (JIRAError, ZoneInfoNotFoundError, ValueError):
            return None

    def site(self) -> Site:
        """The site's vocabulary: four requests."""
        return read_site(
            self.server.address,
            self._settings,
            fields=self._list("field"),
            statuses=self._list("status"),
            priorities=self._list("priority"),
            issue_types=self._list("issuetype"),
        )

    def projects(self) -> list[str]:
        """Keys of all projects that the account can browse."""
        if not self.is_cloud:
            return sorted(str(project["key"]) for project in self._list("project"))
        keys: list[str] = []
        while True:
            page = self._get("project/search", {"startAt": len(keys), "maxResults": PAGE_SIZE})
            found = rows_of(page.get("values"))
            keys += [str(project["key"]) for project in found]
            if not found or page.get("isLast") is True:
                return sorted(keys)
            if not self._context.unseen(f"project/search {len(keys)}"):
                return sorted(set(keys))

    def count(self, restriction: str) -> int | None:
        """How many issues match: exact on Data Center, an estimate on Cloud; None when it is not told."""
        try:
            if self.is_cloud:
                asked = {"jql": restriction}
                answer = self._client._get_json("search/approximate-count", params=asked, use_post=True)
            else:
                answer = self._get("search", {"jql": restriction, "maxResults": 0, "fields": "key"})
        except (JIRAError, requests.ConnectionError) as error:
            if isinstance(error, JIRAError) and error.status_code in (401, 429):
                raise
            return None
        counted = mapping_of(answer).get("count" if self.is_cloud else "total")
        return counted if isinstance(counted, int) and not isinstance(counted, bool) else None

    def keys(self, query: str) -> Iterator[list[str]]:
        """The keys of all issues that match, page by page; some of a page may be told once more."""
        for page in self._pages(query, ["key"], None, None, KEYS_PER_PAGE[self.is_cloud]):
            yield [str(issue["key"]) for issue in page.issues]

    def search(
        self, query: str, fields: Sequence[str], *, histories: bool, position: str | None = None
    ) -> Iterator[IssuePage]:
        """Pages of issues that match a JQL query, from a position on; each is asked for with a guard.

        Raises:
            SourceError: when the answer has no list of issues.
        """
        expand = "changelog" if histories else None
        for page in self._pages(query, fields, expand, position, PAGE_SIZE):
            issues = self._changelogs.completed(page.issues, self._context) if histories else page.issues
            yield IssuePage(tuple(issues), page.request, page.following)

    def _pages(
        self, query: str, fields: Sequence[str], expand: str | None, position: str | None, size: int
    ) -> Iterator[IssuePage]:
        again, totals = False, list[int]()
        while True:
            answer = mapping_of(self._page(query, fields, expand, position, size))
            request = self._context.last_request
            issues = self._issues(answer)
            if isinstance(answer.get("total"), int):
                totals.append(answer["total"])
            position = self._next_position(answer, position, len(issues), size)
            shrank = position is None and not self.is_cloud and len(totals) > 1 and totals[-1] < totals[0]
            if shrank and not again:  # one was deleted meanwhile, and another slipped into a page read before
                position, again, totals = "0", True, []
            elif shrank:
                self._lacks("Issues were deleted while Jira was read, twice; others may have been missed.")
            yield IssuePage(tuple(issues), request, position)
            if position is None or not self._context.unseen(f"{query} {position} {again}"):
                return

    def _page(
        self, query: str, fields: Sequence[str], expand: str | None, position: str | None, size: int
    ) -> object:
        if self.is_cloud:
            return self._client.enhanced_search_issues(
                query,
                nextPageToken=position,
                maxResults=size,
                fields=list(fields),
                expand=expand,
                json_result=True,
            )
        return self._client.search_issues(
            query,
            startAt=int(position or 0),
            maxResults=size,
            fields=list(fields),
            expand=expand,
            json_result=True,
        )

    def _issues(self, answer: Payload) -> list[Payload]:
        # The client answers None, without raising, when it takes a Cloud site for Data Center.
        issues = answer.get("issues")
        if not isinstance(issues, list):
            raise SourceError("Jira's answer to a search holds no list of issues.")
        return rows_of(issues)

    def _next_position(self, page: Payload, position: str | None, count: int, size: int) -> str | None:
        if self.is_cloud:
            token = text_of(page.get("nextPageToken"))
            if token is None and page.get("isLast") is False:
                self._lacks("Jira said that more issues follow, but not where.")
            return token
        total = page.get("total")
        refuse_another_page(page, int(position or 0))
        reached = int(position or 0) + count
        if not isinstance(total, int):
            return str(reached) if count == size else None
        if count == 0 and reached < total:
            self._lacks(f"Jira announced {total} issues and sent {reached}.")
            return None
        return str(reached) if reached < total else None

    def _lacks(self, what: str) -> None:
        self._context.incomplete(UnknownReason.INSUFFICIENT_COVERAGE, what)

    def _list(self, path: str) -> list[Payload]:
        answer = self._client._get_json(path)
        if not isinstance(answer, list):
            raise SourceError(f"Jira's answer to '{path}' is no list.")
        return rows_of(answer)

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Payload:
        # The client has no public method that pages these without turning them into objects.
        return mapping_of(self._client._get_json(path, params=dict(parameters)))
