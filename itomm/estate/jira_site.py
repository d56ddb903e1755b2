"""What Jira Cloud and Jira Data Center have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from itomm.estate.company import TRACKER_PROJECTS, Company
from itomm.estate.http_exchange import Request, Response, json_response, page
from itomm.estate.jira_fields import field_rows
from itomm.estate.jira_payloads import (
    PRIORITIES,
    Flavour,
    Payloads,
    issue_type,
    priority,
    project,
    statuses,
    user,
)
from itomm.estate.jql import ISSUE_TYPES, JqlError, Query, parse
from itomm.estate.people import AUDITOR
from itomm.estate.tickets import Ticket

PERMISSIONS = ("BROWSE_PROJECTS", "VIEW_DEV_TOOLS", "VIEW_READONLY_WORKFLOW", "ADMINISTER_PROJECTS")


class JiraSite(ABC):
    """A Jira site. Subclasses say how they authenticate, describe themselves and page through searches."""

    prefix: str
    versions: tuple[str, ...]

    def __init__(self, company: Company) -> None:
        self.company = company
        self.chinese = company.habits.status_language == "chinese"
        self.payloads = Payloads(company)
        self.by_key = {ticket.key: ticket for ticket in company.tickets}
        self.by_id = {self.payloads.id_of(ticket): ticket for ticket in company.tickets}

    @abstractmethod
    def authenticated(self, request: Request) -> bool:
        """Whether the request carries the right credentials."""

    @abstractmethod
    def refusal(self) -> Response:
        """The answer to wrong or missing credentials."""

    @abstractmethod
    def flavour(self, request: Request, version: str) -> Flavour:
        """How payloads are written for this request."""

    @abstractmethod
    def server_info(self, flavour: Flavour) -> Mapping[str, object]:
        """What /serverInfo says."""

    @abstractmethod
    def search(self, name: str, request: Request, flavour: Flavour) -> Response | None:
        """The search endpoint ``name``; None when this kind of Jira has none of that name."""

    def changelogs(self, request: Request, flavour: Flavour) -> Response:
        """The change histories of many issues; only Cloud has them."""
        del flavour
        return error(f"null for uri: {request.path}", 404)

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        path = request.path.removeprefix(self.prefix)
        if path.startswith("browse/"):
            return self._browse(path.removeprefix("browse/"))
        parts = path.split("/")
        if parts[:2] != ["rest", "api"] or len(parts) < 4 or parts[2] not in self.versions:
            return error(f"null for uri: {request.path}", 404)
        flavour, name = self.flavour(request, parts[2]), "/".join(parts[3:])
        anonymous = "authorization" not in request.headers
        if not (anonymous and name == "serverInfo") and not self.authenticated(request):
            return self.refusal()
        return self._resource(name, request, flavour)

    def _resource(self, name: str, request: Request, flavour: Flavour) -> Response:
        if name.startswith("search"):
            return self.search(name, request, flavour) or error("null for uri", 404)
        if name == "changelog/bulkfetch" and request.method == "POST":
            return self.changelogs(request, flavour)
        if name.startswith("issue/"):
            return self._issue(name.removeprefix("issue/"), request, flavour)
        return self._static(name, request, flavour)

    def query_of(self, text: str) -> Query:
        """A checked query; raises JqlError."""
        return parse(text, self.company.as_of)

    def selected(self, text: str) -> list[Ticket]:
        """The tickets that a query finds; raises JqlError."""
        return self.query_of(text).select(self.company.tickets)

    def with_changelog(
        self, row: dict[str, object], ticket: Ticket, flavour: Flavour, limit: int | None
    ) -> dict[str, object]:
        """``row`` with its changelog, newest ``limit`` entries of it."""
        histories = self.payloads.histories(ticket, flavour)
        shown = histories if limit is None else list(reversed(histories))[:limit]
        changelog = {
            "startAt": 0,
            "maxResults": len(shown),
            "total": len(histories),
            "histories": shown,
        }
        return {**row, "changelog": changelog}

    def _issue(self, rest: str, request: Request, flavour: Flavour) -> Response:
        key, _, below = rest.partition("/")
        ticket = self.by_key.get(key) or self.by_id.get(key)
        if ticket is None:
            return error("Issue does not exist or you do not have permission to see it.", 404)
        if below == "changelog":
            return self._changelog(ticket, request, flavour)
        if below:
            return error("null for uri", 404)
        row = self.payloads.issue(ticket, flavour, wanted_fields(request.query.get("fields", ())))
        if "changelog" in request.one("expand"):
            row = self.with_changelog(row, ticket, flavour, None)
        return json_response(row)

    def _changelog(self, ticket: Ticket, request: Request, flavour: Flavour) -> Response:
        if not flavour.cloud:
            return error("null for uri", 404)
        histories = self.payloads.histories(ticket, flavour)
        start, size = request.number("startAt", 0), min(request.number("maxResults", 100), 100)
        if request.behaviours:
            start = 0
        rows = histories[start : start + size]
        last = start + size >= len(histories) and not request.behaviours
        document: dict[str, object] = {
            "self": flavour.link(f"issue/{ticket.key}/changelog?startAt={start}&maxResults={size}"),
            "maxResults": size,
            "startAt": start,
            "total": len(histories),
            "isLast": last,
            "values": rows,
        }
        if not last:
            document["nextPage"] = flavour.link(f"issue/{ticket.key}/changelog?startAt={start + size}")
        return json_response(document)

    def _static(self, name: str, request: Request, flavour: Flavour) -> Response:
        projects = [project(key, flavour) for key in TRACKER_PROJECTS]
        answers: Mapping[str, Callable[[], object]] = {
            "serverInfo": lambda: self.server_info(flavour),
            "myself": lambda: user(AUDITOR, flavour),
            "field": field_rows,
            "status": lambda: statuses(flavour),
            "statuscategory": lambda: [row["statusCategory"] for row in statuses(flavour)[::2]],
            "priority": lambda: [priority(number, flavour) for number in range(1, len(PRIORITIES) + 1)],
            "issuetype": lambda: [issue_type(kind, flavour) for kind in ISSUE_TYPES],
            "project": lambda: projects,
            "project/search": lambda: paged(projects, request),
            "mypermissions": _permissions,
        }
        if name in answers:
            return json_response(answers[name]())
        key = name.removeprefix("project/")
        for row in projects:
            if key in {row["key"], row["id"]}:
                return json_response(row)
        return error(f"No project could be found with key '{key}'.", 404)

    def _browse(self, key: str) -> Response:
        ticket = self.by_key.get(key)
        if ticket is None:
            return page("Not found", key, 404)
        return page(f"{key} {ticket.kind}", f"{ticket.summary}\n{ticket.status.name}")


def error(text: str, status: int = 400) -> Response:
    """An error in Jira's form."""
    return json_response({"errorMessages": [text], "errors": {}}, status)


def jql_error(problem: JqlError) -> Response:
    """The answer to a wrong query."""
    return error(str(problem), 400)


def wanted_fields(given: Sequence[object]) -> list[str] | None:
    """Field names from repeated and comma-separated values; None when none were named."""
    names = [name.strip() for value in given for name in str(value).split(",") if name.strip()]
    return names or None


def paged(rows: Sequence[object], request: Request) -> dict[str, object]:
    """A page in the form of newer Jira list endpoints."""
    start, size = request.number("startAt", 0), request.number("maxResults", 50)
    return {
        "startAt": start,
        "maxResults": size,
        "total": len(rows),
        "isLast": start + size >= len(rows),
        "values": list(rows[start : start + size]),
    }


def _permissions() -> dict[str, object]:
    return {
        "permissions": {name: _permission(number, name) for number, name in enumerate(PERMISSIONS, start=10)}
    }


def _permission(number: int, name: str) -> dict[str, object]:
    title = name.replace("_", " ").capitalize()
    return {
        "id": str(number),
        "key": name,
        "name": title,
        "type": "PROJECT",
        "description": "",
        "havePermission": True,
    }
