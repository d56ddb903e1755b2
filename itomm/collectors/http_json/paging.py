"""Where a list goes on after a page, and whether it ended where it says it does. Pure.

A page that is shorter than asked for is no end: servers cap pages as they like. A list ends where the server
says so, where as many rows came as it announced, or with an empty page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from itomm.collectors.contract import SourceError
from itomm.collectors.framework.provenance import same_origin
from itomm.collectors.http_json.settings import Paging
from itomm.collectors.mapping.links import joined_address
from itomm.collectors.mapping.paths import at_path


@dataclass(frozen=True)
class Position:
    """How far a list was read: pages and rows so far, and what the server said of the next page."""

    pages: int = 0
    rows: int = 0
    next_page: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return asdict(self)


@dataclass(frozen=True)
class Answered:
    """One answer: where it came from, what it says, how many rows it holds."""

    url: str
    body: object
    headers: Mapping[str, str]
    rows: int


@dataclass(frozen=True)
class Step:
    """What follows an answer: the next position, None at the end; and what is missing, in words."""

    following: Position | None
    lack: str = ""


def parameters(paging: Paging, position: Position) -> dict[str, str]:
    """The query parameters that ask for the page at a position; a link's own replace all others."""
    asked: dict[str, str] = {}
    if paging.size_parameter is not None:
        asked[paging.size_parameter] = str(paging.size)
    name = paging.parameter or ""
    if paging.by == "number":
        asked[name] = str((1 if paging.first is None else paging.first) + position.pages)
    elif paging.by == "offset":
        asked[name] = str((paging.first or 0) + position.rows)
    elif paging.by == "cursor" and position.next_page is not None:
        asked[name] = position.next_page
    return asked


def link_parameters(paging: Paging, position: Position) -> list[tuple[str, str]] | None:
    """The whole query of the page that a link names; None where no link was followed yet."""
    if paging.by != "link" or position.next_page is None:
        return None
    return parse_qsl(position.next_page, keep_blank_values=True)


def step_after(paging: Paging, position: Position, answered: Answered) -> Step:
    """Where to go on after an answer.

    Raises:
        SourceError: the link to the next page leads to another host, or a declared path finds nonsense.
    """
    total = total_of(paging, answered)
    more = _more(paging, answered)
    seen = position.rows + answered.rows
    token = _token(paging, answered)
    if paging.by in ("number", "offset"):
        ended = answered.rows == 0 or more is False or (total is not None and seen >= total)
    elif paging.by == "none":
        ended = True
    else:
        ended = token is None or more is False
    if not ended:
        return Step(Position(position.pages + 1, seen, token), _untold(paging, total))
    return Step(None, _lack_at_end(paging, position, answered, total=total, more=more))


def total_of(paging: Paging, answered: Answered) -> int | None:
    """How many rows the server announces; None when it says nothing."""
    if paging.total_header is not None:
        found: object = answered.headers.get(paging.total_header)
    else:
        found = _at(answered.body, paging.total)
    if isinstance(found, str) and found.strip().isdecimal():
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _lack_at_end(
    paging: Paging, position: Position, answered: Answered, *, total: int | None, more: bool | None
) -> str:
    seen = position.rows + answered.rows
    if total is not None and seen < total:
        return f"the tool announced {total:,} rows and sent {seen:,}"
    if more is True:
        return f"the tool says that there is more after {seen:,} rows, but not where"
    if paging.by == "none" and _link_header(answered) is not None:
        return "the answer names a next page; say under page how the list goes on"
    is_first_and_full = position.pages == 0 and paging.size is not None and answered.rows >= paging.size
    if paging.by in ("cursor", "link") and is_first_and_full and total is None and more is not False:
        return (
            f"the first page is full ({answered.rows:,} rows) and names no next one, so the list may go on; "
            f"check next, or say with more or total where its end can be seen"
        )
    return _untold(paging, total)


def _untold(paging: Paging, total: int | None) -> str:
    where = paging.total or paging.total_header
    return f"the answer does not say at '{where}' how many rows there are" if where and total is None else ""


def _more(paging: Paging, answered: Answered) -> bool | None:
    if paging.more is None:
        return None
    found = _at(answered.body, paging.more)
    if isinstance(found, bool):
        return found
    raise SourceError(f"The answer does not say at '{paging.more}' whether there is more (true or false).")


def _token(paging: Paging, answered: Answered) -> str | None:
    """The token of the next page, or the query of its address."""
    if paging.by == "cursor":
        found = _at(answered.body, paging.next)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        return _text_or_none(found, paging.next)
    if paging.by != "link":
        return None
    if paging.next is None:
        link = _link_header(answered)
    else:
        link = _text_or_none(_at(answered.body, paging.next), paging.next)
    return _query_of(link, answered.url) if link is not None else None


def _text_or_none(found: object, path: str | None) -> str | None:
    if found is None or found == "":
        return None
    if not isinstance(found, str):
        raise SourceError(f"The answer has no text at '{path}', where its next page should be named.")
    return found


def _link_header(answered: Answered) -> str | None:
    for link in parse_header_links(answered.headers.get("Link", "")):
        if "next" in str(link.get("rel", "")).lower().split():
            return str(link["url"])
    return None


def _query_of(link: str, url: str) -> str:
    """The query of a link on the same host; nothing else of it is used, so it can lead nowhere else."""
    target = joined_address(url, link)
    if target is None or not same_origin(target, url):
        raise SourceError("The link to the next page leads to another host; it was not followed.")
    return urlsplit(target).query


def _at(body: object, path: str | None) -> object:
    if path is None:
        return None
    try:
        return at_path(body, path)
    except ValueError as error:
        raise SourceError(f"The answer does not hold {error}.") from None
