"""Which requests may be sent again after a fault. Pure."""

from __future__ import annotations

import re

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

RETRIED_WHEN_REPEATABLE = frozenset({500, 502, 504})
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_GRAPHQL_QUERY = re.compile(rb'\s*\{\s*"query":\s*"(?:\s|\\n)*(?:query\b|\{)')


def may_be_better_next_time(request: requests.PreparedRequest, status: int) -> bool:
    """Whether a status may be another one when a request is sent again."""
    if request.method in REPEATABLE_METHODS:
        return status in RETRIED_WHEN_REPEATABLE
    return status == 500 and _is_query(request)  # 502 and 504 say that it asks for too much at once


def is_repeatable(request: requests.PreparedRequest, error: requests.ConnectionError | None) -> bool:
    """Reads may always be repeated; anything else only when the connection was never made."""
    if request.method in REPEATABLE_METHODS or _is_query(request):
        return True
    return error is not None and never_connected(error)


def _is_query(request: requests.PreparedRequest) -> bool:
    """Whether it asks GraphQL for data: that changes nothing, although it is sent with POST."""
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    return request.method == "POST" and _GRAPHQL_QUERY.match(body) is not None


def never_connected(error: requests.ConnectionError) -> bool:
    """Whether no connection was made, so that nothing can have been done."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
