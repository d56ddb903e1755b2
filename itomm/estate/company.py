"""The whole made-up company at one instant: grown from habits, cut off at ``as_of``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from itomm.estate.company_habits import CompanyHabits
from itomm.estate.generate_changes import PLANNED_AHEAD, changes_of
from itomm.estate.generate_deployments import LONGEST_DEPLOYMENT
from itomm.estate.generate_follow_up import Postmortem, follow_up_of
from itomm.estate.generate_incidents import incidents_of
from itomm.estate.generate_monitoring import monitoring_of
from itomm.estate.generate_projects import projects_of, working_time
from itomm.estate.generate_registers import registers_of
from itomm.estate.generate_service_desk import ServiceDeskGrowth
from itomm.estate.monitoring import MonitoringData
from itomm.estate.people import Person, people_of
from itomm.estate.registers import Registers
from itomm.estate.repositories import Project
from itomm.estate.tickets import Ticket, as_seen
from itomm.estate.tidying_up import closed_up
from itomm.estate.working_time import Span, midnight

TRACKER_PROJECTS = ("OPS", "SEC")


@dataclass(frozen=True)
class Company:
    """Everything there is. ``keys`` gives the tracker's key of each ticket ref."""

    habits: CompanyHabits
    as_of: datetime
    start: datetime
    teams: Mapping[str, tuple[Person, ...]]
    projects: tuple[Project, ...]
    tickets: tuple[Ticket, ...]
    keys: Mapping[str, str]
    postmortems: tuple[Postmortem, ...]
    monitoring: MonitoringData
    registers: Registers | None = None

    @property
    def staff(self) -> tuple[Person, ...]:
        """All people, team by team."""
        return tuple(person for team in self.teams.values() for person in team)

    def of_kind(self, *kinds: str) -> list[Ticket]:
        """Tickets of the given issue types, oldest first."""
        return [ticket for ticket in self.tickets if ticket.kind in kinds]


def company_of(habits: CompanyHabits, as_of: datetime | None = None) -> Company:
    """Grow the company up to ``as_of`` (default: the habits' own).

    The history always begins at the same instant, so an earlier ``as_of`` shows the same events, fewer.
    """
    end = as_of or habits.as_of
    start = midnight(habits.as_of) - timedelta(days=30 * habits.history_months)
    teams = people_of(habits)
    projects = projects_of(habits, teams, start, end)
    grown: list[Ticket] = []
    postmortems: list[Postmortem] = []
    planning = projects_of(habits, teams, start, end + PLANNED_AHEAD + LONGEST_DEPLOYMENT)
    for project, planned in zip(projects, planning, strict=True):
        if project.service is not None:
            tickets, reviews = _around(habits, project, planned, Span(start, end))
            grown.extend(tickets)
            postmortems.extend(reviews)
    staff = tuple(person for team in teams.values() for person in team)
    desk = ServiceDeskGrowth(habits, working_time(habits, habits.services[0].team), staff, start, end)
    security = desk.security_incidents()
    for source in (desk.requests(), desk.improvements(), desk.risks(), desk.tasks(), desk.proofs()):
        grown.extend(source)
    grown.extend(security.tickets)
    postmortems.extend(security.postmortems)
    numbered, keys = _numbered(grown, end)
    if habits.closes_all_before:
        numbered = tuple(closed_up(numbered, staff[0], habits.as_of, end))
    operational = [ticket for ticket in numbered if ticket.kind == "Incident"]
    monitoring = monitoring_of(habits, teams, operational, end)
    return Company(
        habits=habits,
        as_of=end,
        start=start,
        teams=teams,
        projects=projects,
        tickets=numbered,
        keys=keys,
        postmortems=tuple(review for review in postmortems if review.incident in keys),
        monitoring=monitoring,
        registers=registers_of(habits, teams, monitoring.data_sets, monitoring.certificates, end),
    )


def _around(
    habits: CompanyHabits, project: Project, planned: Project, span: Span
) -> tuple[list[Ticket], list[Postmortem]]:
    """The tickets about one service; ``planned`` is its project with deployments yet to come."""
    service = project.service
    if service is None:
        return [], []
    changes = list(changes_of(habits, planned, service, span.end))
    incidents = list(incidents_of(habits, project, service, {change.ref for change in changes}, span))
    seen = [as_seen(ticket, span.end) for ticket in incidents]
    follow_up = follow_up_of(habits, service, project.team, seen, span.end)
    return [*changes, *incidents, *follow_up.tickets], follow_up.postmortems


def _numbered(grown: Sequence[Ticket], end: datetime) -> tuple[tuple[Ticket, ...], Mapping[str, str]]:
    """Tickets opened by ``end`` with keys in order of creation, project by project."""
    visible = sorted(
        (ticket for ticket in grown if ticket.created_at <= end),
        key=lambda ticket: (ticket.created_at, ticket.ref),
    )
    counters = dict.fromkeys(TRACKER_PROJECTS, 0)
    tickets = []
    for ticket in visible:
        counters[ticket.project] += 1
        tickets.append(as_seen(replace(ticket, key=f"{ticket.project}-{counters[ticket.project]}"), end))
    return tuple(tickets), {ticket.ref: ticket.key for ticket in tickets}
