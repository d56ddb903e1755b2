"""How tools page their lists, and what goes wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from itomm.collectors.conformance.exchange import Answer, Asked, Tool

FEW = 2
"""Rows a page that a server gives which caps pages far below what is asked for."""
_USUAL = 100
_FRESH = 1_000_000
_FIRST = frozenset({"0", "1"})  # an offset of none, or the first page


@dataclass(frozen=True)
class Paging:
    """How a tool pages.

    Attributes:
        position: parameters of a request that say which page is wanted (``page``, ``cursor``); all of them.
            The first one is used to ask for a made-up further page.
        size: the parameter that says how many rows a page may have.
        rows: where in an answer the rows are, as keys joined by dots; empty when the answer is the list.
        told_by: how an answer says that more follows: with a ``link`` header, with a ``token`` in its body,
            or with the ``total`` number of rows.
        key: the key of that token or total, as keys joined by dots; for a link, a further header that
            holds the next value of ``position`` (``X-Next-Page``), if there is one.
        last: a key that is true on the last page only, if there is one.

    Parameters are looked for in the query and, when the request has a JSON body, in that.
    """

    position: tuple[str, ...]
    size: str
    rows: str = ""
    told_by: Literal["link", "token", "total"] = "link"
    key: str = ""
    last: str = ""

    def position_of(self, asked: Asked) -> str | None:
        """Which page a request asks for; None for the first."""
        given = {**asked.query, **_body_of(asked)}
        found = [str(given[name]) for name in self.position if given.get(name) is not None]
        return found[0] if found and found[0] not in _FIRST else None

    def size_of(self, asked: Asked) -> int:
        """How many rows a page a request asks for; 100 when it does not say."""
        wanted = str({**asked.query, **_body_of(asked)}.get(self.size, ""))
        return int(wanted) if wanted.isdecimal() else _USUAL

    def first_of(self, asked: Asked) -> Asked:
        """The request for the first page of the same list."""
        return _without(asked, self.position)

    def rows_of(self, answer: Answer) -> list[Any] | None:
        """The rows of an answer; None when it is no page of a list."""
        document = _document(answer)
        found = _at(document, self.rows) if self.rows else document
        return found if isinstance(found, list) else None

    def emptied(self, answer: Answer) -> Answer:
        """The same answer without its rows."""
        document = _document(answer)
        if self.rows:
            _put(document, self.rows, [])
        return _answer(answer, document if self.rows else [])

    def followed_by(self, answer: Answer, asked: Asked, position: str) -> Answer:
        """The same answer, saying that a page called ``position`` follows."""
        if self.told_by == "link":
            following = self.first_of(asked).with_parameter(self.position[0], position)
            link = f'<{asked.base}{following.target}>; rel="next"'
            linked = answer.with_headers(Link=link)
            return linked.with_headers(**{self.key: position}) if self.key else linked
        document = _document(answer)
        _put(document, self.key, position if self.told_by == "token" else 1_000_000_000)
        if self.last:
            _put(document, self.last, value=False)
        return _answer(answer, document)


def capped(tool: Tool, paging: Paging) -> Tool:
    """The tool, giving few rows a page whatever is asked for, as servers may."""

    def answer(asked: Asked) -> Answer:
        return tool(_with(asked, paging.size, min(paging.size_of(asked), FEW)))

    return answer


def repeating(tool: Tool, paging: Paging) -> Tool:
    """The tool, giving the first page and its next token whatever page is asked for."""
    return lambda asked: tool(paging.first_of(asked))


def endless(tool: Tool, paging: Paging) -> Tool:
    """The tool, saying on each page that another one follows, which has the same rows."""

    def answer(asked: Asked) -> Answer:
        first = tool(paging.first_of(asked))
        if first.status != 200 or paging.rows_of(first) is None:
            return first
        before = paging.position_of(asked) or "0"
        number = int(before) + 1 if before.isdecimal() else 1
        return paging.followed_by(first, asked, str(max(number, _FRESH)))

    return answer


def beginning_empty(tool: Tool, paging: Paging) -> Tool:
    """The tool, giving an empty page with a next token before the first page of each list."""

    def answer(asked: Asked) -> Answer:
        position = paging.position_of(asked)
        if position == str(_FRESH):
            return tool(paging.first_of(asked))
        real = tool(asked)
        if position is not None or real.status != 200 or not paging.rows_of(real):
            return real
        emptied = paging.emptied(real)
        return emptied if paging.told_by == "total" else paging.followed_by(emptied, asked, str(_FRESH))

    return answer


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _answer(answer: Answer, document: object) -> Answer:
    return replace(answer, body=json.dumps(document).encode())


def _at(document: Any, keys: str) -> Any:
    for key in keys.split("."):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _put(document: Any, keys: str, value: object) -> None:
    *outer, last = keys.split(".")
    for key in outer:
        document = document[key]
    document[last] = value


def _body_of(asked: Asked) -> dict[str, Any]:
    try:
        body = json.loads(asked.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _with(asked: Asked, name: str, value: int) -> Asked:
    body = _body_of(asked)
    if name in body:
        return replace(asked, body=json.dumps({**body, name: value}).encode())
    return asked.with_parameter(name, str(value))


def _without(asked: Asked, names: tuple[str, ...]) -> Asked:
    body = _body_of(asked)
    if any(name in body for name in names):
        kept = {name: value for name, value in body.items() if name not in names}
        return replace(asked, body=json.dumps(kept).encode())
    return asked.without(*names) if any(name in asked.query for name in names) else asked
