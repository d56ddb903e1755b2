"""How one repository is asked, and pages of what was found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from itomm.collectors.contract import CollectionContext
from itomm.collectors.github.client import GitHubClient, Rows
from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.payload import Payload, instant_of
from itomm.collectors.undated import note_undated
from itomm.evidence.observation import Observation, Page, RequestMade


@dataclass(frozen=True)
class Asked:
    """One repository, asked for what changed since an instant, from which page on, and by whom."""

    repository: Repository
    client: GitHubClient
    context: CollectionContext
    changed_since: datetime | None = None
    following: Mapping[str, str] | None = None

    @property
    def path(self) -> str:
        """The repository's part of an address."""
        return f"/repos/{self.repository.path}"

    @property
    def names(self) -> dict[str, str]:
        """Owner and name, as GraphQL asks for them."""
        owner, _, name = self.repository.path.partition("/")
        return {"owner": owner, "name": name}

    def covers(self, row: Payload, name: str) -> bool:
        """Whether a row's time lies in the window of this collection; one without a time is noted."""
        at = instant_of(row.get(name))
        if at is None:
            note_undated(f"{self.repository.path}#{row.get('number')}", self.context)
            return False
        return self.context.since <= at <= self.context.until


def page(found: Sequence[Observation | None], request: RequestMade) -> Page:
    """A page that cannot be entered without those before it."""
    return Page(tuple(one for one in found if one is not None), request)


def page_of(found: Sequence[Observation | None], rows: Rows) -> Page:
    """A page of a list, behind which reading can go on."""
    following = dict(rows.following) if rows.following is not None else None
    return replace(page(found, rows.request), checkpoint={"following": following})


def entered_at_its_end(one: Page, *, last: bool = True) -> Page:
    """A page of a repository that is read at once: only behind its last page can reading go on."""
    return replace(one, checkpoint={"following": None}) if last else one


def older_than(row: Payload, name: str, instant: datetime | None) -> bool:
    """Whether a row's time lies before an instant; never without one."""
    at = instant_of(row.get(name))
    return instant is not None and at is not None and at < instant
