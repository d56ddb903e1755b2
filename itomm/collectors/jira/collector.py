"""The Jira collector: which streams there are, and one search per project and stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from jira import JIRAError
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    Stream,
)
from itomm.collectors.jira.client import JiraClient
from itomm.collectors.jira.issue import ISSUE_FIELDS, Issue, observation, read_issue
from itomm.collectors.jira.query import issue_query
from itomm.collectors.jira.reviews import (
    access_review_fields,
    headings_of,
    postmortem_fields,
    restore_test_fields,
)
from itomm.collectors.jira.service_levels import service_level_cycles
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site
from itomm.collectors.jira.tickets import NEEDED_FIELDS, TICKETS
from itomm.collectors.payload import instant_of
from itomm.collectors.resuming import checkpoint, remaining
from itomm.evidence.observation import Observation, Page, UnknownReason

BROWSE = "Browse Projects"

_REFUSALS = {
    400: UnknownReason.PERMISSION_DENIED,  # Jira's way of hiding a project: "does not exist for the field"
    403: UnknownReason.PERMISSION_DENIED,
    404: UnknownReason.PERMISSION_DENIED,
}


@dataclass(frozen=True)
class _Reading:
    """How one stream reads: which issues, which fields of them, and what each becomes."""

    observe: Callable[[Issue], list[Observation]]
    kinds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    histories: bool = True
    whole: bool = False  # however long ago it was opened


class JiraCollector(Collector):
    """Tickets of Jira Cloud and Jira Data Center."""

    name: ClassVar[str] = "jira"
    title: ClassVar[str] = "Jira"
    settings_model: ClassVar[type[CollectorSettings]] = JiraSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        *(Stream(kind, cursor_field="updated", needs=BROWSE) for kind in TICKETS),
        Stream("postmortem", cursor_field="updated", needs=BROWSE),
        Stream("sla_cycle", needs=f"{BROWSE}; service desk agent"),  # a clock runs on in a ticket left alone
        Stream("access_review", cursor_field="updated", needs=BROWSE),
        Stream("restore_test", cursor_field="updated", needs=BROWSE),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        if not isinstance(settings, JiraSettings):
            raise TypeError("the Jira collector takes JiraSettings")
        self._settings = settings
        self._client: JiraClient | None = None
        self._adapter: HTTPAdapter | None = None

    def check(self, context: CollectionContext) -> list[Check]:
        """Sign in, then see which projects, issue types and fields the account can see."""
        client = self._connect(context)
        edition = "Cloud" if client.is_cloud else "Data Center"
        checks = [Check("Signed in", CheckState.OK, f"Jira {edition} as {client.account()}")]
        site, projects = client.site(), client.projects()
        checks += [_project_check(client, project, context) for project in projects]
        if not projects:
            checks.append(
                Check("Projects", CheckState.FAILED, "The account sees no project.", f"Grant it '{BROWSE}'.")
            )
        return checks + _vocabulary_checks(site)

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield one stream's pages, project by project; one that is refused does not stop the others."""
        client = self._connect(context)
        site = client.site()
        reading = self._reading(stream.record_type, site)
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
        updated_since = instant_of(cursor)
        left = remaining(client.projects(), context.resume_from)
        for project in left.before:
            context.asked(project)
        for number, project in enumerate(left.scopes):
            context.asked(project)
            query = issue_query(
                project,
                issue_types=issue_types,
                labels=reading.labels,
                created_since=None if reading.whole else context.since,
                updated_since=updated_since,
            )
            position = left.position if number == 0 else None
            fields = _asked_fields(reading, site)
            try:
                pages = client.search(query, fields, histories=reading.histories, position=position)
                for page in pages:
                    issues = [read_issue(payload, site) for payload in page.issues]
                    begun = [issue for issue in issues if _begun(issue, context, anytime=reading.whole)]
                    found = [one for issue in begun for one in reading.observe(issue)]
                    yield Page(tuple(found), page.request, checkpoint(project, page.following))
            except JIRAError as error:
                reason = _REFUSALS.get(error.status_code or 0)
                if reason is None:
                    raise
                context.refused(project, reason, f"Jira answered {error.status_code}: {error.text}")

    def _connect(self, context: CollectionContext) -> JiraClient:
        """One client for all streams of a run: the vocabulary is read once."""
        if self._client is None or self._adapter is not context.adapter:
            self._client = JiraClient(self._settings, context)
            self._adapter = context.adapter
        self._client.use(context)
        return self._client

    def _reading(self, record_type: str, site: Site) -> _Reading:
        if record_type in TICKETS:
            return _ticket_reading(record_type)
        if record_type == "sla_cycle":
            clocks = tuple(field.id for field in site.service_levels)
            return _Reading(
                service_level_cycles, ("incident", "service_request"), fields=clocks, histories=False
            )
        if record_type == "postmortem":
            return _Reading(_observer(postmortem_fields), ("postmortem",), fields=("description", "comment"))
        if record_type == "access_review":
            return _Reading(
                _observer(access_review_fields),
                labels=self._settings.access_review_labels,
                fields=("accounts_reviewed", "accounts_revoked"),
            )
        return _Reading(_observer(restore_test_fields), labels=self._settings.restore_test_labels)


def _ticket_reading(kind: str) -> _Reading:
    fields_of = TICKETS[kind]
    return _Reading(
        lambda issue: [observation(issue, fields_of(issue))],
        (kind,),
        fields=NEEDED_FIELDS[kind],
        whole=kind == "risk",  # a risk stands until it is closed, so the oldest count, too
    )


def _observer(
    fields_of: Callable[[Issue], Mapping[str, object] | None],
) -> Callable[[Issue], list[Observation]]:
    def observe(issue: Issue) -> list[Observation]:
        fields = fields_of(issue)
        headings = headings_of(issue.fields.get("description"))
        return [] if fields is None else [observation(issue, fields, headings)]

    return observe


def _asked_fields(reading: _Reading, site: Site) -> Sequence[str]:
    custom = [site.field_ids.get(name, name) for name in reading.fields]
    known = {*site.field_ids.values(), *(field.id for field in site.service_levels), "description", "comment"}
    return [*ISSUE_FIELDS, *(field for field in custom if field in known)]


def _begun(issue: Issue, context: CollectionContext, *, anytime: bool) -> bool:
    """Whether an issue belongs to this collection: opened in its window, or up to its end."""
    at = issue.created_at
    return at is not None and at <= context.until and (anytime or context.since <= at)


def _warn_of_missing_fields(reading: _Reading, site: Site, context: CollectionContext) -> None:
    names = site.settings.field_names()
    missing = sorted(names[name] for name in reading.fields if name in names and not site.has(name))
    if missing:
        context.warn(f"Jira has no field called {', '.join(missing)}; name yours under fields.")


def _project_check(client: JiraClient, project: str, context: CollectionContext) -> Check:
    query = issue_query(project, created_since=_recently(context.until))
    try:
        next(client.search(query, ["summary"], histories=False), None)
    except JIRAError as error:
        detail = f"Jira answered {error.status_code}: {error.text}"
        return Check(
            f"Project {project}", CheckState.FAILED, detail, f"Grant the account '{BROWSE}' on {project}."
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
