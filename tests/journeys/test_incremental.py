"""A second collection reads only what changed, and the store then tells what a whole reading would tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.config.clock import format_instant
from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store
from tests.journeys.conftest import SMALL
from tests.journeys.door import Called, Door, configured

LAST = datetime(2026, 11, 1, 6, tzinfo=UTC)
FIRST = LAST - timedelta(days=3)
PROVENANCE = ("collected_at", "collection", "page", "position")

Tables = dict[str, list[dict[str, Any]]]


class Company:
    """The same company on two days, at the same address; its stores share one key for pseudonyms."""

    def __init__(self, folder: Path, itomm: Door) -> None:
        self._folder = folder
        self._itomm = itomm
        self.requests: Counter[str] = Counter()
        self._port = 0

    def collect(self, store: str, day: datetime, *options: str) -> Called:
        """Collect into a store on a day."""
        with self._served(day) as server:
            config = configured(self._folder, server.estate, server)
            place = self._folder / store
            place.mkdir(exist_ok=True)
            (place / "pseudonym.key").write_bytes(b"0123456789abcdef" * 2)
            given = ("--config", config, "--store", place, "--now", format_instant(day))
            called = self._itomm("collect", *given, *options)
            assert called.code == 0, called.out + called.err
            self.requests = Counter(target.split("/")[1] for _, target in server.requests)
        return called

    @contextmanager
    def _served(self, day: datetime) -> Iterator[EstateServer]:
        # The port is part of the address, and so of what is asked: it must be the same on both days.
        with EstateServer(Estate.load(SMALL, as_of=day), port=self._port) as server:
            self._port = int(server.url.rpartition(":")[2])
            yield server

    def known(self, store: str) -> Tables:
        """All current records by type, apart from where they were read."""
        opened = Store.open(self._folder / store)
        types = record_types().values()
        connection = open_evidence(snapshot_of(opened), types, LAST)
        found: Tables = {}
        for kind in types:
            result = connection.execute(f'SELECT * FROM "{kind.name}" ORDER BY source, source_ref')  # noqa: S608  names of types
            names = [column[0] for column in result.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
            found[kind.name] = [
                {name: value for name, value in row.items() if name not in PROVENANCE} for row in rows
            ]
        connection.close()
        opened.engine.dispose()
        return found

    def windows(self, store: str) -> dict[str, tuple[str | None, datetime | None]]:
        """Of the newest run: what each stream goes on from, and from when on it covers everything."""
        opened = Store.open(self._folder / store)
        everything = opened.collections()
        opened.engine.dispose()
        newest = max(one.run for one in everything)
        return {
            f"{one.source} {one.record_type}": (one.continues, one.window_start)
            for one in everything
            if one.run == newest
        }


@pytest.fixture
def company(tmp_path: Path, itomm_at_the_door: Door) -> Company:
    return Company(tmp_path, itomm_at_the_door)


def test_what_changed_leads_to_the_same_records_as_everything(company: Company) -> None:
    company.collect("whole", LAST)
    of_everything = company.requests
    company.collect("twice", FIRST)
    company.collect("twice", LAST)
    of_what_changed = company.requests

    whole, twice = company.known("whole"), company.known("twice")
    for name, rows in whole.items():
        assert twice[name] == rows, name
    assert sum(map(len, whole.values())) > 1000

    windows = company.windows("twice")
    expected = FIRST - timedelta(hours=1)
    assert {name for name, (continues, _) in windows.items() if continues} == {
        *(f"jira {kind}" for kind in ("incident", "change", "problem", "service_request", "improvement")),
        *("jira risk", "jira postmortem", "jira sla_cycle", "jira access_review", "jira restore_test"),
        *("gitlab merge_request", "gitlab pipeline", "gitlab deployment"),
    }
    assert {start for continues, start in windows.values() if continues} == {expected}
    assert windows["jira incident"][0] == "000001-jira-incident"
    assert of_what_changed["gitlab"] < of_everything["gitlab"] <= 60  # most are of projects and state
    # In such a small site a page a stream, and a count before it or after it.
    assert of_what_changed["jira"] <= of_everything["jira"] <= 6 + 2 * 10 + 1
    assert of_what_changed["prometheus"] == of_everything["prometheus"]  # always read whole


def test_everything_is_read_again_when_told_so_and_after_a_week(company: Company) -> None:
    jira = ("--source", "jira")
    company.collect("store", FIRST, *jira)
    company.collect("store", FIRST + timedelta(days=1), *jira)
    assert company.windows("store")["jira incident"][0] == "000001-jira-incident"
    company.collect("store", FIRST + timedelta(days=1), *jira, "--full")
    assert company.windows("store")["jira incident"][0] is None
    company.collect("store", FIRST + timedelta(days=8), *jira)
    assert company.windows("store")["jira incident"][0] is None
