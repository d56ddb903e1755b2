"""The part of the company that a truth is asked about: all of it, or one service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.estate.company import Company
from itomm.estate.company_habits import Service
from itomm.estate.generate_follow_up import Postmortem
from itomm.estate.handbook_pages import Document
from itomm.estate.measures import NotApplicable, Share
from itomm.estate.monitoring import AlertRule, Episode
from itomm.estate.repositories import Deployment, MergeRequest, Project
from itomm.estate.tickets import Ticket

ACTIVE_WITHIN = timedelta(days=90)


@dataclass(frozen=True)
class Scope:
    """The company, or one service of it. Tickets belong to the service that they name."""

    company: Company
    documents: tuple[Document, ...]
    service: Service | None = None

    @property
    def as_of(self) -> datetime:
        """The instant of the truth."""
        return self.company.as_of

    @property
    def services(self) -> list[Service]:
        """The services in question."""
        return [self.service] if self.service is not None else list(self.company.habits.services)

    def within(self, moment: datetime | None, days: float) -> bool:
        """Whether ``moment`` lies in the last ``days``."""
        return moment is not None and self.as_of - timedelta(days=days) < moment <= self.as_of

    def tickets(self, *kinds: str, days: float | None = None) -> list[Ticket]:
        """Tickets of these issue types, opened in the last ``days`` when given."""
        return [
            ticket
            for ticket in self.company.of_kind(*kinds)
            if (self.service is None or ticket.component == self.service.id)
            and (days is None or self.within(ticket.created_at, days))
        ]

    def share_of_services(
        self,
        having: Callable[[Service], bool],
        among: Callable[[Service], bool] = lambda _: True,
        otherwise: str = "the service is not of that kind",
    ) -> Share | NotApplicable:
        """How many of the services that it concerns have something."""
        concerned = [service for service in self.services if among(service)]
        if self.service is not None and not concerned:
            return NotApplicable(otherwise)
        return Share(sum(having(service) for service in concerned), len(concerned))

    @property
    def projects(self) -> list[Project]:
        """Projects; those of no service belong to the company only."""
        return [
            project
            for project in self.company.projects
            if self.service is None or (project.service is not None and project.service.id == self.service.id)
        ]

    @property
    def active_projects(self) -> list[Project]:
        """Projects that are not archived and saw a commit in 90 days."""
        return [
            project
            for project in self.projects
            if not project.archived and project.commits[-1].committed_at > self.as_of - ACTIVE_WITHIN
        ]

    def share_of_projects(
        self, having: Callable[[Project], bool], among: Callable[[Project], bool] = lambda _: True
    ) -> Share:
        """How many of the active projects that it concerns have something."""
        return share([project for project in self.active_projects if among(project)], having)

    def deployments(self, days: float) -> list[tuple[Project, Deployment]]:
        """Production deployments finished in the last ``days``."""
        return [
            (project, deployment)
            for project in self.projects
            for deployment in project.deployments
            if deployment.tier == "production" and self.within(deployment.finished_at, days)
        ]

    def merged(self, days: float) -> list[tuple[Project, MergeRequest]]:
        """Merge requests by people merged in the last ``days``."""
        return [
            (project, request)
            for project in self.projects
            for request in project.merge_requests
            if not request.author.bot and self.within(request.merged_at, days)
        ]

    @property
    def rules(self) -> list[AlertRule]:
        """Alert rules; those about monitoring itself belong to the company only."""
        wanted = {service.id for service in self.services}
        return [
            rule
            for rule in self.company.monitoring.rules
            if rule.service in wanted or (self.service is None and rule.service is None)
        ]

    def episodes(self, days: float, *severities: str) -> list[Episode]:
        """Firings that began in the last ``days``."""
        wanted = {service.id for service in self.services}
        return [
            episode
            for episode in self.company.monitoring.episodes
            if episode.rule.service in wanted
            and episode.rule.severity in severities
            and self.within(episode.started_at, days)
        ]

    @property
    def reviews(self) -> list[Postmortem]:
        """Post-mortems."""
        return [
            review
            for review in self.company.postmortems
            if self.service is None or review.service == self.service.id
        ]

    def texts(self, kind: str, topic: str | None = None) -> list[Document]:
        """Documents of a kind and topic; of one service only those that name it."""
        return [
            document
            for document in self.documents
            if document.kind == kind
            and topic in {None, document.topic}
            and (self.service is None or not document.services or self.service.id in document.services)
        ]


def share(things: Iterable[object], having: Callable[..., bool]) -> Share:
    """How many of the things have something."""
    answers = [having(thing) for thing in things]
    return Share(sum(answers), len(answers))


def critical(service: Service) -> bool:
    """Tier 1 or 2."""
    return service.tier <= 2


def stateful(service: Service) -> bool:
    """Whether it keeps data."""
    return service.stateful


def days_since(scope: Scope, moments: Iterable[datetime]) -> int | None:
    """Whole days since the newest of some instants."""
    newest = max(moments, default=None)
    return None if newest is None else (scope.as_of - newest).days
