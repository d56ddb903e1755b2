"""Jira Cloud, REST v3 and v2: token paging, no totals, changelogs cut at 40 entries."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from itomm.estate.http_exchange import TOKEN, Request, Response, json_response
from itomm.estate.jira_payloads import Flavour
from itomm.estate.jira_site import JiraSite, error, jql_error, wanted_fields
from itomm.estate.jql import JqlError
from itomm.estate.tickets import Ticket

_MOST_PER_PAGE = 100  # with fields; Cloud gives no more
_MOST_IDS_PER_PAGE = 5000  # with ids or keys alone
_MOST_AT_ONCE = 1000  # issues whose changelogs are fetched together
_MOST_HISTORIES = 40  # in a search with expand=changelog
_REPEATED = "repeated-token"


class JiraCloudApi(JiraSite):
    """Answers requests under /jira/."""

    prefix = "/jira/"
    versions = ("2", "3", "latest")

    def authenticated(self, request: Request) -> bool:
        """Basic authentication with an e-mail address and the API token."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            login, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return kind.lower() == "basic" and bool(login) and token == TOKEN

    def refusal(self) -> Response:
        """What Cloud says to strangers."""
        text = "Client must be authenticated to access this resource."
        headers = {"WWW-Authenticate": 'OAuth realm="stand-in"'}
        return json_response({"message": text, "status-code": 401}, 401, headers)

    def flavour(self, request: Request, version: str) -> Flavour:
        """Bodies are documents in v3 and text in v2."""
        return Flavour(
            f"{request.base}/jira", version, cloud=True, rich_text=version == "3", chinese=self.chinese
        )

    def server_info(self, flavour: Flavour) -> Mapping[str, object]:
        """A Cloud site's description of itself."""
        return {
            "baseUrl": flavour.base,
            "displayUrl": flavour.base,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_290,
            "buildDate": "2026-10-20T00:00:00.000+0000",
            "serverTime": self.company.as_of.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "scmInfo": "0",
            "serverTitle": "Jira",
            "defaultLocale": {"locale": "en_US"},
            "serverTimeZone": "Etc/UTC",
        }

    def search(self, name: str, request: Request, flavour: Flavour) -> Response | None:
        """search/jql and search/approximate-count; the old search is gone."""
        if name == "search":
            return error(
                "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.", 410
            )
        if name not in {"search/jql", "search/approximate-count"}:
            return None
        posted = request.json() if request.method == "POST" else {}
        jql = str(posted.get("jql") or request.one("jql"))
        if not jql.strip() or jql.strip().lower().startswith("order by"):
            return error("Unbounded JQL queries are not allowed here. Please add a search restriction.")
        try:
            found = self.selected(jql)
        except JqlError as problem:
            return jql_error(problem)
        if name == "search/approximate-count":
            return json_response({"count": len(found)})
        return self._page_of(found, posted, request, flavour)

    def changelogs(self, request: Request, flavour: Flavour) -> Response:
        """changelog/bulkfetch: entries of many issues, the oldest first, in pages."""
        posted = request.json()
        listed = posted.get("issueIdsOrKeys")
        names = [str(name) for name in listed] if isinstance(listed, list) else []
        if not 0 < len(names) <= _MOST_AT_ONCE:
            return error("The number of issue ids or keys must be between 1 and 1000.")
        offset = _offset(str(posted.get("nextPageToken") or ""))
        if offset is None:
            return error("The provided next page token is invalid or expired.")
        found = [ticket for name in names if (ticket := self.by_key.get(name) or self.by_id.get(name))]
        entries = [
            (self.payloads.id_of(ticket), entry)
            for ticket in found
            for entry in self.payloads.histories(ticket, flavour)
        ]
        entries.sort(key=lambda pair: str(pair[1]["created"]))
        size = _size(posted.get("maxResults"), _MOST_AT_ONCE)
        by_issue: dict[str, list[object]] = {}
        for number, entry in entries[offset : offset + size]:
            by_issue.setdefault(number, []).append(entry)
        document: dict[str, object] = {
            "issueChangeLogs": [
                {"issueId": number, "changeHistories": rows} for number, rows in by_issue.items()
            ]
        }
        if offset + size < len(entries):
            document["nextPageToken"] = _token(offset + size)
        return json_response(document)

    def _page_of(
        self, found: Sequence[Ticket], posted: Mapping[str, object], request: Request, flavour: Flavour
    ) -> Response:
        listed = posted.get("fields")
        wanted = wanted_fields(listed if isinstance(listed, list) else request.query.get("fields", ()))
        offset = _offset(str(posted.get("nextPageToken") or request.one("nextPageToken")))
        if offset is None:
            return error("The provided next page token is invalid or expired.")
        most = _MOST_PER_PAGE if wanted and set(wanted) - {"id", "key"} else _MOST_IDS_PER_PAGE
        size = min(_size(posted.get("maxResults"), request.number("maxResults", 50)), most)
        start = offset % max(len(found), 1) if "endless" in request.behaviours else offset
        changelog = "changelog" in str(posted.get("expand") or request.one("expand"))
        rows = []
        for ticket in found[start : start + size]:
            # Cloud gives ids and nothing else when no fields are asked for.
            row: dict[str, object] = {"id": self.payloads.id_of(ticket)}
            if wanted is not None:
                row = self.payloads.issue(ticket, flavour, wanted)
                row = self.with_changelog(row, ticket, flavour, _MOST_HISTORIES) if changelog else row
            rows.append(row)
        return json_response(_page(rows, offset + size, len(found), request.behaviours))


def _page(rows: list[dict[str, object]], after: int, total: int, behaviours: frozenset[str]) -> object:
    document: dict[str, object] = {"issues": rows}
    if "repeated_token" in behaviours:
        return {**document, "nextPageToken": _REPEATED, "isLast": False}
    if after < total or "endless" in behaviours:
        return {**document, "nextPageToken": _token(after), "isLast": False}
    return {**document, "isLast": True}


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"String&offset={offset}".encode()).decode()


def _offset(token: str) -> int | None:
    if token in {"", "None", _REPEATED}:
        return 0
    try:
        text = base64.urlsafe_b64decode(token).decode().removeprefix("String&offset=")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() else None


def _size(posted: object, default: int) -> int:
    return posted if isinstance(posted, int) and posted > 0 else default
