"""kill -9 at any instant costs the requests that were under way, at most one a connection, and no answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

import itomm.estate
from itomm.collectors.conformance import Answer, Asked, MisbehavingServer, Tool
from itomm.config.clock import format_instant
from itomm.estate.company import Company
from itomm.estate.estate import Estate
from itomm.estate.gitlab_api import GitLabApi
from itomm.estate.http_exchange import TOKEN, Request, Response, request_of
from itomm.estate.prometheus_api import PrometheusApi
from itomm.evidence.catalogue.database import requests
from itomm.evidence.store import ANSWERS, Store
from itomm.evidence.trust.verification import verify
from tests.collectors.invented_desk import Desk, incidents, ticket
from tests.collectors.jira_stand_in import JiraStandIn, company, many

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
PATIENCE_SECONDS = 30
NOW = format_instant(company().as_of)


Question = tuple[str, str, bytes]


@dataclass(frozen=True)
class Subject:
    """A tool under a path, the source that reads it, and at every how many requests that is killed."""

    tool: Tool
    source: Mapping[str, object]
    every: int
    path: str = ""


@pytest.fixture(scope="module")
def larger_company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Ten projects, so that eight connections have something to do."""
    small = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
    written = yaml.safe_load(small.read_text(encoding="utf-8"))
    first = written["services"][0]
    written["services"] += [{**first, "id": f"copy{number}", "name": "Copy"} for number in range(6)]
    habits = tmp_path_factory.mktemp("habits") / "habits.yaml"
    habits.write_text(yaml.safe_dump({**written, "history_months": 1}), encoding="utf-8")
    return Estate.load(habits).company


def spoken(api: Callable[[Request], Response]) -> Tool:
    """An API of the estate as a tool."""

    def answer(asked: Asked) -> Answer:
        request = request_of(asked.method, asked.target, asked.headers, asked.body)
        given = api(replace(request, base=asked.base))
        return Answer(given.status, given.body, {"Content-Type": given.content_type, **given.headers})

    return answer


def gitlab(company: Company) -> Subject:
    """Reviews are sub-requests of merge requests; pipelines and deployments of a project are one page."""
    source = {
        "collector": "gitlab",
        "groups": ["acme"],
        "record_types": ["merge_request", "pipeline", "deployment"],
    }
    return Subject(spoken(GitLabApi(company).answer), source, 50, "gitlab")


def jira(_: Company) -> Subject:
    """Long histories are asked for beside the pages."""
    tickets = many(60)
    entries = next(one.history for one in company().tickets if len(one.history) > 2)
    long = [
        replace(one, history=entries * 30) if place % 7 == 0 else one for place, one in enumerate(tickets)
    ]
    source = {
        "collector": "jira",
        "user": "auditor@acme.example",
        "projects": ["OPS"],
        "record_types": ["incident"],
    }
    return Subject(JiraStandIn("jira", long).answer, source, 5, "jira")


def prometheus(company: Company) -> Subject:
    source = {"collector": "prometheus", "record_types": ["alert_event", "uptime_series"]}
    return Subject(spoken(PrometheusApi(company).answer), source, 7, "prometheus")


def declared(_: Company) -> Subject:
    """The generic one: a tool that was only described."""
    queues = {
        f"Q{queue}": [ticket(100 * queue + one, f"Q{queue}") for one in range(25)] for queue in range(1, 13)
    }
    mapping = incidents(scopes=list(queues), page={**incidents()["page"], "size": 5})
    source = {"collector": "http_json", "records": {"incident": mapping}}
    return Subject(Desk(queues), source, 20)


class Watched:
    """A tool that knows what it was asked, and kills who asks."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._lock = threading.Lock()
        self._pid_known = threading.Event()
        self._killed = threading.Event()
        self._left: int | None = None
        self._pid = 0
        self.holds: Callable[[Asked], bool] = lambda _: False
        self.asked: Counter[Question] = Counter()

    def begin(self, kill_at: int | None) -> None:
        """Kill at the ``kill_at``-th request from now on."""
        self._pid_known.clear()
        self._killed.clear()
        self._left = kill_at

    def watch(self, pid: int) -> None:
        """Who asks from now on."""
        self._pid = pid
        self._pid_known.set()

    def __call__(self, asked: Asked) -> Answer:
        if int(asked.headers.get("content-length", "0")) > len(asked.body):
            return Answer(400)  # the kill met who was just sending it
        with self._lock:
            self.asked[asked.method, asked.target, asked.body] += 1
            if self._left is not None:
                self._left -= 1
            kills = self._left == 0
        if kills:
            self._pid_known.wait(PATIENCE_SECONDS)
            os.kill(self._pid, signal.SIGKILL)
            self._killed.set()
        elif self._left is not None and self.holds(asked):
            self._killed.wait(PATIENCE_SECONDS)
        return self._tool(asked)


class Trials:
    """Collections from one tool, each in a process of its own."""

    def __init__(
        self,
        worker: subprocess.Popen[str],
        folder: Path,
        tool: Watched,
        source: dict[str, Any],
        every: int,
    ) -> None:
        self._worker = worker
        self.folder = folder
        self.tool = tool
        self.every = every
        self.connections: int = source["max_concurrency"]
        self._config = folder / "itomm.yaml"
        self._config.write_text(
            yaml.safe_dump(
                {
                    "organisation": {"id": "duo", "name": "Duo"},
                    "history_days": 130,
                    "sources": {"tool": {"token": "env:KILLED_TOKEN", **source}},
                    "services": [{"id": "shop", "name": "Shop"}],
                }
            )
        )

    def collect(self, store: str, kill_at: int | None = None) -> int:
        """The exit status; negative when it was killed."""
        folder = self.folder / store
        folder.mkdir(exist_ok=True)
        (folder / "pseudonym.key").write_bytes(b"0123456789abcdef" * 2)  # the same people in every store
        asked = {"config": str(self._config), "store": str(folder), "now": NOW, "said": f"{folder}.said"}
        self.tool.begin(kill_at)
        assert self._worker.stdin
        assert self._worker.stdout
        self._worker.stdin.write(json.dumps(asked) + "\n")
        self._worker.stdin.flush()
        self.tool.watch(int(self._worker.stdout.readline()))
        return int(self._worker.stdout.readline())

    def whole(self) -> Counter[Question]:
        """What an undisturbed run asks."""
        self.tool.asked = Counter()
        assert self.collect("whole") == 0, (self.folder / "whole.said").read_text()
        asked, self.tool.asked = self.tool.asked, Counter()
        return asked

    def held(self, store: str) -> list[object]:
        """All that a store holds; it must verify, and keep no answer."""
        opened = Store.open(self.folder / store)
        with opened.engine.connect() as connection:
            pages = sorted(tuple(row) for row in connection.execute(select(requests)))
        found: list[object] = [*opened.collections(), *pages]
        assert verify(opened, records=True).faults == ()
        assert not (opened.folder / ANSWERS).exists()
        opened.engine.dispose()
        return found


@pytest.fixture(scope="module")
def worker() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "KILLED_TOKEN": TOKEN}
    command = [sys.executable, "-m", "tests.collectors.killable"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def trials(
    worker: subprocess.Popen[str], tmp_path: Path, larger_company: Company, request: pytest.FixtureRequest
) -> Iterator[Trials]:
    made, connections = request.param
    subject: Subject = made(larger_company)
    tool = Watched(subject.tool)
    with MisbehavingServer(tool=tool) as server:
        source = {**subject.source, "url": f"{server.url}/{subject.path}".rstrip("/")}
        yield Trials(worker, tmp_path, tool, {**source, "max_concurrency": connections}, subject.every)
        assert server.faults == []


def asked_twice(trials: Trials, whole: Counter[Question]) -> int:
    """Requests beyond those of the undisturbed run."""
    more = trials.tool.asked - whole
    assert more.keys() <= whole.keys(), "a killed run asks nothing else"
    return more.total()


@pytest.mark.parametrize(
    "trials",
    [(gitlab, 8), (gitlab, 1), (jira, 8), (prometheus, 8), (declared, 8)],
    ids=["gitlab", "gitlab, one connection", "jira", "prometheus", "http_json"],
    indirect=True,
)
def test_a_collection_killed_again_and_again_asks_again_only_what_was_under_way(trials: Trials) -> None:
    whole, kills = trials.whole(), 0
    while (status := trials.collect("killed", kill_at=trials.every)) == KILLED:
        kills += 1
        assert kills < whole.total(), "no run gets on"
    assert status == 0
    assert kills >= 2
    assert asked_twice(trials, whole) <= kills * trials.connections
    assert trials.held("killed") == trials.held("whole")


@pytest.mark.parametrize("trials", [(declared, 8)], ids=["http_json"], indirect=True)
def test_what_was_read_ahead_is_not_asked_again_though_none_of_it_could_be_stored(trials: Trials) -> None:
    whole = trials.whole()
    trials.tool.holds = lambda asked: "/Q1/" in asked.path  # all others wait for the first scope
    assert trials.collect("killed", kill_at=30) == KILLED
    assert trials.tool.asked.total() >= 30
    stored = Store.open(trials.folder / "killed")
    assert stored.kept_pages(1) == {}
    assert verify(stored).faults == (), "answers that are kept are neither evidence nor an intrusion"
    stored.engine.dispose()
    assert trials.collect("killed") == 0
    assert asked_twice(trials, whole) <= trials.connections
    assert trials.held("killed") == trials.held("whole")


@pytest.mark.parametrize("trials", [(declared, 8)], ids=["http_json"], indirect=True)
def test_whoever_changes_kept_answers_changes_no_evidence(trials: Trials) -> None:
    trials.whole()
    assert trials.collect("killed", kill_at=30) == KILLED
    (kept,) = (trials.folder / "killed" / ANSWERS).glob("*/*.answers")
    content = kept.read_bytes()
    assert len(content) > 2000
    assert b"Something broke" not in content
    kept.write_bytes(bytes(byte ^ (at % 500 == 400) for at, byte in enumerate(content)))
    assert trials.collect("killed") == 0
    assert trials.held("killed") == trials.held("whole")
