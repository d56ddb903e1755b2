"""Tickets in a project of GitLab, by the real ``python-gitlab`` client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests
from gitlab import Gitlab

from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.framework.context import NoCredentials
from itomm.collectors.payload import mapping_of, rows_of
from itomm.config.secrets import resolve_secret
from itomm.config.tracker_settings import TrackerSettings
from itomm.reports.roadmap_tickets import Section
from itomm.trackers.markup import markdown
from itomm.trackers.tracker import PAGE_SIZE, FoundTicket, Tracker, TrackerError


class GitLabTracker(Tracker):
    """One project of GitLab."""

    def __init__(self, settings: TrackerSettings, adapter: GuardedAdapter) -> None:
        super().__init__(settings)
        session = requests.Session()
        session.auth = NoCredentials()
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        self._issues = f"/projects/{quote(settings.project, safe='')}/issues"
        self._client = Gitlab(
            settings.url,
            private_token=resolve_secret(settings.token).reveal(),
            session=session,
            ssl_verify=settings.verify,
            retry_transient_errors=False,
        )

    def pages(self, label: str) -> Iterator[Sequence[FoundTicket]]:
        """All issues of the project with a label."""
        page: str | None = "1"
        while page:
            query = {"labels": label, "state": "all", "scope": "all", "per_page": PAGE_SIZE, "page": page}
            response = self._client.http_request(
                "get", self._issues, query_data=query, obey_rate_limit=False, retry_transient_errors=False
            )
            answer = response.json()
            if not isinstance(answer, list):
                raise TrackerError("GitLab's answer to a search is no list.")
            yield [self._found(row) for row in rows_of(answer)]
            page = response.headers.get("X-Next-Page")

    def create(self, title: str, sections: Sequence[Section], labels: Sequence[str]) -> FoundTicket:
        """Make an issue."""
        response = self._client.http_request(
            "post",
            self._issues,
            post_data={"title": title, "description": markdown(sections), "labels": ",".join(labels)},
            obey_rate_limit=False,
            retry_transient_errors=False,
        )
        return self._found(mapping_of(response.json()))

    def _found(self, row: Mapping[str, Any]) -> FoundTicket:
        number = row.get("iid")
        if not isinstance(number, int) or isinstance(number, bool):
            raise TrackerError("GitLab's answer holds an issue without a number.")
        return FoundTicket(
            name=f"{self.settings.project}#{number}",
            url=f"{self.settings.url}/{self.settings.project}/-/issues/{number}",
            labels=frozenset(str(label) for label in row.get("labels") or ()),
            closed=row.get("state") == "closed",
        )
