"""The real ``jira`` client on the guarded adapter: connecting, vocabulary, searching, full histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jira import JIRA

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site, read_site
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import RequestMade, UnknownReason

PAGE_SIZE = 100

CLOUD_HISTORIES = 40
"""Jira Cloud sends at most this many changelog entries with a search result, without saying so."""


@dataclass(frozen=True)
class IssuePage:
    """One page of a search, each issue with its whole history when it was asked for.

    ``following`` is the position of the next page; None on the last one.
    """

    issues: tuple[Payload, ...]
    request: RequestMade
    following: str | None


class JiraClient:
    """One signed-in connection to a Jira site."""

    def __init__(self, settings: JiraSettings, context: CollectionContext) -> None:
        """Connect and find out whether the site is Cloud or Data Center: one request.

        Raises:
            UsageError: when the token's reference leads nowhere.
            SourceError: when what answers is not Jira.
        """
        self._settings = settings
        self._client = _client(settings, context)
        self._context = context
        self._site: Site | None = None
        information = self._client.server_info()
        if not isinstance(information, Mapping) or "versionNumbers" not in information:
            raise SourceError(f"{settings.url} answers, but not as Jira does. Is the address right?")
        # Search works differently on Cloud, and the client takes its own word only from this attribute.
        self._client.deploymentType = information.get("deploymentType")
        self.is_cloud = information.get("deploymentType") == "Cloud"
        self._client._options["rest_api_version"] = "3" if self.is_cloud else "2"
        self.server = text_of(information.get("baseUrl")) or settings.url

    def use(self, context: CollectionContext) -> None:
        """Report to the context of the stream that is now collected."""
        self._context = context

    def account(self) -> str:
        """The signed-in account's display name or id."""
        myself = mapping_of(self._client.myself())
        return str(myself.get("displayName") or myself.get("accountId") or myself.get("name") or "")

    def site(self) -> Site:
        """The site's vocabulary, read once: four requests."""
        if self._site is None:
            self._site = read_site(
                self.server,
                self._settings,
                fields=self._list("field"),
                statuses=self._list("status"),
                priorities=self._list("priority"),
                issue_types=self._list("issuetype"),
            )
        return self._site

    def projects(self) -> list[str]:
        """Keys of the configured projects, or of all that the account can browse."""
        if self._settings.projects:
            return list(self._settings.projects)
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

    def search(
        self, query: str, fields: Sequence[str], *, histories: bool, position: str | None = None
    ) -> Iterator[IssuePage]:
        """Pages of issues that match a JQL query, from a position on; each is asked for with a guard.

        Raises:
            SourceError: when the answer has no list of issues.
        """
        expand = "changelog" if histories else None
        while True:
            answer = self._page(query, fields, expand, position)
            request = self._context.last_request
            issues = self._issues(answer)
            if histories:
                issues = [self._with_whole_history(issue) for issue in issues]
            position = self._next_position(answer, position, len(issues))
            yield IssuePage(tuple(issues), request, position)
            if position is None or not self._context.unseen(f"{query} {position}"):
                return

    def _page(self, query: str, fields: Sequence[str], expand: str | None, position: str | None) -> object:
        if self.is_cloud:
            return self._client.enhanced_search_issues(
                query,
                nextPageToken=position,
                maxResults=PAGE_SIZE,
                fields=list(fields),
                expand=expand,
                json_result=True,
            )
        return self._client.search_issues(
            query,
            startAt=int(position or 0),
            maxResults=PAGE_SIZE,
            fields=list(fields),
            expand=expand,
            json_result=True,
        )

    def _issues(self, answer: object) -> list[Payload]:
        # The client answers None, without raising, when it takes a Cloud site for Data Center.
        issues = mapping_of(answer).get("issues")
        if not isinstance(issues, list):
            raise SourceError("Jira's answer to a search holds no list of issues.")
        return rows_of(issues)

    def _next_position(self, answer: object, position: str | None, count: int) -> str | None:
        page = mapping_of(answer)
        if self.is_cloud:
            token = text_of(page.get("nextPageToken"))
            if token is None and page.get("isLast") is False:
                self._context.incomplete(
                    UnknownReason.INSUFFICIENT_COVERAGE, "Jira said that more issues follow, but not where."
                )
            return token
        total = page.get("total")
        _refuse_another_page(page, int(position or 0))
        reached = int(position or 0) + count
        if not isinstance(total, int):
            return str(reached) if count == PAGE_SIZE else None
        if count == 0 and reached < total:
            self._context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"Jira announced {total} issues and sent {reached}.",
            )
            return None
        return str(reached) if reached < total else None

    def _with_whole_history(self, issue: Payload) -> Payload:
        """The issue with all its changelog entries, fetched page by page when the search cut them."""
        changelog = mapping_of(issue.get("changelog"))
        sent = rows_of(changelog.get("histories"))
        total = changelog.get("total")
        announced = total if isinstance(total, int) else len(sent)
        is_cut = announced > len(sent) or (self.is_cloud and len(sent) >= CLOUD_HISTORIES)
        if not is_cut:
            return issue
        key = str(issue.get("key"))
        histories = self._cloud_histories(key) if self.is_cloud else self._histories(key)
        if len(histories) < announced:
            self._context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"{key}: Jira announced {announced} changes and sent {len(histories)}.",
            )
        return {**issue, "changelog": {"total": len(histories), "histories": histories}}

    def _cloud_histories(self, key: str) -> list[Payload]:
        histories: list[Payload] = []
        while True:
            page = self._get(f"issue/{key}/changelog", {"startAt": len(histories), "maxResults": PAGE_SIZE})
            _refuse_another_page(page, len(histories))
            found = rows_of(page.get("values"))
            histories += found
            total = page.get("total")
            is_last = page.get("isLast") is True or (isinstance(total, int) and len(histories) >= total)
            if not found or is_last:
                return histories
            if not self._context.unseen(f"changelog {key} {len(histories)}"):
                return histories

    def _histories(self, key: str) -> list[Payload]:
        issue = self._get(f"issue/{key}", {"fields": "status", "expand": "changelog"})
        return rows_of(mapping_of(issue.get("changelog")).get("histories"))

    def _list(self, path: str) -> list[Payload]:
        answer = self._client._get_json(path)
        if not isinstance(answer, list):
            raise SourceError(f"Jira's answer to '{path}' is no list.")
        return rows_of(answer)

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Payload:
        # The client has no public method that pages these without turning them into objects.
        return mapping_of(self._client._get_json(path, params=dict(parameters)))


def _refuse_another_page(page: Payload, wanted: int) -> None:
    """Jira says where a page begins; a cache or proxy that drops the parameter gives the first one again."""
    begins = page.get("startAt")
    if isinstance(begins, int) and begins != wanted:
        raise SourceError(f"Jira was asked for what follows row {wanted} and sent what follows row {begins}.")


def _client(settings: JiraSettings, context: CollectionContext) -> JIRA:
    token = resolve_secret(settings.token).reveal()
    sign_in: dict[str, Any] = (
        {"basic_auth": (settings.user, token)} if settings.user else {"token_auth": token}
    )
    client = JIRA(
        server=settings.url,
        options={"verify": settings.verify},
        get_server_info=False,  # its request would go out before the guarded adapter is mounted
        logging=False,  # it would log whole answers, with what names and secrets they hold
        max_retries=0,  # the adapter retries, under the source's deadline
        timeout=settings.timeout_seconds,
        **sign_in,
    )
    client._session.mount("https://", context.adapter)
    client._session.mount("http://", context.adapter)
    return client
