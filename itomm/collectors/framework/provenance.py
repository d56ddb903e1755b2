"""Addresses and requests as they may be shown and stored: without users, passwords and secret parameters."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from itomm.collectors.framework.secret_keys import is_secret_key
from itomm.evidence.observation import RequestMade

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECRET_PARAMETER = re.compile(
    r"(?i)(token|secret|passw(or)?d|api[-_]?key|private[-_]?key|signature|authorization|credentials?)$"
)
_PAGE_PARAMETERS = frozenset({"page_token", "pageToken", "nextPageToken", "next_page_token"})
"""These end in "token" and are needed to repeat a request; they open nothing."""


def is_secret_parameter(name: str) -> bool:
    """Whether a query parameter carries a secret, by its name."""
    return name not in _PAGE_PARAMETERS and (
        _SECRET_PARAMETER.search(name) is not None or is_secret_key(name)
    )


@lru_cache(maxsize=1024)  # the records of one day or page often share their address
def public_url(url: str) -> str:
    """``url`` without user information and without secret query parameters; other text is left alone."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(an address that cannot be read)"
    query, fragment = _without_secrets(parts.query), _without_secrets(parts.fragment)
    return urlunsplit((parts.scheme, host, parts.path, query, fragment))


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not is_secret_parameter(name) or not value]
    return query if len(kept) == len(pairs) else urlencode(kept)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, ready to show."""
    parts = urlsplit(public_url(url))
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))


def same_origin(url: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port; unreadable ones never have."""
    try:
        return _origin(url) == _origin(other)
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def request_made(method: str, url: str, status: int | None) -> RequestMade:
    """A request as sent, its query taken apart, free of secrets."""
    parts = urlsplit(public_url(url))
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value  # a repeated parameter is a list
    return RequestMade(
        method=method,
        url=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
        query=query,
        status=status,
    )


def public_request(request: RequestMade) -> RequestMade:
    """A request that a collector described, free of secrets."""
    if request.method == "RUN":
        return request
    query = {name: value for name, value in request.query.items() if not is_secret_parameter(name)}
    return replace(request, url=public_url(request.url), query=query)
