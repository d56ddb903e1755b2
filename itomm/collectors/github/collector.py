"""The GitHub collector: which streams there are, and how repositories are read side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import ClassVar

from requests.adapters import HTTPAdapter

from itomm.collectors.contract import Check, CollectionContext, Collector, CollectorSettings, Stream
from itomm.collectors.github.alert import ALERT_KINDS
from itomm.collectors.github.asked import Asked
from itomm.collectors.github.checking import checks
from itomm.collectors.github.client import GitHubClient
from itomm.collectors.github.finding import RepositoryFinder
from itomm.collectors.github.reading import RepositoryReader, TreeCutError
from itomm.collectors.github.refusals import GitHubError, refusal
from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.payload import instant_of
from itomm.collectors.resuming import Remaining, checkpoint, remaining
from itomm.evidence.observation import Page, UnknownReason

_ALERTS = ", ".join(kind.needs for kind in ALERT_KINDS)


class GitHubCollector(Collector):
    """Repositories, reviews, workflow runs, deployments and findings of GitHub.

    Requests of a first run: 1 for every 100 repositories. Then for each repository 2 for its files and newest
    commit, 2 for what protects its branch, 1 for every 50 pull requests with their reviews, 1 for every 100
    workflow runs and 1 for the jobs of 50 of them, 1 for every 50 deployments, 1 for every 100 pull requests
    they may have brought, 1 for its environments, 1 for every 100 releases, findings of each of three kinds,
    results of scans, and collaborators: some 15 to start with.
    """

    name: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    settings_model: ClassVar[type[CollectorSettings]] = GitHubSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("repository", needs="Contents: read"),
        Stream("branch_protection", needs="Administration: read"),
        Stream(
            "merge_request",
            cursor_field="updatedAt",
            page_size=50,
            needs="Pull requests: read, Contents: read",
            cannot_tell=("pipeline_status", "size_lines"),
        ),
        Stream("pipeline", cursor_field="updated_at", needs="Actions: read", cannot_tell=("coverage",)),
        Stream(
            "deployment",
            cursor_field="statuses.createdAt",
            page_size=50,
            needs="Deployments: read, Contents: read, Pull requests: read, Actions: read",
            cannot_tell=("caused_incident_keys",),
        ),
        Stream("release", needs="Contents: read"),  # may be edited at any time, and has no filter by change
        Stream(
            "vulnerability",
            cursor_field="updated_at",
            needs=_ALERTS,
            cannot_tell=("kev", "kev_due_at", "ticket_keys"),
        ),
        Stream(
            "security_scan",
            needs=f"{_ALERTS}, Actions: read",
        ),
        Stream("iac_definition", needs="Contents: read, Actions: read"),
        Stream(
            "access_grant",
            needs="Metadata: read, and an account that may push to the repository",
            cannot_tell=("expires_at",),
        ),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, GitHubSettings):
            raise TypeError("the GitHub collector takes GitHubSettings")
        self._settings = settings
        self._adapter: HTTPAdapter | None = None
        self._begin_anew()

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, list the repositories, and try every right on the first of them."""
        client = self._client_of(context)
        return checks(client, self._finder, self._settings, context)

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages, by repository; one that is refused does not stop the others."""
        repositories = self._finder.repositories(self._client_of(context), context)
        left = remaining(sorted(repositories), context.resume_from)
        for path in left.before:
            context.asked(path)
        scopes = [repositories[path] for path in left.scopes]
        yield from context.side_by_side(scopes, partial(self._read, stream, cursor, left))
        if (
            stream.record_type == "vulnerability"
            and not left.before
            and self._reader.alerts.nothing_is_scanned
        ):
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                "no scanner is switched on in any repository: that nothing was found says nothing",
            )

    def _read(
        self,
        stream: Stream,
        cursor: str | None,
        left: Remaining,
        repository: Repository,
        context: CollectionContext,
    ) -> Iterator[Page]:
        path = repository.path
        context.asked(path)
        position = left.position if path == left.scopes[0] else None
        asked = Asked(repository, self._client_of(context), context, instant_of(cursor), position)
        try:
            for page in self._reader.read(stream.record_type, asked):
                reached = page.checkpoint
                yield (
                    page
                    if reached is None
                    else replace(page, checkpoint=checkpoint(path, reached["following"]))
                )
        except GitHubError as error:
            reason, detail = refusal(error)
            context.refused(path, reason, f"{detail}. It needs {stream.needs}.")
        except TreeCutError as error:
            context.refused(path, error.reason, str(error))

    def _client_of(self, context: CollectionContext) -> GitHubClient:
        """One client a lane, for all streams of a run: repositories, files and runs are fetched once."""
        if self._adapter is not context.adapter:
            self._begin_anew()
            self._adapter = context.adapter
        if context.lane not in self._clients:
            self._clients[context.lane] = GitHubClient(self._settings, context)
        client = self._clients[context.lane]
        client.use(context)
        return client

    def _begin_anew(self) -> None:
        self._clients: dict[int, GitHubClient] = {}
        self._finder = RepositoryFinder(self._settings)
        self._reader = RepositoryReader(self._settings)
