"""A project of Jira Cloud, Jira Data Center or GitLab that takes tickets, as the API descriptions say.

Jira: POST /rest/api/2/issue, GET /rest/api/2/search, /rest/api/2/search/jql. GitLab: /projects/:id/issues.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Kind = Literal["cloud", "data_center", "gitlab"]
Fault = Literal["", "cut_after_making", "cut_before_making", "refuse", "elsewhere", "busy"]
TOKEN = "token-that-may-write"
PROJECTS = {"cloud": "OPS", "data_center": "OPS", "gitlab": "ops/board"}


@dataclass
class Ticket:
    """A ticket on the board."""

    number: int
    title: str
    text: str
    labels: list[str]
    closed: bool = False


@dataclass
class Board:
    """What is on the board, what was asked of it, and what goes wrong when the ticket of a number is made.

    ``fault`` happens once, ``page_size`` is the most that one answer holds.
    """

    kind: Kind
    tickets: list[Ticket] = field(default_factory=list)
    posted: int = 0
    tokens: set[str] = field(default_factory=set)
    fault: Fault = ""
    at_ticket: int = 1
    page_size: int = 100

    def make(self, title: str, text: str, labels: list[str]) -> Ticket:
        ticket = Ticket(len(self.tickets) + 1, title, text, labels)
        self.tickets.append(ticket)
        return ticket


class BoardServer:
    """Serves a board on 127.0.0.1; a context manager that stops it."""

    def __init__(self, kind: Kind) -> None:
        self.board = Board(kind)
        handler = type("Handler", (_Handler,), {"board": self.board})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def settings(self) -> str:
        """The board as a part of itomm.yaml."""
        kind = "gitlab" if self.board.kind == "gitlab" else "jira"
        user = "user: ann@acme.example, " if self.board.kind == "cloud" else ""
        return (
            f"trackers:\n  board: {{kind: {kind}, url: '{self.url}', {user}token: 'env:ITOMM_BOARD_TOKEN', "
            f"project: {PROJECTS[self.board.kind]}, labels: [operations]}}\n"
        )

    def __enter__(self) -> BoardServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    board: Board
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of http.server
        """Keep quiet."""

    def do_GET(self) -> None:  # the name that http.server calls
        self._note_token()
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._answer(200, *self._found(unquote(parts.path), query))

    def do_POST(self) -> None:  # the name that http.server calls
        self._note_token()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if "search" in self.path:
            self._answer(200, *self._found(self.path, {name: str(value) for name, value in body.items()}))
            return
        self.board.posted += 1
        due = self.board.fault and len(self.board.tickets) + 1 == self.board.at_ticket
        fault, self.board.fault = (self.board.fault, "") if due else ("", self.board.fault)
        if fault == "cut_before_making":
            self._cut()
        elif fault == "refuse":
            self._answer(403, {"message": "403 Forbidden", "errorMessages": ["You may not."]})
        elif fault == "busy":
            self._answer(429, {"message": "Too many"}, {"Retry-After": "0"})
        elif fault == "elsewhere":
            self._answer(307, {}, {"Location": "https://elsewhere.example/take-it"})
        else:
            made = self._made(body)
            if fault == "cut_after_making":
                self._cut()
            else:
                self._answer(201, made)

    def _made(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.board.kind == "gitlab":
            labels = str(body["labels"]).split(",")
            return self._row(self.board.make(body["title"], body["description"], labels))
        fields = body["fields"]
        assert fields["project"] == {"key": "OPS"}
        assert fields["issuetype"] == {"name": "Task"}
        assert isinstance(fields["description"], str), "version 2 takes text"
        ticket = self.board.make(fields["summary"], fields["description"], fields["labels"])
        return {
            "id": str(10_000 + ticket.number),
            "key": f"OPS-{ticket.number}",
            "self": "http://elsewhere.example",
        }

    def _found(self, path: str, query: dict[str, str]) -> tuple[dict[str, Any] | list[Any], dict[str, str]]:
        if path.endswith("serverInfo"):
            kind = "Cloud" if self.board.kind == "cloud" else "Server"
            return {
                "baseUrl": "https://people.example",
                "deploymentType": kind,
                "versionNumbers": [10, 3],
            }, {}
        size = self.board.page_size
        if self.board.kind == "gitlab":
            assert path == "/api/v4/projects/ops/board/issues"
            assert query["state"] == "all"
            start = (int(query["page"]) - 1) * size
            having = self._having(query["labels"])
            more = {"X-Next-Page": str(int(query["page"]) + 1) if start + size < len(having) else ""}
            return [self._row(each) for each in having[start : start + size]], more
        label = re.search(r'project = "OPS" AND labels = "([^"]+)"', query["jql"])
        assert label is not None, query
        having = self._having(label[1])
        start = int(query.get("nextPageToken") or query.get("startAt") or 0)
        page: dict[str, Any] = {"issues": [self._row(each) for each in having[start : start + size]]}
        if self.board.kind == "data_center":
            return {**page, "startAt": start, "maxResults": size, "total": len(having)}, {}
        last = start + size >= len(having)
        return {**page, "isLast": last, **({} if last else {"nextPageToken": str(start + size)})}, {}

    def _having(self, label: str) -> list[Ticket]:
        return [each for each in self.board.tickets if label in each.labels]

    def _row(self, ticket: Ticket) -> dict[str, Any]:
        if self.board.kind == "gitlab":
            state = "closed" if ticket.closed else "opened"
            url = "https://elsewhere.example/1"
            return {"iid": ticket.number, "state": state, "labels": ticket.labels, "web_url": url}
        category = {"key": "done" if ticket.closed else "new"}
        fields = {"labels": ticket.labels, "status": {"name": "完成", "statusCategory": category}}
        return {"id": str(10_000 + ticket.number), "key": f"OPS-{ticket.number}", "fields": fields}

    def _note_token(self) -> None:
        self.board.tokens.add(self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization") or "")

    def _answer(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        """End the connection with a reset, without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
