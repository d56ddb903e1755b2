"""A Jira whose tickets a test can add, move and delete, and runs over it into a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import itomm.estate
from itomm.collectors.conformance import Answer, MisbehavingServer, PretendTime
from itomm.collectors.conformance.exchange import Asked
from itomm.collectors.framework.continuing import continuations
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import StreamResult, collect
from itomm.collectors.source import Source, build_source
from itomm.estate.company import Company
from itomm.estate.estate import Estate
from itomm.estate.http_exchange import request_of
from itomm.estate.jira_cloud import JiraCloudApi
from itomm.estate.jira_data_center import JiraDataCenterApi
from itomm.estate.tickets import Ticket
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.held import held_records
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store

APIS: Mapping[str, Callable[[Company], JiraCloudApi | JiraDataCenterApi]] = {
    "jira": JiraCloudApi,
    "jira-dc": JiraDataCenterApi,
}
HISTORY = timedelta(days=400)


@cache
def company() -> Company:
    return Estate.load(Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml").company


def first_of(kind: str, tickets: Iterable[Ticket]) -> Ticket:
    return next(ticket for ticket in tickets if ticket.kind == kind and ticket.project == "OPS")


def many(number: int, kind: str = "Incident") -> tuple[Ticket, ...]:
    """So many tickets of a kind, one after the other over a year."""
    one = first_of(kind, company().tickets)
    step = timedelta(days=300) / number
    start = company().as_of - timedelta(days=320)
    return tuple(
        replace(
            one,
            ref=f"r{place}",
            key=f"OPS-{place + 1}",
            created_at=start + step * place,
            history=(),
            links=(),
            comments=(),
            clocks=(),
            resolution_date=None,
        )
        for place in range(number)
    )


class JiraStandIn:
    """A Jira of one edition; ``path`` is ``jira`` (Cloud) or ``jira-dc``.

    ``asked`` are the requests of the last run. ``meanwhile`` is called with each request, before its answer.
    ``refused`` is a project that its account may not see. ``altered`` makes, by the end of a path, another
    payload of its own, or another answer.
    """

    def __init__(self, path: str = "jira", tickets: Sequence[Ticket] | None = None) -> None:
        self.path = path
        self.asked: list[Asked] = []
        self.meanwhile: Callable[[Asked], None] = lambda _: None
        self.refused: str | None = None
        self.altered: dict[str, Callable[[Any], Any]] = {}
        self.tickets = company().tickets if tickets is None else tickets

    @property
    def tickets(self) -> Sequence[Ticket]:
        """What it holds."""
        return self._tickets

    @tickets.setter
    def tickets(self, tickets: Sequence[Ticket]) -> None:
        self._tickets = tuple(tickets)
        self._api = APIS[self.path](replace(company(), tickets=self._tickets))

    def answer(self, asked: Asked) -> Answer:
        """Its answer to a request."""
        self.asked.append(asked)
        self.meanwhile(asked)
        if self.refused and f'"{self.refused}"' in asked.text:
            text = f"The value '{self.refused}' does not exist for the field 'project'."
            return Answer(400, json.dumps({"errorMessages": [text]}).encode())
        request = request_of(asked.method, asked.target, asked.headers, asked.body)
        given = self._api.answer(replace(request, base=asked.base))
        for end, alter in self.altered.items():
            if asked.path.endswith(end):
                other = alter(json.loads(given.body))
                return other if isinstance(other, Answer) else Answer(200, json.dumps(other).encode())
        return Answer(given.status, given.body, {"Content-Type": given.content_type, **given.headers})

    @contextmanager
    def listening(self) -> Iterator[MisbehavingServer]:
        with MisbehavingServer(tool=self.answer) as server:
            yield server

    def source(self, url: str, **settings: object) -> Source:
        """The configured source; the token is in the environment."""
        user = {"user": "auditor@acme.example"} if self.path == "jira" else {}
        configured = {
            "collector": "jira",
            "url": f"{url}/{self.path}",
            "token": "env:ESTATE_TOKEN",
            "projects": ["OPS", "SEC"],
            **user,
        }
        return build_source("jira", {**configured, **settings})

    def searches(self) -> list[str]:
        """The JQL of all searches of the last run, in order."""
        return [
            parse_qs(urlsplit(one.target).query)["jql"][0]
            for one in self.asked
            if one.method == "GET" and "/search" in one.path and "jql=" in one.target
        ]


@dataclass
class Diary:
    """A store, and runs into it."""

    store: Store
    jira: JiraStandIn
    source: Source

    def run(self, until: datetime, *types: str) -> list[StreamResult]:
        """One run, as ``itomm collect`` goes about it."""
        self.jira.asked.clear()
        time = PretendTime(start=until)
        earlier = self.store.collections()
        before = snapshot_of(self.store)
        with self.store.writing("a test"):
            assignment = Assignment(
                run=self.store.begin_run(until, "asked"),
                until=until,
                history=HISTORY,
                services=(),
                pseudonym_key=b"0123456789abcdef",
                record_types=frozenset(types) if types else None,
                continue_from=continuations(
                    [self.source],
                    earlier,
                    services=(),
                    history=HISTORY,
                    until=until,
                    full_reading_every=timedelta(days=7),
                ),
                held=lambda stream: held_records(before, *stream, until),
            )
            results = collect([self.source], self.store, assignment, time.clock, timing=time.timing)
            self.store.end_run()
        return results

    def records(self, record_type: str, until: datetime, run: int | None = None) -> list[str]:
        """The names of the records, as of an instant, in the newest snapshot or that of a run."""
        snapshot = snapshot_of(self.store, None if run is None else str(run))
        evidence = open_evidence(snapshot, [record_types()[record_type]], until)
        rows = evidence.table(record_type).select("source_ref").order("source_ref").fetchall()
        evidence.close()
        return [row[0] for row in rows]


@contextmanager
def diary(folder: Path, jira: JiraStandIn, **settings: object) -> Iterator[Diary]:
    """A new store for runs over a Jira."""
    store = Store.open(folder, create=True)
    with jira.listening() as server:
        yield Diary(store, jira, jira.source(server.url, **settings))
    store.engine.dispose()
