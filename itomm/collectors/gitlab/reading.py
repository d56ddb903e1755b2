"""What is asked of GitLab for one project and one stream; the answers are mapped elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gitlab.exceptions import GitlabHttpError

from itomm.collectors.contract import CollectionContext
from itomm.collectors.deliveries import (
    Delivery,
    Merge,
    delivered_keys,
    is_unsettled,
    judge,
    unsettled_since,
)
from itomm.collectors.gitlab.client import GitLabClient, Rows
from itomm.collectors.gitlab.delivered import read_merge
from itomm.collectors.gitlab.deployment import deployment, read_delivery
from itomm.collectors.gitlab.graphql import Review, approval_is_timed, reviews
from itomm.collectors.gitlab.job import by_pipeline, job_summaries, pipeline, security_scans
from itomm.collectors.gitlab.merge_request import merge_request
from itomm.collectors.gitlab.on_call import ALWAYS
from itomm.collectors.gitlab.on_call_reading import on_call_schedules
from itomm.collectors.gitlab.project import Project
from itomm.collectors.gitlab.project_data import ProjectData
from itomm.collectors.gitlab.release import release
from itomm.collectors.gitlab.repository import access_grant, branch_protection, iac_definitions, repository
from itomm.collectors.gitlab.settings import GitLabSettings
from itomm.collectors.gitlab.vulnerability import vulnerability
from itomm.collectors.payload import Payload, first_with_rows, instant_of, text_of
from itomm.collectors.undated import note_undated
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason

NEIGHBOURS = timedelta(days=14)
"""Deployments this much older are read along: whether one is a rollback depends on those before it."""


_OLDEST_FIRST = {"scope": "all", "state": "all", "order_by": "created_at", "sort": "asc"}
"""How all merge requests are listed: what is opened while pages are read comes last and shifts no page."""


@dataclass(frozen=True)
class Asked:
    """How one project is asked: for what changed since an instant, and from which page on.

    ``changed`` are the merge requests that changed, where they were read for a whole group at once.
    """

    changed_since: datetime | None = None
    following: Mapping[str, str] | None = None
    changed: Sequence[Rows] | None = None


class ProjectReader:
    """Reads streams of projects through one client; file names and jobs are fetched once per run."""

    def __init__(self, client: GitLabClient, settings: GitLabSettings, data: ProjectData) -> None:
        self._client = client
        self._settings = settings
        self._data = data
        self._streams: Mapping[str, Callable[[Project, Asked, CollectionContext], Iterator[Page]]] = {
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
            "on_call_schedule": self._on_call_schedules,
        }

    def read(
        self, record_type: str, project: Project, asked: Asked, context: CollectionContext
    ) -> Iterator[Page]:
        """Pages of one stream of one project.

        Their checkpoints hold the query of the next page under ``following``; None on the project's last.
        """
        return self._streams[record_type](project, asked, context)

    def _repository(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        del asked  # state is always read whole
        if project.default_branch is None or project.switched_off("repository"):
            context.warn(f"{project.path} has no repository, or an empty one.")
            return
        newest = first_with_rows(
            self._client.pages(
                f"/projects/{project.id}/repository/commits",
                {"ref_name": project.default_branch, "until": context.until.isoformat(), "per_page": 1},
            )
        )
        if not newest.rows:
            context.refused(
                project.path,
                UnknownReason.COLLECTION_FAILED,
                f"GitLab names the default branch '{project.default_branch}', but no commit on it.",
            )
            return
        paths, _ = self._data.tree(self._client, project, context)
        found = repository(project, paths, newest.rows[0], context.until)
        yield _entered_at_its_end(_page([found], newest.request))

    def _branch_protection(
        self, project: Project, asked: Asked, context: CollectionContext
    ) -> Iterator[Page]:
        del asked, context
        if project.default_branch is None or project.switched_off("repository"):
            return
        pages = list(self._client.pages(f"/projects/{project.id}/protected_branches"))
        rules = [row for page in pages for row in page.rows]
        yield _entered_at_its_end(
            _page([branch_protection(project, rules, self._approval_rules(project))], pages[0].request)
        )

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

    def _merge_requests(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        if project.switched_off("merge_requests"):
            return
        if asked.changed is not None:
            for changed in asked.changed:
                yield self._merge_request_page(project, changed, context)
            return
        after = context.since - NEIGHBOURS
        if asked.changed_since:
            query = {**_OLDEST_FIRST, "created_after": context.since.isoformat()}
            query["updated_after"] = asked.changed_since.isoformat()
        else:  # what was merged in the window may have been opened before it, and deployments need that
            query = {**_OLDEST_FIRST, "updated_after": after.isoformat()}
            context.remember(f"merge requests of {project.id}", after.isoformat())
        merges: list[Merge] = []
        for page in self._client.pages(f"/projects/{project.id}/merge_requests", asked.following or query):
            merges += [merge for row in page.rows if (merge := read_merge(row))]
            yield self._merge_request_page(project, page, context)
        if not asked.changed_since and asked.following is None:
            self._data.keep_merges(project, after, merges)

    def _merge_request_page(self, project: Project, page: Rows, context: CollectionContext) -> Page:
        rows = _begun(page.rows, context)
        merged = [int(row["iid"]) for row in rows if text_of(row.get("merged_at"))]
        told = reviews(self._client, project, merged)
        if told is None or (merged and not self._client.tells_commits):
            context.cannot_tell("first_commit_at", "GitLab tells it by GraphQL only, and not in old versions")
        reviewed = told or {}
        return _page_of(
            [self._merge_request(project, row, reviewed.get(int(row["iid"]))) for row in rows], page
        )

    def _merge_request(self, project: Project, row: Payload, review: Review | None) -> Observation | None:
        """A merge request with its review; what GraphQL did not tell whole is asked for by itself."""
        approvals: Payload = {}
        notes: Sequence[Payload] = ()
        if text_of(row.get("merged_at")):
            path = f"/projects/{project.id}/merge_requests/{row['iid']}"
            if review is not None and approval_is_timed(review):
                approvals = {"approved_by": review.approved_by}
            else:
                approvals = self._client.one(f"{path}/approvals")
            if not approvals.get("approved_by") and row.get("user_notes_count") != 0:
                notes = review.notes if review is not None and review.whole else self._notes(path)
        first_commit_at = review.first_commit_at if review is not None else None
        return merge_request(
            project, row, approvals, notes, self._settings.bot_accounts, first_commit_at=first_commit_at
        )

    def _notes(self, path: str) -> list[Payload]:
        pages = self._client.pages(f"{path}/notes", {"sort": "asc", "order_by": "created_at"})
        return [note for page in pages for note in page.rows]

    def _pipelines(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        if project.switched_off("builds"):
            return
        query = {"updated_after": (asked.changed_since or context.since).isoformat()}
        pages = list(self._client.pages(f"/projects/{project.id}/pipelines", query))
        rows = [row for page in pages for row in page.rows]
        begun = [at for row in rows if (at := instant_of(row.get("created_at"))) is not None]
        since, oldest = asked.changed_since or context.since, min(begun, default=context.until)
        jobs = by_pipeline(self._data.jobs(self._client, project, since, oldest, context) if rows else [])
        for page in pages:
            kept = _begun(page.rows, context)
            found = [pipeline(project, row, jobs.get(row["id"], [])) for row in kept]
            yield _entered_at_its_end(_page(found, page.request), last=page is pages[-1])

    def _deployments(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        if project.switched_off("environments"):
            return
        # All are read to judge a few: whether one failed or brought a ticket depends on others.
        after = context.since - NEIGHBOURS
        query: dict[str, str | int] = {
            "order_by": "updated_at",
            "sort": "desc",
            "updated_after": after.isoformat(),
        }
        path = f"/projects/{project.id}/deployments"
        if asked.changed_since:
            changed = {**query, "updated_after": asked.changed_since.isoformat(), "per_page": 1}
            probe = first_with_rows(self._client.pages(path, changed))
            if not probe.rows:
                yield _entered_at_its_end(_page([], probe.request))
                return
        pages = list(self._client.pages(path, query))
        tiers = self._settings.environment_tiers
        read = [[read_delivery(row, tiers) for row in page.rows] for page in pages]
        finished: list[Delivery] = [
            one for row in read for one in row if one is not None and one.finished_at <= context.until
        ]
        judged = {id(one.delivery): one for one in judge(finished)}
        delivered = delivered_keys(finished, self._merges(project, after, context) if finished else [])
        unsettled = unsettled_since(finished, asked.changed_since) if asked.changed_since else None
        for page, deliveries in zip(pages, read, strict=True):
            found = [
                deployment(project, judged[id(one)], delivered[one.number])
                for one in deliveries
                if one is not None
                and context.since <= one.finished_at <= context.until
                and (unsettled is None or is_unsettled(one, unsettled))
            ]
            yield _entered_at_its_end(_page(found, page.request), last=page is pages[-1])

    def _merges(self, project: Project, after: datetime, context: CollectionContext) -> list[Merge]:
        """What was merged since an instant; nothing where merge requests are switched off."""
        if project.switched_off("merge_requests"):
            return []
        kept = self._data.merges(project, after)
        if kept is not None:
            return kept
        if context.recall(f"merge requests of {project.id}") == after.isoformat():
            query = dict(_OLDEST_FIRST)  # all were read before a kill: asked so again, they need no request
        else:
            query = {"scope": "all", "state": "merged", "order_by": "created_at"}
        query["updated_after"] = after.isoformat()
        pages = self._client.pages(f"/projects/{project.id}/merge_requests", query)
        return [merge for page in pages for row in page.rows if (merge := read_merge(row))]

    def _releases(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        if project.switched_off("releases"):
            return
        for page in self._client.pages(f"/projects/{project.id}/releases", asked.following):
            found = [release(project, row) for row in page.rows]
            yield _page_of([one for one in found if one and _not_later(one, "released_at", context)], page)

    def _vulnerabilities(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        for page in self._client.pages(f"/projects/{project.id}/vulnerabilities", asked.following):
            found = [vulnerability(project, row) for row in page.rows]
            for row, one in zip(page.rows, found, strict=True):
                if one is None:
                    note_undated(f"finding {row.get('id')} of {project.path}", context)
            # Old findings stay: one that is still open says more than a new one.
            yield _page_of([one for one in found if one and _not_later(one, "detected_at", context)], page)

    def _security_scans(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        del asked
        if project.switched_off("builds"):
            return
        jobs, request = self._data.recent_jobs(self._client, project, context)
        yield _entered_at_its_end(_page(list(security_scans(project, jobs)), request))

    def _iac_definitions(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        del asked
        if project.default_branch is None or project.switched_off("repository"):
            return
        paths, request = self._data.tree(self._client, project, context)
        found = iac_definitions(project, paths, [])
        if found and not project.switched_off("builds"):
            found = iac_definitions(
                project, paths, job_summaries(self._data.recent_jobs(self._client, project, context)[0])
            )
        yield _entered_at_its_end(_page(list(found), request))

    def _access_grants(self, project: Project, asked: Asked, context: CollectionContext) -> Iterator[Page]:
        del context
        if project.is_archived:  # nobody can change anything there
            return
        for page in self._client.pages(f"/projects/{project.id}/members/all", asked.following):
            yield _page_of(
                [access_grant(project, row, self._settings.bot_accounts) for row in page.rows], page
            )

    def _on_call_schedules(
        self, project: Project, asked: Asked, context: CollectionContext
    ) -> Iterator[Page]:
        del asked
        found = on_call_schedules(self._client, project, self._settings.on_call_hours or ALWAYS, context)
        if found is not None:
            yield _entered_at_its_end(_page(found, self._client.last_request()))


def _page(found: Sequence[Observation | None], request: RequestMade) -> Page:
    """The only page of a project, or one that cannot be entered without those before it."""
    return Page(tuple(one for one in found if one is not None), request)


def _page_of(found: Sequence[Observation | None], rows: Rows) -> Page:
    """A page of a list, behind which reading can go on."""
    following = dict(rows.following) if rows.following is not None else None
    return replace(_page(found, rows.request), checkpoint={"following": following})


def _entered_at_its_end(page: Page, *, last: bool = True) -> Page:
    """A page of a project that is read at once: only behind its last page can reading go on."""
    return replace(page, checkpoint={"following": None}) if last else page


def _begun(rows: Sequence[Payload], context: CollectionContext) -> list[Payload]:
    """The rows that belong to this collection: begun in its window."""
    found = []
    for row in rows:
        at = instant_of(row.get("created_at"))
        if at is None:
            note_undated(str(row.get("web_url") or row.get("id")), context)
        elif context.since <= at <= context.until:
            found.append(row)
    return found


def _not_later(found: Observation, name: str, context: CollectionContext) -> bool:
    at = found.fields[name]
    return isinstance(at, datetime) and at <= context.until
