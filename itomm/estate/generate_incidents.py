"""Grow incidents: some caused by deployments, some by chance, and the one big outage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, Weighted, stream
from itomm.estate.company_habits import CompanyHabits, Service
from itomm.estate.generate_projects import working_time
from itomm.estate.people import ALERT_BRIDGE
from itomm.estate.repositories import Deployment, Project
from itomm.estate.ticket_life import life
from itomm.estate.tickets import OPEN, Clock, Comment, Link, Ticket
from itomm.estate.working_time import Span

RESPONSE_CLOCK = "Time to first response"
RESOLUTION_CLOCK = "Time to resolution"
_RESPONSE_GOALS = {1: 0.25, 2: 0.5, 3: 4, 4: 8, 5: 16}  # hours by priority
_RESOLUTION_GOALS = {1: 2, 2: 4, 3: 10, 4: 30, 5: 60}  # hours by priority
_PRIORITIES = ((1, 1), (2, 3), (3, 8), (4, 6), (5, 2))
# How long a thing lasts beside the median, by priority: the worse, the more hands.
_HASTE = {1: 0.5, 2: 0.7, 3: 1.0, 4: 1.8, 5: 3.0}
_ROUNDS = 11
_CAUSES = (
    "configuration",
    "capacity",
    "dependency",
    "software defect",
    "network",
    "human error",
    "hardware",
    "data",
)
_SYMPTOMS = (
    "error rate too high",
    "slow responses",
    "queue grows",
    "disk nearly full",
    "connections exhausted",
    "login fails for some",
    "wrong totals shown",
    "stale data",
)


@dataclass(frozen=True)
class Trigger:
    """Why and when an incident begins."""

    at: datetime
    deployment: Deployment | None = None
    outage: bool = False


def deployment_ref(service: str, deployment: Deployment) -> str:
    """Our own name of the change ticket that goes with a deployment."""
    return f"change/{service}/{deployment.finished_at.isoformat()}"


def incidents_of(
    habits: CompanyHabits, project: Project, service: Service, changes: set[str], span: Span
) -> Iterator[Ticket]:
    """The incidents of one service in time order. ``changes`` are the refs of change tickets."""
    growth = _Growth(habits, project, service)
    for number, trigger in enumerate(_triggers(habits, project, service, span), start=1):
        yield growth.incident(number, trigger, changes)


def _triggers(habits: CompanyHabits, project: Project, service: Service, span: Span) -> list[Trigger]:
    random = stream(habits.seed, service.id, "incidents")
    working = working_time(habits, service.team)
    chance = [
        Trigger(moment)
        for moment in working.moments(
            random, service.habits.incidents.per_month * 7 / 30, span.start, span.end, weekends=True
        )
    ]
    caused = [
        Trigger(deployment.finished_at + timedelta(minutes=4 + deployment.iid % 25), deployment)
        for deployment in project.deployments
        if deployment.causes_incident
    ]
    outage = habits.outage
    if outage is not None and service.id in outage.services and span.start <= outage.started_at < span.end:
        minutes = outage.services.index(service.id) * 2
        chance.append(Trigger(outage.started_at + timedelta(minutes=minutes), outage=True))
    return sorted(
        (trigger for trigger in [*chance, *caused] if trigger.at <= span.end), key=lambda trigger: trigger.at
    )


class _Growth:
    """Deals the habits of one service's incidents, one incident after the other."""

    def __init__(self, habits: CompanyHabits, project: Project, service: Service) -> None:
        own = service.habits.incidents
        name = (habits.seed, service.id, "incident")
        self._service, self._team, self._habits = service, project.team, habits
        self._priority = Weighted(stream(*name, "priority"), _PRIORITIES)
        self._seen = Shares(stream(*name, "detected"), own.detected_by_monitoring_share)
        self._unrecorded = Shares(stream(*name, "unrecorded"), own.detection_unrecorded_share)
        self._acknowledge = Durations(
            stream(*name, "acknowledge"), timedelta(minutes=own.acknowledge_minutes), 0.6
        )
        self._restore = Durations(stream(*name, "restore"), timedelta(hours=own.restore_hours))
        self._component = Shares(stream(*name, "component"), service.component_share)
        self._assigned = Shares(stream(*name, "assigned"), own.assigned_share)
        self._clock = Shares(stream(*name, "clock"), own.clock_share)
        self._known_cause = Shares(stream(*name, "cause known"), own.root_cause_share)
        self._recurs = Shares(stream(*name, "recurs"), own.recurring_cause_share)
        self._reopened = Shares(stream(*name, "reopened"), 0.06)
        self._rewritten = Shares(stream(*name, "rewritten"), 0.05)
        self._linked = Shares(
            stream(habits.seed, service.id, "runbook linked"), habits.service_desk.runbook_link_share
        )
        self._random = stream(*name, "the rest")
        self._causes: list[str] = []

    def incident(self, number: int, trigger: Trigger, changes: set[str]) -> Ticket:
        priority = 1 if trigger.outage else self._priority.draw()
        by_monitoring = self._seen.draw() and self._service.habits.monitoring.monitored
        created = trigger.at + timedelta(minutes=3 if by_monitoring else 9 + self._random.randrange(40))
        lasts = self._restore.draw(_HASTE[priority])
        if trigger.deployment is not None and trigger.deployment.recovered_at is not None:
            lasts = max(trigger.deployment.recovered_at - created, timedelta(minutes=12))
        if trigger.outage and self._habits.outage is not None:
            lasts = timedelta(hours=self._habits.outage.hours) + timedelta(minutes=7 * (number % 5))
        acknowledged = created + min(self._acknowledge.draw(), lasts * 0.6)
        resolved = created + lasts
        worker = self._random.choice(self._team)
        history = life(
            OPEN,
            worker if self._assigned.draw() else None,
            acknowledged,
            resolved,
            actor=worker,
            reopened=self._reopened.draw(),
            waits=number % 7 == 0,
            # The one big outage goes round the team until somebody finds the cause.
            passed_between=self._team * _ROUNDS if trigger.outage else (),
        )
        reporter = ALERT_BRIDGE if by_monitoring else self._random.choice(self._team)
        symptom = self._random.choice(_SYMPTOMS)
        component = self._service.id if self._component.draw() else None
        rewritten = resolved + timedelta(days=30) if self._rewritten.draw() else resolved
        return Ticket(
            ref=f"incident/{self._service.id}/{number}",
            project="OPS",
            kind="Incident",
            summary=f"{self._service.name}: {symptom}",
            created_at=created,
            reporter=reporter,
            priority=priority,
            service=self._service.id,
            component=component,
            labels=(("outage",) if trigger.outage else ()),
            sections=(("", self._description(symptom)),),
            history=history,
            comments=(Comment(acknowledged + timedelta(minutes=2), worker, "Looking into it."),),
            clocks=self._clocks(created, acknowledged, resolved, priority) if self._clock.draw() else (),
            links=self._links(trigger, changes),
            options=self._options(priority, trigger, by_monitoring=by_monitoring, own_number=number),
            resolution_date=rewritten,
        )

    def _options(
        self, priority: int, trigger: Trigger, *, by_monitoring: bool, own_number: int
    ) -> Mapping[str, str | int]:
        options: dict[str, str | int] = {}
        if own_number % 9:  # some never fill it in: the severity then follows from the priority
            options["Severity"] = priority
        unrecorded = self._unrecorded.draw()
        if by_monitoring:
            options["Detected by"] = "Monitoring"
        elif not unrecorded:
            options["Detected by"] = "User" if own_number % 3 else "Staff"
        cause = self._cause(trigger)
        if cause is not None:
            options["Root cause class"] = cause
        return options

    def _cause(self, trigger: Trigger) -> str | None:
        recurs, known = self._recurs.draw(), self._known_cause.draw()
        if trigger.outage and self._habits.outage is not None:
            return self._habits.outage.cause
        if not known:
            return None
        if recurs and self._causes:
            return self._causes[-1]
        fresh = [cause for cause in _CAUSES if cause not in self._causes[-5:]]
        cause = self._random.choice(fresh)
        self._causes.append(cause)
        return cause

    def _links(self, trigger: Trigger, changes: set[str]) -> tuple[Link, ...]:
        if trigger.deployment is None:
            return ()
        ref = deployment_ref(self._service.id, trigger.deployment)
        return (Link("is caused by", ref),) if ref in changes else ()

    def _description(self, symptom: str) -> str:
        text = f"Users of {self._service.name} notice: {symptom}."
        if self._linked.draw():
            text += f" Runbook: https://handbook.acme.example/docs/runbooks/{self._service.id}.md"
        return text

    @staticmethod
    def _clocks(
        created: datetime, acknowledged: datetime, resolved: datetime, priority: int
    ) -> tuple[Clock, ...]:
        response = timedelta(hours=_RESPONSE_GOALS[priority])
        resolution = timedelta(hours=_RESOLUTION_GOALS[priority])
        return (
            Clock(RESPONSE_CLOCK, created, acknowledged, response),
            Clock(RESOLUTION_CLOCK, created, resolved, resolution),
        )


def is_major(ticket: Ticket) -> bool:
    """Severity 1 or 2; the severity follows from the priority where nobody filled it in."""
    severity = ticket.options.get("Severity", ticket.priority)
    return isinstance(severity, int) and severity <= 2
