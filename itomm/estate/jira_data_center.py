"""Jira Data Center, REST v2: startAt paging with totals, complete changelogs, text bodies."""

from __future__ import annotations

from collections.abc import Mapping

from itomm.estate.http_exchange import TOKEN, Request, Response, json_response
from itomm.estate.jira_payloads import Flavour
from itomm.estate.jira_site import JiraSite, jql_error, wanted_fields
from itomm.estate.jql import JqlError

_MOST_PER_PAGE = 1000  # jira.search.views.default.max


class JiraDataCenterApi(JiraSite):
    """Answers requests under /jira-dc/."""

    prefix = "/jira-dc/"
    versions = ("2", "latest")

    def authenticated(self, request: Request) -> bool:
        """A personal access token as a bearer."""
        return request.headers.get("authorization", "") == f"Bearer {TOKEN}"

    def refusal(self) -> Response:
        """What Data Center says to strangers."""
        text = "You are not authenticated. Authentication required to perform this operation."
        return json_response({"errorMessages": [text], "errors": {}}, 401)

    def flavour(self, request: Request, version: str) -> Flavour:
        """Text bodies, users by name."""
        return Flavour(f"{request.base}/jira-dc", version, cloud=False, rich_text=False, chinese=self.chinese)

    def server_info(self, flavour: Flavour) -> Mapping[str, object]:
        """A Data Center's description of itself."""
        return {
            "baseUrl": flavour.base,
            "version": "10.3.4",
            "versionNumbers": [10, 3, 4],
            "deploymentType": "Server",
            "buildNumber": 10_030_004,
            "buildDate": "2026-03-03T00:00:00.000+0000",
            "scmInfo": "0",
            "serverTitle": "Jira",
        }

    def search(self, name: str, request: Request, flavour: Flavour) -> Response | None:
        """The classic search."""
        if name != "search":
            return None
        posted = request.json() if request.method == "POST" else {}
        try:
            found = self.selected(str(posted.get("jql") or request.one("jql")))
        except JqlError as problem:
            return jql_error(problem)
        listed = posted.get("fields")
        wanted = wanted_fields(listed if isinstance(listed, list) else request.query.get("fields", ()))
        asked = posted.get("maxResults", request.number("maxResults", 50))
        size = min(asked if isinstance(asked, int) else 50, _MOST_PER_PAGE)
        given = posted.get("startAt", request.number("startAt", 0))
        start, total = given if isinstance(given, int) else 0, len(found)
        begin = 0 if request.behaviours else start
        if request.behaviours:
            total = 1_000_000
        changelog = "changelog" in str(posted.get("expand") or request.one("expand"))
        rows = []
        for ticket in found[begin : begin + size]:
            row = self.payloads.issue(ticket, flavour, wanted)
            rows.append(self.with_changelog(row, ticket, flavour, None) if changelog else row)
        return json_response(
            {
                "expand": "schema,names",
                "startAt": begin if "repeated_token" in request.behaviours else start,
                "maxResults": size,
                "total": total,
                "issues": rows,
            }
        )
