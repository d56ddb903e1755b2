"""Duties and teams of Watchbill become records of on-call shifts and schedules. Pure."""

from __future__ import annotations

from datetime import datetime

from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.evidence.observation import Observation

WORKING_HOURS = range(8, 18)
SATURDAY = 5


def shift(duty: Payload, team: str, server: str) -> Observation:
    """The record of one duty. Watchbill counts a call once, however often it rang."""
    calls = rows_of(duty.get("calls"))
    return Observation(
        source_ref=str(duty["id"]),
        fields={
            "person": text_of(mapping_of(duty.get("person")).get("login")),
            "start": instant_of(duty.get("begins")),
            "end": instant_of(duty.get("ends")),
            "pages": len(calls),
            "incidents": sum(call.get("became_incident") is True for call in calls),
            "out_of_hours_pages": sum(_is_out_of_hours(call) for call in calls),
        },
        raw=dict(duty),
        url=f"{server}/teams/{team}/duties/{duty['id']}",
        service_keys=(team,),
    )


def schedule(team: Payload, server: str) -> Observation:
    """The record of one team's rota."""
    name = str(team["name"])
    return Observation(
        source_ref=name,
        fields={
            "team": name,
            "services": [str(one) for one in team.get("services") or ()],
            "participants": len({str(one) for one in team.get("members") or ()}),
            "levels": team.get("levels"),
            "coverage": _coverage(team),
        },
        raw={key: value for key, value in team.items() if key != "members"},
        url=f"{server}/teams/{name}",
        service_keys=(name,),
    )


def _coverage(team: Payload) -> float | None:
    """The share of required hours in which somebody is on duty; None where Watchbill does not tell."""
    required, covered = team.get("required_hours_a_week"), team.get("covered_hours_a_week")
    if not isinstance(required, int) or not isinstance(covered, int) or required <= 0:
        return None
    return covered / required


def _is_out_of_hours(call: Payload) -> bool:
    """Whether a call came at night or on a weekend, by the clock on the wall: the time's own offset."""
    try:
        at = datetime.fromisoformat(str(call.get("at")))
    except ValueError:
        return False
    return at.weekday() >= SATURDAY or at.hour not in WORKING_HOURS
