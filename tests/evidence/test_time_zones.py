"""Instants mean the same in every zone, on every machine, across clock changes and leap days."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from itomm.config.clock import parse_instant
from itomm.evidence.store import Store
from itomm.rules.compiler import window_start
from itomm.rules.pack import load_packs
from tests.evidence.moving_tickets import moving
from tests.evidence.stores import collect, finding, finished, known

MICROSECOND = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
READING = """
import sys
from pathlib import Path
from itomm.config.clock import parse_instant
from itomm.evidence.store import Store
from tests.evidence.stores import known
columns = ("source_ref", "detected_at", "fixed_at", "state")
print(known(Store.open(Path(sys.argv[1])), "vulnerability", parse_instant(sys.argv[2]), *columns))
columns = ("source_ref", "resolved_at", "status", "updated_at", "transitions")
print(known(Store.open(Path(sys.argv[1])), "incident", parse_instant(sys.argv[2]), *columns))
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def seen(store: Store, as_of: datetime) -> list[object]:
    return [reference for (reference,) in known(store, "vulnerability", as_of, "source_ref")]


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T01:30Z",
        "2026-03-29T07:15:00+05:45",
        "2026-03-28T21:30:00-04:00",
        "2026-03-29T01:30:00.000000+00:00",
        "2026-03-29T01:30:00-00:00",
    ],
)
def test_an_instant_reads_the_same_in_whatever_zone_it_is_written(store: Store, written: str) -> None:
    happened = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    collect(store, "vulnerability", {"1": finding(happened)}, outcome=finished(0))

    assert seen(store, parse_instant(written)) == ["1"]
    assert seen(store, parse_instant(written) - MICROSECOND) == []


@pytest.mark.parametrize(
    "zone", [UTC, BERLIN, ZoneInfo("America/New_York"), timezone(timedelta(hours=5, minutes=45))], ids=str
)
def test_a_collector_may_give_instants_in_any_zone(store: Store, zone: ZoneInfo) -> None:
    happened = datetime(2026, 10, 25, 0, 59, 59, 999999, tzinfo=UTC)
    collect(store, "vulnerability", {"1": finding(happened.astimezone(zone))}, outcome=finished(7))

    stored = known(store, "vulnerability", happened, "detected_at")
    assert stored == [(happened.replace(tzinfo=None),)]
    assert seen(store, happened - MICROSECOND) == []


def test_the_hour_that_a_clock_change_repeats_is_two_hours(store: Store) -> None:
    """On 25 October 2026 Berlin has 02:30 twice, an hour apart."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    second = first.replace(fold=1)
    records = {"first": finding(first), "second": finding(second)}
    collect(store, "vulnerability", records, outcome=finished(0))

    assert seen(store, first) == ["first"]
    assert seen(store, datetime(2026, 10, 25, 1, 29, tzinfo=UTC)) == ["first"]
    assert seen(store, second) == ["first", "second"]


@pytest.mark.parametrize("day", ["2026-03-30", "2026-10-26"])
def test_a_window_across_a_clock_change_has_days_of_24_hours(day: str) -> None:
    (rule,) = (rule for rule in load_packs(["itomm"], [], []).rules if rule.name == "main-stays-green")
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=BERLIN)

    start = window_start(rule.bound(noon))

    assert noon.astimezone(UTC) - start == timedelta(hours=24 * 90)
    assert start.utcoffset() == timedelta(0)


def test_a_leap_day_is_a_day_like_any_other(store: Store) -> None:
    leap_day = datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    records = {"before": finding(leap_day), "after": finding(leap_day + MICROSECOND)}
    collect(store, "vulnerability", records, outcome=finished(900))

    assert seen(store, parse_instant("2028-02-29")) == []
    assert seen(store, leap_day) == ["before"]
    assert seen(store, parse_instant("2028-03-01")) == ["after", "before"]


def test_what_is_fixed_at_the_very_instant_is_fixed_and_a_microsecond_before_it_is_not(store: Store) -> None:
    fixed_at = datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)
    record = finding(fixed_at - timedelta(days=3), state="fixed", fixed_at=fixed_at)
    collect(store, "vulnerability", {"1": record}, outcome=finished(0))
    in_utc = fixed_at.astimezone(UTC)

    assert known(store, "vulnerability", in_utc, "state", "fixed_at") == [
        ("fixed", in_utc.replace(tzinfo=None))
    ]
    assert known(store, "vulnerability", in_utc - MICROSECOND, "state", "fixed_at") == [("open", None)]


def test_the_zone_of_the_machine_never_matters(store: Store) -> None:
    """Read in processes whose local time is far from UTC; what is replayed from text is read, too."""
    instant = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    record = finding(instant - timedelta(days=1), state="fixed", fixed_at=instant + timedelta(hours=1))
    collect(store, "vulnerability", {"1": record}, outcome=finished(0))
    collect(store, "incident", {"2": moving(instant)}, outcome=finished(0))

    outputs = {
        subprocess.run(
            [sys.executable, "-c", READING, str(store.folder), "2026-10-25T02:30:00+02:00"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TZ": zone},
        ).stdout
        for zone in ("UTC", "Asia/Kathmandu", "America/New_York")
    }

    assert len(outputs) == 1
    (told,) = outputs
    assert "'open'" in told
    assert "datetime.datetime(2026, 10, 25, 0, 30), 'Done', datetime.datetime(2026, 10, 25, 0, 30)" in told
