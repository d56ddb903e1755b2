"""What one Redmine calls things, and what the account may see of it; read once per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.collectors.redmine.api import RedmineApi
from itomm.collectors.redmine.settings import RedmineSettings
from itomm.collectors.ticketing.history import DONE, IN_PROGRESS, OPEN
from itomm.collectors.ticketing.vocabulary import field_names, kind_of

NON_MEMBER = 1
"""The id of the built-in role that everybody has in public projects he is no member of."""

VIEW_ISSUES = "view_issues"
_MODULE = "issue_tracking"


@dataclass(frozen=True)
class Project:
    """A project that the account can see.

    Attributes:
        identifier: its name in addresses.
        name: its displayed name.
        has_issues: whether its issue tracking is switched on.
        hidden: what the account cannot see of its issues; empty when it sees all.
        private_hidden: whether only private issues of others are hidden.
    """

    identifier: str
    name: str
    has_issues: bool = True
    hidden: str = ""
    private_hidden: bool = False


@dataclass(frozen=True)
class Site:
    """A Redmine's vocabulary.

    Attributes:
        server: the address that people open.
        settings: the source's settings.
        account: the login of the account that reads.
        statuses: names by status id, and ``closed``: the ids of those that close an issue.
        trackers: names by tracker id, and ``initial``: the id of the status that a tracker begins with.
        priorities: 1 (highest) to 5 by priority id.
        projects: by id.
    """

    server: str
    settings: RedmineSettings
    account: str
    statuses: Mapping[str, str]
    closed: frozenset[str]
    trackers: Mapping[str, str]
    initial: Mapping[str, str]
    priorities: Mapping[str, int]
    projects: Mapping[str, Project]

    @cached_property
    def names_of_fields(self) -> Mapping[str, str]:
        """Our names of custom fields by the site's, in small letters."""
        return {theirs.casefold(): ours for ours, theirs in field_names(self.settings.fields).items()}

    def category(self, status: str, tracker: str) -> str | None:
        """Open for the status a tracker begins with, done for one that closes, else in_progress; or None."""
        if status not in self.statuses:
            return None
        if status in self.closed:
            return DONE
        return OPEN if self.initial.get(tracker, status) == status else IN_PROGRESS

    def kind_of(self, tracker: str) -> str | None:
        """Our kind of the issues of a tracker, by its id."""
        return kind_of(self.settings.trackers, self.trackers.get(tracker))

    def trackers_of(self, kind: str) -> list[str]:
        """Ids of the trackers whose issues are of ``kind``."""
        return sorted((found for found in self.trackers if self.kind_of(found) == kind), key=int)

    def person(self, user: object) -> str | None:
        """The page of a user, which is what tells people of several sources apart; None for nobody."""
        number = identifier_of(mapping_of(user))
        return f"{self.server}/users/{number}" if number else None

    def is_automation(self, user: object) -> bool:
        """Whether the settings name a user as no person."""
        found = mapping_of(user)
        named = {name.casefold() for name in self.settings.automation_accounts}
        return identifier_of(found) in named or str(found.get("name", "")).casefold() in named


def identifier_of(row: Payload) -> str:
    """A row's id as text; empty when it has none."""
    return str(row["id"]) if row.get("id") is not None else ""


def read_site(api: RedmineApi, settings: RedmineSettings) -> Site:
    """Sign in and read the vocabulary: five requests, one more for each role of the account.

    Signing in comes first, because to a wrong key Redmine shows what everybody may see, as if that were all.

    Raises:
        requests.HTTPError: a request was refused.
        SourceError: this is no Redmine.
    """
    account = api.one("users/current", "user", include="memberships")
    statuses = api.listed("issue_statuses", "issue_statuses")
    trackers = api.listed("trackers", "trackers")
    priorities = api.listed("enumerations/issue_priorities", "issue_priorities")
    projects = list(api.paged("projects", "projects", include="enabled_modules"))
    return Site(
        server=settings.url,
        settings=settings,
        account=text_of(account.get("login")) or identifier_of(account),
        statuses={identifier_of(row): text_of(row.get("name")) or "" for row in statuses},
        closed=frozenset(identifier_of(row) for row in statuses if row.get("is_closed") is True),
        trackers={identifier_of(row): text_of(row.get("name")) or "" for row in trackers},
        initial={
            identifier_of(row): first
            for row in trackers
            if (first := identifier_of(mapping_of(row.get("default_status"))))
        },
        priorities={
            identifier_of(row): min(position, 5)
            for position, row in enumerate(reversed(priorities), start=1)  # Redmine lists the lowest first
        },
        projects=_projects(projects, account, api),
    )


def _projects(rows: list[Payload], account: Payload, api: RedmineApi) -> dict[str, Project]:
    sees_all = account.get("admin") is True
    roles_by_project = {
        identifier_of(mapping_of(row.get("project"))): [
            identifier_of(role) for role in rows_of(row.get("roles"))
        ]
        for row in rows_of(account.get("memberships"))
    }
    known: dict[str, Payload] = {}
    found = {}
    for row in rows:
        number = identifier_of(row)
        roles = [] if sees_all else roles_by_project.get(number, [str(NON_MEMBER)])
        for role in roles:
            if role not in known:
                known[role] = api.one(f"roles/{role}", "role")
        modules = row.get("enabled_modules")
        widest = "all" if sees_all else widest_visibility([known[role] for role in roles])
        found[number] = Project(
            identifier=text_of(row.get("identifier")) or number,
            name=text_of(row.get("name")) or "",
            has_issues=not isinstance(modules, list)
            or any(one.get("name") == _MODULE for one in rows_of(modules)),
            hidden=_HIDDEN.get(widest, ""),
            private_hidden=widest == "default",
        )
    return found


def widest_visibility(roles: list[Payload]) -> str:
    """all, default (all but private ones), own or none: which issues somebody with these roles sees."""
    seen = {
        text_of(role.get("issues_visibility")) or "all"  # servers before 2.6 do not tell
        for role in roles
        if VIEW_ISSUES in (role.get("permissions") or [VIEW_ISSUES])
    }
    return next((width for width in ("all", "default", "own") if width in seen), "none")


_HIDDEN = {
    "own": "the account sees only issues that it wrote or has; give its role the visibility 'All issues'",
    "none": "the account's role lacks the permission 'View issues'",
}
