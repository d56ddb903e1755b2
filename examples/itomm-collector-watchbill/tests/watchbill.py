"""Watchbill as it answers on a good day: two teams, each with seven duties."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from itomm.collectors.conformance import Answer, Asked, HealthyTool, Paging

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
TEAMS = ("payments", "web")
PEOPLE = ("mara.krol", "jon.oakes")


def answer(asked: Asked) -> Answer:
    """Answer as Watchbill does."""
    return _answer(asked, [duty for number in range(1, 8) for duty in [_duty(_team_in(asked), number)]])


def empty(asked: Asked) -> Answer:
    """Answer as Watchbill does before anybody was on duty."""
    return _answer(asked, [])


def _answer(asked: Asked, duties: list[dict[str, object]]) -> Answer:
    if not asked.headers.get("authorization", "").startswith("Bearer "):
        return Answer(401, b'{"error": "sign in"}')
    parts = asked.path.strip("/").split("/")
    if parts[:2] != ["api", "teams"] or _team_in(asked) not in TEAMS:
        return Answer(404, b'{"error": "no such team"}')
    if len(parts) == 3:
        return _json(_team(parts[2]))
    wanted = [one for one in duties if _is_wanted(one, asked.query)]
    number, size = int(asked.query.get("page", "1")), int(asked.query.get("size", "100"))
    begin, end = (number - 1) * size, number * size
    return _json({"duties": wanted[begin:end], "more": number + 1 if end < len(wanted) else None})


def _team_in(asked: Asked) -> str:
    return asked.path.strip("/").partition("api/teams/")[2].partition("/")[0]


def _team(name: str) -> dict[str, object]:
    return {
        "name": name,
        "members": list(PEOPLE),
        "services": [f"{name}-shop"],
        "levels": 2,
        "required_hours_a_week": 168,
        "covered_hours_a_week": 126,
    }


def _duty(team: str, number: int) -> dict[str, object]:
    begins = NOW - timedelta(days=number, hours=number)
    return {
        "id": f"{team}-{number}",
        "person": {"login": PEOPLE[number % 2]},
        "begins": begins.isoformat(),
        "ends": (begins + timedelta(hours=12)).isoformat(),
        "changed_at": (begins + timedelta(hours=13)).isoformat(),
        "calls": [
            {"at": "2026-10-28T10:00:00+01:00", "became_incident": True},
            {"at": "2026-10-28T03:00:00+01:00", "became_incident": False},
        ],
    }


def _is_wanted(duty: dict[str, object], query: dict[str, str]) -> bool:
    return _instant(duty["begins"]) >= _instant(query.get("from")) and _instant(
        duty["changed_at"]
    ) >= _instant(query.get("changed_after"))


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text or "2000-01-01T00:00:00+00:00"))


def _json(document: object) -> Answer:
    return Answer(200, json.dumps(document).encode())


TOOL = HealthyTool(
    answer,
    scopes={team: f"/teams/{team}" for team in TEAMS},
    people=PEOPLE,
    paging=Paging(("page",), "size", rows="duties", told_by="token", key="more"),
    until=NOW,
)
