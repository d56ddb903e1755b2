"""Grow change tickets beside deployments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from itomm.estate.chance import Shares, Weighted, stream
from itomm.estate.company_habits import CompanyHabits, Service
from itomm.estate.generate_incidents import deployment_ref
from itomm.estate.repositories import Deployment, Project
from itomm.estate.ticket_life import life
from itomm.estate.tickets import PLANNED, Ticket

PLANNED_AHEAD = timedelta(hours=20)
"""A change ticket is opened this long before its deployment, so some are about deployments yet to come."""

_RISKS = (("Low", 6), ("Medium", 3), ("High", 1))


def changes_of(habits: CompanyHabits, project: Project, service: Service, end: datetime) -> Iterator[Ticket]:
    """The change tickets of one service, in time order of their deployments.

    ``project`` has to know the deployments of the ``PLANNED_AHEAD`` after ``end`` as well.
    """
    own = service.habits.changes
    name = (habits.seed, service.id, "change")
    ticketed = Shares(stream(*name, "ticketed"), own.ticket_share)
    careful = Shares(stream(*name, "quality"), own.quality_share)
    emergency = Shares(stream(*name, "emergency"), own.emergency_share)
    component = Shares(stream(*name, "component"), service.component_share)
    risks = Weighted(stream(*name, "risk"), _RISKS)
    for deployment in project.deployments:
        if deployment.environment != "production" or not ticketed.draw():
            continue
        kind = (
            "Emergency" if emergency.draw() else "Standard" if service.habits.delivery.automated else "Normal"
        )
        options = _options(deployment, kind, risks.draw(), careful=careful.draw())
        created = deployment.started_at - (timedelta(hours=1) if kind == "Emergency" else PLANNED_AHEAD)
        if created > end:
            continue
        worker = project.team[deployment.iid % len(project.team)]
        yield Ticket(
            ref=deployment_ref(service.id, deployment),
            project="OPS",
            kind="Change",
            summary=f"Deploy {deployment.sha[:8]} of {service.name}",
            created_at=created,
            reporter=worker,
            priority=4,
            service=service.id,
            component=service.id if component.draw() else None,
            first_status=PLANNED,
            sections=(("", f"Deployment of {deployment.sha}."),),
            history=life(PLANNED, worker, deployment.started_at, deployment.finished_at, actor=worker),
            options=options,
            resolution_date=deployment.finished_at,
        )


def _options(
    deployment: Deployment, kind: str, risk: str, *, careful: bool
) -> dict[str, str | int | datetime]:
    """A careless ticket lacks, by turns, its risk or its way back."""
    options: dict[str, str | int | datetime] = {
        "Change type": kind,
        "Planned start": deployment.started_at,
        "Planned end": deployment.finished_at,
    }
    if careful or deployment.iid % 2:
        options["Change risk"] = risk
    if careful or not deployment.iid % 2:
        options["Backout plan"] = "Deploy the previous version with the pipeline's rollback job."
    return options
