"""A collection becomes visible whole or not at all, and all that was written can be read back."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from itomm.config.errors import StoreError, UsageError, VerificationError
from itomm.evidence.catalogue import ledger
from itomm.evidence.observation import Page, RequestMade, UnknownReason, UntoldField
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.segments.raw_payloads import RawPayloads
from itomm.evidence.segments.writer import CollectionWriter
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import (
    COMPLETE,
    DAY,
    NOON,
    REQUEST,
    collect,
    files_under,
    finished,
    known,
    observation,
    scan,
)


def writer_of(store: Store, record_type: str = "security_scan") -> CollectionWriter:
    return store.begin_collection(
        run=store.next_run(), source="tool", collector="test", record_type=record_type, started_at=NOON
    )


def page_of(*source_refs: str) -> Page:
    return Page(tuple(observation(each, scan(each)) for each in source_refs), REQUEST)


def test_a_summary_says_what_was_written(store: Store) -> None:
    summary = collect(store, "security_scan", {"1": scan("shop"), "2": scan("till")})

    assert (summary.source, summary.record_type, summary.records) == ("tool", "security_scan", 2)
    assert (summary.complete, summary.reason, summary.error) == (True, None, "")


def test_nothing_is_visible_before_it_is_finished(store: Store) -> None:
    writer = writer_of(store)
    writer.add_page(page_of("1"), [None])

    assert store.collections() == []
    assert verify(store).faults == ()
    writer.abandon()


def test_an_abandoned_collection_leaves_nothing_but_its_raw_payloads(store: Store) -> None:
    writer = writer_of(store)
    writer.add_page(page_of("1"), [None])
    writer.abandon()

    assert store.collections() == []
    assert store.next_run() == 1
    assert not [path for path in files_under(store.folder) if path.suffix in {".parquet", ".partial"}]
    assert verify(store).faults == ()


def test_asked_and_empty_is_a_fact(store: Store) -> None:
    collect(store, "security_scan", {})

    (collection,) = store.collections()
    assert (collection.records, collection.complete, collection.segments) == (0, True, ())


def test_a_collection_is_kept_with_everything_about_it(store: Store) -> None:
    outcome = replace(
        finished(2, reason=UnknownReason.PERMISSION_DENIED, window_start=NOON - DAY, denied=("b",)),
        requested=("a", "b"),
        warnings=("slow",),
        unmapped=1,
    )
    collect(store, "vulnerability", {}, outcome=outcome)

    (kept,) = store.collections()
    assert kept.id == "000001-tool-vulnerability"
    assert (kept.run, kept.source, kept.collector, kept.record_type) == (1, "tool", "test", "vulnerability")
    assert (kept.complete, kept.reason, kept.error) == (False, UnknownReason.PERMISSION_DENIED, outcome.error)
    assert (kept.finished_at, kept.window_start, kept.window_end) == (
        NOON + 2 * DAY,
        NOON - DAY,
        NOON + 2 * DAY,
    )
    assert (kept.requested, kept.denied, kept.warnings, kept.unmapped) == (("a", "b"), ("b",), ("slow",), 1)
    assert kept.denied_in_part


def test_what_a_source_cannot_tell_is_kept_and_changes_the_snapshot(tmp_path: Path) -> None:
    untold = (UntoldField("last_run_at"), UntoldField("last_status", "grant the right \u201cread\u201d"))
    silent, frank = (Store.open(tmp_path / name, create=True) for name in ("silent", "frank"))
    collect(silent, "security_scan", {"1": scan("shop")}, outcome=replace(COMPLETE, untold=untold))
    collect(frank, "security_scan", {"1": scan("shop")})

    assert [each.untold for each in silent.collections()] == [untold]
    assert [each.untold for each in frank.collections()] == [()]
    assert verify(silent).faults == ()
    assert snapshot_of(silent).digest != snapshot_of(frank).digest


def test_a_record_that_does_not_fit_is_left_out_and_makes_the_stream_incomplete(store: Store) -> None:
    summary = collect(
        store,
        "security_scan",
        {"1": scan("shop"), "2": scan("till", enabled="yes"), "3": {"asset_ref": "app"}},
    )

    assert summary.records == 1
    assert not summary.complete
    assert summary.reason is UnknownReason.COLLECTION_FAILED
    assert summary.error == "2 records do not fit: 2: security_scan.enabled should be boolean, not str"
    assert [each.complete for each in store.collections()] == [False]


def test_a_failure_keeps_its_own_reason_when_a_record_does_not_fit_too(store: Store) -> None:
    denied = finished(0, reason=UnknownReason.PERMISSION_DENIED, denied=("x",))
    summary = collect(store, "security_scan", {"1": {}}, outcome=denied)

    assert (summary.reason, summary.error) == (UnknownReason.PERMISSION_DENIED, "the test says so")


def test_every_record_leads_to_its_request_its_page_and_its_raw_payload(store: Store) -> None:
    collect(
        store,
        "security_scan",
        {each: scan(each) for each in "abc"},
        services={"a": "shop"},
        page_size=2,
    )

    columns = ("source_ref", "service_id", "page", "position", "url", "collection")
    rows = known(store, "security_scan", NOON, *columns)
    assert [row[:5] for row in rows] == [
        ("a", "shop", 1, 0, "https://tool.example/a"),
        ("b", None, 1, 1, "https://tool.example/b"),
        ("c", None, 2, 0, "https://tool.example/c"),
    ]
    for source_ref, _, page, position, _, collection in rows:
        assert store.request(str(collection), int(str(page))) == REQUEST
        assert store.raw_record(str(collection), int(str(page)), int(str(position))) == {"ref": source_ref}
    assert store.request("000001-tool-security_scan", 9) is None
    assert store.raw_record("000001-tool-security_scan", 9, 0) is None


def test_a_repeated_query_parameter_is_kept(store: Store) -> None:
    asked = RequestMade("GET", "https://tool.example", {"b": "2", "a": "1"}, None)
    writer = writer_of(store)
    writer.add_page(Page((), asked), [])
    writer.finish(COMPLETE)

    assert store.request("000001-tool-security_scan", 1) == asked


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        store = Store.open(tmp_path / name, create=True)
        collect(store, "security_scan", {str(number): scan(f"asset {number}") for number in range(50)})
        digests.append((snapshot_of(store).digest, verify(store).head))
    assert digests[0] == digests[1]


def test_a_snapshot_is_named_by_its_run_or_the_beginning_of_its_digest(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")})
    first = snapshot_of(store)
    collect(store, "security_scan", {"2": scan("till")}, outcome=finished(1))
    newest = snapshot_of(store)

    assert (first.run, newest.run) == (1, 2)
    assert first.digest != newest.digest
    assert snapshot_of(store, "1") == first
    assert snapshot_of(store, "2") == newest
    assert snapshot_of(store, first.digest) == first
    assert snapshot_of(store, first.digest[:8]) == first


@pytest.mark.parametrize("named", ["0", "3", "²", "abc", "-1", "", "0" * 64])
def test_an_unknown_snapshot_is_a_usage_error_that_names_what_there_is(store: Store, named: str) -> None:
    collect(store, "security_scan", {})
    with pytest.raises(UsageError, match=f"no snapshot '{named}'. Runs in this store: 1 to 1"):
        snapshot_of(store, named)


def test_an_empty_store_has_an_empty_snapshot(store: Store) -> None:
    assert snapshot_of(store).run == 0
    assert store.newest_instant() is None
    with pytest.raises(UsageError, match="none yet"):
        snapshot_of(store, "1")


def test_the_digest_of_a_snapshot_changes_with_what_was_known(tmp_path: Path) -> None:
    outcomes = [
        COMPLETE,
        finished(1),
        finished(0, window_start=NOON - DAY),
        finished(0, reason=UnknownReason.COLLECTION_FAILED),
        finished(0, reason=UnknownReason.PERMISSION_DENIED, denied=("a",)),
        finished(0, reason=UnknownReason.PERMISSION_DENIED, denied=("b",)),
    ]
    digests = set()
    for number, outcome in enumerate(outcomes):
        store = Store.open(tmp_path / str(number), create=True)
        collect(store, "vulnerability", {}, outcome=outcome)
        digests.add(snapshot_of(store).digest)
    assert len(digests) == len(outcomes)


def test_every_ledger_row_holds_the_hash_of_the_row_before(store: Store) -> None:
    for day in range(3):
        collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(day))

    with store.engine.connect() as connection:
        rows = list(ledger.entries(connection))
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.prev for row in rows] == [ledger.GENESIS, rows[0].hash, rows[1].hash]
    assert [(row.kind, row.actor) for row in rows] == [("collection", "tool")] * 3
    assert store.newest_instant() == NOON + 2 * DAY


def test_threads_may_store_the_same_payload_at_once(tmp_path: Path) -> None:
    raw = RawPayloads(tmp_path)
    start = threading.Barrier(8)
    faults: list[OSError] = []

    def put_all() -> None:
        for number in range(40):
            start.wait()
            try:
                raw.put([number])
            except OSError as error:
                faults.append(error)

    threads = [threading.Thread(target=put_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert not list(tmp_path.rglob("*.partial"))


def test_a_missing_raw_payload_is_told(store: Store) -> None:
    collect(store, "security_scan", {"1": scan("shop")})
    (payload,) = (path for path in files_under(store.folder) if path.suffix == ".gz")
    payload.unlink()

    with pytest.raises(VerificationError, match="this raw payload is missing"):
        store.raw_record("000001-tool-security_scan", 1, 0)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def insert_twice() -> None:
        with store.transaction() as connection:
            connection.execute(text("INSERT INTO assessments VALUES ('d', 'a', 'm', 'v', 'p')"))
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(StoreError, match="could not be written"):
        insert_twice()
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM assessments")).scalar() == 0


def test_the_pseudonym_key_is_made_once_and_only_its_owner_may_read_it(store: Store) -> None:
    assert len(store.pseudonym_key()) == 32
    assert store.pseudonym_key() == store.pseudonym_key()
    assert (store.folder / "pseudonym.key").stat().st_mode & 0o077 == 0
