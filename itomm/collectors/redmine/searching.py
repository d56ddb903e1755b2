"""Reads the pages of one search for issues, each with the histories of the issues on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import requests

from itomm.collectors.contract import CollectionContext, SourceError
from itomm.collectors.payload import Payload, mapping_of
from itomm.collectors.redmine.api import PAGE_SIZE, RedmineApi, total_of
from itomm.collectors.redmine.issue import observation, read_issue, related_numbers, was_touched
from itomm.collectors.redmine.settings import RedmineSettings
from itomm.collectors.redmine.site import Site, identifier_of
from itomm.collectors.resuming import checkpoint
from itomm.collectors.undated import note_undated
from itomm.evidence.observation import Observation, Page, RequestMade, UnknownReason

_ISSUES = "issues"
PAGES_OF_A_BLOCK = 100
"""So many pages are planned at once: how many there are in all is only what Redmine says."""

_REFUSALS = {403: UnknownReason.PERMISSION_DENIED, 404: UnknownReason.PERMISSION_DENIED}


@dataclass(frozen=True)
class Search:
    """What is searched: ``scope`` is a project's identifier, or empty for all; ``kind`` a record type."""

    scope: str
    kind: str
    query: Mapping[str, str]
    site: Site
    anytime: bool = False


@dataclass(frozen=True)
class Answer:
    """Issues from ``offset`` on; ``total`` are there, 0 when Redmine does not say."""

    offset: int
    total: int
    rows: Sequence[Payload]
    request: RequestMade


class Further:
    """The further pages of a search, as far as Redmine has any; several threads read them.

    How many there are is only what Redmine says. A page that should hold issues and is empty, or that holds
    those of another one, is the last that is asked for.
    """

    def __init__(self, search: Search, first: Answer) -> None:
        self._search = search
        self._total = first.total
        self._offsets = range(first.offset + PAGE_SIZE, first.total if first.rows else 0, PAGE_SIZE)
        self._begins_with = {_first_of(first)}
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def blocks(self) -> Iterator[range]:
        """Where pages begin, block by block, until one that was read shows that there are no more."""
        for start in range(0, len(self._offsets), PAGES_OF_A_BLOCK):
            if self._ended.is_set():
                return
            yield self._offsets[start : start + PAGES_OF_A_BLOCK]

    def page(self, offset: int, api: RedmineApi, context: CollectionContext) -> Page | None:
        """The page at ``offset``; None when the search has ended before it."""
        if self._ended.is_set():
            return None
        answer = ask(self._search, offset, api)
        if answer.total < self._total:
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                "issues were deleted or moved while they were read, so some may have been passed over.",
            )
        if self._is_repeated(answer):
            self._ended.set()
            raise SourceError(f"Redmine sends the same issues again behind row {offset}.")
        if not answer.rows and offset < answer.total:
            self._ended.set()
        return page_of(self._search, replace(answer, total=self._total), api, context)

    def _is_repeated(self, answer: Answer) -> bool:
        begin = _first_of(answer)
        with self._lock:
            known = begin in self._begins_with
            self._begins_with.add(begin)
        return known and bool(answer.rows)


def read_first(search: Search, offset: int, api: RedmineApi, context: CollectionContext) -> Answer | None:
    """The answer at ``offset``; None when the project is refused, which the context is told."""
    try:
        return ask(search, offset, api)
    except requests.HTTPError as error:
        reason = _REFUSALS.get(error.response.status_code) if search.scope else None
        if reason is None:
            raise
        context.refused(search.scope, reason, f"Redmine answered {error.response.status_code}.")
        return None


def refused_projects(api: RedmineApi, settings: RedmineSettings) -> dict[str, int]:
    """The configured projects whose issues may not be read, with the status that Redmine answered."""
    refused = {}
    for name in settings.projects:
        try:
            api.read(_ISSUES, limit=1, project_id=name)
        except requests.HTTPError as error:
            if error.response.status_code not in _REFUSALS:
                raise
            refused[name] = error.response.status_code
    return refused


def _first_of(answer: Answer) -> str:
    """The issue that an answer begins with; empty without one."""
    return identifier_of(answer.rows[0]) if answer.rows else ""


def ask(search: Search, offset: int, api: RedmineApi) -> Answer:
    """The issues from ``offset`` on."""
    answer = api.read(_ISSUES, limit=PAGE_SIZE, offset=offset, **search.query)
    return Answer(offset, total_of(answer), api.rows(answer, _ISSUES, _ISSUES), api.last_request)


def page_of(search: Search, answer: Answer, api: RedmineApi, context: CollectionContext) -> Page:
    """The page that an answer is; what it lacks is noted."""
    expected = max(0, min(PAGE_SIZE, answer.total - answer.offset))
    if len(answer.rows) < expected or (answer.rows and not answer.total):
        context.incomplete(
            UnknownReason.INSUFFICIENT_COVERAGE,
            f"Redmine announced {answer.total} issues and sent {answer.offset + len(answer.rows)}.",
        )
    kinds = _kinds(answer.rows, search, api) if search.kind == "problem" else {}
    found = [one for row in answer.rows if (one := _observation(row, search, kinds, api, context))]
    following = answer.offset + PAGE_SIZE
    position = following if following < answer.total else None
    return Page(tuple(found), answer.request, checkpoint(search.scope, position))


def _observation(
    row: Payload, search: Search, kinds: Mapping[str, str | None], api: RedmineApi, context: CollectionContext
) -> Observation | None:
    whole = _with_journals(row, search.site, api, context)
    if whole is None:
        return None
    ticket = read_issue(whole, search.site, kinds)
    if ticket is None:
        note_undated(f"issue {identifier_of(whole)}", context)
        return None
    begun = ticket.created_at <= context.until and (search.anytime or context.since <= ticket.created_at)
    return observation(whole, ticket, search.kind, search.site) if begun else None


def _with_journals(row: Payload, site: Site, api: RedmineApi, context: CollectionContext) -> Payload | None:
    """The issue with its journals, which lists do not hold; None when it was deleted in between."""
    if not was_touched(row, site):
        return row
    number = identifier_of(row)
    try:
        return api.one(f"{_ISSUES}/{number}", "issue", include="journals,relations")
    except requests.HTTPError as error:
        if error.response.status_code == 404:
            context.warn(f"issue {number} was deleted while it was read")
            return None
        if error.response.status_code == 403:
            context.incomplete(UnknownReason.PERMISSION_DENIED, f"Redmine refused to show issue {number}.")
            return None
        raise


def _kinds(rows: Sequence[Payload], search: Search, api: RedmineApi) -> dict[str, str | None]:
    """Our kinds of the issues that ``rows`` are related to, by id; asked for a hundred at once."""
    numbers = sorted({number for row in rows for number in related_numbers(row)}, key=int)
    kinds: dict[str, str | None] = {}
    for start in range(0, len(numbers), PAGE_SIZE):
        wanted = ",".join(numbers[start : start + PAGE_SIZE])
        for row in api.listed(_ISSUES, _ISSUES, issue_id=wanted, status_id="*", limit=PAGE_SIZE):
            kinds[identifier_of(row)] = search.site.kind_of(identifier_of(mapping_of(row.get("tracker"))))
    return kinds
