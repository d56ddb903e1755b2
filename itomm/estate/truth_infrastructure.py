"""The truth about infrastructure management (IM)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from itomm.estate.company_habits import Service
from itomm.estate.generate_projects import INFRASTRUCTURE
from itomm.estate.measures import Measurement, Median, MedianShare, NotApplicable, Share
from itomm.estate.monitoring import AlertRule, Episode
from itomm.estate.registers import Registers
from itomm.estate.repositories import Pipeline, Project
from itomm.estate.truth_delivery import restore_tests
from itomm.estate.truth_scope import Scope, critical, share, stateful
from itomm.estate.truth_support import changed_in_both_halves, committers
from itomm.estate.working_time import DAY, midnight

_FLAP = timedelta(minutes=5)
_RECOVERY_POINT = timedelta(hours=26)


def _monitored(scope: Scope) -> Measurement:
    up = {target.service for target in scope.company.monitoring.targets if target.health == "up"}
    ruled = {rule.service for rule in scope.company.monitoring.rules}
    return scope.share_of_services(lambda service: service.id in up & ruled)


def rules_owned(scope: Scope) -> Share:
    """Rules that lead to a team known in the catalogue: by their label, or by the service they are about."""
    owned = {service.id: service.team for service in scope.company.habits.services if service.owned}
    teams = set(owned.values())
    return share(scope.rules, lambda rule: rule.service in owned or rule.labels.get("team") in teams)


def rules_standard(scope: Scope) -> Share:
    """Rules with severity, summary and a time to hold, that are evaluated."""

    def standard(rule: AlertRule) -> bool:
        held = rule.hold > timedelta(0) or _is_burn_alert(rule)
        return bool(rule.severity) and "summary" in rule.annotations and held and rule.health == "ok"

    return share(scope.rules, standard)


def _is_burn_alert(rule: AlertRule) -> bool:
    return rule.name.endswith("ErrorBudgetBurn")


def flapping(scope: Scope) -> Share:
    """Alerts that went away by themselves within five minutes."""
    finished = [episode for episode in scope.episodes(30, "page", "warning") if episode.ended_at is not None]
    return share(finished, lambda one: one.ended_at - one.started_at < _FLAP)


def overlaps_an_incident(scope: Scope, service: str | None, start: datetime, end: datetime) -> bool:
    """Whether an incident of the service was open in that time."""
    return any(
        ticket.component is not None
        and ticket.component == service
        and ticket.created_at <= end
        and (ticket.resolved_at or scope.as_of) >= start
        for ticket in scope.company.of_kind("Incident")
    )


def actionable(scope: Scope) -> Share:
    """Pages of Prometheus that led to action."""
    silences = scope.company.monitoring.silences

    def silenced(episode: Episode) -> bool:
        return any(
            silence.service == episode.rule.service
            and silence.starts_at <= episode.started_at < silence.ends_at
            for silence in silences
        )

    def acted_on(one: Episode) -> bool:
        return overlaps_an_incident(scope, one.rule.service, one.started_at, one.ended_at or scope.as_of)

    return share([one for one in scope.episodes(30, "page") if not silenced(one)], acted_on)


def _burn_alerts(scope: Scope) -> Measurement:
    burning = {rule.service for rule in scope.company.monitoring.rules if _is_burn_alert(rule)}
    return scope.share_of_services(lambda service: service.id in burning, critical, "tier 3 or 4")


def _dependencies(scope: Scope) -> Measurement:
    return scope.share_of_services(lambda service: service.depends_on is not None)


def _changes_with_dependencies(scope: Scope) -> Measurement:
    mapped = {service.id for service in scope.company.habits.services if service.depends_on is not None}
    return share(scope.tickets("Change", days=90), lambda ticket: ticket.component in mapped)


def has_infrastructure(project: Project) -> bool:
    """Whether the repository describes infrastructure."""
    return project.habits.infrastructure


def _infrastructure_described(scope: Scope) -> Measurement:
    return scope.share_of_services(lambda service: service.habits.repository.infrastructure)


def _infrastructure_reviewed(scope: Scope) -> Measurement:
    def reviewed(project: Project) -> bool:
        in_pipeline = (
            project.path == INFRASTRUCTURE
            and scope.company.habits.handbook.infrastructure_planned_in_pipeline
        )
        return project.habits.protected and project.habits.required_approvals >= 1 and in_pipeline

    return scope.share_of_projects(reviewed, has_infrastructure)


def _infrastructure_shared(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: changed_in_both_halves(scope, project) and len(committers(scope, project)) >= 3,
        lambda project: has_infrastructure(project) and committers(scope, project).total() >= 20,
    )


def _policy_blocks(scope: Scope) -> Measurement:
    blocking = scope.company.habits.handbook.infrastructure_policy == "blocking"
    return scope.share_of_projects(
        lambda project: blocking and project.path == INFRASTRUCTURE, has_infrastructure
    )


def _built(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: any(scope.within(run.finished_at, 30) for run in project.pipelines)
    )


def _protected(scope: Scope) -> Measurement:
    def guarded(project: Project) -> bool:
        habits = project.habits
        restricted = habits.protected and habits.push_level == 0
        return (restricted or habits.required_approvals >= 1) and habits.protected and not habits.force_push

    return scope.share_of_projects(guarded)


def has_manifest(project: Project) -> bool:
    """Whether the repository declares dependencies."""
    return project.habits.manifest is not None


def _tested(scope: Scope) -> Measurement:
    def tested(project: Project) -> bool:
        return any(
            job.name == "unit-test" and not job.allow_failure
            for run in project.pipelines
            if scope.within(run.created_at, 90)
            for job in run.jobs
        )

    return scope.share_of_projects(tested, has_manifest)


def _green(scope: Scope) -> Measurement:
    def counts(run: Pipeline) -> bool:
        return run.ref == "main" and run.status in {"success", "failed"} and scope.within(run.created_at, 90)

    runs = [run for project in scope.projects for run in project.pipelines if counts(run)]
    return share(runs, lambda run: run.status == "success")


def _review_load(scope: Scope) -> Measurement:
    busiest = []
    for project in scope.active_projects:
        given: Counter[str] = Counter()
        for request in project.merge_requests:
            if scope.within(request.merged_at, 90) and not request.author.bot:
                given.update(person.login for person in request.approvers)
        if given.total() >= 20 and len(committers(scope, project)) >= 3:
            busiest.append(Fraction(max(given.values()), given.total()))
    return MedianShare(busiest)


def _review_hours(scope: Scope) -> Measurement:
    return Median(
        [
            (request.merged_at - request.created_at).total_seconds()
            for _, request in scope.merged(90)
            if request.merged_at is not None
        ]
    )


def _backed_up(scope: Scope) -> Measurement:
    newest = {one.service: one.last_success(scope.as_of) for one in scope.company.monitoring.data_sets}
    return scope.share_of_services(
        lambda service: scope.within(newest.get(service.id), 7), stateful, "keeps no data"
    )


def _backup_alerts(scope: Scope) -> Measurement:
    alerted = {rule.service for rule in scope.company.monitoring.rules if rule.name.endswith("BackupTooOld")}
    return scope.share_of_services(lambda service: service.id in alerted, stateful, "keeps no data")


def _restores_tested(scope: Scope) -> Measurement:
    def tested(service: Service) -> bool:
        days = 90 if critical(service) else 365
        return any(scope.within(at, days) for at in restore_tests(scope, service))

    return scope.share_of_services(tested, stateful, "keeps no data")


def _recovery_point(scope: Scope) -> Measurement:
    if not any(service.stateful for service in scope.services):
        return NotApplicable("keeps no data")
    wanted = {service.id for service in scope.services}
    last = midnight(scope.as_of)
    held = []
    for data_set in scope.company.monitoring.data_sets:
        for back in range(30):
            at = last - DAY * back
            success = data_set.last_success(at)
            if data_set.service in wanted and success is not None:
                held.append(at - success <= _RECOVERY_POINT)
    return share(held, bool)


def _restored_and_out_of_reach(scope: Scope) -> Measurement:
    """Only registers know of restores by machine; whoever keeps none restores by hand."""
    kept = scope.company.registers or Registers()
    away = {run.service for run in kept.backups if run.out_of_reach}
    restored = {one.service for one in kept.restores if scope.within(one.at, 35)}

    def both(service: Service) -> bool:
        return service.id in away & restored

    return scope.share_of_services(both, stateful, "keeps no data")


def _pinned(scope: Scope) -> Measurement:
    locks = {"package-lock.json", "uv.lock", "go.sum"}
    return scope.share_of_projects(lambda project: bool(locks & set(project.files)), has_manifest)


def _update_bot(scope: Scope) -> Measurement:
    def served(project: Project) -> bool:
        return project.habits.update_bot or any(
            request.dependency_update and scope.within(request.created_at, 60)
            for request in project.merge_requests
        )

    return scope.share_of_projects(served, has_manifest)


def _update_age(scope: Scope) -> Measurement:
    ages = []
    for project in scope.projects:
        for request in project.merge_requests:
            open_still = request.merged_at is None and request.closed_at is None
            if request.dependency_update and (open_still or scope.within(request.merged_at, 90)):
                ages.append(((request.merged_at or scope.as_of) - request.created_at).total_seconds())
    return Median(ages)


INFRASTRUCTURE_MANAGEMENT: Mapping[str, Callable[[Scope], Measurement]] = {
    "IM-MON-2.1": _monitored,
    "IM-MON-2.2": rules_owned,
    "IM-MON-3.1": rules_standard,
    "IM-MON-4.1": flapping,
    "IM-MON-4.2": actionable,
    "IM-MON-5.1": _burn_alerts,
    "IM-CFG-3.2": _dependencies,
    "IM-CFG-5.1": _changes_with_dependencies,
    "IM-IAC-2.1": _infrastructure_described,
    "IM-IAC-3.1": _infrastructure_reviewed,
    "IM-IAC-3.2": _infrastructure_shared,
    "IM-IAC-5.1": _policy_blocks,
    "IM-PIP-2.1": _built,
    "IM-PIP-3.1": _protected,
    "IM-PIP-3.2": _tested,
    "IM-PIP-4.1": _green,
    "IM-PIP-4.2": _review_load,
    "IM-PIP-5.1": _review_hours,
    "IM-BKP-2.1": _backed_up,
    "IM-BKP-3.1": _backup_alerts,
    "IM-BKP-3.2": _restores_tested,
    "IM-BKP-4.1": _recovery_point,
    "IM-BKP-5.1": _restored_and_out_of_reach,
    "IM-LCM-2.1": _pinned,
    "IM-LCM-3.1": _update_bot,
    "IM-LCM-5.1": _update_age,
}
