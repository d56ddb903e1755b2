"""Requests and responses as plain data, so that the APIs need no sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "estate-token"  # noqa: S105  # the stand-in's one and only, public, password


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        path: decoded, without the query.
        raw_path: as sent, without the query; an encoded slash stays encoded.
        base: scheme, host and port as the client wrote them.
        behaviours: faults that the API itself plays, such as ``repeated_token``.
    """

    method: str
    path: str
    raw_path: str
    base: str
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    behaviours: frozenset[str] = frozenset()

    def one(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.query.get(name, (default,))[-1]

    def number(self, name: str, default: int) -> int:
        """A query parameter as a whole number; ``default`` when it is missing or no number."""
        text = self.one(name)
        return int(text) if text.isdecimal() else default

    def json(self) -> Mapping[str, object]:
        """The body as a JSON object; empty when it is none."""
        try:
            document = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def form(self) -> Request:
        """The same request with a form body's fields added to the query, as Prometheus reads a POST."""
        posted = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        query = {**self.query, **{name: tuple(values) for name, values in posted.items()}}
        return Request(
            self.method, self.path, self.raw_path, self.base, query, self.headers, b"", self.behaviours
        )


@dataclass(frozen=True)
class Response:
    """One response. ``body`` is sent as it is."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def request_of(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    behaviours: frozenset[str] = frozenset(),
) -> Request:
    """Build a request from an HTTP request line's target and headers (names in lower case)."""
    parts = urlsplit(target)
    query = {name: tuple(values) for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    base = f"http://{headers.get('host', '127.0.0.1')}"
    return Request(method, unquote(parts.path), parts.path, base, query, headers, body, behaviours)


def json_response(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; the same document always gives the same bytes."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, "application/json", headers or {})


def page(title: str, text: str, status: int = 200) -> Response:
    """A small HTML page for people who follow a link."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    body = (
        f"<!DOCTYPE html><html lang='en'><title>{title}</title><h1>{title}</h1><pre>{escaped}</pre></html>\n"
    )
    return Response(status, body.encode(), "text/html; charset=utf-8")


def iso_milliseconds(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and Z, as GitLab and Alertmanager write instants."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
