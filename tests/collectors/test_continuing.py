"""When only what changed is read, and when everything is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.framework.asking import asked_of_run, asked_of_stream
from itomm.collectors.framework.continuing import Continuation, can_be_resumed, continuations, standing
from itomm.collectors.source import Source, build_source
from itomm.config.settings import Service
from itomm.evidence.collection import Collection
from itomm.evidence.segments.unfinished import UnfinishedRun

NOW = datetime(2026, 11, 8, 6, tzinfo=UTC)
DAY = timedelta(days=1)
HISTORY = timedelta(days=400)
SERVICES = (Service(id="checkout", keys={"jira": ("OPS",)}),)
KEY = ("jira", "incident")


def jira(**settings: object) -> Source:
    return build_source(
        "jira", {"collector": "jira", "url": "https://jira.example", "token": "env:JIRA_TOKEN", **settings}
    )


def asked(source: Source | None = None, services: tuple[Service, ...] = SERVICES) -> str:
    return asked_of_stream(source or jira(), "incident", services, HISTORY)


def collected(run: int, until: datetime, **changed: Any) -> Collection:
    made = Collection(
        id=f"{run:06d}-jira-incident",
        run=run,
        source="jira",
        collector="jira",
        record_type="incident",
        started_at=until,
        finished_at=until,
        complete=True,
        reason=None,
        error="",
        records=1,
        window_start=until - HISTORY,
        window_end=until,
        requested=(),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(),
        asked_digest=asked(),
    )
    return replace(made, **changed)


def found(*earlier: Collection, source: Source | None = None, days: int = 7) -> Continuation | None:
    return continuations(
        [source or jira()],
        earlier,
        services=SERVICES,
        history=HISTORY,
        until=NOW,
        full_reading_every=timedelta(days=days),
    ).get(KEY)


def test_a_complete_reading_is_gone_on_from_with_an_overlap() -> None:
    before = NOW - DAY
    assert found(collected(1, before)) == Continuation(
        before - timedelta(hours=1), "000001-jira-incident", before - HISTORY
    )


def test_the_overlap_grows_by_the_skew_of_the_clocks() -> None:
    before = NOW - DAY
    going_on = found(collected(1, before, clock_skew_seconds=-1800))
    assert going_on
    assert going_on.changed_since == before - timedelta(hours=1, minutes=30)


@pytest.mark.parametrize(
    "newest",
    [
        {"complete": False},
        {"asked_digest": "something else"},
        {"asked_digest": None},  # of a store of version 1
        {"window_end": None},
        {"record_type": "change"},
    ],
)
def test_otherwise_everything_is_read(newest: dict[str, object]) -> None:
    assert found(collected(1, NOW - DAY, **newest)) is None
    assert found() is None


def test_an_older_complete_reading_does_not_stand_in_for_a_newer_incomplete_one() -> None:
    assert found(collected(1, NOW - 2 * DAY), collected(2, NOW - DAY, complete=False)) is None


def test_everything_is_read_again_when_the_last_whole_reading_is_old() -> None:
    whole = collected(1, NOW - 7 * DAY + timedelta(seconds=1))
    chain = [whole]
    for run in (2, 3):
        until = NOW - (8 - run) * DAY
        chain.append(collected(run, until, continues=chain[-1].id, window_start=until - DAY))
    going_on = found(*chain)
    assert going_on
    assert (going_on.collection, going_on.since) == (
        chain[-1].id,
        whole.window_end and whole.window_end - HISTORY,
    )
    assert found(replace(whole, window_end=NOW - 7 * DAY), *chain[1:]) is None
    assert found(*chain, days=0) is None
    assert found(*chain[1:]) is None  # what the chain begins with is not known


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        ({}, True),
        ({"complete": False}, False),
        ({"let_go": "raw payloads"}, False),
        ({"asked_digest": "something else"}, False),
        ({"record_type": "pipeline"}, False),  # it has a cursor
    ],
)
def test_a_whole_reading_of_a_stream_without_a_cursor_may_stand(
    changed: dict[str, object], stands: bool
) -> None:
    forge = build_source(
        "gitlab", {"collector": "gitlab", "url": "https://gitlab.example", "token": "env:TOKEN"}
    )
    clocks = asked_of_stream(forge, "release", SERVICES, HISTORY)
    of_releases = {"source": "gitlab", "record_type": "release", "asked_digest": clocks}
    older = collected(1, NOW - 2 * DAY, **of_releases)
    newest = collected(2, NOW - DAY, **{**of_releases, **changed})
    found_of_all = standing([forge], [older, newest], services=SERVICES, history=HISTORY)
    expected = newest if stands else older if changed.get("record_type") else None
    assert found_of_all.get(("gitlab", "release")) is expected
    assert len(found_of_all) <= 1


def test_only_streams_with_a_cursor_go_on() -> None:
    prometheus = build_source("prometheus", {"collector": "prometheus", "url": "https://metrics.example"})
    earlier = collected(
        1,
        NOW - DAY,
        source="prometheus",
        record_type="alert_event",
        asked_digest=asked_of_stream(prometheus, "alert_event", SERVICES, HISTORY),
    )
    assert (
        continuations(
            [prometheus],
            [earlier],
            services=SERVICES,
            history=HISTORY,
            until=NOW,
            full_reading_every=timedelta(days=7),
        )
        == {}
    )


def test_what_is_asked_depends_on_what_is_read_and_not_on_how_patiently() -> None:
    assert asked(jira(deadline_minutes=5, max_requests=7, timeout_seconds=[1, 1])) == asked()
    assert asked(jira(record_types=["incident"])) == asked()
    different = [
        asked(jira(projects=["OPS"])),
        asked(jira(people="named")),
        asked(jira(token="env:OTHER")),
        asked(services=(Service(id="checkout", keys={"jira": ("SEC",)}),)),
        asked(services=()),
        asked_of_stream(jira(), "change", SERVICES, HISTORY),
        asked_of_stream(jira(), "incident", SERVICES, HISTORY + DAY),
    ]
    assert len({*different, asked()}) == len(different) + 1


def test_a_run_asks_the_same_only_for_the_same_streams_in_the_same_manner() -> None:
    runs = [
        asked_of_run([jira()], SERVICES, HISTORY, full=False),
        asked_of_run([jira()], SERVICES, HISTORY, full=True),
        asked_of_run([jira(record_types=["incident"])], SERVICES, HISTORY, full=False),
        asked_of_run([], SERVICES, HISTORY, full=False),
    ]
    assert len(set(runs)) == len(runs)


@pytest.mark.parametrize(
    ("age", "digest", "resumed"),
    [
        (timedelta(), "same", True),
        (DAY, "same", True),
        (DAY + timedelta(seconds=1), "same", False),
        (-timedelta(seconds=1), "same", False),
        (timedelta(), "other", False),
    ],
)
def test_a_killed_run_is_gone_on_with_for_a_day_by_a_run_that_asks_the_same(
    age: timedelta, digest: str, resumed: bool
) -> None:
    assert can_be_resumed(UnfinishedRun(3, NOW - age, "same"), digest, NOW) is resumed
