"""Services that topics of repositories name, on GitHub and GitLab."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, Field

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.github.client import GitHubClient
from itomm.collectors.github.finding import RepositoryFinder
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.gitlab.client import GitLabClient
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.service_catalogues.listed_service import ListedService, service_id, tier_in
from itomm.evidence.observation import Page, RequestMade


class _Prefixes(BaseModel):
    """How topics begin that name a service, its tier, and its owner."""

    service_prefix: str = Field("service-", description="How a topic begins that names a service.")
    tier_prefix: str = Field("tier-", description="How a topic begins that names its tier, from 1 to 4.")
    owner_prefix: str = Field("team-", description="How a topic begins that names its owner.")


class GitHubTopicsSettings(GitHubSettings, _Prefixes):
    """Which repositories' topics are read, and how those begin that name a service, its tier and owner."""


class GitLabTopicsSettings(GitLabSettings, _Prefixes):
    """Which projects' topics are read, and how those begin that name a service, its tier and owner."""


@dataclass(frozen=True)
class TaggedRepository:
    """A repository with its topics."""

    path: str
    url: str
    topics: tuple[str, ...]
    archived: bool
    request: RequestMade


def services_of_topics(
    repositories: Iterable[TaggedRepository],
    prefixes: _Prefixes,
    collector: str,
    warn: Callable[[str], None],
) -> list[ListedService]:
    """Services by id; repositories that name the same one are all its own. Archived ones name none."""
    tagged: dict[str, list[TaggedRepository]] = {}
    for repository in sorted(repositories, key=lambda one: one.path):
        for name in _after(prefixes.service_prefix, repository.topics):
            named = service_id(name)
            if named and not repository.archived:
                tagged.setdefault(named, []).append(repository)
    return [_service(named, tagged[named], prefixes, collector, warn) for named in sorted(tagged)]


def _service(
    named: str,
    repositories: list[TaggedRepository],
    prefixes: _Prefixes,
    collector: str,
    warn: Callable[[str], None],
) -> ListedService:
    topics = [topic for repository in repositories for topic in repository.topics]
    tiers = [tier for text in _after(prefixes.tier_prefix, topics) if (tier := tier_in(text))]
    owners = _after(prefixes.owner_prefix, topics)
    for what, said in (("tiers", set(tiers)), ("owners", set(owners))):
        if len(said) > 1:
            warn(f"the repositories of {named} name different {what}: {', '.join(map(str, sorted(said)))}")
    return ListedService(
        id=named,
        url=repositories[0].url,
        raw={"repositories": {repository.path: list(repository.topics) for repository in repositories}},
        kind="label",
        tier=next(iter(tiers), None),
        owner_team=next(iter(owners), None),
        keys={collector: [repository.path for repository in repositories]},
    )


def _after(prefix: str, topics: Iterable[str]) -> list[str]:
    return [topic.removeprefix(prefix) for topic in topics if topic.startswith(prefix) and topic != prefix]


class _TopicsCollector(Collector):
    """What both have in common: repositories in, one page of services out."""

    forge: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]] = (Stream("service", needs="list the repositories"),)

    def check(self, context: CollectionContext) -> list[Check]:
        """How many services topics name."""
        repositories = self._repositories(context)
        if not repositories:
            remedy = f"Check what is configured, and whether the token may {self.streams[0].needs}."
            return [Check("Repositories", CheckState.FAILED, "The token reaches none.", remedy)]
        found = services_of_topics(repositories, self._prefixes, self.forge, context.warn)
        state = CheckState.OK if found else CheckState.WARNING
        remedy = "" if found else f"Tag repositories with {self._prefixes.service_prefix}NAME."
        return [Check("Services named by topics", state, f"{len(found)} services", remedy)]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """One page with all services."""
        del stream, cursor  # there is one stream, and it is always read whole
        repositories = self._repositories(context)
        found = services_of_topics(repositories, self._prefixes, self.forge, context.warn)
        request = repositories[0].request if repositories else context.last_request
        yield Page(tuple(one.observation() for one in found), request)

    @property
    def _prefixes(self) -> _Prefixes:
        raise NotImplementedError

    def _repositories(self, context: CollectionContext) -> list[TaggedRepository]:
        raise NotImplementedError


class GitHubTopicsCollector(_TopicsCollector):
    """Services that topics of GitHub repositories name. Requests: 1 for every 100 repositories."""

    name: ClassVar[str] = "github_topics"
    title: ClassVar[str] = "Services named by topics on GitHub"
    settings_model: ClassVar[type[CollectorSettings]] = GitHubTopicsSettings
    forge: ClassVar[str] = "github"

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, GitHubTopicsSettings):
            raise TypeError("the collector of GitHub topics takes GitHubTopicsSettings")
        self._settings = settings

    @property
    def _prefixes(self) -> _Prefixes:
        return self._settings

    def _repositories(self, context: CollectionContext) -> list[TaggedRepository]:
        finder = RepositoryFinder(self._settings)
        found = finder.repositories(GitHubClient(self._settings, context), context).values()
        return [
            TaggedRepository(
                one.path,
                one.web_url,
                tuple(map(str, one.payload.get("topics") or ())),
                one.is_archived,
                one.request,
            )
            for one in found
        ]


class GitLabTopicsCollector(_TopicsCollector):
    """Services that topics of GitLab projects name. Requests: 1 for every 100 projects."""

    name: ClassVar[str] = "gitlab_topics"
    title: ClassVar[str] = "Services named by topics on GitLab"
    settings_model: ClassVar[type[CollectorSettings]] = GitLabTopicsSettings
    forge: ClassVar[str] = "gitlab"

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, GitLabTopicsSettings):
            raise TypeError("the collector of GitLab topics takes GitLabTopicsSettings")
        self._settings = settings

    @property
    def _prefixes(self) -> _Prefixes:
        return self._settings

    def _repositories(self, context: CollectionContext) -> list[TaggedRepository]:
        return [
            TaggedRepository(
                one.path,
                one.web_url,
                tuple(map(str, one.payload.get("topics") or ())),
                one.is_archived,
                one.request,
            )
            for one in GitLabClient(self._settings, context).projects()
        ]
