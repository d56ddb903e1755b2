"""Grow what monitoring recorded: firing alerts, availability, load, certificates, backups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, digest, stream
from itomm.estate.company_habits import CompanyHabits, Service
from itomm.estate.generate_alert_rules import rules_about_monitoring, rules_of
from itomm.estate.monitoring import (
    AlertRule,
    DataSet,
    DayOfService,
    EndpointCertificate,
    Episode,
    MonitoringData,
    Resource,
    Silence,
    Target,
)
from itomm.estate.people import ALERT_BRIDGE, Person
from itomm.estate.tickets import Ticket
from itomm.estate.working_time import DAY, Span, WorkingTime, days_between, midnight

UNCATALOGUED_JOBS = ("batch-importer", "report-mailer")
_QUIET = timedelta(minutes=12)  # two firings closer than this would look like one
# Share of the service's requests that fail during an incident, by priority.
_DAMAGE = {1: 1.0, 2: 0.25, 3: 0.02}
_ALWAYS = WorkingTime(timedelta(0), (), 1.0)


def monitoring_of(
    habits: CompanyHabits,
    teams: Mapping[str, tuple[Person, ...]],
    incidents: Sequence[Ticket],
    end: datetime,
) -> MonitoringData:
    """Everything Prometheus and Alertmanager know at ``end``.

    It begins at the same instant whatever the end, for the streams of chance are dealt from there.
    """
    start = max(
        midnight(habits.as_of) - timedelta(days=habits.retention_days),
        midnight(habits.as_of) - timedelta(days=30 * habits.history_months),
    )
    rules: list[AlertRule] = []
    episodes: list[Episode] = []
    for service in habits.services:
        own_rules = list(rules_of(habits, service))
        rules.extend(own_rules)
        own = [ticket for ticket in incidents if ticket.service == service.id]
        episodes.extend(_episodes(habits, service, own_rules, own, Span(start, end)))
    rules.extend(rules_about_monitoring(habits.services[-1].team))
    monitored = [service for service in habits.services if service.habits.monitoring.monitored]
    return MonitoringData(
        rules=tuple(rules),
        episodes=tuple(sorted(episodes, key=lambda one: (one.started_at, one.rule.name))),
        targets=tuple(_targets(monitored)),
        days={
            service.id: _days(habits, service, incidents, start, end)
            for service in monitored
            if service.habits.monitoring.probed
        },
        resources=tuple(
            resource for service in monitored for resource in _resources(habits, service, start, end)
        ),
        certificates=tuple(_certificates(habits, monitored)),
        data_sets=tuple(_data_sets(habits, start, end)),
        objectives={
            service.id: service.habits.monitoring.objective
            for service in monitored
            if service.habits.monitoring.objective is not None
        },
        silences=tuple(_silences(habits, teams, monitored)),
        history_start=start,
    )


def _episodes(
    habits: CompanyHabits,
    service: Service,
    rules: Sequence[AlertRule],
    incidents: Sequence[Ticket],
    span: Span,
) -> Iterator[Episode]:
    if not rules:
        return
    paging = [rule for rule in rules if rule.severity == "page"]
    warning = [rule for rule in rules if rule.severity == "warning"]
    rows = [
        *_from_incidents(paging, incidents),
        *_noise(habits, service, paging, span.start, span.end),
        *_warnings(habits, service, warning, span.start, span.end),
    ]
    last: dict[str, datetime] = {}
    for began, ended, rule, incident in sorted(rows, key=lambda row: (row[0], row[2].name)):
        if began < span.start or began > span.end or began < last.get(rule.name, span.start):
            continue
        last[rule.name] = ended + _QUIET
        yield Episode(rule, began, ended if ended <= span.end else None, incident)


_Row = tuple[datetime, datetime, AlertRule, str | None]


def _from_incidents(paging: Sequence[AlertRule], incidents: Sequence[Ticket]) -> Iterator[_Row]:
    for number, ticket in enumerate(incidents):
        resolved = ticket.resolved_at
        if ticket.reporter != ALERT_BRIDGE or not paging:
            continue
        began = _minute(ticket.created_at) - timedelta(minutes=4)
        ended = _minute(resolved) if resolved is not None else began + timedelta(days=30)
        yield began, max(ended, began + _QUIET), paging[number % len(paging)], ticket.ref


def _noise(
    habits: CompanyHabits, service: Service, paging: Sequence[AlertRule], start: datetime, end: datetime
) -> Iterator[_Row]:
    random = stream(habits.seed, service.id, "noise pages")
    lasting = Durations(stream(habits.seed, service.id, "noise duration"), timedelta(minutes=22), 0.4)
    per_week = service.habits.monitoring.noise_pages_per_month * 7 / 30
    for moment in _ALWAYS.moments(random, per_week, start, end, weekends=True):
        began = _minute(moment)
        lasts = max(lasting.draw(), timedelta(minutes=11))
        if paging:
            yield began, _minute(began + lasts), random.choice(paging), None


def _warnings(
    habits: CompanyHabits, service: Service, warning: Sequence[AlertRule], start: datetime, end: datetime
) -> Iterator[_Row]:
    random = stream(habits.seed, service.id, "warnings")
    flaps = Shares(stream(habits.seed, service.id, "flaps"), service.habits.monitoring.flapping_share)
    lasting = Durations(stream(habits.seed, service.id, "warning duration"), timedelta(minutes=55), 0.6)
    per_week = service.habits.monitoring.warnings_per_month * 7 / 30
    for moment in _ALWAYS.moments(random, per_week, start, end, weekends=True):
        began = _minute(moment)
        minutes = timedelta(minutes=1 + random.randrange(3))
        lasts = minutes if flaps.draw() else max(lasting.draw(), timedelta(minutes=11))
        if warning:
            yield began, _minute(began + lasts), random.choice(warning), None


def _targets(monitored: Sequence[Service]) -> Iterator[Target]:
    for service in monitored:
        for turn in (1, 2):
            instance = f"{service.id}-{turn}.acme.example:9100"
            # The second instance of tier-3 services is being replaced.
            health = "down" if turn == 2 and service.tier >= 3 else "up"
            yield Target(service.id, instance, service.id, health, f"http://{instance}/metrics")
        if service.habits.monitoring.probed:
            instance = f"https://{service.id}.acme.example/"
            yield Target(
                "blackbox", instance, service.id, "up", f"http://blackbox:9115/probe?target={instance}"
            )
    for job in UNCATALOGUED_JOBS:
        instance = f"{job}.acme.example:9100"
        yield Target(job, instance, None, "up", f"http://{instance}/metrics")


def _days(
    habits: CompanyHabits, service: Service, incidents: Sequence[Ticket], start: datetime, end: datetime
) -> Mapping[datetime, DayOfService]:
    sampled = Shares(stream(habits.seed, service.id, "sampled"), service.habits.monitoring.sampled_days_share)
    lost: dict[datetime, float] = {}
    for ticket in incidents:
        damage = _DAMAGE.get(ticket.priority or 5, 0.0)
        if ticket.service == service.id and damage:
            for day, seconds in _split(ticket.created_at, ticket.resolved_at or end):
                lost[day] = lost.get(day, 0.0) + seconds * damage
    return {
        day: DayOfService(
            availability=round(1 - min(lost.get(day, 0.0) / 86_400, 1.0), 9),
            samples=1.0 if sampled.draw() else 0.5,
        )
        for day in days_between(start, end)
    }


def _split(start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    """Seconds of the span on each day it touches."""
    for day in days_between(start, end):
        yield day, (min(end, day + DAY) - max(start, day)).total_seconds()


def _resources(habits: CompanyHabits, service: Service, start: datetime, end: datetime) -> Iterator[Resource]:
    own = service.habits.monitoring
    for turn in (1, 2):
        instance = f"{service.id}-{turn}.acme.example:9100"
        for kind, offset in (("cpu", 0.0), ("memory", 0.08), ("disk", 0.05)):
            random = stream(habits.seed, service.id, instance, kind)
            busy = Shares(stream(habits.seed, service.id, instance, kind, "busy"), own.busy_day_share)
            p95, highest = {}, {}
            for day in days_between(start, end):
                use = own.typical_load + offset + random.uniform(-0.05, 0.05)
                if busy.draw():
                    use = random.uniform(0.87, 0.95)
                # The exporter of one instance restarts each month; the query then answers NaN.
                gap = kind == "memory" and turn == 2 and day.day == 1
                p95[day] = math.nan if gap else round(use, 4)
                highest[day] = math.nan if gap else round(min(use + 0.04, 1.0), 4)
            labels = {"service": service.id, "instance": instance}
            if kind == "disk":
                labels |= {"device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"}
            if kind != "cpu":
                labels["job"] = service.id
            yield Resource(service.id, instance, kind, labels, p95, highest)


def _certificates(habits: CompanyHabits, monitored: Sequence[Service]) -> Iterator[EndpointCertificate]:
    for service in monitored:
        own = service.habits.certificate
        if not service.internet_facing or not own.probed:
            continue
        lifetime = timedelta(days=own.lifetime_days)
        kept = timedelta(days=max(own.lifetime_days - 30, 1))
        until = midnight(habits.as_of) + timedelta(days=own.days_left, hours=11)
        shown = []
        for turn in range(12):
            expiry = until - kept * turn
            shown.append((expiry - lifetime, expiry))
        yield EndpointCertificate(
            service.id, f"https://{service.id}.acme.example/", lifetime, tuple(reversed(shown))
        )


def _data_sets(habits: CompanyHabits, start: datetime, end: datetime) -> Iterator[DataSet]:
    for service in habits.services:
        own = service.habits.backups
        if not service.stateful or not own.enabled:
            continue
        missed = Shares(stream(habits.seed, service.id, "backup missed"), own.missed_share)
        minutes = stream(habits.seed, service.id, "backup minute").randrange(40)
        successes = [
            day + timedelta(hours=2, minutes=minutes)
            for day in days_between(start, end)
            if not missed.draw() and day + timedelta(hours=2, minutes=minutes) <= end
        ]
        yield DataSet(service.id, f"{service.id}-database", tuple(successes))


def _silences(
    habits: CompanyHabits, teams: Mapping[str, tuple[Person, ...]], monitored: Sequence[Service]
) -> Iterator[Silence]:
    plan = ((-3, 5, "Replacing the second instance"), (-40, 1, "Planned database upgrade"), (-9, 30, ""))
    for number, (begins, days, comment) in enumerate(plan):
        service = monitored[number % len(monitored)]
        starts = habits.as_of + timedelta(days=begins)
        token = digest("silence", service.id, number)
        yield Silence(
            id=f"{token[:8]}-{token[8:12]}-4{token[13:16]}-8{token[17:20]}-{token[20:32]}",
            service=service.id,
            creator=teams[service.team][0].login,
            comment=comment,
            starts_at=starts,
            ends_at=starts + timedelta(days=days),
        )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
