"""Tickets in a project of Jira Cloud or Data Center, by the real ``jira`` client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from itomm.collectors.framework.adapter import GuardedAdapter
from itomm.collectors.jira.connection import connect, prepare, server_of
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.payload import mapping_of, rows_of, text_of
from itomm.config.tracker_settings import TrackerSettings
from itomm.reports.roadmap_tickets import Section
from itomm.trackers.markup import jira_markup
from itomm.trackers.tracker import PAGE_SIZE, FoundTicket, Tracker, TrackerError

_KEY = re.compile(r"[A-Z][A-Z0-9_]*-\d+")
_FIELDS = ["labels", "status"]


class JiraTracker(Tracker):
    """One project of Jira; finds out at first which kind of Jira it is: one request."""

    def __init__(self, settings: TrackerSettings, adapter: GuardedAdapter) -> None:
        super().__init__(settings)
        signing_in = JiraSettings(
            url=settings.url, user=settings.user, token=settings.token, verify=settings.verify
        )
        self._client = connect(signing_in, adapter)
        server = server_of(self._client, signing_in)
        self._is_cloud = server.is_cloud
        prepare(self._client, server)
        self._client._options["rest_api_version"] = "2"  # version 3 wants a document where 2 takes text

    def pages(self, label: str) -> Iterator[Sequence[FoundTicket]]:
        """All tickets of the project with a label."""
        query = f'project = "{self.settings.project}" AND labels = "{label}" ORDER BY key'
        position: str | None = None
        while True:
            answer = self._page(query, position)
            if not isinstance(answer.get("issues"), list):
                raise TrackerError("Jira's answer to a search holds no list of issues.")
            rows = rows_of(answer["issues"])
            yield [self._found(row) for row in rows]
            if self._is_cloud:
                position = text_of(answer.get("nextPageToken"))
            else:
                reached = int(position or 0) + len(rows)
                position = str(reached) if rows and reached < int(answer.get("total") or 0) else None
            if position is None:
                return

    def create(self, title: str, sections: Sequence[Section], labels: Sequence[str]) -> FoundTicket:
        """Make an issue."""
        fields = {
            "project": {"key": self.settings.project},
            "issuetype": {"name": self.settings.issue_type},
            "summary": title,
            "description": jira_markup(sections),
            "labels": list(labels),
        }
        made = self._client.create_issue(fields=fields, prefetch=False)
        return self._found({"key": made.key, "fields": {"labels": list(labels)}})

    def _page(self, query: str, position: str | None) -> Mapping[str, Any]:
        if self._is_cloud:
            return mapping_of(
                self._client.enhanced_search_issues(
                    query, nextPageToken=position, maxResults=PAGE_SIZE, fields=_FIELDS, json_result=True
                )
            )
        return mapping_of(
            self._client.search_issues(
                query, startAt=int(position or 0), maxResults=PAGE_SIZE, fields=_FIELDS, json_result=True
            )
        )

    def _found(self, row: Mapping[str, Any]) -> FoundTicket:
        key = str(row.get("key", ""))
        if not _KEY.fullmatch(key):
            raise TrackerError("Jira's answer holds an issue without a key.")
        fields = mapping_of(row.get("fields"))
        category = mapping_of(mapping_of(fields.get("status")).get("statusCategory"))
        return FoundTicket(
            name=key,
            url=f"{self.settings.url}/browse/{key}",
            labels=frozenset(str(label) for label in fields.get("labels") or ()),
            closed=category.get("key") == "done",
        )
