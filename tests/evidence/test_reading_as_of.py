"""Evidence reads as it stood at an instant, whatever was collected later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from itomm.config.errors import VerificationError
from itomm.evidence.observation import Page, UnknownReason
from itomm.evidence.store import Store
from tests.evidence.stores import (
    COMPLETE,
    DAY,
    NOON,
    REQUEST,
    Fields,
    collect,
    files_under,
    finding,
    finished,
    known,
    observation,
    scan,
)

SECOND = timedelta(seconds=1)


def assets(store: Store, as_of: datetime) -> list[object]:
    return [asset for (asset,) in known(store, "security_scan", as_of, "asset_ref")]


def findings(store: Store, as_of: datetime, *columns: str) -> list[tuple[object, ...]]:
    return known(store, "vulnerability", as_of, "source_ref", *columns)


def test_state_is_what_the_newest_complete_collection_says(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop"), "2": scan("till")}, outcome=finished(0))
    collect(store, "security_scan", {"2": scan("till"), "3": scan("app")}, outcome=finished(1))

    assert assets(store, NOON + 2 * DAY) == ["app", "till"]
    assert assets(store, NOON) == ["shop", "till"], "an earlier instant sees the earlier state"


def test_state_is_not_visible_before_it_was_first_observed(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(0))

    assert assets(store, NOON - SECOND) == []
    assert assets(store, NOON) == ["shop"]


def test_a_failed_collection_does_not_replace_state(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop"), "2": scan("till")}, outcome=finished(0))
    failed = finished(1, reason=UnknownReason.COLLECTION_FAILED)
    collect(store, "security_scan", {"2": scan("till")}, outcome=failed)

    assert assets(store, NOON + DAY) == ["shop", "till"]


def test_a_collection_that_was_denied_named_parts_replaces_state(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(0))
    denied = finished(1, reason=UnknownReason.PERMISSION_DENIED, denied=("team/secret",))
    collect(store, "security_scan", {"2": scan("till")}, outcome=denied)

    assert assets(store, NOON + DAY) == ["till"]


def test_an_empty_complete_collection_empties_state(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(0))
    collect(store, "security_scan", {}, outcome=finished(1))

    assert assets(store, NOON + DAY) == []


def test_state_of_each_source_stands_beside_that_of_others(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")}, source="one")
    collect(store, "security_scan", {"1": scan("till")}, source="two")
    collect(store, "security_scan", {}, source="two", outcome=finished(1))

    assert assets(store, NOON) == ["shop", "till"]
    assert assets(store, NOON + DAY) == ["shop"]


@pytest.mark.parametrize(
    ("record_type", "first", "second"),
    [
        ("security_scan", scan("old"), scan("new")),
        ("vulnerability", finding(NOON, asset_ref="old"), finding(NOON, asset_ref="new")),
    ],
)
def test_a_record_that_came_on_two_pages_counts_once_as_read_last(
    store: Store, record_type: str, first: Fields, second: Fields
) -> None:
    writer = store.begin_collection(
        run=1, source="tool", collector="test", record_type=record_type, started_at=NOON
    )
    for fields in (first, second):
        writer.add_page(Page((observation("1", fields),), REQUEST), [None])
    writer.finish(COMPLETE)

    assert known(store, record_type, NOON, "asset_ref") == [("new",)]


def test_the_newest_version_of_an_event_wins(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON - DAY, severity="low")}, outcome=finished(0))
    collect(store, "vulnerability", {"1": finding(NOON - DAY, severity="critical")}, outcome=finished(1))

    assert findings(store, NOON + DAY, "severity") == [("1", "critical")]


def test_events_that_a_newer_collection_does_not_cover_stay(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON - 9 * DAY)}, outcome=finished(0))
    collect(store, "vulnerability", {"2": finding(NOON)}, outcome=finished(1, window_start=NOON - DAY))

    assert findings(store, NOON + DAY) == [("1",), ("2",)]


def test_a_whole_reading_replaces_the_events_it_covers(store: Store) -> None:
    old = {"before": finding(NOON - 9 * DAY), "deleted": finding(NOON - DAY), "edge": finding(NOON - 2 * DAY)}
    collect(store, "vulnerability", old, outcome=finished(0))
    again = {"kept": finding(NOON - DAY)}
    collect(store, "vulnerability", again, outcome=finished(1, window_start=NOON - 2 * DAY))

    assert findings(store, NOON + DAY) == [("before",), ("kept",)]


def test_an_incomplete_reading_replaces_no_event(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON - DAY)}, outcome=finished(0))
    failed = finished(1, reason=UnknownReason.COLLECTION_FAILED, window_start=NOON - 9 * DAY)
    collect(store, "vulnerability", {"2": finding(NOON)}, outcome=failed)

    assert findings(store, NOON + DAY) == [("1",), ("2",)]


def test_what_an_older_whole_reading_covered_stays_replaced(store: Store) -> None:
    collect(store, "vulnerability", {"deleted": finding(NOON - 5 * DAY)}, outcome=finished(0))
    collect(store, "vulnerability", {}, outcome=finished(1, window_start=NOON - 9 * DAY))
    collect(store, "vulnerability", {"new": finding(NOON)}, outcome=finished(2, window_start=NOON - DAY))

    assert findings(store, NOON + 2 * DAY) == [("new",)]


def test_events_after_the_instant_are_hidden(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON), "2": finding(NOON + SECOND)}, outcome=finished(9))

    assert findings(store, NOON) == [("1",)]
    assert findings(store, NOON + SECOND) == [("1",), ("2",)]
    assert findings(store, NOON - SECOND) == []


def test_events_can_be_read_at_an_instant_before_they_were_collected(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON - 30 * DAY)}, outcome=finished(0))

    assert findings(store, NOON - 20 * DAY) == [("1",)]


def test_what_became_known_later_is_masked(store: Store) -> None:
    fixed = finding(NOON, fixed_at=NOON + 2 * DAY, kev_due_at=NOON + 9 * DAY)
    collect(store, "vulnerability", {"1": fixed}, outcome=finished(5))
    naive_noon = NOON.replace(tzinfo=None)

    assert findings(store, NOON + DAY, "fixed_at", "kev_due_at") == [("1", None, naive_noon + 9 * DAY)]
    assert findings(store, NOON + 2 * DAY, "fixed_at") == [("1", naive_noon + 2 * DAY)]


@pytest.mark.parametrize(
    ("stopped", "as_of", "shown"),
    [
        (NOON + DAY, NOON, None),
        (NOON + DAY, NOON + DAY - SECOND, None),
        (NOON + DAY, NOON + DAY, 86400),
        (None, NOON + 9 * DAY, None),
    ],
)
def test_a_value_that_came_with_a_later_moment_is_masked_until_then(
    store: Store, stopped: datetime | None, as_of: datetime, shown: int | None
) -> None:
    cycle = {
        "ticket_key": "S-1",
        "sla_name": "restore",
        "metric": "resolution",
        "goal_s": timedelta(hours=4),
        "elapsed_s": DAY,
        "breached": True,
        "started_at": NOON,
        "stopped_at": stopped,
        "computed": False,
    }
    collect(store, "sla_cycle", {"1": cycle}, outcome=finished(3))

    assert known(store, "sla_cycle", as_of, "elapsed_s", "goal_s") == [(shown, 4 * 3600)]


def test_an_instant_in_another_offset_is_the_same_instant(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0))
    same = datetime.fromisoformat("2026-11-01T13:00:00+01:00")

    assert same == NOON
    assert findings(store, same) == [("1",)]
    assert findings(store, datetime(2026, 11, 1, 11, 59, 59, tzinfo=UTC)) == []


def test_a_store_may_lie_under_a_name_with_odd_characters(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "it's [a] *store*? {1,2}", create=True)
    collect(store, "security_scan", {"1": scan("shop")})

    assert assets(store, NOON) == ["shop"]


def test_a_missing_segment_is_told_and_not_skipped(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")})
    (segment,) = (path for path in files_under(store.folder) if path.suffix == ".parquet")
    segment.unlink()

    with pytest.raises(VerificationError, match=r"security_scan cannot be read: .* Run 'itomm verify'"):
        assets(store, NOON)
