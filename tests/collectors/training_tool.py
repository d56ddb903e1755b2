"""A made-up tool with records of training, and a collector that reads it as a plug-in should."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import requests

from itomm.collectors.conformance import Answer, Asked, HealthyTool, Paging
from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    NetworkedSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import instant_of, rows_of
from itomm.collectors.resuming import checkpoint, remaining
from itomm.evidence.observation import Observation, Page, UnknownReason

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
TEAMS = ("apps", "base")
PEOPLE = ("Ada Lovelace", "Grace Hopper")
ROWS = 8


def training(team: str, number: int, base: str) -> dict[str, object]:
    at = NOW - timedelta(days=4 * number)
    return {
        "id": f"{team}-{number}",
        "person": PEOPLE[number % 2],
        "topic": f"Wiederanlauf üben {number}",
        "at": at.isoformat(),
        "changed_at": at.isoformat(),
        "link": f"{base}/trainings/{team}-{number}",
    }


def answer(asked: Asked) -> Answer:
    """``/api/<team>/trainings?page=&size=&changed_since=`` gives ``{"rows": [...], "next": 2}``."""
    if asked.headers.get("authorization") != "Bearer canary-secret-7c0e1f":
        return Answer(401, b'{"message": "who are you?"}')
    parts = asked.path.split("/")
    if len(parts) != 4 or parts[2] not in TEAMS:
        return Answer(404, b'{"message": "no such team"}')
    page, size = int(asked.query.get("page", "1")), int(asked.query.get("size", "3"))
    rows = [training(parts[2], number, asked.base) for number in range(ROWS)]
    since = asked.query.get("changed_since", "")
    rows = [row for row in rows if str(row["changed_at"]) >= since]
    begin = (page - 1) * size
    following = page + 1 if begin + size < len(rows) else None
    return Answer(200, json.dumps({"rows": rows[begin : begin + size], "next": following}).encode())


def empty(asked: Asked) -> Answer:
    found = answer(asked)
    return Answer(200, b'{"rows": [], "next": null}') if found.status == 200 else found


TOOL = HealthyTool(
    answer,
    empty=empty,
    scopes={"apps": "/api/apps/", "base": "/api/base/"},
    people=PEOPLE,
    paging=Paging(("page",), "size", rows="rows", told_by="token", key="next"),
    until=NOW,
)


def settings(url: str) -> dict[str, object]:
    return {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN", "teams": TEAMS}


class TrainingSettings(NetworkedSettings):
    """Where the tool is and which teams are read."""

    teams: tuple[str, ...] = ()


class TrainingCollector(Collector):
    """Records of training, team by team."""

    name = "training"
    title = "Trainings"
    settings_model: ClassVar[type[CollectorSettings]] = TrainingSettings
    streams = (Stream("training_record", cursor_field="changed_at", page_size=3, needs="role reader"),)

    def __init__(self, settings: CollectorSettings) -> None:
        self._settings: Any = settings

    def check(self, context: CollectionContext) -> list[Check]:
        session = sign_in(context.session(), self._settings)
        checks = []
        for team in self._settings.teams:
            response = session.get(f"{self._settings.url}/api/{team}/trainings", params={"size": 1})
            if response.status_code == 403:
                checks.append(
                    Check(team, CheckState.FAILED, "it is refused", f"Grant role reader on {team}.")
                )
                continue
            response.raise_for_status()
            self.rows(response)
            checks.append(Check(team, CheckState.OK))
        return checks

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        session = sign_in(context.session(), self._settings)
        left = remaining(sorted(self._settings.teams), context.resume_from)
        for team in left.before:
            context.asked(team)
        for number, team in enumerate(left.scopes):
            context.asked(team)
            position = int(left.position) if number == 0 and left.position else 1
            try:
                yield from self.pages(session, team, position, cursor, context)
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else None
                if status not in {403, 404}:
                    raise
                context.refused(team, UnknownReason.PERMISSION_DENIED, f"the tool answered {status}")

    def pages(
        self,
        session: requests.Session,
        team: str,
        page: int,
        cursor: str | None,
        context: CollectionContext,
    ) -> Iterator[Page]:
        while True:
            since = {"changed_since": cursor.replace("Z", "+00:00")} if cursor else {}
            query: dict[str, str] = {"page": str(page), "size": "3", **since}
            response = session.get(f"{self._settings.url}/api/{team}/trainings", params=query)
            response.raise_for_status()
            found = tuple(self.observation(row, team) for row in self.rows(response))
            following = response.json()["next"]
            yield Page(found, context.last_request, checkpoint(team, following))
            if following is None or not context.unseen(str(following)):
                return
            page = following

    def rows(self, response: requests.Response) -> list[Any]:
        body = response.json()
        if not isinstance(body, dict) or not isinstance(body.get("rows"), list):
            raise SourceError("this is not the training tool")
        return list(rows_of(body["rows"]))

    def observation(self, row: Any, team: str) -> Observation:
        fields = {"person": row["person"], "topic": row["topic"], "at": instant_of(row["at"])}
        return Observation(str(row["id"]), fields, row, str(row["link"]), (team,))
