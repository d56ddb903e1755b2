"""One issue as read, and as a ticket of any tracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.contract import SourceError
from itomm.collectors.jira.excerpt import excerpt
from itomm.collectors.jira.history import CATEGORIES, account_of, history_of, is_automation
from itomm.collectors.jira.site import Site
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.ticketing.history import DONE, History
from itomm.collectors.ticketing.ticket import Link, Ticket
from itomm.evidence.observation import Observation

ISSUE_FIELDS = (
    "summary",
    "issuetype",
    "project",
    "status",
    "priority",
    "labels",
    "components",
    "reporter",
    "assignee",
    "created",
    "updated",
    "duedate",
    "resolution",
    "resolutiondate",
    "issuelinks",
)
"""The fields asked for by name; an issue with all its fields is some 33 KB, and full of personal text."""


@dataclass(frozen=True)
class Issue:
    """One issue as read: its payload, its history, and what is derived from both."""

    payload: Payload
    site: Site
    history: History

    @property
    def key(self) -> str:
        """The key that people know it by, such as OPS-12."""
        return str(self.payload["key"])

    @property
    def fields(self) -> Payload:
        """The issue's fields as sent."""
        return mapping_of(self.payload.get("fields"))

    @property
    def created_at(self) -> datetime | None:
        """When it was opened; None when the site does not say."""
        return instant_of(self.fields.get("created"))

    @property
    def status_category(self) -> str:
        """open, in_progress or done."""
        status = mapping_of(self.fields.get("status"))
        key = mapping_of(status.get("statusCategory")).get("key")
        if key in CATEGORIES:
            return CATEGORIES[str(key)]
        return self.site.categories.get(str(status.get("id")), "open")

    @property
    def resolved_at(self) -> datetime | None:
        """The last entry into done; the resolution date when the issue is done without any such entry."""
        if self.status_category != DONE:
            return None
        return self.history.resolved_at or instant_of(self.fields.get("resolutiondate"))

    @property
    def labels(self) -> list[str]:
        """Its labels."""
        return [str(label) for label in self.fields.get("labels") or ()]

    @property
    def components(self) -> list[str]:
        """The names of its components."""
        return [str(part["name"]) for part in rows_of(self.fields.get("components")) if part.get("name")]

    @property
    def issue_type(self) -> str | None:
        """The name of its issue type."""
        return text_of(mapping_of(self.fields.get("issuetype")).get("name"))

    @property
    def links(self) -> list[Link]:
        """Its links to other issues."""
        rows = rows_of(self.fields.get("issuelinks"))
        return [link for row in rows if (link := _link(row, self.site))]

    @property
    def service_keys(self) -> tuple[str, ...]:
        """Names by which the service may be known: components, then labels, then the project's key."""
        project = text_of(mapping_of(self.fields.get("project")).get("key"))
        return tuple(dict.fromkeys([*self.components, *self.labels, *([project] if project else [])]))

    def labelled(self, labels: tuple[str, ...]) -> bool:
        """Whether it carries one of ``labels``, in any letter case."""
        wanted = {label.casefold() for label in labels}
        return any(label.casefold() in wanted for label in self.labels)

    def linked_kinds(self, *kinds: str) -> list[str]:
        """Keys of linked issues whose issue type means one of ``kinds``."""
        return list(dict.fromkeys(link.target for link in self.links if link.kind in kinds))


def read_issue(payload: Payload, site: Site) -> Issue:
    """Read one issue with the history that came with it or was fetched for it."""
    histories = rows_of(mapping_of(payload.get("changelog")).get("histories"))
    history = history_of(histories, site.categories, site.settings.automation_accounts)
    return Issue(payload, site, history)


def ticket_of(issue: Issue, custom: Iterable[str]) -> Ticket:
    """The issue as a ticket, with the custom fields of these names of ours that the site has.

    Raises:
        SourceError: when the site does not say when it was opened.
    """
    fields, site, payload = issue.fields, issue.site, issue.payload
    created_at = issue.created_at
    if created_at is None:
        raise SourceError(f"Jira does not say when {issue.key} was opened.")
    reporter = account_of(fields.get("reporter"))
    return Ticket(
        key=issue.key,
        title=text_of(fields.get("summary")) or "",
        status=text_of(mapping_of(fields.get("status")).get("name")) or "",
        status_category=issue.status_category,
        priority=site.priorities.get(str(mapping_of(fields.get("priority")).get("id"))),
        reporter=reporter,
        assignee=account_of(fields.get("assignee")),
        created_at=created_at,
        updated_at=instant_of(fields.get("updated")) or created_at,
        due_at=instant_of(fields.get("duedate")),
        resolved_at=issue.resolved_at,
        first_response_at=issue.history.first_move_not_by(reporter),
        history=issue.history,
        links=tuple(issue.links),
        custom={name: site.text(payload, name) for name in custom if site.has(name)},
        security=_is_security(issue),
        reported_by_automation=is_automation(fields.get("reporter"), site.settings.automation_accounts),
        labels=tuple(issue.labels),
        cause_phrases=site.settings.cause_links,
        effect_phrases=site.settings.effect_links,
    )


def observation(
    issue: Issue,
    fields: Mapping[str, object],
    headings: Iterable[str] = (),
    commits: Iterable[str] | None = None,
) -> Observation:
    """An observation of the issue with these fields; its prose has these headings, or names these commits."""
    return Observation(
        source_ref=issue.key,
        fields=fields,
        raw=excerpt(issue.payload, headings, commits),
        url=issue.site.url(issue.key),
        service_keys=issue.service_keys,
    )


def _is_security(issue: Issue) -> bool:
    wanted = {label.casefold() for label in issue.site.settings.security_labels}
    words = [*issue.labels, *issue.components, issue.issue_type or ""]
    return any(word.casefold() in wanted for word in words)


def _link(row: Payload, site: Site) -> Link | None:
    """A link in the words of this end, such as "is caused by OPS-7"."""
    direction = mapping_of(row.get("type"))
    for end in ("inward", "outward"):
        target = mapping_of(row.get(f"{end}Issue"))
        key = text_of(target.get("key"))
        if key:
            issue_type = mapping_of(mapping_of(target.get("fields")).get("issuetype")).get("name")
            return Link(text_of(direction.get(end)) or "", key, site.kind_of(text_of(issue_type)))
    return None
