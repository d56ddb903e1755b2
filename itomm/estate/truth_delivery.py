"""The truth about service delivery (SD)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from itomm.estate.company_habits import Service
from itomm.estate.generate_monitoring import UNCATALOGUED_JOBS
from itomm.estate.handbook_pages import exercises_of
from itomm.estate.measures import Age, Count, Measurement, Median, NotApplicable, Share
from itomm.estate.monitoring import Resource
from itomm.estate.prometheus_samples import SLO_PERIOD_DAYS
from itomm.estate.repositories import Project
from itomm.estate.tickets import Ticket
from itomm.estate.truth_scope import Scope, critical, days_since, share
from itomm.estate.working_time import DAY, midnight

_WEEKS, _ENOUGH_WEEKS = 13, 9


def _days(scope: Scope, days: int) -> list[datetime]:
    last = midnight(scope.as_of)
    return [last - DAY * back for back in range(1, days + 1)]


def _objective(service: Service) -> float | None:
    own = service.habits.monitoring
    return own.objective if own.monitored else None


def _with_objective(scope: Scope) -> list[Service]:
    return [service for service in scope.services if _objective(service) is not None]


def _targets_exist(scope: Scope) -> Measurement:
    return scope.share_of_services(lambda service: _objective(service) is not None)


def _targets_measured(scope: Scope) -> Measurement:
    def measured(service: Service) -> bool:
        days = scope.company.monitoring.days.get(service.id, {})
        good = sum(days[day].samples >= 0.9 for day in _days(scope, 30) if day in days)
        return good >= 0.8 * 30

    return share(_with_objective(scope), measured)


def _targets_met(scope: Scope) -> Measurement:
    """Months are three spans of 30 days that end at the last midnight."""
    months = [
        (service, _days(scope, 90)[30 * month : 30 * month + 30])
        for service in _with_objective(scope)
        for month in range(3)
    ]
    known = scope.company.monitoring.days

    def met(month: tuple[Service, list[datetime]]) -> bool:
        service, days = month
        found = [known[service.id][day].availability for day in days if day in known[service.id]]
        return statistics.fmean(found) >= (_objective(service) or 0)

    def sampled(month: tuple[Service, list[datetime]]) -> bool:
        service, days = month
        found = [known[service.id][day].samples for day in days if day in known.get(service.id, {})]
        return bool(found) and statistics.fmean(found) >= 0.9

    return share([month for month in months if sampled(month)], met)


def _budget_response(scope: Scope) -> Measurement:
    exhaustions = [
        (service, day) for service in _with_objective(scope) for day in _exhaustions(scope, service)
    ]
    tickets = scope.company.of_kind("Problem", "Improvement")

    def answered(exhaustion: tuple[Service, datetime]) -> bool:
        service, day = exhaustion
        return any(
            ticket.component == service.id and day <= ticket.created_at <= day + timedelta(days=14)
            for ticket in tickets
        )

    return share(exhaustions, answered)


def _exhaustions(scope: Scope, service: Service) -> list[datetime]:
    """Days of the last 180 on which the rolling budget of 28 days ran out."""
    days = scope.company.monitoring.days.get(service.id, {})
    objective, found, below = _objective(service) or 0, [], False
    for day in reversed(_days(scope, 180)):
        span = [
            days[day - DAY * back].availability for back in range(SLO_PERIOD_DAYS) if day - DAY * back in days
        ]
        now = bool(span) and statistics.fmean(span) < objective
        if now and not below:
            found.append(day)
        below = now
    return found


def _availability_measured(scope: Scope) -> Measurement:
    def measured(service: Service) -> bool:
        days = scope.company.monitoring.days.get(service.id, {})
        found = [days[day].samples for day in _days(scope, 30) if day in days]
        return bool(found) and statistics.fmean(found) >= 0.8

    return scope.share_of_services(measured)


def _continuity_planned(scope: Scope) -> Measurement:
    plans = scope.texts("plan", "continuity")

    def planned(service: Service) -> bool:
        return any(
            service.id in plan.services and plan.words >= 50 and scope.within(plan.touched_at, 365)
            for plan in plans
        )

    return scope.share_of_services(planned, critical, "tier 3 or 4")


def _recovery_exercised(scope: Scope) -> Measurement:
    exercised = {
        name
        for kind, at, services, _ in exercises_of(scope.company)
        if kind == "dr" and scope.within(at, 365)
        for name in services
    }

    def done(service: Service) -> bool:
        return service.id in exercised or any(scope.within(at, 365) for at in restore_tests(scope, service))

    return scope.share_of_services(done, critical, "tier 3 or 4")


def restore_tests(scope: Scope, service: Service) -> list[datetime]:
    """When restores of a service's data were tested."""
    by_hand = [
        ticket.resolved_at
        for ticket in scope.company.of_kind("Task")
        if "restore-test" in ticket.labels and ticket.service == service.id and ticket.resolved_at is not None
    ]
    registers = scope.company.registers
    by_machine = registers.restores if registers is not None else ()
    return [*by_hand, *(one.at for one in by_machine if one.service == service.id)]


def _recovery_in_time(scope: Scope) -> Measurement:
    """Every recovery exercise of the company ended within its target."""
    wanted = {service.id for service in scope.services}
    done = [
        services
        for kind, at, services, _ in exercises_of(scope.company)
        if kind == "dr" and scope.within(at, 365) and wanted.intersection(services)
    ]
    return Share(len(done), len(done))


def _game_days(scope: Scope) -> Measurement:
    return Count(
        sum(kind == "game_day" and scope.within(at, 180) for kind, at, _, _ in exercises_of(scope.company))
    )


def _resources(scope: Scope, *kinds: str) -> list[Resource]:
    wanted = {service.id for service in scope.services}
    return [
        resource
        for resource in scope.company.monitoring.resources
        if resource.service in wanted and (not kinds or resource.kind in kinds)
    ]


def _capacity_seen(scope: Scope) -> Measurement:
    seen = {resource.service for resource in _resources(scope)}
    return scope.share_of_services(lambda service: service.id in seen)


def _by_id(scope: Scope) -> Mapping[str, Service]:
    return {service.id: service for service in scope.services}


def _saturation_alerted(scope: Scope) -> Measurement:
    services = _by_id(scope)
    return share(
        _resources(scope, "disk", "memory"),
        lambda resource: services[resource.service].habits.monitoring.saturation_alerts,
    )


def _capacity_plan(scope: Scope) -> Measurement:
    return Age(days_since(scope, (plan.touched_at for plan in scope.texts("plan", "capacity"))))


def _headroom(scope: Scope) -> Measurement:
    used = []
    for resource in _resources(scope):
        for day in _days(scope, 30):
            p95, highest = resource.p95.get(day, math.nan), resource.highest.get(day, math.nan)
            if not math.isnan(p95):
                used.append(highest <= 0.85 if resource.kind == "disk" else p95 <= 0.80)
    return share(used, bool)


def forecast(scope: Scope) -> Share:
    """Resources that Prometheus sees, with an alert that forecasts the shortage."""
    services = _by_id(scope)
    return share(
        _resources(scope),
        lambda resource: (
            resource.kind == "disk" and services[resource.service].habits.monitoring.forecast_alerts
        ),
    )


def _automated(scope: Scope) -> Measurement:
    return share(scope.deployments(90), lambda pair: pair[1].job is not None)


def _lead_time(scope: Scope) -> Measurement:
    return Median(
        [
            (deployment.finished_at - request.first_commit_at).total_seconds()
            for project, deployment in scope.deployments(90)
            for request in project.merge_requests
            if request.iid in deployment.delivers and not request.author.bot
        ]
    )


def _weekly(scope: Scope) -> Measurement:
    def regular(project: Project) -> bool:
        weeks = {
            (scope.as_of - one.finished_at).days // 7
            for one in project.deployments
            if one.tier == "production" and one.status == "success" and scope.within(one.finished_at, 91)
        }
        return len(weeks) >= _ENOUGH_WEEKS

    def busy(project: Project) -> bool:
        return project.service is not None and any(
            scope.within(request.merged_at, 91) for request in project.merge_requests
        )

    return share([project for project in scope.projects if busy(project)], regular)


def _change_failures(scope: Scope) -> Measurement:
    return share(scope.deployments(90), lambda pair: pair[1].failing)


def _recovery_time(scope: Scope) -> Measurement:
    return Median(
        [
            (one.recovered_at - one.finished_at).total_seconds()
            for _, one in scope.deployments(180)
            if one.failing and one.recovered_at is not None
        ]
    )


def _catalogued(scope: Scope) -> Measurement:
    if scope.service is not None:
        return Share(1, 1)
    seen = {target.service for target in scope.company.monitoring.targets if target.service}
    seen |= {project.path for project, _ in scope.deployments(30)}
    return Share(len(seen), len(seen) + len(UNCATALOGUED_JOBS))


def _owned(scope: Scope) -> Measurement:
    return scope.share_of_services(lambda service: service.owned)


def _tickets_with_service(scope: Scope) -> Measurement:
    if scope.service is not None:
        return NotApplicable("a ticket without a service belongs to no service")
    return share(
        scope.tickets("Incident", "Problem", "Change", days=90), lambda ticket: ticket.component is not None
    )


def _tiers_consistent(scope: Scope) -> Measurement:
    objectives: dict[int, list[float]] = {}
    for service in scope.company.habits.services:
        objective = _objective(service)
        if objective is not None:
            objectives.setdefault(service.tier, []).append(objective)

    def consistent(service: Service) -> bool:
        objective, seen = _objective(service), service.last_reviewed_at
        if objective is None or seen is None or (scope.as_of.date() - seen).days > 365:
            return False
        return all(
            objective >= statistics.median(found) for tier, found in objectives.items() if tier > service.tier
        )

    return scope.share_of_services(consistent)


def _moved(scope: Scope, ticket: Ticket, days: float) -> bool:
    return scope.within(ticket.created_at, days) or any(
        scope.within(entry.at, days) for entry in ticket.history if entry.field == "status"
    )


def _improvements(scope: Scope) -> Measurement:
    return Count(sum(_moved(scope, ticket, 180) for ticket in scope.tickets("Improvement")))


def _reports(scope: Scope) -> Measurement:
    months = set()
    month = scope.as_of.replace(day=1) - DAY
    for _ in range(6):
        months.add((month.year, month.month))
        month = month.replace(day=1) - DAY
    written = {(text.touched_at.year, text.touched_at.month) for text in scope.texts("report")}
    return Share(len(months & written), len(months))


def _improvements_on_time(scope: Scope) -> Measurement:
    due = [
        (ticket, moment)
        for ticket in scope.tickets("Improvement")
        if ticket.options.get("Origin") != "postmortem"
        for moment in [due_at(ticket, 90)]
        if scope.within(moment, 180)
    ]
    return share(due, lambda pair: in_time(*pair))


def due_at(ticket: Ticket, otherwise_days: int) -> datetime:
    """The end of the day on which a ticket is due, or so many days after its creation."""
    if ticket.due is None:
        return ticket.created_at + timedelta(days=otherwise_days)
    return midnight(ticket.created_at) + DAY * ((ticket.due - ticket.created_at.date()).days + 1)


def in_time(ticket: Ticket, due: datetime) -> bool:
    """Whether a ticket was done by then."""
    return ticket.resolved_at is not None and ticket.resolved_at <= due


def _benefits(scope: Scope) -> Measurement:
    closed = [ticket for ticket in scope.tickets("Improvement") if scope.within(ticket.resolved_at, 365)]
    return share(closed, lambda ticket: "Baseline" in ticket.options and "Result" in ticket.options)


DELIVERY: Mapping[str, Callable[[Scope], Measurement]] = {
    "SD-SLM-2.1": _targets_exist,
    "SD-SLM-3.1": _targets_measured,
    "SD-SLM-4.1": _targets_met,
    "SD-SLM-5.1": _budget_response,
    "SD-AVC-2.1": _availability_measured,
    "SD-AVC-2.2": _continuity_planned,
    "SD-AVC-3.1": _recovery_exercised,
    "SD-AVC-4.1": _recovery_in_time,
    "SD-AVC-5.1": _game_days,
    "SD-CAP-2.1": _capacity_seen,
    "SD-CAP-3.1": _saturation_alerted,
    "SD-CAP-3.2": _capacity_plan,
    "SD-CAP-4.1": _headroom,
    "SD-CAP-5.1": forecast,
    "SD-REL-2.1": _automated,
    "SD-REL-3.1": _lead_time,
    "SD-REL-3.2": _weekly,
    "SD-REL-4.1": _change_failures,
    "SD-REL-5.1": _recovery_time,
    "SD-REL-5.2": _lead_time,
    "SD-CAT-2.1": _catalogued,
    "SD-CAT-2.2": _owned,
    "SD-CAT-3.1": _tickets_with_service,
    "SD-CAT-4.1": _tiers_consistent,
    "SD-IMP-2.1": _improvements,
    "SD-IMP-3.1": _reports,
    "SD-IMP-4.1": _improvements_on_time,
    "SD-IMP-5.1": _benefits,
}
