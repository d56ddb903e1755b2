"""The Jira collector: which streams there are, what is checked, and in which steps a stream is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from jira import JIRAError

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.jira.client import JiraClient
from itomm.collectors.jira.connection import said
from itomm.collectors.jira.lanes import PROJECTS_AT_ONCE, Lanes
from itomm.collectors.jira.query import Wanted, issue_query
from itomm.collectors.jira.reading import Reading, reading_of
from itomm.collectors.jira.searching import Place, Search, Seen
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site
from itomm.collectors.jira.tickets import NEEDED_FIELDS, TICKETS
from itomm.collectors.jira.vanished import gone_since
from itomm.collectors.payload import instant_of
from itomm.collectors.ticketing.untold import never_told, untold_without
from itomm.evidence.observation import Page, UnknownReason

BROWSE = "Browse Projects"


class JiraCollector(Collector):
    """Tickets of Jira Cloud and Jira Data Center."""

    name: ClassVar[str] = "jira"
    title: ClassVar[str] = "Jira"
    settings_model: ClassVar[type[CollectorSettings]] = JiraSettings
    queries_by_post: ClassVar[tuple[str, ...]] = ("/search/approximate-count", "/changelog/bulkfetch")
    streams: ClassVar[tuple[Stream, ...]] = (
        *(
            Stream(
                kind,
                cursor_field="updated",
                needs=BROWSE,
                cannot_tell=never_told(kind, labels=True, text=True),
            )
            for kind in TICKETS
        ),
        Stream("postmortem", cursor_field="updated", needs=BROWSE, cannot_tell=("incident_resolved_at",)),
        Stream("sla_cycle", cursor_field="updated", needs=f"{BROWSE}; service desk agent"),
        Stream("access_review", cursor_field="updated", needs=BROWSE),
        Stream(
            "restore_test",
            cursor_field="updated",
            needs=BROWSE,
            cannot_tell=("rpo_actual_s", "rto_actual_s", "rto_target_s"),
        ),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, JiraSettings):
            raise TypeError("the Jira collector takes JiraSettings")
        self._settings = settings
        self._lanes: Lanes | None = None

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then see which projects, issue types and fields the account can see."""
        lanes = self._connect(context)
        client = lanes.client(context)
        edition = "Cloud" if client.is_cloud else "Data Center"
        checks = [Check("Signed in", CheckState.OK, f"Jira {edition} as {client.account()}")]
        if lanes.doubt:
            remedy = "Say under web_url where people open Jira, or correct the base URL in Jira."
            checks.append(Check("Links to issues", CheckState.WARNING, lanes.doubt, remedy))
        site = lanes.site
        projects = self._settings.projects or client.projects()
        checks += [_project_check(client, project, context) for project in projects]
        if not projects:
            checks.append(
                Check("Projects", CheckState.FAILED, "The account sees no project.", f"Grant it '{BROWSE}'.")
            )
        return checks + _vocabulary_checks(site)

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages; a project that is refused does not stop the others."""
        lanes = self._connect(context)
        site = lanes.site
        if lanes.doubt:
            context.warn(lanes.doubt)
        reading = reading_of(stream.record_type, site, self._settings)
        issue_types = site.present_issue_types(*reading.kinds)
        if reading.kinds and not issue_types:
            names = ", ".join(self._settings.issue_types_of(*reading.kinds)) or "nothing"
            context.incomplete(
                UnknownReason.INSUFFICIENT_COVERAGE,
                f"Jira has no issue type called {names}; say under issue_types which one means "
                f"{' or '.join(reading.kinds)}.",
            )
            return
        _warn_of_missing_fields(reading, site, context)
        _note_untold_fields(stream.record_type, site, context)
        wanted = Wanted(
            (),
            issue_types,
            reading.labels,
            created_since=None if reading.whole else context.since,
        )
        groups = self._groups(lanes, context)
        search = Search(wanted, reading, site, zone=lanes.zone, client_of=lanes.client)
        begun = Place.read(context.resume_from)
        updated_since = instant_of(cursor)
        if updated_since is None:
            yield from search.pages(groups, context, begun=begun, seen=Seen())
        else:
            may_look = not lanes.projects(context)[1]  # else incomplete, and the next run reads all
            yield from _changes(search, groups, context, begun, updated_since, look_for_gone=may_look)

    def _connect(self, context: CollectionContext) -> Lanes:
        """The clients of all lanes and streams of a run: the vocabulary is read once."""
        if self._lanes is None or self._lanes.adapter is not context.adapter:
            self._lanes = Lanes(self._settings, context)
        return self._lanes

    def _groups(self, lanes: Lanes, context: CollectionContext) -> list[tuple[str, ...]]:
        """The projects that can be read, in groups for one search; the others are refused."""
        for project in self._settings.projects:
            context.asked(project)
        allowed, refused = lanes.projects(context)
        for project in allowed:
            context.asked(project)
        for project, (reason, detail) in refused.items():
            context.refused(project, reason, detail)
        return [
            tuple(allowed[start : start + PROJECTS_AT_ONCE])
            for start in range(0, len(allowed), PROJECTS_AT_ONCE)
        ]


def _changes(
    search: Search,
    groups: Sequence[Sequence[str]],
    context: CollectionContext,
    begun: Place | None,
    updated_since: datetime,
    *,
    look_for_gone: bool,
) -> Iterator[Page]:
    """What changed; where something is gone, all that changed since it occurred, once more."""
    seen = Seen(keeps_names=True)
    gone = instant_of(begun.again_since) if begun else None
    if gone is None:
        yield from search.pages(groups, context, begun=begun, seen=seen, changed_since=updated_since)
        if look_for_gone:
            gone = gone_since(context.held(), None if begun else seen, search, groups, context)
        begun = None
    if gone is not None:
        context.covers_again_since(gone)
        yield from search.pages(groups, context, begun=begun, seen=seen, changed_since=gone, again=True)


def _warn_of_missing_fields(reading: Reading, site: Site, context: CollectionContext) -> None:
    names = site.settings.field_names()
    missing = sorted(names[name] for name in reading.fields if name in names and not site.has(name))
    if missing:
        context.warn(f"Jira has no field called {', '.join(missing)}; name yours under fields.")


def _note_untold_fields(kind: str, site: Site, context: CollectionContext) -> None:
    names = site.settings.field_names()
    for field, ours in untold_without(kind, site.has, labels=True):
        context.cannot_tell(field, f"Jira has no field called {names[ours]}; name yours under fields")


def _project_check(client: JiraClient, project: str, context: CollectionContext) -> Check:
    query = issue_query(Wanted((project,), created_since=_recently(context.until)))
    try:
        next(client.search(query, ["summary"], histories=False), None)
    except JIRAError as error:
        return Check(
            f"Project {project}",
            CheckState.FAILED,
            said(error),
            f"Grant the account '{BROWSE}' on {project}.",
        )
    return Check(f"Project {project}", CheckState.OK, "can be searched")


def _recently(until: datetime) -> datetime:
    return until.replace(hour=0, minute=0, second=0, microsecond=0)


def _vocabulary_checks(site: Site) -> list[Check]:
    checks = []
    for name, kind in site.settings.issue_types.items():
        if not site.present_issue_types(kind):
            checks.append(
                Check(
                    f"Issue type {name}",
                    CheckState.WARNING,
                    f"Jira has no such issue type, so no {kind} is read.",
                    "Name yours under issue_types.",
                )
            )
    names = site.settings.field_names()
    wanted = {name for needed in NEEDED_FIELDS.values() for name in needed}
    missing = sorted(names[name] for name in wanted if not site.has(name))
    if missing:
        checks.append(
            Check(
                "Fields",
                CheckState.WARNING,
                f"Jira has no field called {', '.join(missing)}.",
                "Name yours under fields, or leave them; what depends on them stays unknown.",
            )
        )
    return checks
