"""GitLab's two ways to page, with its headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from itomm.estate.http_exchange import Request, Response, json_response

_DEFAULT_SIZE, _LARGEST_SIZE = 20, 100
_MOST_COUNTED = 10_000  # beyond this GitLab leaves the totals out
_MOST_OFFSET = 50_000

Row = Mapping[str, object]


@dataclass(frozen=True)
class LazyRows:
    """Rows that are written only when they are on the page: their ids, and how to write one."""

    numbers: Sequence[int]
    write: Callable[[int], Row]


def listing(rows: Sequence[Row] | LazyRows, request: Request, headers: Mapping[str, str]) -> Response:
    """One page of ``rows``, by offset or, when asked, by keyset."""
    lazy = rows if isinstance(rows, LazyRows) else LazyRows(_numbers(rows), rows.__getitem__)
    size = min(max(request.number("per_page", _DEFAULT_SIZE), 1), _LARGEST_SIZE)
    if request.one("pagination") == "keyset":
        return _keyset(lazy, request, headers, size)
    return _by_offset(lazy, request, headers, size)


def _by_offset(rows: LazyRows, request: Request, headers: Mapping[str, str], size: int) -> Response:
    number, total = max(request.number("page", 1), 1), len(rows.numbers)
    if (number - 1) * size >= _MOST_OFFSET:
        return json_response({"error": "Offset pagination has a maximum allowed offset of 50000."}, 405)
    begin = 0 if request.behaviours else (number - 1) * size
    following = str(number + 1) if number * size < total else ""
    if "repeated_token" in request.behaviours:
        following = str(number)
    if "endless" in request.behaviours:
        following = str(number + 1)
    paging = {
        "X-Page": str(number),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(number - 1) if number > 1 else "",
        "X-Next-Page": following,
        "Link": _links(request, number, size, following, total),
    }
    if total <= _MOST_COUNTED and not request.behaviours:
        paging["X-Total"] = str(total)
        paging["X-Total-Pages"] = str(max(-(-total // size), 1))
    chunk = [dict(rows.write(index)) for index in range(begin, min(begin + size, total))]
    return json_response(chunk, headers={**headers, **paging})


def _links(request: Request, number: int, size: int, following: str, total: int) -> str:
    links = []
    if following:
        links.append(_link(request, {"page": following, "per_page": str(size)}, "next"))
    links.append(_link(request, {"page": "1", "per_page": str(size)}, "first"))
    if number > 1:
        links.append(_link(request, {"page": str(number - 1), "per_page": str(size)}, "prev"))
    if total <= _MOST_COUNTED:
        last = str(max(-(-total // size), 1))
        links.append(_link(request, {"page": last, "per_page": str(size)}, "last"))
    return ", ".join(links)


def _keyset(rows: LazyRows, request: Request, headers: Mapping[str, str], size: int) -> Response:
    """Rows after the cursor. No totals, and no way back."""
    down = request.one("sort", "desc") == "desc"
    ordered = sorted((number, index) for index, number in enumerate(rows.numbers))
    if down:
        ordered.reverse()
    cursor = request.one("cursor") or request.one("id_before" if down else "id_after")
    if cursor.isdecimal() and not request.behaviours:
        after = int(cursor)
        ordered = [pair for pair in ordered if (pair[0] < after if down else pair[0] > after)]
    chunk = ordered[:size]
    paging = {"X-Per-Page": str(size)}
    if chunk and (len(ordered) > size or request.behaviours):
        following = str(chunk[-1][0])
        if "repeated_token" in request.behaviours:
            following = cursor or following
        if "endless" in request.behaviours and cursor.isdecimal():
            following = str(int(cursor) + 1)
        paging["Link"] = _link(request, {"cursor": following, "per_page": str(size)}, "next")
    written = [dict(rows.write(index)) for _, index in chunk]
    return json_response(written, headers={**headers, **paging})


def _numbers(rows: Sequence[Row]) -> list[int]:
    """Ids, or places in the list where ids are no numbers: those of files."""
    found = [(place, row.get("id")) for place, row in enumerate(rows, start=1)]
    return [number if isinstance(number, int) else place for place, number in found]


def _link(request: Request, changed: Mapping[str, str], relation: str) -> str:
    query = {**{name: values[-1] for name, values in request.query.items()}, **changed}
    query.pop("id_after", None)
    query.pop("id_before", None)
    return f'<{request.base}{request.raw_path}?{urlencode(sorted(query.items()))}>; rel="{relation}"'
