"""The truth about security management (SM)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from itomm.estate.company_habits import Service
from itomm.estate.generate_pipelines import SCANNER_JOBS
from itomm.estate.gitlab_payloads import members
from itomm.estate.handbook_pages import exercises_of
from itomm.estate.measures import Age, Count, Measurement, NotApplicable, Share, Trend
from itomm.estate.monitoring import EndpointCertificate
from itomm.estate.repositories import Finding, Project
from itomm.estate.tickets import Ticket
from itomm.estate.truth_infrastructure import has_manifest
from itomm.estate.truth_scope import Scope, days_since, share

_DEADLINES = {"critical": timedelta(days=15), "high": timedelta(days=30)}
_KINDS = {job: kind for kind, job in SCANNER_JOBS.items()}


def scans(scope: Scope, project: Project, *, on_merge_requests: bool = False) -> set[str]:
    """Kinds of scanners that ran in the last 30 days."""
    return {
        _KINDS[job.name]
        for run in project.pipelines
        if scope.within(run.created_at, 30) and (not on_merge_requests or run.source == "merge_request_event")
        for job in run.jobs
        if job.name in _KINDS
    }


def _scanned(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: bool(scans(scope, project) & {"sca", "container"}), has_manifest
    )


def _serious(scope: Scope) -> list[Finding]:
    return [
        finding
        for project in scope.projects
        for finding in project.findings
        if finding.severity in _DEADLINES
    ]


def _triaged(scope: Scope) -> Measurement:
    week = timedelta(days=7)
    old = [
        finding
        for finding in _serious(scope)
        if scope.within(finding.detected_at, 90) and finding.detected_at <= scope.as_of - week
    ]

    def triaged(finding: Finding) -> bool:
        moments = [
            at for at in (finding.confirmed_at, finding.fixed_at, finding.dismissed_at) if at is not None
        ]
        return bool(moments) and min(moments) - finding.detected_at <= week

    return share(old, triaged)


def _overdue(finding: Finding, at: datetime) -> bool:
    """Whether a finding was open and past its deadline at an instant."""
    ended = finding.fixed_at or finding.dismissed_at
    still_open = finding.detected_at <= at and (ended is None or ended > at)
    return still_open and at - finding.detected_at > _DEADLINES[finding.severity]


def _fixed_in_time(scope: Scope) -> Measurement:
    counted = [
        finding
        for finding in _serious(scope)
        if scope.within(finding.fixed_at, 90) or _overdue(finding, scope.as_of)
    ]

    def in_time(finding: Finding) -> bool:
        fixed = finding.fixed_at
        return fixed is not None and fixed - finding.detected_at <= _DEADLINES[finding.severity]

    return share(counted, in_time)


def _exploited(scope: Scope) -> Measurement:
    """No finding of the made-up company stands in the catalogue of known exploited vulnerabilities."""
    del scope
    return Share(0, 0)


def _findings_owned(scope: Scope) -> Measurement:
    still = [
        finding
        for finding in _serious(scope)
        if finding.state in {"detected", "confirmed"}
        and finding.detected_at <= scope.as_of - timedelta(days=7)
    ]
    return share(still, lambda finding: finding.assignee is not None)


def _backlog(scope: Scope) -> Measurement:
    findings = _serious(scope)
    before = sum(_overdue(finding, scope.as_of - timedelta(days=180)) for finding in findings)
    now = sum(_overdue(finding, scope.as_of) for finding in findings)
    return Trend(Fraction(before), Fraction(now), min(before, now), as_good_as_it_gets=now == 0)


def _access_reviewed(scope: Scope) -> Measurement:
    done = [
        ticket.resolved_at
        for ticket in scope.company.of_kind("Task")
        if "access-review" in ticket.labels and ticket.resolved_at is not None
    ]
    return Age(days_since(scope, done))


def privilege_ends(scope: Scope) -> Share:
    """Privileged members of repositories whose membership ends."""
    grants = [
        row
        for project in scope.projects
        if not project.archived
        for row in members(project, "")
        if row["access_level"] in {40, 50} and row["id"] not in {900, 901}
    ]
    return share(grants, lambda row: row["expires_at"] is not None)


def _secrets_scanned(scope: Scope) -> Measurement:
    return scope.share_of_projects(lambda project: "secret" in scans(scope, project))


def _shift_left(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: len(scans(scope, project, on_merge_requests=True)) >= 2, has_manifest
    )


def _code_owners(scope: Scope) -> Measurement:
    return scope.share_of_projects(
        lambda project: project.habits.codeowners and project.habits.codeowners_required
    )


def _gates_block(scope: Scope) -> Measurement:
    def blocking(project: Project) -> bool:
        return any(
            not job.allow_failure
            for run in project.pipelines
            if scope.within(run.created_at, 30)
            for job in run.jobs
            if job.name in _KINDS
        )

    return scope.share_of_projects(blocking, lambda project: bool(scans(scope, project)))


def _provenance(scope: Scope) -> Measurement:
    recent = [
        release
        for project in scope.active_projects
        for release in project.releases
        if scope.within(release.released_at, 180)
    ]
    return share(recent, lambda release: bool(release.asset_names))


def _security_plan(scope: Scope) -> Measurement:
    pages = [page for page in scope.texts("plan", "security incident") if page.words >= 150]
    return Age(days_since(scope, (page.touched_at for page in pages)))


def _security_exercise(scope: Scope) -> Measurement:
    done = [at for kind, at, _, _ in exercises_of(scope.company) if kind == "security"]
    return Age(days_since(scope, done))


def _security_incidents(scope: Scope) -> list[Ticket]:
    return [
        ticket
        for ticket in scope.company.of_kind("Incident")
        if "security" in ticket.labels and scope.within(ticket.created_at, 365)
    ]


def _security_taken_up(scope: Scope) -> Measurement:
    if scope.service is not None:
        return NotApplicable("security incidents name no service here")

    def taken_up(ticket: Ticket) -> bool:
        moment = ticket.acknowledged_at
        return moment is not None and moment - ticket.created_at <= timedelta(hours=1)

    return share(_security_incidents(scope), taken_up)


def _security_lessons(scope: Scope) -> Measurement:
    if scope.service is not None:
        return NotApplicable("security incidents name no service here")
    before = scope.as_of - timedelta(days=60)
    over = [
        ticket
        for ticket in _security_incidents(scope)
        if ticket.resolved_at is not None and ticket.resolved_at <= before
    ]
    done = {ticket.ref for ticket in scope.company.of_kind("Improvement") if ticket.resolved_at is not None}
    learnt = {review.incident for review in scope.company.postmortems if done.intersection(review.actions)}
    return share(over, lambda ticket: ticket.ref in learnt)


def _certificates(scope: Scope) -> list[EndpointCertificate]:
    wanted = {service.id for service in scope.services}
    return [one for one in scope.company.monitoring.certificates if one.service in wanted]


def _expiry_watched(scope: Scope) -> Measurement:
    seen = {one.service for one in scope.company.monitoring.certificates}
    alerted = {
        rule.service
        for rule in scope.company.monitoring.rules
        if rule.name.endswith("CertificateExpiresSoon")
    }

    def watched(service: Service) -> bool:
        return service.id in seen & alerted

    return scope.share_of_services(watched, lambda service: service.internet_facing, "not on the internet")


def certificates_healthy(scope: Scope) -> Share:
    """Certificates at endpoints that have time left."""

    def healthy(one: EndpointCertificate) -> bool:
        until = one.valid_until(scope.as_of)
        enough = min(timedelta(days=21), one.lifetime / 4)
        return until is not None and until - scope.as_of >= enough

    return share(_certificates(scope), healthy)


def _secrets_revoked(scope: Scope) -> Measurement:
    week = timedelta(days=7)
    leaked = [
        finding
        for project in scope.projects
        for finding in project.findings
        if finding.report_type == "secret_detection"
        and finding.dismissed_at is None
        and scope.within(finding.detected_at, 365)
        and finding.detected_at <= scope.as_of - week
    ]

    def revoked(finding: Finding) -> bool:
        return finding.fixed_at is not None and finding.fixed_at - finding.detected_at <= week

    return share(leaked, revoked)


def _expired(scope: Scope) -> Measurement:
    """Certificates seen past their end; no incident of the company is about one."""
    past = [
        one
        for one in _certificates(scope)
        if (until := one.valid_until(scope.as_of)) is not None and until <= scope.as_of
    ]
    return Count(len(past))


def renewed_by_machine(scope: Scope) -> Share:
    """Certificates at endpoints that machines renew."""
    return share(_certificates(scope), lambda one: one.is_renewed_by_machine(scope.as_of))


def _policies(scope: Scope) -> Measurement:
    return share(scope.texts("policy"), lambda page: page.approved and scope.within(page.touched_at, 365))


def _risks_reviewed(scope: Scope) -> Measurement:
    open_ones = [ticket for ticket in scope.company.of_kind("Risk") if ticket.status.category != "done"]

    def reviewed(ticket: Ticket) -> bool:
        seen = ticket.options.get("Reviewed on")
        if seen is None or isinstance(seen, str | int) or ticket.assignee is None:
            return False
        on = seen.date() if isinstance(seen, datetime) else seen
        return (scope.as_of.date() - on).days <= 90

    return share(open_ones, reviewed)


def _where_scanned(measure: Callable[[Scope], Measurement], *kinds: str) -> Callable[[Scope], Measurement]:
    """A service that nothing scans has no findings, which says nothing good about it."""

    def measured(scope: Scope) -> Measurement:
        if scope.service is not None and not set(scope.service.habits.pipelines.scanners) & set(kinds):
            return NotApplicable("nothing scans it")
        return measure(scope)

    return measured


_ANY = ("sast", "sca", "secret", "container", "iac")

SECURITY: Mapping[str, Callable[[Scope], Measurement]] = {
    "SM-VUL-2.1": _scanned,
    "SM-VUL-3.1": _where_scanned(_triaged, *_ANY),
    "SM-VUL-4.1": _where_scanned(_fixed_in_time, *_ANY),
    "SM-VUL-4.2": _where_scanned(_exploited, *_ANY),
    "SM-VUL-4.3": _where_scanned(_findings_owned, *_ANY),
    "SM-VUL-5.1": _where_scanned(_backlog, *_ANY),
    "SM-IAM-4.2": _access_reviewed,
    "SM-IAM-5.1": privilege_ends,
    "SM-SDS-2.1": _secrets_scanned,
    "SM-SDS-3.1": _shift_left,
    "SM-SDS-3.2": _code_owners,
    "SM-SDS-4.1": _gates_block,
    "SM-SDS-5.1": _provenance,
    "SM-SIR-2.1": _security_plan,
    "SM-SIR-3.2": _security_exercise,
    "SM-SIR-4.1": _security_taken_up,
    "SM-SIR-5.1": _security_lessons,
    "SM-CRT-2.1": _expiry_watched,
    "SM-CRT-3.1": certificates_healthy,
    "SM-CRT-3.2": _where_scanned(_secrets_revoked, "secret"),
    "SM-CRT-4.1": _expired,
    "SM-CRT-5.1": renewed_by_machine,
    "SM-GRC-2.1": _policies,
    "SM-GRC-3.1": _risks_reviewed,
}
