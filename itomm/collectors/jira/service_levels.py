"""The service level clocks of Jira Service Management as records. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from itomm.collectors.jira.issue import Issue
from itomm.collectors.jira.site import ServiceLevelField
from itomm.collectors.payload import Payload, instant_of_milliseconds, mapping_of, rows_of
from itomm.evidence.observation import Observation


def service_level_cycles(issue: Issue) -> list[Observation]:
    """One observation for each measured run of each clock on the issue."""
    found: list[Observation] = []
    for field in issue.site.service_levels:
        clock = mapping_of(issue.fields.get(field.id))
        ongoing = mapping_of(clock.get("ongoingCycle"))
        cycles = [*rows_of(clock.get("completedCycles")), *([ongoing] if ongoing else [])]
        for number, cycle in enumerate(cycles, start=1):
            observed = _cycle(issue, field, number, cycle)
            if observed:
                found.append(observed)
    return found


def _cycle(issue: Issue, field: ServiceLevelField, number: int, cycle: Payload) -> Observation | None:
    started_at, stopped_at = _instant(cycle.get("startTime")), _instant(cycle.get("stopTime"))
    goal = _duration(cycle.get("goalDuration"))
    elapsed = _duration(cycle.get("elapsedTime"))
    if started_at is None or goal is None or elapsed is None:
        return None
    return Observation(
        source_ref=f"{issue.key}/{field.id}/{number}",
        fields={
            "ticket_key": issue.key,
            "ticket_kind": issue.site.kind_of(issue.issue_type) or "other",
            "sla_name": field.name,
            "metric": field.metric,
            "goal_s": goal,
            "elapsed_s": elapsed,
            "breached": _breached(cycle, goal, elapsed),
            "started_at": started_at,
            "stopped_at": stopped_at,
            "computed": False,
        },
        raw={"key": issue.key, "field": field.name, "cycle": cycle},
        url=issue.site.url(issue.key),
        service_keys=issue.service_keys,
    )


def _breached(cycle: Payload, goal: timedelta, elapsed: timedelta) -> bool:
    """What the site says; an edition that does not say it leaves it to the figures."""
    said = cycle.get("breached")
    return said if isinstance(said, bool) else elapsed > goal


def _instant(value: object) -> datetime | None:
    """A time of a clock; the beginning of the epoch stands for none."""
    milliseconds = mapping_of(value).get("epochMillis")
    return instant_of_milliseconds(milliseconds) if milliseconds else None


def _duration(value: object) -> timedelta | None:
    milliseconds = mapping_of(value).get("millis")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return timedelta(milliseconds=milliseconds)
