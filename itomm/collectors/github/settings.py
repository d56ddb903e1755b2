"""Settings of a GitHub source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from itomm.collectors.contract import BaseUrl, NetworkedSettings
from itomm.config.secrets import SecretReference

GITHUB_COM = "https://api.github.com"


def _must_answer_questions(url: str) -> str:
    if urlsplit(url).hostname in {"github.com", "www.github.com"}:
        raise ValueError(f"github.com answers programs at {GITHUB_COM}; write that, or leave url out")
    return url


RepositoryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(_[A-Za-z0-9]+)?/[A-Za-z0-9._-]+$")]


class GitHubSettings(NetworkedSettings):
    """How to reach GitHub and which repositories to read.

    Attributes:
        url: left out for github.com; for Enterprise Server the address that a browser opens, for Enterprise
            Cloud with data residency https://api.NAME.ghe.com.
        organisations: names of organisations, which are read whole. With neither organisations nor
            repositories, every repository is read that the token's account can reach.
        repositories: single repositories, as owner/name.
        bot_accounts: accounts that are machines although neither GitHub nor their name says so.
        environment_tiers: which tier an environment belongs to, by its name; GitHub knows none, so that the
            name is read otherwise.
        runs_with_jobs: most requests in one repository for the jobs of single workflow runs, which are needed
            where the token may not read check runs.
    """

    url: Annotated[BaseUrl, AfterValidator(_must_answer_questions)] = GITHUB_COM
    token: SecretReference
    organisations: tuple[str, ...] = ()
    repositories: tuple[RepositoryName, ...] = ()
    bot_accounts: tuple[str, ...] = ()
    environment_tiers: Mapping[str, str] = Field(default_factory=dict)
    runs_with_jobs: Annotated[int, Field(ge=0)] = 15

    @property
    def rest_root(self) -> str:
        """Where the REST API is."""
        return self.url if self._is_cloud else f"{self._server}/api/v3"

    @property
    def graphql_address(self) -> str:
        """Where GraphQL is."""
        return f"{self.url}/graphql" if self._is_cloud else f"{self._server}/api/graphql"

    @property
    def _is_cloud(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        return host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com"))

    @property
    def _server(self) -> str:
        return self.url.removesuffix("/api/v3")
