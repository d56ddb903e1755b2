"""What is wrong with stored evidence is told once and by name; what is well gives no alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itomm.config.settings import HealthSettings
from itomm.evidence.collection import Collection, Segment
from itomm.evidence.health import FindingState, listed, stream_findings, streams_of
from itomm.evidence.letting_go.removals import Removal, note_replacements, record_removals
from itomm.evidence.observation import UnknownReason
from itomm.evidence.segments.unfinished import UnfinishedRun
from itomm.evidence.store import Store
from itomm.evidence.upkeep import Upkeep, counting, upkeep_findings, upkeep_of
from tests.evidence.stores import DAY, NOON, collect, finding, finished

LIMITS = HealthSettings()
FRESH = "evidence is fresh"
COMING = "events keep coming"
HOLDING = "populations hold"
GAPS = "covered time has no gaps"
PERMITTED = "permissions hold"
FAILING = "streams do not keep failing"
THERE = "content is there"
ROOTED = "every collection has a Merkle root"
CLOCKS = "clocks agree"


def reading(
    day: float,
    *,
    record_type: str = "vulnerability",
    records: int = 10,
    last_at: datetime | None = None,
    **changes: Any,
) -> Collection:
    """A complete, healthy reading some days after noon of the first; of 30 days when it reads events."""
    at = NOON + day * DAY
    events = record_type == "vulnerability"
    whole = Collection(
        id=f"{day}-tool-{record_type}",
        run=int(day) + 1,
        source="tool",
        collector="test",
        record_type=record_type,
        started_at=at,
        finished_at=at,
        complete=True,
        reason=None,
        error="",
        records=records,
        window_start=at - 30 * DAY if events else None,
        window_end=at if events else None,
        requested=("shop",),
        denied=(),
        warnings=(),
        unmapped=0,
        segments=(
            Segment("x", records, "0", records, at - 9 * DAY, last_at or at - DAY if events else None),
        ),
        merkle_root="0" * 64,
        asked_digest="same",
        clock_skew_seconds=0,
    )
    return replace(whole, **changes)


def count(collection: Collection, _start: datetime, _end: datetime) -> int:
    return collection.records


def told(
    *collections: Collection, day: float | None = None, limits: HealthSettings = LIMITS
) -> dict[str, str]:
    """The warnings at the newest reading, or on a day, by title."""
    now = collections[-1].finished_at if day is None else NOON + day * DAY
    found = stream_findings(streams_of(collections), now, limits, count)
    assert [each.title for each in found] == [
        FRESH,
        COMING,
        HOLDING,
        GAPS,
        PERMITTED,
        FAILING,
        THERE,
        ROOTED,
        CLOCKS,
    ]
    return {each.title: each.detail for each in found if each.state is not FindingState.OK}


def failed(day: float, reason: UnknownReason = UnknownReason.COLLECTION_FAILED, **changes: Any) -> Collection:
    return reading(day, complete=False, reason=reason, segments=(), **changes)


def test_nothing_collected_gives_no_alarm() -> None:
    assert told(reading(0)) == {}
    assert {each.state for each in stream_findings([], NOON, LIMITS, count)} == {FindingState.OK}


@pytest.mark.parametrize("record_type", ["vulnerability", "security_scan"])
def test_a_second_reading_like_the_first_gives_no_alarm(record_type: str) -> None:
    assert told(reading(0, record_type=record_type), reading(1, record_type=record_type)) == {}


def test_a_stream_is_stale_after_its_time_to_live() -> None:
    assert told(reading(0), day=7) == {}
    assert told(reading(0), day=7.1) == {FRESH: "tool vulnerability: 7 days old, good for 7"}


def test_a_failed_reading_does_not_freshen_a_stream() -> None:
    assert told(reading(0), failed(9))[FRESH] == "tool vulnerability: 9 days old, good for 7"
    assert told(failed(0))[FRESH] == "tool vulnerability was never read whole"


def test_a_reading_that_was_refused_parts_is_fresh_for_all_others() -> None:
    part = failed(9, UnknownReason.PERMISSION_DENIED, denied=("shop",))
    assert FRESH not in told(reading(0), part)


def test_events_that_stop_coming_are_noticed() -> None:
    early = [reading(day) for day in range(3)]
    last = NOON + DAY
    quiet = [reading(day, last_at=last) for day in (10, 20, 29)]
    assert COMING not in told(*early, *quiet)
    assert told(*early, *quiet, reading(31, last_at=last))[COMING] == (
        "tool vulnerability: nothing newer than 2026-11-02, which is unusual"
    )


def test_events_that_never_came_often_are_not_missed() -> None:
    rare = [reading(day, last_at=NOON) for day in (1, 50)]
    rare += [reading(51, last_at=NOON + 50 * DAY), reading(99, last_at=NOON + 50 * DAY)]
    assert COMING not in told(*rare)
    assert COMING not in told(*[reading(day, last_at=NOON) for day in (0, 90)])


@pytest.mark.parametrize(
    ("had", "has", "noticed"),
    [
        (100, 81, False),
        (100, 80, True),
        (20, 16, False),
        (20, 15, True),
        (5, 0, True),
        (4, 0, False),
        (9, 99, False),
    ],
)
def test_a_population_that_shrinks_by_a_fifth_and_five_is_noticed(
    had: int, has: int, *, noticed: bool
) -> None:
    for record_type in ("vulnerability", "security_scan"):
        before = reading(0, record_type=record_type, records=had)
        now = reading(1, record_type=record_type, records=has)
        expected = f"tool {record_type}: {has} records, {had} on 2026-11-01"
        assert told(before, now).get(HOLDING) == (expected if noticed else None)


@pytest.mark.parametrize(
    "change", [{"asked_digest": "other"}, {"requested": ("till",)}, {"continues": "0-tool-vulnerability"}]
)
def test_a_reading_that_asked_something_else_is_not_compared(change: dict[str, Any]) -> None:
    assert HOLDING not in told(reading(0, records=100), reading(1, records=1, **change))


def test_the_last_whole_reading_is_compared_across_failed_ones() -> None:
    assert HOLDING in told(reading(0, records=100), failed(1), reading(2, records=1))


def test_readings_whose_content_was_let_go_are_not_compared() -> None:
    assert HOLDING not in told(reading(0, records=100, let_go="gone"), reading(1, records=1))


def test_time_between_two_readings_that_nobody_covers_is_noticed() -> None:
    assert told(reading(0), reading(31))[GAPS] == (
        "tool vulnerability: 2026-11-01T12:00:00Z to 2026-11-02T12:00:00Z"
    )
    assert GAPS not in told(reading(0), reading(31), reading(32, window_start=NOON - DAY))
    assert GAPS not in told(reading(0), reading(30))


def test_a_permission_that_was_lost_is_noticed() -> None:
    denied = UnknownReason.PERMISSION_DENIED
    assert (
        told(reading(0), failed(1, denied, denied=("shop",)))[PERMITTED]
        == "tool vulnerability: now refused shop"
    )
    assert told(reading(0), failed(1, denied))[PERMITTED] == "tool vulnerability: now refused"
    assert PERMITTED not in told(failed(0, denied, denied=("shop",)), failed(1, denied, denied=("shop",)))


def test_what_a_source_no_longer_shows_is_noticed_unless_nobody_asked() -> None:
    before = reading(0, requested=("shop", "till"))
    assert told(before, reading(1))[PERMITTED] == "tool vulnerability: the source no longer shows till"
    assert PERMITTED not in told(before, reading(1, asked_digest="other"))


def test_a_stream_that_fails_three_times_running_is_noticed() -> None:
    assert FAILING not in told(reading(0), failed(1), failed(2))
    assert (
        told(reading(0), *map(failed, (1, 2, 3)))[FAILING] == "tool vulnerability: incomplete 3 times running"
    )
    assert FAILING not in told(*map(failed, (1, 2, 3)), reading(4))


def test_content_that_the_newest_reading_stood_on_and_lost_is_noticed() -> None:
    assert told(reading(0, let_go="what was read was let go"))[THERE] == (
        "tool vulnerability: what was read was let go"
    )
    assert THERE not in told(reading(0, let_go="gone"), reading(1))


def test_collections_of_version_1_are_named() -> None:
    assert told(reading(0, merkle_root=None), reading(1))[ROOTED] == "tool vulnerability: 1 without"


@pytest.mark.parametrize(
    ("skew", "said"),
    [
        (60, None),
        (61, "tool is 61 s ahead of this machine"),
        (-61, "tool is 61 s behind this machine"),
        (None, None),
    ],
)
def test_a_server_whose_clock_is_off_is_named(skew: int | None, said: str | None) -> None:
    other = reading(0, record_type="security_scan", clock_skew_seconds=-5)
    assert told(other, reading(0, clock_skew_seconds=skew)).get(CLOCKS) == said
    assert CLOCKS not in told(reading(0, clock_skew_seconds=999), reading(1, clock_skew_seconds=0))


def test_limits_can_be_set() -> None:
    limits = HealthSettings(failures_in_a_row=1, clock_skew_seconds=5, shrinking_records=1)
    collections = [reading(0, records=4), reading(1, records=1, clock_skew_seconds=6)]
    assert set(told(*collections, limits=limits)) == {HOLDING, CLOCKS}
    assert FAILING in told(failed(0), limits=limits)


def test_a_long_list_names_a_few_and_counts_the_rest() -> None:
    assert listed(["a", "b", "c"]) == "a; b; c"
    assert listed(["a", "b", "c", "d", "e"]) == "a; b; c; and 2 more"


SOUND = Upkeep(1, "S1", NOON, signed=True, unfinished=None, due_to_go=0)


def needs(upkeep: Upkeep, day: float = 0) -> list[str]:
    found = upkeep_findings(upkeep, NOON + day * DAY, LIMITS)
    return [each.detail for each in found if each.state is not FindingState.OK]


@pytest.mark.parametrize(
    ("change", "day", "said"),
    [
        ({}, 90, []),
        ({}, 91, ["S1 of 2026-11-01 is old"]),
        ({"signed": False}, 0, ["S1 of 2026-11-01 is not signed"]),
        ({"signing_keys": 0, "signed": False}, 0, ["this store has no signing key"]),
        ({"newest_assessment": None, "assessed_at": None}, 0, ["no assessment was recorded yet"]),
        ({"unfinished": UnfinishedRun(3, NOON, "x")}, 0, ["run 3 of 2026-11-01T12:00:00Z was killed"]),
        ({"due_to_go": 2}, 0, ["2 files are still there"]),
        ({"to_compact": 3}, 0, ["3 streams wait for it, and are slower to read"]),
    ],
)
def test_what_a_store_needs_is_told(change: dict[str, Any], day: float, said: Sequence[str]) -> None:
    assert needs(replace(SOUND, **change), day) == said


def test_upkeep_is_read_from_the_store(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    assert upkeep_of(store) == Upkeep(0, None, None, signed=False, unfinished=None, due_to_go=0)
    (tmp_path / "old").write_text("x", encoding="utf-8")
    removal = Removal("old", "0" * 64, "rule", "reason", "ada", "2026-11-01T12:00:00Z")
    record_removals(store, [removal], at=NOON, actor="ada")
    note_replacements(store, ["new"])
    store.begin_run(NOON, "x")
    found = upkeep_of(store)
    assert (found.due_to_go, found.unfinished) == (2, UnfinishedRun(1, NOON, "x"))


def test_events_are_counted_once_in_the_time_that_is_asked_for(tmp_path: Path) -> None:
    store = Store.open(tmp_path, create=True)
    records = {str(day): finding(NOON - day * DAY) for day in range(6)}
    collect(store, "vulnerability", records, outcome=finished(0, window_start=NOON - 9 * DAY))
    collect(store, "vulnerability", {}, outcome=finished(1, window_start=NOON - 9 * DAY))
    one, empty = store.collections()
    counted = counting(store)
    assert counted(one, NOON - 5 * DAY, NOON + timedelta(seconds=1)) == 6
    assert counted(one, NOON - 4 * DAY, NOON) == 4
    assert counted(empty, NOON - 5 * DAY, NOON) == 0
