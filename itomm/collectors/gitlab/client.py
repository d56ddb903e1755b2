"""The real ``python-gitlab`` client on the guarded session: connecting, pages, projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from gitlab import Gitlab
from gitlab.exceptions import GitlabHttpError

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.gitlab.project import Project
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.config.secrets import resolve_secret
from itomm.evidence.observation import RequestMade, UnknownReason

PAGE_SIZE = 100
"""GitLab's own maximum."""

MOST_SILENCES = 3
"""So many GraphQL queries without an answer that can be used, and no more are sent in this run."""

KEYSET = {"pagination": "keyset", "order_by": "id", "sort": "desc"}
"""Paging by the last row seen instead of by offset, which GitLab refuses beyond 50,000 rows."""


@dataclass(frozen=True)
class Rows:
    """One page of a list, and the request that fetched it; ``following`` is the query of the next page."""

    rows: tuple[Payload, ...]
    request: RequestMade
    following: Mapping[str, str] | None = None


class GitLabClient:
    """One signed-in connection to GitLab."""

    def __init__(self, settings: GitLabSettings, context: CollectionContext) -> None:
        self._settings = settings
        self._context = context
        self._graphql_silent = 0
        self.tells_commits = True  # of merge requests, by GraphQL; older ones do not
        self._projects: list[Project] | None = None
        self._refused: list[tuple[str, UnknownReason, str]] = []
        self._client = Gitlab(
            settings.url,
            private_token=resolve_secret(settings.token).reveal(),
            session=context.session(),
            timeout=settings.timeout_seconds[1],
            ssl_verify=settings.verify,
            retry_transient_errors=False,
        )

    def use(self, context: CollectionContext) -> None:
        """Report to the context of the stream that is now collected."""
        self._context = context

    def account(self) -> str:
        """The signed-in account's user name; signing in is the only honest test that GitLab is there.

        Raises:
            GitlabAuthenticationError: when the token is refused.
        """
        self._client.auth()
        user = self._client.user
        return str(user.username) if user is not None else ""

    def pages(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Iterator[Rows]:
        """All pages of the list at ``path``, one request each.

        Only the query of GitLab's "next" link is followed, so that no answer can lead elsewhere.

        Raises:
            GitlabHttpError: when GitLab refuses.
            SourceError: when the answer is not a list, or the list goes round in circles.
        """
        query: dict[str, str] = {name: str(value) for name, value in (parameters or {}).items()}
        query.setdefault("per_page", str(PAGE_SIZE))
        while True:
            response = self._ask(path, query)
            answer = response.json()
            if not isinstance(answer, list):
                raise SourceError(f"GitLab's answer to '{path}' is no list.")
            request = self._context.last_request
            following = _next_query(response, query)
            yield Rows(tuple(rows_of(answer)), request, following)
            if following is None:
                return
            if not self._context.unseen(f"{path} {sorted(following.items())}"):
                # Part of a list, such as that of files, would pass for all of it.
                raise SourceError(f"GitLab says that '{path}' goes on with a page that was there before.")
            query = following

    def one(self, path: str, parameters: Mapping[str, str] | None = None) -> Payload:
        """The object at ``path``.

        Raises:
            GitlabHttpError: when GitLab refuses.
            SourceError: when the answer is not an object.
        """
        answer = self._ask(path, parameters or {}).json()
        if not isinstance(answer, Mapping):
            raise SourceError(f"GitLab's answer to '{path}' is no object.")
        return mapping_of(answer)

    @property
    def asks_graphql(self) -> bool:
        """Whether GraphQL has not failed again and again."""
        return self._graphql_silent < MOST_SILENCES

    def graphql_failed(self) -> None:
        """Note that GraphQL gave no answer that can be used."""
        self._graphql_silent += 1

    def graphql(self, query: str, variables: Mapping[str, object]) -> Payload:
        """The answer to a GraphQL query.

        Raises:
            GitlabHttpError: when GitLab refuses.
            ValueError: when the answer is not JSON.
        """
        # A whole address, as GraphQL does not lie under /api/v4.
        response = self._client.http_request(
            "post",
            f"{self._settings.url}/api/graphql",
            post_data={"query": query, "variables": dict(variables)},
            obey_rate_limit=False,
            retry_transient_errors=False,
        )
        return mapping_of(response.json())

    def unseen(self, token: str) -> bool:
        """Whether a page token is new; a repeated one makes the stream incomplete."""
        return self._context.unseen(token)

    def last_request(self) -> RequestMade:
        """The request that was sent last."""
        return self._context.last_request

    def projects(self) -> list[Project]:
        """The configured projects, listed once per run; what was refused is reported to every stream."""
        if self._projects is None:
            found = {project.path: project for project in self._find_projects()}
            self._projects = [found[path] for path in sorted(found)]
        for scope, reason, detail in self._refused:
            self._context.refused(scope, reason, detail)
        return self._projects

    def changed_merge_requests(
        self, created_after: datetime, updated_after: datetime
    ) -> dict[int, tuple[Rows]] | None:
        """Merge requests of all groups that changed, by project id; None where groups cannot be asked."""
        query = {
            "scope": "all",
            "state": "all",
            "non_archived": "false",
            "order_by": "created_at",
            "sort": "asc",
            "created_after": created_after.isoformat(),
            "updated_after": updated_after.isoformat(),
        }
        found: dict[int, dict[object, Payload]] = {}
        requests_made: dict[int, RequestMade] = {}
        if not self._settings.groups:
            return None
        try:
            for group in self._settings.groups:
                for page in self.pages(f"/groups/{encoded(group)}/merge_requests", query):
                    for row in page.rows:
                        number = int(row["project_id"])
                        found.setdefault(number, {})[row.get("iid")] = row
                        requests_made.setdefault(number, page.request)
        except GitlabHttpError as error:
            refusal(error)
            return None
        return {
            number: (Rows(tuple(rows.values()), requests_made[number]),) for number, rows in found.items()
        }

    def _find_projects(self) -> Iterator[Project]:
        for group in self._settings.groups:
            yield from self._listed(
                group,
                f"/groups/{encoded(group)}/projects",
                {"include_subgroups": "true", "with_shared": "false"},
            )
        for path in self._settings.projects:
            try:
                payload = self.one(f"/projects/{encoded(path)}")
            except GitlabHttpError as error:
                self._refuse(path, error)
            else:
                yield Project(payload, self._context.last_request)
        if not self._settings.groups and not self._settings.projects:
            yield from self._listed("membership", "/projects", {"membership": "true", **KEYSET})

    def _listed(self, scope: str, path: str, parameters: Mapping[str, str]) -> Iterator[Project]:
        try:
            for page in self.pages(path, parameters):
                yield from (Project(row, page.request) for row in page.rows)
        except GitlabHttpError as error:
            self._refuse(scope, error)

    def _refuse(self, scope: str, error: GitlabHttpError) -> None:
        self._refused.append((scope, *refusal(error)))

    def _ask(self, path: str, query: Mapping[str, str]) -> requests.Response:
        # The client's own waiting takes Retry-After as a number only, and without limit: the adapter waits.
        return self._client.http_request(
            "get", path, query_data=dict(query), obey_rate_limit=False, retry_transient_errors=False
        )


def encoded(path: str) -> str:
    """A path or name as one segment of an address."""
    return quote(path, safe="")


def refusal(error: GitlabHttpError) -> tuple[UnknownReason, str]:
    """Why one group or project could not be read.

    Raises:
        GitlabHttpError: the same one, when the token itself is refused: then nothing can be read.
    """
    status = error.response_code
    if status == 401:
        raise error
    reason = UnknownReason.PERMISSION_DENIED if status in (403, 404) else UnknownReason.COLLECTION_FAILED
    return reason, f"GitLab answered {status}: {error.error_message}"


def _next_query(response: requests.Response, query: Mapping[str, str]) -> dict[str, str] | None:
    link = response.links.get("next", {}).get("url")
    if link:
        return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    page = response.headers.get("X-Next-Page")
    return {**query, "page": page} if page else None
