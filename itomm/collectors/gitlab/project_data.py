"""What several streams of one run need of a project, fetched once and kept small.

Of file names and jobs only what evidence needs is kept: a large instance has more of both than memory.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.deliveries import Merge
from itomm.collectors.gitlab.client import KEYSET, GitLabClient, Rows
from itomm.collectors.gitlab.graphql import GraphQlSilentError, jobs_since
from itomm.collectors.gitlab.job import Job, read_job
from itomm.collectors.gitlab.project import Project
from itomm.collectors.repository_contents import scanner_kind
from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.observation import RequestMade, UnknownReason

RECENT_JOBS = timedelta(days=35)
"""Jobs this young say which scanners and plans run; a little more than the 30 days that criteria ask for."""

MOST_KEPT_BYTES = 64 * 1024 * 1024
"""Beyond this, file names and merges are not kept but asked for again by those who need them."""


class TreeTooLargeError(SourceError):
    """A repository has more files than the settings allow to read."""


class ProjectData:
    """Trees, recent jobs and merges by project, for as long as one run. One thread asks for one project."""

    def __init__(self, tree_page_limit: int) -> None:
        self._tree_page_limit = tree_page_limit
        self._packed: dict[tuple[str, int], bytes] = {}
        self._packed_bytes = 0
        self._lock = threading.Lock()
        self._requests: dict[int, RequestMade] = {}  # of trees
        self._recent: dict[int, tuple[list[Job], RequestMade]] = {}

    def tree(
        self, client: GitLabClient, project: Project, context: CollectionContext
    ) -> tuple[list[str], RequestMade]:
        """All file names of the default branch.

        Raises:
            TreeTooLargeError: when there are more than the settings allow to read; part of a tree would make
                what was not read look absent.
        """
        kept = self._unpacked("tree", project)
        if kept is not None:
            return kept, self._requests[project.id]
        paths: list[str] = []
        first: Rows | None = None
        query = {"recursive": "true", "pagination": "keyset", "ref": project.default_branch or "HEAD"}
        pages = client.pages(f"/projects/{project.id}/repository/tree", query)
        for number, page in enumerate(pages, start=1):
            if number > self._tree_page_limit:
                raise TreeTooLargeError(
                    f"more than {len(paths)} files; raise tree_page_limit to read them all",
                    UnknownReason.INSUFFICIENT_COVERAGE,
                )
            first = first or page
            paths += [str(row["path"]) for row in page.rows if row.get("type") == "blob"]
        self._requests[project.id] = first.request if first else context.last_request
        self._pack("tree", project, paths)
        return paths, self._requests[project.id]

    def recent_jobs(
        self, client: GitLabClient, project: Project, context: CollectionContext
    ) -> tuple[list[Job], RequestMade]:
        """Of the jobs of the last :data:`RECENT_JOBS` those that say all that the others say."""
        if project.id not in self._recent and (asked := context.recall(f"jobs of {project.id}")):
            # Before a kill the pipelines' jobs were read: asked the same way, they need no request.
            since, oldest = (parse_instant(text) for text in asked.split())
            self.jobs(client, project, since, oldest, context)
        if project.id not in self._recent:
            jobs, request = jobs_of(client, project, context.until - RECENT_JOBS, context)
            self._note_recent(project, jobs, request, context.until)
        return self._recent[project.id]

    def jobs(
        self,
        client: GitLabClient,
        project: Project,
        since: datetime,
        oldest: datetime,
        context: CollectionContext,
    ) -> list[Job]:
        """The jobs of pipelines that were updated since an instant, the first of them begun at ``oldest``."""
        holds_recent = since <= context.until - RECENT_JOBS
        if holds_recent:
            context.remember(f"jobs of {project.id}", f"{format_instant(since)} {format_instant(oldest)}")
        jobs, request = jobs_of(client, project, since, context, oldest=oldest)
        if holds_recent:
            self._note_recent(project, jobs, request, context.until)
        return jobs

    def keep_merges(self, project: Project, after: datetime, merges: Sequence[Merge]) -> None:
        """Keep what was merged since an instant, for the stream of deployments."""
        rows = [[format_instant(one.merged_at), sorted(one.shas), list(one.keys)] for one in merges]
        self._pack("merges", project, [format_instant(after), rows])

    def merges(self, project: Project, after: datetime) -> list[Merge] | None:
        """What was merged since an instant; None when it was not kept."""
        kept = self._unpacked("merges", project)
        if kept is None or parse_instant(kept[0]) > after:
            return None
        return [Merge(parse_instant(at), frozenset(shas), tuple(keys)) for at, shas, keys in kept[1]]

    def _note_recent(
        self, project: Project, jobs: Iterable[Job], request: RequestMade, until: datetime
    ) -> None:
        begin = until - RECENT_JOBS
        recent = [job for job in jobs if job.created_at and begin <= job.created_at <= until]
        if request.method == "POST":
            # What of the answer counts: a run that goes on behind a kill asks for no more than that.
            counts = {"project": project.path, "jobs.createdAfter": format_instant(begin)}
            request = replace(request, query=counts)
        self._recent[project.id] = (telling(recent), request)

    def _pack(self, what: str, project: Project, content: object) -> None:
        packed = zlib.compress(orjson.dumps(content), 1)
        with self._lock:
            if self._packed_bytes + len(packed) <= MOST_KEPT_BYTES:
                self._packed_bytes += len(packed)
                self._packed[what, project.id] = packed

    def _unpacked(self, what: str, project: Project) -> Any:
        packed = self._packed.get((what, project.id))
        return None if packed is None else orjson.loads(zlib.decompress(packed))


def telling(jobs: Iterable[Job]) -> list[Job]:
    """As few of the jobs as say the same of scanners and kinds of jobs as all of them, in order of id.

    Of each scanner the last job that ran, and one on a merge request; of each kind of job one that ran.
    """
    kept: dict[object, Job] = {}
    for job in sorted(jobs, key=lambda job: job.id):
        if not job.ran:
            continue
        scanner = scanner_kind(job.name)
        if scanner:
            kept["last", scanner] = job
            if job.on_merge_request:
                kept["on a merge request", scanner] = job
        kept.setdefault(("kind", job.kind, scanner, job.allow_failure), job)
    return sorted({job.id: job for job in kept.values()}.values(), key=lambda job: job.id)


def jobs_of(
    client: GitLabClient,
    project: Project,
    since: datetime,
    context: CollectionContext,
    *,
    oldest: datetime | None = None,
) -> tuple[list[Job], RequestMade]:
    """The jobs of pipelines that were updated since an instant, and the first request for them.

    GraphQL gives them by a hundred pipelines. Where it does not answer they come from the project-wide list,
    which is read back to ``oldest``: when the first of these pipelines began.
    """
    try:
        return _by_graphql(client, project, since, context)
    except GraphQlSilentError:
        return _from_the_list(client, project, min(oldest or since, since), context)


def _by_graphql(
    client: GitLabClient, project: Project, since: datetime, context: CollectionContext
) -> tuple[list[Job], RequestMade]:
    jobs: list[Job] = []
    first: RequestMade | None = None
    for found in jobs_since(client, project, since):
        first = first or found.request
        if found.whole:
            jobs += found.jobs
            continue
        path = f"/projects/{project.id}/pipelines/{found.pipeline}/jobs"
        pages = client.pages(path, {"include_retried": "true"})
        jobs += [read_job(row) for page in pages for row in page.rows]
    return jobs, first or context.last_request


def _from_the_list(
    client: GitLabClient, project: Project, oldest: datetime, context: CollectionContext
) -> tuple[list[Job], RequestMade]:
    jobs: list[Job] = []
    first: Rows | None = None
    for page in client.pages(f"/projects/{project.id}/jobs", KEYSET):
        first = first or page
        read = [read_job(row) for row in page.rows]
        jobs += read
        if any(job.created_at is not None and job.created_at < oldest for job in read):
            break
    return jobs, first.request if first else context.last_request
