"""A compaction says the same as the collections it was made from, whatever they held."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import StoreError
from itomm.evidence.catalogue import ledger
from itomm.evidence.observation import CollectionOutcome, UnknownReason
from itomm.evidence.reading import compaction
from itomm.evidence.reading.as_of import open_evidence
from itomm.evidence.reading.compaction import READINGS_BEHIND_A_BASE
from itomm.evidence.reading.snapshot import Snapshot, snapshot_of
from itomm.evidence.record_types import record_types
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import DAY, NOON, collect, files_under, finding, finished

VULNERABILITY = record_types()["vulnerability"]


def rows(snapshot: Snapshot, as_of: datetime, *, most_rows: int = 1_000_000) -> list[tuple[object, ...]]:
    opened = open_evidence(snapshot, [VULNERABILITY], as_of, most_rows=most_rows)
    with closing(opened) as connection:
        query = "SELECT source_ref, state, detected_at, collection FROM vulnerability"
        return sorted(connection.execute(query).fetchall())


def collected_again_and_again(store: Store, times: int, first_day: int = 0) -> None:
    for day in range(first_day, first_day + times):
        with store.writing("collect"):
            collect(
                store,
                "vulnerability",
                {
                    "old": finding(NOON - 90 * DAY, severity=("low", "high")[day % 2]),
                    f"of day {day}": finding(NOON + day * DAY),
                },
                outcome=finished(day, window_start=NOON + day * DAY),
            )


def test_events_are_compacted_behind_the_eighth_reading(store: Store) -> None:
    collected_again_and_again(store, READINGS_BEHIND_A_BASE - 1)
    assert store.compactions() == []
    collected_again_and_again(store, 1, READINGS_BEHIND_A_BASE - 1)
    (made,) = store.compactions()
    assert (made.source, made.record_type, made.rows) == ("tool", "vulnerability", READINGS_BEHIND_A_BASE + 1)
    assert made.through == store.collections()[-1].id

    collected_again_and_again(store, READINGS_BEHIND_A_BASE, READINGS_BEHIND_A_BASE)
    assert len(store.compactions()) == 2
    found = verify(store, records=True)
    assert found.faults == ()
    assert found.segments == 2 * READINGS_BEHIND_A_BASE + 2, "what was compacted stays"


def test_a_compaction_is_in_order_of_services(store: Store) -> None:
    for day in range(READINGS_BEHIND_A_BASE):
        with store.writing("collect"):
            collect(
                store,
                "vulnerability",
                {f"{day}-{number}": finding(NOON + day * DAY) for number in range(3)},
                outcome=finished(day, window_start=NOON + day * DAY),
                services={f"{day}-0": "shop", f"{day}-1": "bank"},
            )
    (made,) = store.compactions()
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT service_id, source_ref FROM read_parquet(?)", [str(store.folder / made.path)]
        ).fetchall()
    assert len(found) == 3 * READINGS_BEHIND_A_BASE
    assert found == sorted(found, key=lambda row: (row[0] is None, row[0] or "", row[1]))


def test_a_compaction_does_not_change_the_digest_of_a_snapshot(store: Store) -> None:
    collected_again_and_again(store, READINGS_BEHIND_A_BASE)
    whole = snapshot_of(store)
    assert whole.compactions
    assert whole.digest == replace(whole, compactions=()).digest


def test_the_past_is_read_as_before(store: Store) -> None:
    collected_again_and_again(store, READINGS_BEHIND_A_BASE + 2)
    before = snapshot_of(store, "3")
    assert [name for name, *_ in rows(before, NOON + 9 * DAY)] == ["of day 0", "of day 1", "of day 2", "old"]


def test_a_compaction_that_was_changed_or_removed_is_found(store: Store) -> None:
    collected_again_and_again(store, READINGS_BEHIND_A_BASE)
    path = store.folder / store.compactions()[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert verify(store).faults == (f"{store.compactions()[0].path}: this segment was changed",)
    path.unlink()
    assert verify(store).faults == (f"{store.compactions()[0].path}: this segment is missing",)


def test_a_run_killed_while_it_compacted_leaves_a_clean_store(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected_again_and_again(store, READINGS_BEHIND_A_BASE - 1)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", _refused)
        with pytest.raises(StoreError, match="no more"), store.writing("collect"):
            collected_once_without_ledger(store, patched)
    assert verify(store).faults == ()
    with store.writing("collect"):
        pass
    assert verify(store).faults == ()
    assert len(store.compactions()) == 1
    assert not [path for path in files_under(store.folder) if path.suffix == ".partial"]


def collected_once_without_ledger(store: Store, patched: pytest.MonkeyPatch) -> None:
    patched.undo()
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(9, window_start=NOON))
    patched.setattr(ledger, "append", _refused)


def _refused(*_: object, **__: object) -> int:
    raise StoreError("no more")


NAMES = st.sampled_from("abcdef")
HOURS = st.integers(0, 20)
READING = st.tuples(
    st.dictionaries(NAMES, st.tuples(HOURS, st.sampled_from(["open", "fixed"])), max_size=4),
    st.sampled_from(["complete", "failed", "denied", "without window"]),
    HOURS,
)


@settings(max_examples=8, deadline=None)
@given(st.lists(READING, min_size=1, max_size=6), st.integers(0, 6), HOURS)
def test_reading_with_and_without_a_base_and_from_a_view_gives_the_same(
    readings: list[tuple[dict[str, tuple[int, str]], str, int]], base_after: int, hour: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing_store(Path(folder)) as store:
        same_however_it_is_read(store, readings, base_after, hour)


@contextmanager
def closing_store(folder: Path) -> Iterator[Store]:
    store = Store.open(folder, create=True)
    yield store
    store.engine.dispose()


def same_however_it_is_read(
    store: Store, readings: list[tuple[dict[str, tuple[int, str]], str, int]], base_after: int, hour: int
) -> None:
    for number, (found, how, since) in enumerate(readings):
        if number == base_after:
            _compact_now(store)
        records = {
            name: finding(NOON + timedelta(hours=occurred), state=state)
            for name, (occurred, state) in found.items()
        }
        collect(store, "vulnerability", records, outcome=_outcome(number, how, since), page_size=2)
    whole = snapshot_of(store)
    plain = replace(whole, compactions=())
    for as_of in (NOON + timedelta(hours=hour), NOON + 90 * DAY):
        expected = rows(plain, as_of)
        assert rows(whole, as_of) == expected
        assert rows(whole, as_of, most_rows=0) == expected
        assert rows(plain, as_of, most_rows=0) == expected
        assert [row[0] for row in expected] == sorted(_obvious(readings, as_of))


def _compact_now(store: Store) -> None:
    behind, compaction.READINGS_BEHIND_A_BASE = compaction.READINGS_BEHIND_A_BASE, 1
    try:
        compaction.compact(store)
    finally:
        compaction.READINGS_BEHIND_A_BASE = behind


_REASONS = {"failed": UnknownReason.COLLECTION_FAILED, "denied": UnknownReason.PERMISSION_DENIED}


def _outcome(number: int, how: str, since: int) -> CollectionOutcome:
    return CollectionOutcome(
        complete=how in {"complete", "without window"},
        finished_at=NOON + timedelta(days=2 + number),
        reason={"failed": UnknownReason.COLLECTION_FAILED, "denied": UnknownReason.PERMISSION_DENIED}.get(
            how
        ),
        error="the test says so" if how in {"failed", "denied"} else "",
        window_start=None if how == "without window" else NOON + timedelta(hours=since),
        denied=("shop",) if how == "denied" else (),
    )


def _obvious(readings: list[tuple[dict[str, tuple[int, str]], str, int]], as_of: datetime) -> list[str]:
    """Names of current records, one reading after the other."""
    known: dict[str, int] = {}
    for found, how, since in readings:
        if how == "complete":
            known = {name: occurred for name, occurred in known.items() if occurred < since}
        known |= {name: occurred for name, (occurred, _) in found.items()}
    return [name for name, occurred in known.items() if NOON + timedelta(hours=occurred) <= as_of]
