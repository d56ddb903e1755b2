"""What is asked of GitLab for one project and one stream; the answers are mapped elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from gitlab.exceptions import GitlabHttpError

from itomm.collectors.contract import CollectionContext
from itomm.collectors.gitlab.client import GitLabClient
from itomm.collectors.gitlab.delivered import Merge, delivered_keys, read_merge
from itomm.collectors.gitlab.deployment import Delivery, deployment, judge, read_delivery
from itomm.collectors.gitlab.job import by_pipeline, job_summaries, pipeline, security_scans
from itomm.collectors.gitlab.merge_request import merge_request
from itomm.collectors.gitlab.project import Project
from itomm.collectors.gitlab.project_data import ProjectData
from itomm.collectors.gitlab.release import release
from itomm.collectors.gitlab.repository import access_grant, branch_protection, iac_definitions, repository
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.gitlab.vulnerability import vulnerability
from itomm.collectors.payload import Payload, instant_of, text_of
from itomm.evidence.observation import Observation, Page, RequestMade

NEIGHBOURS = timedelta(days=14)
"""Deployments this much older are read along: whether one is a rollback depends on those before it."""

UNSETTLED = timedelta(days=2)
"""Deployments this young are handed over again: a hotfix may still turn them into failed changes."""


class ProjectReader:
    """Reads streams of projects through one client; file names and jobs are fetched once per run."""

    def __init__(self, client: GitLabClient, settings: GitLabSettings) -> None:
        self._client = client
        self._settings = settings
        self._data = ProjectData(client, settings.tree_page_limit)
        self._streams: Mapping[
            str, Callable[[Project, datetime | None, CollectionContext], Iterator[Page]]
        ] = {
            "repository": self._repository,
            "branch_protection": self._branch_protection,
            "merge_request": self._merge_requests,
            "pipeline": self._pipelines,
            "deployment": self._deployments,
            "release": self._releases,
            "vulnerability": self._vulnerabilities,
            "security_scan": self._security_scans,
            "iac_definition": self._iac_definitions,
            "access_grant": self._access_grants,
        }

    def read(
        self, record_type: str, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        """Pages of one stream of one project; with ``changed_since`` only what changed since then."""
        return self._streams[record_type](project, changed_since, context)

    def _repository(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since  # state is always read whole
        if project.default_branch is None or project.switched_off("repository"):
            context.warn(f"{project.path} has no repository, or an empty one.")
            return
        commits = next(
            self._client.pages(
                f"/projects/{project.id}/repository/commits",
                {"ref_name": project.default_branch, "until": context.until.isoformat(), "per_page": 1},
            )
        )
        paths, _ = self._data.tree(project, context)
        found = repository(project, paths, commits.rows[0] if commits.rows else {}, context.until)
        yield _page([found], commits.request)

    def _branch_protection(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since, context
        if project.default_branch is None or project.switched_off("repository"):
            return
        pages = list(self._client.pages(f"/projects/{project.id}/protected_branches"))
        rules = [row for page in pages for row in page.rows]
        yield _page([branch_protection(project, rules, self._approval_rules(project))], pages[0].request)

    def _approval_rules(self, project: Project) -> list[Payload]:
        """Approval rules; an edition that has none cannot require approvals."""
        try:
            return [
                row
                for page in self._client.pages(f"/projects/{project.id}/approval_rules")
                for row in page.rows
            ]
        except GitlabHttpError as error:
            if error.response_code == 404:
                return []
            raise

    def _merge_requests(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        if project.switched_off("merge_requests"):
            return
        query = {"scope": "all", "state": "all", "order_by": "created_at"}
        if changed_since:
            query["updated_after"] = changed_since.isoformat()
        else:
            query["created_after"] = context.since.isoformat()
        for page in self._client.pages(f"/projects/{project.id}/merge_requests", query):
            rows = [row for row in page.rows if _begun(row, changed_since, context)]
            yield _page([self._merge_request(project, row) for row in rows], page.request)

    def _merge_request(self, project: Project, row: Payload) -> Observation | None:
        """A merge request: one more request for approvals, and one for comments where nobody approved."""
        approvals: Payload = {}
        notes: list[Payload] = []
        if text_of(row.get("merged_at")):
            path = f"/projects/{project.id}/merge_requests/{row['iid']}"
            approvals = self._client.one(f"{path}/approvals")
            if not approvals.get("approved_by") and row.get("user_notes_count") != 0:
                pages = self._client.pages(f"{path}/notes", {"sort": "asc", "order_by": "created_at"})
                notes = [note for page in pages for note in page.rows]
        return merge_request(project, row, approvals, notes, self._settings.bot_accounts)

    def _pipelines(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        if project.switched_off("builds"):
            return
        query = {"updated_after": (changed_since or context.since).isoformat()}
        pages = list(self._client.pages(f"/projects/{project.id}/pipelines", query))
        rows = [row for page in pages for row in page.rows]
        begun = [at for row in rows if (at := instant_of(row.get("created_at"))) is not None]
        jobs = by_pipeline(
            self._data.jobs(project, min(begun, default=context.until), context)[0] if rows else []
        )
        for page in pages:
            kept = [row for row in page.rows if _begun(row, changed_since, context)]
            found = [pipeline(project, row, jobs.get(row["id"], [])) for row in kept]
            yield _page(found, page.request)

    def _deployments(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        if project.switched_off("environments"):
            return
        wanted = changed_since - UNSETTLED if changed_since else context.since
        after = wanted - NEIGHBOURS
        query = {"order_by": "updated_at", "sort": "desc", "updated_after": after.isoformat()}
        pages = list(self._client.pages(f"/projects/{project.id}/deployments", query))
        tiers = self._settings.environment_tiers
        read = [[read_delivery(row, tiers) for row in page.rows] for page in pages]
        finished: list[Delivery] = [
            one for row in read for one in row if one is not None and one.finished_at <= context.until
        ]
        judged = {id(one.delivery): one for one in judge(finished)}
        delivered = delivered_keys(finished, self._merges(project, after) if finished else [])
        for page, deliveries in zip(pages, read, strict=True):
            found = [
                deployment(project, judged[id(one)], delivered[one.payload["id"]])
                for one in deliveries
                if one is not None and wanted <= one.finished_at <= context.until
            ]
            yield _page(found, page.request)

    def _merges(self, project: Project, after: datetime) -> list[Merge]:
        """What was merged since an instant; nothing where merge requests are switched off."""
        if project.switched_off("merge_requests"):
            return []
        query = {
            "scope": "all",
            "state": "merged",
            "order_by": "created_at",
            "updated_after": after.isoformat(),
        }
        pages = self._client.pages(f"/projects/{project.id}/merge_requests", query)
        return [merge for page in pages for row in page.rows if (merge := read_merge(row))]

    def _releases(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since  # releases are few, may be edited at any time, and have no filter by change
        if project.switched_off("releases"):
            return
        for page in self._client.pages(f"/projects/{project.id}/releases"):
            found = [release(project, row) for row in page.rows]
            yield _page(
                [one for one in found if one and _not_later(one, "released_at", context)], page.request
            )

    def _vulnerabilities(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since  # the list has no filter by change
        for page in self._client.pages(f"/projects/{project.id}/vulnerabilities"):
            found = [vulnerability(project, row) for row in page.rows]
            # Old findings stay: one that is still open says more than a new one.
            yield _page(
                [one for one in found if one and _not_later(one, "detected_at", context)], page.request
            )

    def _security_scans(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since
        if project.switched_off("builds"):
            return
        jobs, request = self._data.recent_jobs(project, context)
        yield _page(list(security_scans(project, jobs)), request)

    def _iac_definitions(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since
        if project.default_branch is None or project.switched_off("repository"):
            return
        paths, request = self._data.tree(project, context)
        found = iac_definitions(project, paths, [])
        if found and not project.switched_off("builds"):
            found = iac_definitions(
                project, paths, job_summaries(self._data.recent_jobs(project, context)[0])
            )
        yield _page(list(found), request)

    def _access_grants(
        self, project: Project, changed_since: datetime | None, context: CollectionContext
    ) -> Iterator[Page]:
        del changed_since, context
        if project.is_archived:  # nobody can change anything there
            return
        for page in self._client.pages(f"/projects/{project.id}/members/all"):
            found = [access_grant(project, row, self._settings.bot_accounts) for row in page.rows]
            yield _page(found, page.request)


def _page(found: Sequence[Observation | None], request: RequestMade) -> Page:
    return Page(tuple(one for one in found if one is not None), request)


def _begun(row: Payload, changed_since: datetime | None, context: CollectionContext) -> bool:
    """Whether a row belongs to this collection: begun in its window, or before and changed since."""
    at = instant_of(row.get("created_at"))
    return at is not None and at <= context.until and (changed_since is not None or context.since <= at)


def _not_later(found: Observation, name: str, context: CollectionContext) -> bool:
    at = found.fields[name]
    return isinstance(at, datetime) and at <= context.until
