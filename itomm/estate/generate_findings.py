"""Grow what scanners find: vulnerabilities with their triage, fixes and dismissals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, Weighted, stream
from itomm.estate.company_habits import Vulnerabilities
from itomm.estate.generate_merge_requests import Workshop
from itomm.estate.people import Person
from itomm.estate.repositories import Finding
from itomm.estate.working_time import WorkingTime

_REPORT_TYPES = (("dependency_scanning", 6), ("container_scanning", 3), ("sast", 2))
_SEVERITIES = (("critical", 2), ("high", 6), ("medium", 6), ("low", 3), ("info", 1))
_SERIOUS_SHARE = 8 / 18  # critical and high among the weights above


def findings_of(shop: Workshop, project: int, habits: Vulnerabilities) -> tuple[Finding, ...]:
    """All findings detected by the as-of instant, oldest first."""
    rows = sorted([*_vulnerabilities(shop, habits), *_secrets(shop, habits)], key=lambda row: row[0])
    return tuple(
        _as_seen(project * 10_000 + number, row, shop.end)
        for number, row in enumerate(rows, start=1)
        if row[0] <= shop.end
    )


_Row = tuple[datetime, str, str, datetime | None, datetime | None, datetime | None, Person | None]


def _vulnerabilities(shop: Workshop, habits: Vulnerabilities) -> Iterator[_Row]:
    name = (shop.seed, shop.project)
    triage = Durations(stream(*name, "triage"), timedelta(days=habits.triage_days))
    fixing = Durations(stream(*name, "fixing"), timedelta(days=habits.fix_days))
    fixed = Shares(stream(*name, "fixed"), habits.fixed_share)
    dismissed = Shares(stream(*name, "dismissed"), habits.dismissed_share)
    severities = Weighted(stream(*name, "severity"), _SEVERITIES)
    types = Weighted(stream(*name, "report type"), _REPORT_TYPES)
    random = stream(*name, "findings")
    per_week = habits.serious_per_month * 7 / 30 / _SERIOUS_SHARE
    always = WorkingTime(timedelta(0), (), 1.0)  # scanners know no summer
    for detected in always.moments(random, per_week, shop.start, shop.end, weekends=True):
        seen = detected + triage.draw()
        resolved = detected + fixing.draw()
        goes, thrown = fixed.draw(), dismissed.draw()
        owner = shop.team[random.randrange(len(shop.team))] if goes else None
        yield (
            detected,
            severities.draw(),
            types.draw(),
            seen if goes or thrown else None,
            resolved if goes and not thrown else None,
            seen if thrown else None,
            owner,
        )


def _secrets(shop: Workshop, habits: Vulnerabilities) -> Iterator[_Row]:
    name = (shop.seed, shop.project, "secrets")
    revoking = Durations(stream(*name, "revoking"), timedelta(days=habits.revoke_days), 0.4)
    always = WorkingTime(timedelta(0), (), 1.0)
    for detected in always.moments(stream(*name), habits.secrets_per_year / 52, shop.start, shop.end):
        gone = detected + revoking.draw()
        yield (
            detected,
            "critical",
            "secret_detection",
            detected + timedelta(hours=5),
            gone,
            None,
            shop.team[0],
        )


def _as_seen(number: int, row: _Row, end: datetime) -> Finding:
    detected, severity, report_type, confirmed, fixed, dismissed, owner = row
    confirmed = confirmed if confirmed is not None and confirmed <= end else None
    fixed = fixed if fixed is not None and fixed <= end else None
    dismissed = dismissed if dismissed is not None and dismissed <= end else None
    state = "detected"
    if confirmed is not None:
        state = "confirmed"
    if fixed is not None:
        state = "resolved"
    if dismissed is not None:
        state = "dismissed"
    identifier = {
        "dependency_scanning": f"CVE-{detected.year}-{20_000 + number % 9973}",
        "container_scanning": f"CVE-{detected.year - 1}-{30_000 + number % 9973}",
        "sast": f"CWE-{20 + number % 700}",
    }.get(report_type, f"gitleaks-rule-{number % 90}")
    return Finding(
        id=number,
        identifier=identifier,
        title=f"{identifier} in {report_type.replace('_', ' ')}",
        report_type=report_type,
        severity=severity,
        state=state,
        detected_at=detected,
        confirmed_at=confirmed,
        fixed_at=fixed,
        dismissed_at=dismissed,
        assignee=owner if confirmed is not None else None,
    )
