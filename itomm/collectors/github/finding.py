"""Finds the configured repositories, once per run."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.contract import CollectionContext
from itomm.collectors.github.client import GitHubClient, encoded
from itomm.collectors.github.refusals import GitHubError, refusal
from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.github.settings import GitHubSettings
from itomm.evidence.observation import UnknownReason


class RepositoryFinder:
    """The repositories of one source; what was refused is reported to every stream."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self._found: dict[str, Repository] | None = None
        self._refused: list[tuple[str, UnknownReason, str]] = []
        self._renamed: list[str] = []

    def repositories(self, client: GitHubClient, context: CollectionContext) -> dict[str, Repository]:
        """Repositories by their present name, sorted."""
        if self._found is None:
            found = {one.path: one for one in self._find(client)}
            self._found = {path: found[path] for path in sorted(found)}
        for scope, reason, detail in self._refused:
            context.refused(scope, reason, detail)
        for said in self._renamed:
            context.warn(said)
        return self._found

    def _find(self, client: GitHubClient) -> Iterator[Repository]:
        for organisation in self._settings.organisations:
            yield from self._listed(
                client, organisation, f"/orgs/{encoded(organisation)}/repos", {"type": "all"}
            )
        if not self._settings.organisations and not self._settings.repositories:
            yield from self._listed(client, "every repository of the account", "/user/repos", {})
        for name in self._settings.repositories:
            try:
                payload = client.one(f"/repos/{name}")
            except GitHubError as error:
                self._refused.append((name, *refusal(error)))
                continue
            one = Repository(payload, client.last_request(), configured=name)
            if one.path.casefold() != name.casefold():
                self._renamed.append(f"{name} is now {one.path}; write that in the settings.")
            yield one

    def _listed(
        self, client: GitHubClient, scope: str, path: str, query: dict[str, str]
    ) -> Iterator[Repository]:
        # By full name: what is pushed to while pages are read keeps its place.
        try:
            for rows in client.pages(path, {**query, "sort": "full_name"}):
                yield from (Repository(row, rows.request) for row in rows.rows)
        except GitHubError as error:
            reason, detail = refusal(error)
            hint = " Is it an organisation, and does the token reach it?" if error.status_code == 404 else ""
            self._refused.append((scope, reason, f"{detail}.{hint}"))
