"""What several streams of one run need of a project, fetched once: its file names and its recent jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.gitlab.client import KEYSET, GitLabClient, Rows
from itomm.collectors.gitlab.job import Job, read_job
from itomm.collectors.gitlab.project import Project
from itomm.evidence.observation import RequestMade, UnknownReason

RECENT_JOBS = timedelta(days=35)
"""Jobs this young say which scanners and plans run; a little more than the 30 days that criteria ask for."""


class TreeTooLargeError(SourceError):
    """A repository has more files than the settings allow to read."""


class ProjectData:
    """Trees and jobs by project, for as long as one run."""

    def __init__(self, client: GitLabClient, tree_page_limit: int) -> None:
        self._client = client
        self._tree_page_limit = tree_page_limit
        self._trees: dict[int, tuple[list[str], RequestMade]] = {}
        self._jobs: dict[int, tuple[datetime, list[Job], RequestMade]] = {}

    def tree(self, project: Project, context: CollectionContext) -> tuple[list[str], RequestMade]:
        """All file names of the default branch.

        Raises:
            TreeTooLargeError: when there are more than the settings allow to read; part of a tree would make
                what was not read look absent.
        """
        if project.id not in self._trees:
            paths: list[str] = []
            first: Rows | None = None
            query = {"recursive": "true", "pagination": "keyset", "ref": project.default_branch or "HEAD"}
            pages = self._client.pages(f"/projects/{project.id}/repository/tree", query)
            for number, page in enumerate(pages, start=1):
                if number > self._tree_page_limit:
                    raise TreeTooLargeError(
                        f"more than {len(paths)} files; raise tree_page_limit to read them all",
                        UnknownReason.INSUFFICIENT_COVERAGE,
                    )
                first = first or page
                paths += [str(row["path"]) for row in page.rows if row.get("type") == "blob"]
            self._trees[project.id] = (paths, first.request if first else context.last_request)
        return self._trees[project.id]

    def recent_jobs(self, project: Project, context: CollectionContext) -> tuple[list[Job], RequestMade]:
        """Jobs of the last :data:`RECENT_JOBS`."""
        oldest = context.until - RECENT_JOBS
        jobs, request = self.jobs(project, oldest, context)
        return [job for job in jobs if job.created_at and oldest <= job.created_at <= context.until], request

    def jobs(
        self, project: Project, oldest: datetime, context: CollectionContext
    ) -> tuple[list[Job], RequestMade]:
        """Jobs created since ``oldest`` at least, newest first, from the project-wide list."""
        cached = self._jobs.get(project.id)
        oldest = min(oldest, context.until - RECENT_JOBS)
        if cached is None or cached[0] > oldest:
            jobs: list[Job] = []
            first: Rows | None = None
            for page in self._client.pages(f"/projects/{project.id}/jobs", KEYSET):
                first = first or page
                read = [read_job(row) for row in page.rows]
                jobs += read
                if any(job.created_at is not None and job.created_at < oldest for job in read):
                    break
            cached = (oldest, jobs, first.request if first else context.last_request)
            self._jobs[project.id] = cached
        return cached[1], cached[2]
