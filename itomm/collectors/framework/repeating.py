"""Which requests may be sent again after a fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

RETRIED_WHEN_REPEATABLE = frozenset({500, 502, 504})
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_GRAPHQL_QUERY = re.compile(rb'\s*\{\s*"query":\s*"(?:\s|\\n)*(?:query\b|\{)')


def may_be_better_next_time(
    request: requests.PreparedRequest, status: int, queries_by_post: Sequence[str] = ()
) -> bool:
    """Whether a status may be another one when a request is sent again."""
    if request.method in REPEATABLE_METHODS:
        return status in RETRIED_WHEN_REPEATABLE
    # 502 and 504 say that it asks for too much at once.
    return status == 500 and _is_query(request, queries_by_post)


def is_repeatable(
    request: requests.PreparedRequest,
    error: requests.ConnectionError | None,
    queries_by_post: Sequence[str] = (),
) -> bool:
    """Reads may always be repeated; anything else only when the connection was never made.

    ``queries_by_post`` are the ends of addresses that a collector declares to be reads although they are
    sent with POST.
    """
    if request.method in REPEATABLE_METHODS or _is_query(request, queries_by_post):
        return True
    return error is not None and never_connected(error)


def _is_query(request: requests.PreparedRequest, queries_by_post: Sequence[str]) -> bool:
    """Whether it is sent with POST and yet changes nothing: declared so, or a query of GraphQL."""
    if request.method != "POST":
        return False
    path = urlsplit(request.url or "").path
    if any(path.endswith(end) for end in queries_by_post):
        return True
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    return _GRAPHQL_QUERY.match(body) is not None


def never_connected(error: requests.ConnectionError) -> bool:
    """Whether no connection was made, so that nothing can have been done."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
