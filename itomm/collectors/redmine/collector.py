"""The Redmine collector: one search per stream, and one request for each issue that has a history."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from requests.adapters import HTTPAdapter

from itomm.collectors.contract import Check, CollectionContext, Collector, CollectorSettings, Stream
from itomm.collectors.payload import instant_of
from itomm.collectors.redmine.api import RedmineApi
from itomm.collectors.redmine.checks import checks_of
from itomm.collectors.redmine.query import issue_query
from itomm.collectors.redmine.searching import Further, Search, page_of, read_first, refused_projects
from itomm.collectors.redmine.settings import RedmineSettings
from itomm.collectors.redmine.site import Site, read_site
from itomm.collectors.resuming import remaining
from itomm.collectors.ticketing.records import TICKETS
from itomm.collectors.ticketing.untold import never_told, noting_lacking_fields
from itomm.collectors.ticketing.vocabulary import READ_HOWEVER_OLD, field_names, names_of_kind
from itomm.evidence.observation import Page, UnknownReason

_NEEDS = "View issues, with issues visibility 'All issues'"
_EVERYWHERE = ""


class RedmineCollector(Collector):
    """Issues of Redmine."""

    name: ClassVar[str] = "redmine"
    title: ClassVar[str] = "Redmine"
    settings_model: ClassVar[type[CollectorSettings]] = RedmineSettings
    streams: ClassVar[tuple[Stream, ...]] = tuple(
        Stream(
            kind,
            cursor_field="updated_on",
            needs=_NEEDS,
            cannot_tell=never_told(kind, labels=False, text=True),
        )
        for kind in TICKETS
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, RedmineSettings):
            raise TypeError("the Redmine collector takes RedmineSettings")
        self._settings = settings
        self._site: Site | None = None
        self._adapter: HTTPAdapter | None = None

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then see which projects and trackers there are, and what the account sees of them."""
        site = self._vocabulary(context)
        refused = refused_projects(RedmineApi(self._settings, context), self._settings)
        return checks_of(site, self._settings, refused)

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages: one project after the other, or all at once when none is configured."""
        names = field_names(self._settings.fields)
        yield from noting_lacking_fields(
            self._pages(stream, cursor, context), stream.record_type, names, context
        )

    def _pages(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        kind = stream.record_type
        site = self._vocabulary(context)
        trackers = site.trackers_of(kind)
        if not trackers:
            names = ", ".join(names_of_kind(self._settings.trackers, kind))
            what = f"Redmine has no tracker called {names}" if names else "no tracker is named"
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE, f"{what}; say under trackers which one means {kind}."
            )
            return
        created_since = None if kind in READ_HOWEVER_OLD else context.since
        updated_since = instant_of(cursor)
        left = remaining(self._settings.projects or (_EVERYWHERE,), context.resume_from)
        for scope in left.before:
            _ask(scope, site, context)
        for number, scope in enumerate(left.scopes):
            _ask(scope, site, context)
            query = issue_query(trackers, scope or None, created_since, updated_since)
            search = Search(scope, kind, query, site, anytime=kind in READ_HOWEVER_OLD)
            yield from self._read(search, int((left.position if number == 0 else None) or 0), context)

    def _read(self, search: Search, offset: int, context: CollectionContext) -> Iterator[Page]:
        api = RedmineApi(self._settings, context)
        first = read_first(search, offset, api, context)
        if first is None:
            return
        yield page_of(search, first, api, context)
        further = Further(search, first)
        for block in further.blocks():
            yield from context.side_by_side(block, partial(self._further, further))

    def _further(self, further: Further, offset: int, context: CollectionContext) -> Iterator[Page]:
        page = further.page(offset, RedmineApi(self._settings, context), context)
        if page is not None:
            yield page

    def _vocabulary(self, context: CollectionContext) -> Site:
        """The site's vocabulary, read once per run."""
        if self._site is None or self._adapter is not context.adapter:
            self._site = read_site(RedmineApi(self._settings, context), self._settings)
            self._adapter = context.adapter
        return self._site


def _ask(scope: str, site: Site, context: CollectionContext) -> None:
    """Note which projects are asked for, and what the account cannot see of them."""
    by_identifier = {project.identifier: project for project in site.projects.values()}
    named = [scope] if scope else [name for name, project in by_identifier.items() if project.has_issues]
    for name in named:
        context.asked(name)
        project = by_identifier.get(name)
        if project and project.hidden:
            context.refused(name, UnknownReason.PERMISSION_DENIED, project.hidden)
    blind = [name for name in named if name in by_identifier and by_identifier[name].private_hidden]
    if blind:
        context.warn(f"private issues of others are not seen in {', '.join(blind)}")
