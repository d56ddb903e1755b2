"""On-call schedules as records. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from itomm.collectors.gitlab.project import Project, username_of
from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.repository_contents import time_running
from itomm.evidence.observation import Observation

LOOKED_AHEAD = timedelta(days=28)
"""The record type speaks of 30 days; GitLab tells shifts of one month at most, and February is one."""

ALWAYS = "always"
MOST_SHIFTS = 350
"""GitLab's own maximum for one question (``MAX_SHIFTS_FOR_TIMEFRAME``)."""

MOST_OF_EACH = 20
"""Schedules of a project, rotations of a schedule and policies that are read; more are incomplete."""

PREMIUM_KEYS = frozenset({"approvals_before_merge", "issues_template", "merge_requests_template"})
"""GitLab shows these of a project only with a licence, and on-call schedules come with the same (Premium)."""

QUESTION = f"""query($path: ID!, $start: Time!, $end: Time!) {{
  project(fullPath: $path) {{
    userPermissions {{ createLabel }}
    incidentManagementOncallSchedules(first: {MOST_OF_EACH}) {{
      pageInfo {{ hasNextPage }}
      nodes {{
        iid name timezone
        rotations(first: {MOST_OF_EACH}) {{
          pageInfo {{ hasNextPage }}
          nodes {{
            name
            shifts(startTime: $start, endTime: $end, first: {MOST_SHIFTS}) {{
              pageInfo {{ hasNextPage }}
              nodes {{ startsAt endsAt participant {{ user {{ username }} }} }}
            }}
          }}
        }}
      }}
    }}
    incidentManagementEscalationPolicies(first: {MOST_OF_EACH}) {{
      pageInfo {{ hasNextPage }}
      nodes {{ name rules {{ elapsedTimeSeconds oncallSchedule {{ iid }} }} }}
    }}
  }}
}}"""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_SATURDAY = 5
_HOURS_OF_A_DAY = 24
_STEP = timedelta(seconds=1)


def _known_hours(text: str) -> str:
    found = _HOURS.fullmatch(text)
    if text != ALWAYS and (found is None or not text[:5] < text[6:] <= "24:00"):
        raise ValueError('write "always", or the hours of working days as "08:00-18:00"')
    return text


OnCallHours = Annotated[str, AfterValidator(_known_hours)]
"""A pydantic type: ``always``, or hours from Monday to Friday such as ``08:00-18:00``."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Shift:
    """A person's duty."""

    start: datetime
    end: datetime
    person: str


def schedules_in(found: Payload) -> list[Payload]:
    """The schedules of an answered project."""
    return rows_of(mapping_of(found.get("incidentManagementOncallSchedules")).get("nodes"))


def is_cut(found: Payload) -> bool:
    """Whether an answer leaves out some of what there is."""
    return any(
        mapping_of(part.get("pageInfo")).get("hasNextPage") is not False for part in _connections(found)
    )


def _connections(found: Payload) -> Iterator[Payload]:
    yield mapping_of(found.get("incidentManagementOncallSchedules"))
    yield mapping_of(found.get("incidentManagementEscalationPolicies"))
    for schedule in schedules_in(found):
        yield mapping_of(schedule.get("rotations"))
        for rotation in _rotations(schedule):
            yield mapping_of(rotation.get("shifts"))


def emptiness_is_a_fact(project: Project, found: Payload) -> bool:
    """Whether "no schedule" means that there is none.

    To an account below Reporter, and without a licence, GitLab shows an empty list, too.
    """
    permissions = mapping_of(found.get("userPermissions"))
    return permissions.get("createLabel") is True and bool(PREMIUM_KEYS & project.payload.keys())


def on_call_schedule(
    project: Project, schedule: Payload, found: Payload, until: datetime, hours: str
) -> Observation | None:
    """A schedule; None when its time zone is needed and not known.

    Args:
        project: whose it is.
        schedule: one of :func:`schedules_in`.
        found: the whole project as answered, with the escalation policies.
        until: the instant of reading; shifts are looked at for :data:`LOOKED_AHEAD` from then on.
        hours: that somebody must be on call, as in the settings.
    """
    shifts = list(_shifts(schedule))
    name = text_of(schedule.get("name")) or ""
    coverage = coverage_of(shifts, until, hours, text_of(schedule.get("timezone")) or "UTC")
    if coverage is None:
        return None
    return Observation(
        source_ref=f"{project.path}/oncall_schedules/{schedule.get('iid')}",
        fields={
            "team": name,
            "services": [],
            "participants": len({shift.person for shift in shifts}),
            "levels": _levels(str(schedule.get("iid")), found),
            "coverage": coverage,
        },
        raw={"schedule": schedule, "policies": _policies(found)},
        url=f"{project.web_url}/-/oncall_schedules",
        service_keys=project.service_keys,
    )


def _rotations(schedule: Payload) -> list[Payload]:
    return rows_of(mapping_of(schedule.get("rotations")).get("nodes"))


def _policies(found: Payload) -> list[Payload]:
    return rows_of(mapping_of(found.get("incidentManagementEscalationPolicies")).get("nodes"))


def _shifts(schedule: Payload) -> Iterator[Shift]:
    for rotation in _rotations(schedule):
        for row in rows_of(mapping_of(rotation.get("shifts")).get("nodes")):
            start, end = instant_of(row.get("startsAt")), instant_of(row.get("endsAt"))
            person = username_of(mapping_of(row.get("participant")).get("user"))
            if start and end and person:  # a shift whose person left is nobody's
                yield Shift(start, end, person)


def _levels(iid: str, found: Payload) -> int:
    """Steps of the longest escalation policy that pages this schedule; 0 when none does."""
    steps = [0]
    for policy in _policies(found):
        rules = rows_of(policy.get("rules"))
        if any(str(mapping_of(rule.get("oncallSchedule")).get("iid")) == iid for rule in rules):
            steps.append(len({rule.get("elapsedTimeSeconds") for rule in rules}))
    return max(steps)


def coverage_of(shifts: Sequence[Shift], until: datetime, hours: str, timezone: str) -> Decimal | None:
    """Which share of the hours that are needed somebody is on call; None for a time zone nobody knows."""
    end = until + LOOKED_AHEAD
    try:
        needed = (
            [(until, end)] if hours == ALWAYS else list(_working_hours(until, end, hours, ZoneInfo(timezone)))
        )
    except (ZoneInfoNotFoundError, ValueError):
        return None
    pieces = [
        (max(shift.start, begin), min(shift.end, stop))
        for begin, stop in needed
        for shift in shifts
        if shift.start < stop and begin < shift.end
    ]
    covered = time_running(pieces) or timedelta()
    wanted = sum((stop - begin for begin, stop in needed), timedelta())
    return round(Decimal(covered // _STEP) / Decimal(wanted // _STEP), 4)


def _working_hours(start: datetime, end: datetime, hours: str, zone: tzinfo) -> Iterator[Span]:
    """The hours of all working days between two instants."""
    opens, closes = hours.split("-")
    day = start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        begin, stop = max(_at(day, opens, zone), start), min(_at(day, closes, zone), end)
        if day.weekday() < _SATURDAY and begin < stop:
            yield begin, stop
        day += timedelta(days=1)


def _at(day: date, clock: str, zone: tzinfo) -> datetime:
    """The instant when clocks there show a time; 24:00 is the next day's beginning."""
    hour, minute = (int(part) for part in clock.split(":"))
    if hour == _HOURS_OF_A_DAY:
        day, hour = day + timedelta(days=1), 0
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
