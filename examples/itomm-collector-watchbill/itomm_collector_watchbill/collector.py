"""The Watchbill collector: each team's rota, and its duties page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import requests
from itomm.collectors.contract import (
    Check,
    CheckState,
    CollectionContext,
    Collector,
    CollectorSettings,
    SourceError,
    Stream,
)
from itomm.collectors.framework.credentials import sign_in
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.collectors.resuming import checkpoint, remaining
from itomm.evidence.observation import Page, UnknownReason

from itomm_collector_watchbill.record import schedule, shift
from itomm_collector_watchbill.settings import WatchbillSettings

PAGE_SIZE = 100
NEEDS = "role Reader on the team"


class WatchbillCollector(Collector):
    """Duties of Watchbill. Requests: 1 for each team's rota, and 1 for every 100 of its duties."""

    name: ClassVar[str] = "watchbill"
    title: ClassVar[str] = "Watchbill"
    settings_model: ClassVar[type[CollectorSettings]] = WatchbillSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("on_call_schedule", needs=NEEDS),
        Stream("on_call_shift", cursor_field="changed_at", page_size=PAGE_SIZE, needs=NEEDS),
    )

    def __init__(self, settings: CollectorSettings) -> None:
        """Keep the settings; connect to nothing."""
        if not isinstance(settings, WatchbillSettings):
            raise TypeError("the Watchbill collector takes WatchbillSettings")
        self._settings = settings

    def check(self, context: CollectionContext) -> list[Check]:
        """Ask for each team's rota."""
        session = sign_in(context.session(), self._settings)
        checks = []
        for team in self._settings.teams:
            try:
                self._team(session, team)
            except requests.HTTPError as error:
                if not _is_refusal(error):
                    raise
                remedy = f"Grant the token's account {NEEDS} {team}."
                checks.append(Check(f"Team {team}", CheckState.FAILED, "It is refused.", remedy))
            else:
                checks.append(Check(f"Team {team}", CheckState.OK, "It can be read."))
        return checks

    def collect(self, stream: Stream, cursor: str | None, context: CollectionContext) -> Iterator[Page]:
        """Yield the pages of one team after the other; one that is refused does not stop the others."""
        session = sign_in(context.session(), self._settings)
        left = remaining(sorted(self._settings.teams), context.resume_from)
        for team in left.before:
            context.asked(team)
        for number, team in enumerate(left.scopes):
            context.asked(team)
            try:
                if stream.record_type == "on_call_schedule":
                    yield self._schedule(session, team, context)
                else:
                    first = left.position if number == 0 and left.position else 1
                    yield from self._shifts(session, team, _query(first, cursor, context), context)
            except requests.HTTPError as error:
                if not _is_refusal(error):
                    raise
                context.refused(team, UnknownReason.PERMISSION_DENIED, f"It needs {NEEDS}.")

    def _schedule(self, session: requests.Session, team: str, context: CollectionContext) -> Page:
        found = schedule(self._team(session, team), self._settings.url)
        return Page((found,), context.last_request, checkpoint(team, None))

    def _shifts(
        self, session: requests.Session, team: str, query: dict[str, str], context: CollectionContext
    ) -> Iterator[Page]:
        while True:
            answer = self._ask(session, f"{team}/duties", query)
            if not isinstance(answer.get("duties"), list):
                raise self._not_watchbill()
            found = tuple(shift(duty, team, self._settings.url) for duty in rows_of(answer["duties"]))
            following = answer.get("more")
            yield Page(found, context.last_request, checkpoint(team, following))
            if following is None or not context.unseen(str(following)):
                return
            query = {**query, "page": str(following)}

    def _team(self, session: requests.Session, team: str) -> Payload:
        answer = self._ask(session, team, {})
        if answer.get("name") != team:
            raise self._not_watchbill()
        return answer

    def _ask(self, session: requests.Session, path: str, query: dict[str, str]) -> Payload:
        """The object at a path below teams.

        Raises:
            requests.HTTPError: Watchbill answered with an error status.
            SourceError: the answer is no object.
        """
        response = session.get(f"{self._settings.url}/api/teams/{path}", params=query)
        response.raise_for_status()
        answer = mapping_of(response.json())
        if not answer:
            raise self._not_watchbill()
        return answer

    def _not_watchbill(self) -> SourceError:
        return SourceError(f"{self._settings.url} does not answer as Watchbill does.")


def _query(page: int, cursor: str | None, context: CollectionContext) -> dict[str, str]:
    query = {"size": str(PAGE_SIZE), "page": str(page), "from": context.since.isoformat()}
    return {**query, "changed_after": cursor} if cursor else query


def _is_refusal(error: requests.HTTPError) -> bool:
    """Whether one team is refused, or hidden as if it did not exist."""
    return error.response is not None and error.response.status_code in {403, 404}
