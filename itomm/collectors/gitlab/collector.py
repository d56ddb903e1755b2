"""The GitLab collector: which streams there are, and a loop over projects that one refusal does not stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from gitlab.exceptions import GitlabHttpError
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.gitlab.client import GitLabClient, refusal
from itomm.collectors.gitlab.project import Project
from itomm.collectors.gitlab.project_data import TreeTooLargeError
from itomm.collectors.gitlab.reading import Asked, ProjectReader
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.payload import instant_of
from itomm.collectors.resuming import checkpoint, remaining
from itomm.evidence.observation import Page

_REPORTER = "scope read_api, role Reporter"
_DEVELOPER = "scope read_api, role Developer"
_MAINTAINER = "scope read_api, role Maintainer"


class GitLabCollector(Collector):
    """Repositories, reviews, pipelines, deployments and findings of GitLab.

    Requests of a first run: 1 for every 100 projects. Then for each project 1 for its newest commit, 2 for
    branch protection, 1 for every 100 files, merge requests (again where there are deployments),
    pipelines, jobs, deployments, releases, findings and members (at least 1 of each), and for each merged
    merge request 1 for its approvals, or 2 where nobody approved but somebody commented: some 12 to start
    with, 30 with 18 reviewed merge requests.
    """

    name: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    settings_model: ClassVar[type[CollectorSettings]] = GitLabSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("repository", needs=_REPORTER),
        Stream("branch_protection", needs=_MAINTAINER),
        Stream("merge_request", cursor_field="updated_at", needs=_REPORTER),
        Stream("pipeline", cursor_field="updated_at", needs=_REPORTER),
        Stream("deployment", cursor_field="updated_at", needs=_REPORTER),
        Stream("release", needs=_REPORTER),  # may be edited at any time, and has no filter by change
        Stream("vulnerability", needs=f"{_DEVELOPER}, GitLab Ultimate"),  # the list has no filter by change
        Stream("security_scan", needs=_REPORTER),
        Stream("iac_definition", needs=_REPORTER),
        Stream("access_grant", needs=_REPORTER),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, GitLabSettings):
            raise TypeError("the GitLab collector takes GitLabSettings")
        self._settings = settings
        self._client: GitLabClient | None = None
        self._reader: ProjectReader | None = None
        self._adapter: HTTPAdapter | None = None

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then try what needs the highest role on every project."""
        client, _ = self._connect(context)
        checks = [Check("Signed in", CheckState.OK, f"GitLab as {client.account()}")]
        projects = client.projects()
        if not projects:
            checks.append(
                Check(
                    "Projects",
                    CheckState.FAILED,
                    "The token sees no project.",
                    "Check groups and projects, or add the token's account to them.",
                )
            )
        return checks + [_protection_check(client, project) for project in projects]

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages, project by project; one that is refused does not stop the others."""
        client, reader = self._connect(context)
        changed_since = instant_of(cursor)
        projects = {project.path: project for project in client.projects()}
        left = remaining(sorted(projects), context.resume_from)
        for path in left.before:
            context.asked(path)
        for number, path in enumerate(left.scopes):
            context.asked(path)
            asked = Asked(changed_since, left.position if number == 0 else None)
            try:
                for page in reader.read(stream.record_type, projects[path], asked, context):
                    reached = page.checkpoint
                    yield (
                        page
                        if reached is None
                        else replace(page, checkpoint=checkpoint(path, reached["following"]))
                    )
            except GitlabHttpError as error:
                reason, detail = refusal(error)
                context.refused(path, reason, f"{detail}. It needs {stream.needs}.")
            except TreeTooLargeError as error:
                context.refused(path, error.reason, str(error))

    def _connect(self, context: CollectionContext) -> tuple[GitLabClient, ProjectReader]:
        """One client for all streams of a run: projects, trees and jobs are fetched once."""
        if self._client is None or self._reader is None or self._adapter is not context.adapter:
            self._client = GitLabClient(self._settings, context)
            self._reader = ProjectReader(self._client, self._settings)
            self._adapter = context.adapter
        self._client.use(context)
        return self._client, self._reader


def _protection_check(client: GitLabClient, project: Project) -> Check:
    try:
        next(client.pages(f"/projects/{project.id}/protected_branches", {"per_page": 1}))
    except GitlabHttpError as error:
        return Check(
            f"Project {project.path}",
            CheckState.WARNING,
            refusal(error)[1],
            f"Branch protection needs {_MAINTAINER} on {project.path}.",
        )
    return Check(f"Project {project.path}", CheckState.OK, "branch protection can be read")
