"""Whole change histories of issues whose search result holds only the newest part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from jira import JIRA, JIRAError

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.evidence.observation import UnknownReason

CLOUD_HISTORIES = 40
"""Jira Cloud sends at most this many changelog entries with a search result, without saying so."""

ISSUES_AT_ONCE = 1000
"""Most issues of one request to ``changelog/bulkfetch`` (official description of REST v3)."""

ENTRIES_PER_PAGE = 1000

_PAGE_SIZE = 100
_NOT_AT_ONCE = frozenset({400, 403, 404, 405, 410, 500, 501, 502, 503, 504})


class Changelogs:
    """Fetches what a search cut off, for many issues at once where the site can."""

    def __init__(self, client: JIRA, *, is_cloud: bool) -> None:
        self._client = client
        self._is_cloud = is_cloud
        self._at_once = is_cloud

    def completed(self, issues: Sequence[Payload], context: CollectionContext) -> list[Payload]:
        """The issues with all their changelog entries; what stays short makes the stream incomplete."""
        cut = [issue for issue in issues if self._is_cut(issue)]
        if not cut:
            return list(issues)
        whole = self._fetched_at_once(cut, context) if self._at_once else {}
        done = {}
        for issue in cut:
            histories = whole.get(str(issue.get("id")), [])
            if len(histories) < max(_announced(issue), 1):
                histories = self._fetched(issue, context)
            done[str(issue.get("key"))] = {
                **issue,
                "changelog": {"total": len(histories), "histories": histories},
            }
        return [done.get(str(issue.get("key")), issue) for issue in issues]

    def _is_cut(self, issue: Payload) -> bool:
        sent = len(rows_of(mapping_of(issue.get("changelog")).get("histories")))
        return _announced(issue) > sent or (self._is_cloud and sent >= CLOUD_HISTORIES)

    def _fetched_at_once(
        self, issues: Sequence[Payload], context: CollectionContext
    ) -> dict[str, list[Payload]]:
        """Entries by issue id; what is missing in it is asked for issue by issue."""
        found: dict[str, list[Payload]] = {}
        ids = [str(issue.get("id")) for issue in issues]
        try:
            for start in range(0, len(ids), ISSUES_AT_ONCE):
                self._fetch_at_once(ids[start : start + ISSUES_AT_ONCE], found, context)
        except (JIRAError, requests.ConnectionError) as error:
            if isinstance(error, JIRAError) and error.status_code not in _NOT_AT_ONCE:
                raise
            self._at_once = False
            return {}
        return found

    def _fetch_at_once(
        self, ids: Sequence[str], found: dict[str, list[Payload]], context: CollectionContext
    ) -> None:
        token: str | None = None
        while True:
            asked: dict[str, Any] = {"issueIdsOrKeys": list(ids), "maxResults": ENTRIES_PER_PAGE}
            if token:
                asked["nextPageToken"] = token
            answer = mapping_of(self._client._get_json("changelog/bulkfetch", params=asked, use_post=True))
            for row in rows_of(answer.get("issueChangeLogs")):
                entries = map(_dated, rows_of(row.get("changeHistories")))
                found.setdefault(str(row.get("issueId")), []).extend(entries)
            token = text_of(answer.get("nextPageToken"))
            if token is None or not context.unseen(f"changelogs {ids[0]} {token}"):
                return

    def _fetched(self, issue: Payload, context: CollectionContext) -> list[Payload]:
        key = str(issue.get("key"))
        histories = self._paged(key, context) if self._is_cloud else self._of_data_center(key)
        announced = _announced(issue)
        if len(histories) < announced:
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"{key}: Jira announced {announced} changes and sent {len(histories)}.",
            )
        return histories

    def _paged(self, key: str, context: CollectionContext) -> list[Payload]:
        histories: list[Payload] = []
        while True:
            asked = {"startAt": len(histories), "maxResults": _PAGE_SIZE}
            page = self._get(f"issue/{key}/changelog", asked)
            refuse_another_page(page, len(histories))
            found = rows_of(page.get("values"))
            histories += found
            total = page.get("total")
            is_last = page.get("isLast") is True or (isinstance(total, int) and len(histories) >= total)
            if not found or is_last:
                return histories
            if not context.unseen(f"changelog {key} {len(histories)}"):
                return histories

    def _of_data_center(self, key: str) -> list[Payload]:
        issue = self._get(f"issue/{key}", {"fields": "status", "expand": "changelog"})
        return rows_of(mapping_of(issue.get("changelog")).get("histories"))

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Payload:
        # The client has no public method that pages these without turning them into objects.
        return mapping_of(self._client._get_json(path, params=dict(parameters)))


def refuse_another_page(page: Payload, wanted: int) -> None:
    """Jira says where a page begins; a cache or proxy that drops the parameter gives the first one again."""
    begins = page.get("startAt")
    if isinstance(begins, int) and begins != wanted:
        raise SourceError(f"Jira was asked for what follows row {wanted} and sent what follows row {begins}.")


def _announced(issue: Payload) -> int:
    changelog = mapping_of(issue.get("changelog"))
    total = changelog.get("total")
    return total if isinstance(total, int) else len(rows_of(changelog.get("histories")))


def _dated(entry: Payload) -> Payload:
    """An entry with its time as text; fetched at once, it may come as milliseconds since the epoch."""
    created = entry.get("created")
    if isinstance(created, bool) or not isinstance(created, int | float):
        return entry
    return {**entry, "created": datetime.fromtimestamp(created / 1000, UTC).isoformat()}
