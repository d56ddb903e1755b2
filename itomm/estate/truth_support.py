"""The truth about service support (SS)."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from itomm.estate.alertmanager_api import paged_services
from itomm.estate.company_habits import Service
from itomm.estate.generate_incidents import deployment_ref, is_major
from itomm.estate.measures import Age, Measurement, NotApplicable, Share, Trend
from itomm.estate.people import AUTOMATION
from itomm.estate.repositories import Deployment, Project
from itomm.estate.tickets import Clock, Ticket
from itomm.estate.truth_delivery import due_at, in_time
from itomm.estate.truth_scope import Scope, critical, days_since, share

SHIFT = timedelta(hours=12)
_HALF_YEAR = 182


def urgent(ticket: Ticket, lowest: int) -> bool:
    """Whether the priority is ``lowest`` or more urgent."""
    return ticket.priority is not None and ticket.priority <= lowest


def _logged(scope: Scope) -> Measurement:
    def complete(ticket: Ticket) -> bool:
        alive = ticket.resolved_at is not None or scope.within(ticket.updated_at, 14)
        filled = ticket.priority is not None and ticket.component is not None
        return filled and ticket.assignee is not None and alive

    return share(scope.tickets("Incident", days=90), complete)


def _incident_process(scope: Scope) -> Measurement:
    written = [*scope.texts("process", "incident"), *scope.texts("policy", "incident")]
    pages = [page for page in written if page.words >= 150]
    return Age(days_since(scope, (page.touched_at for page in pages)))


def _detected(scope: Scope) -> Measurement:
    known = [
        ticket
        for ticket in scope.tickets("Incident", days=90)
        if urgent(ticket, 3) and "Detected by" in ticket.options
    ]
    return share(known, lambda ticket: ticket.options["Detected by"] == "Monitoring")


def _clocks_run(scope: Scope) -> Measurement:
    return share(scope.tickets("Incident", days=90), lambda ticket: bool(ticket.clocks))


def _cycles(scope: Scope, kind: str) -> list[Clock]:
    return [
        clock
        for ticket in scope.tickets(kind, days=90)
        for clock in ticket.clocks
        if clock.stopped_at is not None
    ]


def _incident_targets(scope: Scope) -> Measurement:
    return share(_cycles(scope, "Incident"), lambda clock: not clock.breached(scope.as_of))


def _acknowledged_within(ticket: Ticket, minutes: int) -> bool:
    moment = ticket.acknowledged_at
    return moment is not None and moment - ticket.created_at <= timedelta(minutes=minutes)


def _picked_up(scope: Scope) -> Measurement:
    urgent_ones = [ticket for ticket in scope.tickets("Incident", days=90) if urgent(ticket, 2)]
    return share(urgent_ones, lambda ticket: _acknowledged_within(ticket, 15))


def _restore_trend(scope: Scope) -> Measurement:
    halves: tuple[list[float], list[float]] = ([], [])
    for ticket in scope.tickets("Incident", days=180):
        if urgent(ticket, 3) and ticket.resolved_at is not None:
            recent = scope.within(ticket.created_at, 90)
            halves[recent].append((ticket.resolved_at - ticket.created_at).total_seconds())
    earlier, recent_ones = halves
    smaller = min(len(earlier), len(recent_ones))
    if smaller == 0:
        return Trend(None, None, 0)
    now = statistics.median(recent_ones)
    return Trend(Fraction(round(statistics.median(earlier))), Fraction(round(now)), smaller, now <= 3600)


def _majors(scope: Scope) -> list[Ticket]:
    """Major incidents of half a year that were over a fortnight ago."""
    before = scope.as_of - timedelta(days=14)
    return [
        ticket
        for ticket in scope.tickets("Incident", days=180)
        if is_major(ticket) and ticket.resolved_at is not None and ticket.resolved_at <= before
    ]


def _followed_up(scope: Scope) -> Measurement:
    reviewed = {review.incident for review in scope.company.postmortems}
    for problem in scope.company.of_kind("Problem"):
        reviewed |= {link.to for link in problem.links}
    return share(_majors(scope), lambda ticket: ticket.ref in reviewed)


def _timely_reviews(scope: Scope) -> Measurement:
    reviews = {review.incident: review for review in scope.company.postmortems}

    def timely(ticket: Ticket) -> bool:
        review, resolved = reviews.get(ticket.ref), ticket.resolved_at
        if review is None or resolved is None or len(review.sections) < 3:
            return False
        return review.published_at - resolved <= timedelta(days=14)

    return share(_majors(scope), timely)


def _shared_reviews(scope: Scope) -> Measurement:
    recent = [review for review in scope.reviews if scope.within(review.published_at, 180)]
    return share(recent, lambda review: len(review.participants) >= 3)


def _actions_done(scope: Scope) -> Measurement:
    asked = {ref for review in scope.company.postmortems for ref in review.actions}
    due = [
        (ticket, moment)
        for ticket in scope.tickets("Improvement")
        if ticket.ref in asked
        for moment in [due_at(ticket, 60)]
        if scope.within(moment, 180)
    ]
    return share(due, lambda pair: in_time(*pair))


def _recurrence(scope: Scope) -> Measurement:
    earlier = scope.tickets("Incident")
    known = [
        ticket
        for ticket in scope.tickets("Incident", days=180)
        if ticket.component is not None and "Root cause class" in ticket.options
    ]

    def again(ticket: Ticket) -> bool:
        since = ticket.created_at - timedelta(days=90)
        return any(
            other.component == ticket.component
            and since <= other.created_at < ticket.created_at
            and other.options.get("Root cause class") == ticket.options["Root cause class"]
            for other in earlier
        )

    return share(known, again)


def _traceable(scope: Scope) -> Measurement:
    changes = {ticket.ref for ticket in scope.company.of_kind("Change")}

    def traced(pair: tuple[Project, Deployment]) -> bool:
        project, deployment = pair
        if project.service is not None and deployment_ref(project.service.id, deployment) in changes:
            return True
        return any(
            request.ticket_keys
            for request in project.merge_requests
            if request.iid in deployment.delivers or request.delivered_sha == deployment.sha
        )

    return share(scope.deployments(90), traced)


def _reviewed(scope: Scope) -> Measurement:
    return share(scope.merged(90), lambda pair: bool(pair[1].approvers))


def _change_quality(scope: Scope) -> Measurement:
    wanted = {"Change type", "Change risk", "Backout plan"}
    return share(scope.tickets("Change", days=90), lambda ticket: wanted <= set(ticket.options))


def _emergencies(scope: Scope) -> Measurement:
    return share(
        scope.tickets("Change", days=90), lambda ticket: ticket.options.get("Change type") == "Emergency"
    )


def _flowing(scope: Scope) -> Measurement:
    successes = [pair for pair in scope.deployments(90) if pair[1].status == "success"]

    def free(pair: tuple[Project, Deployment]) -> bool:
        project, deployment = pair
        green = {
            job.name
            for run in project.pipelines
            if run.sha == deployment.sha
            for job in run.jobs
            if job.status == "success"
        }
        scanned = any(name in _SCANS for name in green)
        return not deployment.manual_gate and "unit-test" in green and scanned

    return share(successes, free)


_SCANS = frozenset(
    {
        "semgrep-sast",
        "gemnasium-dependency_scanning",
        "secret_detection",
        "container_scanning",
        "kics-iac-sast",
    }
)


def _company_wide(measure: Callable[[Scope], Measurement]) -> Callable[[Scope], Measurement]:
    def measured(scope: Scope) -> Measurement:
        if scope.service is not None:
            return NotApplicable("requests name no service here")
        return measure(scope)

    return measured


def _by_machine(ticket: Ticket) -> bool:
    return "automation" in ticket.labels or any(
        entry.author == AUTOMATION and entry.field == "status" for entry in ticket.history[:1]
    )


def _typed(scope: Scope) -> Measurement:
    def complete(ticket: Ticket) -> bool:
        return "Request Type" in ticket.options and (ticket.assignee is not None or _by_machine(ticket))

    return share(scope.tickets("Service Request", days=90), complete)


def _self_service(scope: Scope) -> Measurement:
    return share(scope.tickets("Service Request", days=90), lambda ticket: "Request Type" in ticket.options)


def _request_targets(scope: Scope) -> Measurement:
    return share(_cycles(scope, "Service Request"), lambda clock: not clock.breached(scope.as_of))


def _automated_requests(scope: Scope) -> Measurement:
    done = [ticket for ticket in scope.tickets("Service Request", days=90) if ticket.resolved_at is not None]
    return share(done, _by_machine)


def _runbooks(scope: Scope) -> Measurement:
    covered = {name for page in scope.texts("runbook") if page.words >= 50 for name in page.services}
    return scope.share_of_services(lambda service: service.id in covered)


def _paging_rules_with_runbook(scope: Scope) -> Measurement:
    paging = [rule for rule in scope.rules if rule.severity == "page"]
    return share(paging, lambda rule: "runbook_url" in rule.annotations)


def committers(scope: Scope, project: Project) -> Counter[str]:
    """Non-merge commits of people in a year, by author."""
    return Counter(
        commit.author.login
        for commit in project.commits
        if not commit.merge and not commit.author.bot and scope.within(commit.committed_at, 365)
    )


def changed_in_both_halves(scope: Scope, project: Project) -> bool:
    """Whether two people changed it in either half of the year; what is younger has but one half."""
    people: tuple[set[str], set[str]] = (set(), set())
    for commit in project.commits:
        if not commit.merge and not commit.author.bot and scope.within(commit.committed_at, 365):
            people[scope.within(commit.committed_at, _HALF_YEAR)].add(commit.author.login)
    before, lately = people
    is_young = scope.within(min(commit.committed_at for commit in project.commits), _HALF_YEAR)
    return len(lately) >= 2 and (is_young or len(before) >= 2)


def _shared_repositories(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: changed_in_both_halves(scope, project),
        lambda project: committers(scope, project).total() >= 20,
    )


def _fresh_runbooks(scope: Scope) -> Measurement:
    return share(scope.texts("runbook"), lambda page: scope.within(page.touched_at, 365))


def _linked_knowledge(scope: Scope) -> Measurement:
    done = [
        ticket
        for ticket in scope.tickets("Incident", "Service Request", days=90)
        if ticket.resolved_at is not None
    ]
    return share(done, lambda ticket: any("handbook.acme.example" in text for _, text in ticket.sections))


def _rota(scope: Scope) -> Measurement:
    paged = {name for names in paged_services(scope.company).values() for name in names}

    def covered(service: Service) -> bool:
        return service.id in paged

    return scope.share_of_services(covered, critical, "tier 3 or 4")


def _bearable(scope: Scope) -> Measurement:
    """Shifts of twelve hours, counted back from the as-of instant."""
    pages: dict[int, set[str]] = {}
    for episode in scope.episodes(90, "page"):
        pages.setdefault(_shift(scope, episode.started_at), set()).add(episode.rule.name)
    shifts = range(90 * 2)
    return Share(sum(len(pages.get(number, ())) <= 2 for number in shifts), len(shifts))


def _shift(scope: Scope, moment: datetime) -> int:
    return int((scope.as_of - moment) / SHIFT)


SUPPORT: Mapping[str, Callable[[Scope], Measurement]] = {
    "SS-INC-2.1": _logged,
    "SS-INC-2.2": _incident_process,
    "SS-INC-3.1": _detected,
    "SS-INC-3.2": _clocks_run,
    "SS-INC-4.1": _incident_targets,
    "SS-INC-4.2": _picked_up,
    "SS-INC-5.1": _restore_trend,
    "SS-PRB-2.1": _followed_up,
    "SS-PRB-3.1": _timely_reviews,
    "SS-PRB-3.2": _shared_reviews,
    "SS-PRB-4.1": _actions_done,
    "SS-PRB-5.1": _recurrence,
    "SS-CHG-2.1": _traceable,
    "SS-CHG-3.1": _reviewed,
    "SS-CHG-3.2": _change_quality,
    "SS-CHG-4.1": _emergencies,
    "SS-CHG-5.1": _flowing,
    "SS-REQ-2.1": _company_wide(_typed),
    "SS-REQ-3.1": _company_wide(_self_service),
    "SS-REQ-4.1": _company_wide(_request_targets),
    "SS-REQ-5.1": _company_wide(_automated_requests),
    "SS-KNO-2.1": _runbooks,
    "SS-KNO-3.1": _paging_rules_with_runbook,
    "SS-KNO-3.2": _shared_repositories,
    "SS-KNO-4.1": _fresh_runbooks,
    "SS-KNO-5.1": _linked_knowledge,
    "SS-ONC-2.1": _rota,
    "SS-ONC-4.1": _bearable,
}
