"""Faults on demand: what real servers and networks do on bad days."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from itomm.estate.http_exchange import Response, json_response

ANSWERED_BY_API = frozenset({"repeated_token", "endless", "warnings"})
"""Faults that an API plays itself, because only it knows its paging."""

TRANSPORT = frozenset({"truncated", "slow", "reset"})
"""Faults in how a response travels."""

REPLACING = frozenset({"429", "500", "503", "401", "403", "404", "html", "not_json", "redirect"})
"""Faults that replace the response."""

KINDS = ANSWERED_BY_API | TRANSPORT | REPLACING


@dataclass
class Fault:
    """One fault. It skips ``after`` matching requests, then acts ``times`` times (None: for ever).

    ``options``: retry_after (429, 503), rate_limit_reset (429), seconds (slow), location (redirect),
    containing (act only when the request's query or body contains this text).
    """

    prefix: str
    kind: str
    times: int | None = None
    after: int = 0
    options: Mapping[str, object] = field(default_factory=dict)

    def option(self, name: str, default: str) -> str:
        """An option as text."""
        return str(self.options.get(name, default))


class Faults:
    """The faults in force. Safe to change while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self, prefix: str, kind: str, *, times: int | None = None, after: int = 0, **options: object
    ) -> None:
        """Let requests whose path starts with ``prefix`` meet a fault.

        Raises:
            ValueError: no such kind of fault.
        """
        if kind not in KINDS:
            raise ValueError(f"'{kind}' is no kind of fault; known are {', '.join(sorted(KINDS))}")
        with self._lock:
            self._faults.append(Fault(prefix, kind, times, after, options))

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults.clear()

    def met_by(self, target: str, body: bytes) -> Fault | None:
        """The first fault that this request meets; counts it."""
        path, _, query = target.partition("?")
        decoded, text = unquote(path), unquote(query) + body.decode("utf-8", "replace")
        with self._lock:
            for fault in self._faults:
                if not (path.startswith(fault.prefix) or decoded.startswith(fault.prefix)):
                    continue
                if fault.option("containing", "") not in text:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times == 0:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


def replaced(fault: Fault, path: str) -> Response:
    """The response that stands in for the real one."""
    if fault.kind == "429":
        headers = {"Retry-After": fault.option("retry_after", "1")}
        if "rate_limit_reset" in fault.options:
            headers["RateLimit-Reset"] = fault.option("rate_limit_reset", "")
        return json_response({"message": "Too Many Requests"}, 429, headers)
    if fault.kind == "503" and "retry_after" in fault.options:
        return json_response(_body(503, path), 503, {"Retry-After": fault.option("retry_after", "1")})
    if fault.kind == "html":
        text = b"<!DOCTYPE html><html><title>Sign in</title><form action='/sso'>Sign in</form></html>"
        return Response(200, text, "text/html; charset=utf-8")
    if fault.kind == "not_json":
        return Response(200, b"upstream said: {oops", "application/json")
    if fault.kind == "redirect":
        location = fault.option("location", "http://elsewhere.invalid/login")
        return Response(302, b"", "text/html", {"Location": location})
    status = int(fault.kind)
    return json_response(_body(status, path), status)


def _body(status: int, path: str) -> object:
    """The body that the tool under this path gives with this status."""
    words = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
    word = words.get(status, "Service Unavailable")
    if path.startswith("/gitlab/"):
        if status == 401:
            text = "Token is expired. You can either do re-authorization or token refresh."
            return {"error": "invalid_token", "error_description": text}
        return {"message": f"{status} {word}"}
    if path.startswith("/jira"):
        return {"errorMessages": [word], "errors": {}}
    return {"status": "error", "errorType": "unavailable", "error": word}
