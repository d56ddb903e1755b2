"""The GitLab collector: which streams there are, and a loop over projects that one refusal does not stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
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
from itomm.collectors.gitlab.project_data import ProjectData, TreeTooLargeError
from itomm.collectors.gitlab.reading import Asked, ProjectReader
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.payload import instant_of
from itomm.collectors.resuming import checkpoint, remaining
from itomm.evidence.observation import Page

_REPORTER = "scope read_api, role Reporter"
_DEVELOPER = "scope read_api, role Developer"
_MAINTAINER = "scope read_api, role Maintainer"


class GitLabCollector(Collector):
    """Repositories, reviews, pipelines, deployments, findings and on-call schedules of GitLab.

    Requests of a first run: 1 for every 100 projects. Then for each project 8 (commit, branches, rules,
    releases, findings, members, files, deployments), and 1 more for every further 100 of any of them; 2 for
    every 100 merge requests and every 100 pipelines, and many more where GraphQL does not answer. A run in
    which nothing changed takes 2 for each project.
    """

    name: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    settings_model: ClassVar[type[CollectorSettings]] = GitLabSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("repository", needs=_REPORTER),
        Stream("branch_protection", needs=_MAINTAINER, cannot_tell=("applies_to_admins",)),
        Stream(
            "merge_request",
            cursor_field="updated_at",
            needs=_REPORTER,
            cannot_tell=("pipeline_status", "size_lines"),
        ),
        Stream("pipeline", cursor_field="updated_at", needs=_REPORTER),
        Stream(
            "deployment", cursor_field="updated_at", needs=_REPORTER, cannot_tell=("caused_incident_keys",)
        ),
        Stream("release", needs=_REPORTER),  # may be edited at any time, and has no filter by change
        Stream(  # the list has no filter by change; what is accepted is dismissed, and never for a time
            "vulnerability",
            needs=f"{_DEVELOPER}, GitLab Ultimate",
            cannot_tell=("kev", "kev_due_at"),
        ),
        Stream("security_scan", needs=_REPORTER),
        Stream("iac_definition", needs=_REPORTER),
        Stream("access_grant", needs=_REPORTER),
        Stream("on_call_schedule", needs=f"{_REPORTER}, GitLab Premium"),
    )

    @classmethod
    def streams_of(cls, settings: CollectorSettings) -> tuple[Stream, ...]:
        """All, but on-call schedules only where the settings say when somebody must be on call."""
        asked = isinstance(settings, GitLabSettings) and settings.on_call_hours is not None
        return tuple(one for one in cls.streams if asked or one.record_type != "on_call_schedule")

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, GitLabSettings):
            raise TypeError("the GitLab collector takes GitLabSettings")
        self._settings = settings
        self._readers: dict[int, tuple[GitLabClient, ProjectReader]] = {}  # by lane
        self._data = ProjectData(settings.tree_page_limit)
        self._adapter: HTTPAdapter | None = None
        self._pipelines_moved: bool | None = None  # None until their stream was read

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

    def unchanged(self, stream: Stream, since: datetime, context: CollectionContext) -> bool:
        """State that is younger than ``refresh_hours``, where nothing that would show moved since.

        Files move with activity; scanners and plans with pipelines. Protections, members, findings and
        releases leave no trace that is cheap to read: they are as old as the setting allows.
        """
        if context.until - since >= timedelta(hours=self._settings.refresh_hours):
            return False
        if stream.record_type in _MOVES_WITH_PIPELINES and self._have_pipelines_moved(context):
            return False
        client, _ = self._connect(context)
        shows = stream.record_type in _MOVES_WITH_ACTIVITY
        return not any(
            project.is_new_since(since) or (shows and not project.quiet_since(since))
            for project in client.projects()
        )

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages in order of projects; one that is refused does not stop the others."""
        client, _ = self._connect(context)
        changed_since = instant_of(cursor)
        projects = {project.path: project for project in client.projects()}
        left = remaining(sorted(projects), context.resume_from)
        for path in left.before:
            context.asked(path)
        asked = {
            path: Asked(changed_since, left.position if number == 0 else None)
            for number, path in enumerate(left.scopes)
        }
        if changed_since and stream.record_type == "merge_request" and left.position is None:
            ahead = [projects[path] for path in left.scopes]
            asked |= self._changed_in_groups(client, ahead, changed_since, context)
        if stream.record_type == "pipeline":
            goes_on = context.resume_from is not None
            self._note_pipelines(context, moved=goes_on and context.recall(_PIPELINES_MOVED) != str(False))
        yield from context.side_by_side(
            left.scopes, lambda path, own: self._project(stream, projects[path], asked[path], own)
        )

    def _note_pipelines(self, context: CollectionContext, *, moved: bool) -> None:
        self._pipelines_moved = moved
        context.remember(_PIPELINES_MOVED, str(moved))

    def _have_pipelines_moved(self, context: CollectionContext) -> bool:
        """Whether any pipeline changed; yes where that is not known."""
        if self._pipelines_moved is None:
            self._pipelines_moved = context.recall(_PIPELINES_MOVED) != str(False)
        return self._pipelines_moved

    def _project(
        self, stream: Stream, project: Project, asked: Asked, context: CollectionContext
    ) -> Iterator[Page]:
        context.asked(project.path)
        if asked.changed_since and stream.cursor_field and project.untouched_since(asked.changed_since):
            return
        _, reader = self._connect(context)
        try:
            for page in reader.read(stream.record_type, project, asked, context):
                if stream.record_type == "pipeline" and page.observations and not self._pipelines_moved:
                    self._note_pipelines(context, moved=True)
                reached = page.checkpoint
                yield (
                    page
                    if reached is None
                    else replace(page, checkpoint=checkpoint(project.path, reached["following"]))
                )
        except GitlabHttpError as error:
            reason, detail = refusal(error)
            context.refused(project.path, reason, f"{detail}. It needs {stream.needs}.")
        except TreeTooLargeError as error:
            context.refused(project.path, error.reason, str(error))

    def _changed_in_groups(
        self,
        client: GitLabClient,
        projects: Sequence[Project],
        changed_since: datetime,
        context: CollectionContext,
    ) -> dict[str, Asked]:
        """How projects are asked for merge requests that changed, where a list for a group tells them all."""
        found = client.changed_merge_requests(context.since, changed_since)
        if found is None:
            return {}
        alone = set(self._settings.projects)
        return {
            project.path: Asked(changed_since, changed=found.get(project.id, ()))
            for project in projects
            if project.path not in alone
        }

    def _connect(self, context: CollectionContext) -> tuple[GitLabClient, ProjectReader]:
        """One client for each lane, kept for all streams of a run; what they fetch is shared."""
        if self._adapter is not context.adapter:
            self._readers, self._adapter = {}, context.adapter
        if context.lane not in self._readers:
            client = GitLabClient(self._settings, context)
            self._readers[context.lane] = client, ProjectReader(client, self._settings, self._data)
        client, reader = self._readers[context.lane]
        client.use(context)
        return client, reader


_PIPELINES_MOVED = "whether pipelines moved"
_MOVES_WITH_ACTIVITY = frozenset({"repository", "iac_definition"})
_MOVES_WITH_PIPELINES = frozenset({"security_scan", "iac_definition"})


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
