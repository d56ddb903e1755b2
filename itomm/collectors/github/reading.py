"""What is asked of GitHub for one repository and one stream; the answers are mapped elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from itomm.collectors.contract import SourceError
from itomm.collectors.github import pull_request as pull_requests
from itomm.collectors.github.alert import DEPENDABOT, SECRET_SCANNING
from itomm.collectors.github.alert_reading import AlertReader
from itomm.collectors.github.asked import Asked, entered_at_its_end, older_than, page, page_of
from itomm.collectors.github.branch_protection import branch_protection, required_scanners
from itomm.collectors.github.client import encoded
from itomm.collectors.github.deployment_reading import DeploymentReader
from itomm.collectors.github.refusals import GitHubError
from itomm.collectors.github.release import release
from itomm.collectors.github.repository import (
    Contents,
    access_grant,
    infrastructure_records,
    read_contents,
    repository_record,
)
from itomm.collectors.github.run_reading import RunReader
from itomm.collectors.github.security_scan import security_scans
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.payload import Payload, first_with_rows
from itomm.evidence.observation import Observation, Page, UnknownReason


class RepositoryReader:
    """Reads streams of repositories; what several streams need is fetched once per run."""

    def __init__(self, settings: GitHubSettings) -> None:
        self._settings = settings
        self.alerts = AlertReader()
        self._runs = RunReader(settings.runs_with_jobs)
        self._contents: dict[str, Contents | None] = {}
        self._rules: dict[str, list[Payload]] = {}
        self._streams: Mapping[str, Callable[[Asked], Iterator[Page]]] = {
            "repository": self._repository,
            "branch_protection": self._branch_protection,
            "merge_request": self._pull_requests,
            "pipeline": self._runs.pages,
            "deployment": DeploymentReader(settings, self._runs).pages,
            "release": self._releases,
            "vulnerability": self.alerts.pages,
            "security_scan": self._security_scans,
            "iac_definition": self._infrastructure,
            "access_grant": self._access_grants,
        }

    def read(self, record_type: str, asked: Asked) -> Iterator[Page]:
        """Pages of one stream of one repository.

        Their checkpoints hold the query of the next page under ``following``; None on the repository's last.
        """
        return self._streams[record_type](asked)

    def _repository(self, asked: Asked) -> Iterator[Page]:
        branch, contents = asked.repository.default_branch, self._contents_of(asked)
        if branch is None or contents is None:
            asked.context.warn(f"{asked.repository.path} is empty.")
            return
        query = {"sha": branch, "until": f"{asked.context.until:%Y-%m-%dT%H:%M:%SZ}", "per_page": "1"}
        newest = first_with_rows(asked.client.pages(f"{asked.path}/commits", query))
        if not newest.rows:
            asked.context.refused(
                asked.repository.path,
                UnknownReason.COLLECTION_FAILED,
                f"GitHub lists files on the branch '{branch}', but no commit.",
            )
            return
        found = repository_record(asked.repository, contents, newest.rows[0], asked.context.until)
        yield entered_at_its_end(page([found], newest.request))

    def _contents_of(self, asked: Asked) -> Contents | None:
        """What the file names of the default branch say; None for an empty repository.

        Raises:
            SourceError: when GitHub cuts the list: part of a tree would make what was not read look absent.
        """
        path = asked.repository.path
        if path not in self._contents:
            self._contents[path] = self._read_contents(asked)
        return self._contents[path]

    def _read_contents(self, asked: Asked) -> Contents | None:
        branch = asked.repository.default_branch
        if branch is None:
            return None
        try:
            tree = asked.client.one(f"{asked.path}/git/trees/{encoded(branch)}", {"recursive": "1"})
        except GitHubError as error:
            if error.says_empty:
                return None
            raise
        if tree.get("truncated") is True or not isinstance(tree.get("tree"), list):
            raise TreeCutError(
                "it has more files than GitHub lists at once, so which of them exist is unknown",
                UnknownReason.INSUFFICIENT_COVERAGE,
            )
        names = (str(row.get("path")) for row in tree["tree"] if row.get("type") == "blob")
        return read_contents(names, asked.client.last_request())

    def _branch_protection(self, asked: Asked) -> Iterator[Page]:
        branch = asked.repository.default_branch
        if branch is None:
            return
        classic: Payload | None = None
        try:
            classic = asked.client.one(f"{asked.path}/branches/{encoded(branch)}/protection")
        except GitHubError as error:
            if error.says_no_branch:
                return
            if not error.says_unprotected:
                raise
        request = asked.client.last_request()
        found = branch_protection(asked.repository, branch, classic, self._rules_of(asked, branch))
        yield entered_at_its_end(page([found], request))

    def _rules_of(self, asked: Asked, branch: str) -> list[Payload]:
        """Active rules of all rulesets for the branch; none where the plan or the server has no rulesets."""
        path = asked.repository.path
        if path not in self._rules:
            try:
                self._rules[path] = asked.client.all_rows(f"{asked.path}/rules/branches/{encoded(branch)}")
            except GitHubError as error:
                if not error.says_unprotected:
                    raise
                self._rules[path] = []
        return self._rules[path]

    def _pull_requests(self, asked: Asked) -> Iterator[Page]:
        """Newest first, so that what is opened meanwhile shifts no page out of sight."""
        since = asked.changed_since
        by = pull_requests.BY_CHANGE if since else pull_requests.BY_CREATION
        pages = asked.client.connection(
            pull_requests.QUESTION,
            {**asked.names, "by": by},
            "pullRequests",
            size=pull_requests.PAGE_SIZE,
            after=(asked.following or {}).get("after"),
        )
        for rows in pages:
            done = any(
                older_than(row, "updatedAt", since)
                if since
                else older_than(row, "createdAt", asked.context.since)
                for row in rows.rows
            )
            found = [
                self._pull_request(asked, row)
                for row in rows.rows
                if asked.covers(row, "createdAt") and not older_than(row, "updatedAt", since)
            ]
            one = page_of(found, rows)
            yield entered_at_its_end(one) if done else one
            if done:
                return

    def _pull_request(self, asked: Asked, row: Payload) -> Observation | None:
        reviews: list[Payload] | None = None
        if pull_requests.has_more_reviews(row):
            reviews = asked.client.all_rows(f"{asked.path}/pulls/{int(row['number'])}/reviews")
        return pull_requests.pull_request(asked.repository, row, self._settings.bot_accounts, reviews)

    def _releases(self, asked: Asked) -> Iterator[Page]:
        for rows in asked.client.pages(f"{asked.path}/releases", asked.following):
            found = [release(asked.repository, row) for row in rows.rows]
            yield page_of([one for one in found if one and _not_later(one, "released_at", asked)], rows)

    def _security_scans(self, asked: Asked) -> Iterator[Page]:
        branch = asked.repository.default_branch
        if asked.repository.is_archived or branch is None:  # nothing is scanned or merged there any more
            return
        features = (self.alerts.feature(asked, DEPENDABOT), self.alerts.feature(asked, SECRET_SCANNING))
        analyses: list[Payload] = []
        try:
            listed = first_with_rows(asked.client.pages(f"{asked.path}/code-scanning/analyses"))
            analyses = list(listed.rows)
        except GitHubError as error:
            if not error.is_switched_off:
                raise
        request = asked.client.last_request()
        jobs, _ = self._runs.newest_jobs(asked)
        required = required_scanners(self._rules_of(asked, branch)) if analyses else False
        found = security_scans(asked.repository, features, analyses, jobs, results_required=required)
        yield entered_at_its_end(page(list(found), request))

    def _infrastructure(self, asked: Asked) -> Iterator[Page]:
        contents = self._contents_of(asked)
        if contents is None:
            return
        jobs = self._runs.newest_jobs(asked)[0] if contents.infrastructure else ()
        found = infrastructure_records(asked.repository, contents, jobs)
        yield entered_at_its_end(page(list(found), contents.request))

    def _access_grants(self, asked: Asked) -> Iterator[Page]:
        if asked.repository.is_archived:  # nobody can change anything there
            return
        query = asked.following or {"affiliation": "all"}
        for rows in asked.client.pages(f"{asked.path}/collaborators", query):
            bots = self._settings.bot_accounts
            yield page_of([access_grant(asked.repository, row, bots) for row in rows.rows], rows)


class TreeCutError(SourceError):
    """A repository has more files than GitHub lists."""


def _not_later(found: Observation, name: str, asked: Asked) -> bool:
    at = found.fields[name]
    return isinstance(at, datetime) and at <= asked.context.until
