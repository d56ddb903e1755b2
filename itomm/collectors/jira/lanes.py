"""What all readers of one Jira site share in a run, and the client of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from functools import cached_property

from jira import JIRAError
from requests.adapters import HTTPAdapter

from itomm.collectors.contract import CollectionContext
from itomm.collectors.jira.client import JiraClient
from itomm.collectors.jira.connection import said
from itomm.collectors.jira.query import Wanted, issue_query
from itomm.collectors.jira.searching import REFUSALS
from itomm.collectors.jira.settings import JiraSettings
from itomm.collectors.jira.site import Site
from itomm.evidence.observation import UnknownReason

PROJECTS_AT_ONCE = 50
"""Projects that one search names; the address of a request must stay short."""

Refusal = tuple[UnknownReason, str]


class Lanes:
    """One site in one run: what it is called, which projects can be read, and a client for each lane."""

    def __init__(self, settings: JiraSettings, context: CollectionContext) -> None:
        """Connect: one request."""
        self._settings = settings
        self.adapter: HTTPAdapter = context.adapter
        self._first = JiraClient(settings, context)
        self._clients: dict[int, JiraClient] = {0: self._first}
        self._projects: tuple[list[str], dict[str, Refusal]] | None = None

    def client(self, context: CollectionContext) -> JiraClient:
        """The client of a context's lane; it reports to that context."""
        client = self._clients.get(context.lane)
        if client is None:
            client = JiraClient(self._settings, context, self._first.server)
            self._clients[context.lane] = client
        client.use(context)
        return client

    @cached_property
    def site(self) -> Site:
        """The site's vocabulary, read once: four requests."""
        return self._first.site()

    @property
    def doubt(self) -> str:
        """Why links to issues may lead to a wrong address; empty when nothing speaks for it."""
        return self._first.server.doubt

    @cached_property
    def zone(self) -> tzinfo | None:
        """The account's time zone, asked once."""
        return self._first.zone()

    def projects(self, context: CollectionContext) -> tuple[list[str], Mapping[str, Refusal]]:
        """Keys of the projects that can be read, and of those that are configured but refused."""
        if self._projects is None:
            client = self.client(context)
            configured = list(dict.fromkeys(self._settings.projects))
            if not configured:
                self._projects = client.projects(), {}
            elif len(configured) == 1:  # its search itself tells
                self._projects = configured, {}
            else:
                refused = self._refused(configured, context)
                self._projects = [project for project in configured if project not in refused], refused
        return self._projects

    def _refused(self, projects: list[str], context: CollectionContext) -> dict[str, Refusal]:
        """Those that are refused: one request for many, and one for each only when some are."""
        found: dict[str, Refusal] = {}
        for start in range(0, len(projects), PROJECTS_AT_ONCE):
            group = projects[start : start + PROJECTS_AT_ONCE]
            if self._refusal(group, context) is not None:
                refusals = {project: self._refusal([project], context) for project in group}
                found |= {project: refusal for project, refusal in refusals.items() if refusal}
        return found

    def _refusal(self, projects: list[str], context: CollectionContext) -> Refusal | None:
        """Why a search in these projects is refused; None when it is not."""
        recently = context.until - timedelta(days=1)
        query = issue_query(Wanted(projects, created_since=recently), self.zone)
        try:
            next(self.client(context).search(query, ["key"], histories=False), None)
        except JIRAError as error:
            reason = REFUSALS.get(error.status_code or 0)
            if reason is None:
                raise
            return reason, said(error)
        return None
