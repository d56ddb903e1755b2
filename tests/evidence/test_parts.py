"""A large collection lies in several segments; a killed one is gone on with behind its last kept page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp

from itomm.config.errors import StoreError
from itomm.evidence.observation import Page
from itomm.evidence.segments import parts, segment_files
from itomm.evidence.segments.duckdb_connection import in_order
from itomm.evidence.segments.writer import CollectionWriter
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import COMPLETE, NOON, REQUEST, files_under, known, observation, scan

PAGES = 9


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(parts, "ROWS_IN_A_PART", 6)
    opened = Store.open(tmp_path / "store", create=True)
    yield opened
    opened.engine.dispose()


def page(number: int) -> Page:
    return Page(tuple(observation(f"{number}-{one}", scan(f"{number}-{one}")) for one in range(4)), REQUEST)


def writer_of(store: Store, *, resume: bool = False) -> CollectionWriter:
    return store.begin_collection(
        run=1, source="tool", collector="test", record_type="security_scan", started_at=NOON, resume=resume
    )


def write(writer: CollectionWriter, numbers: range, *, enterable: bool = True) -> None:
    for number in numbers:
        writer.add_page(page(number), [None] * 4, {"page": number} if enterable else None)


def undisturbed(folder: Path) -> tuple[object, ...]:
    store = Store.open(folder, create=True)
    writer = writer_of(store)
    write(writer, range(PAGES))
    writer.finish(COMPLETE)
    try:
        return kept_in(store)
    finally:
        store.engine.dispose()


def kept_in(store: Store) -> tuple[object, ...]:
    (collection,) = store.collections()
    assert verify(store, records=True).faults == ()
    return (
        collection.records,
        collection.merkle_root,
        [(segment.path, segment.rows, segment.sha256) for segment in collection.segments],
        known(store, "security_scan", NOON, "source_ref", "page", "position"),
    )


def test_a_large_collection_lies_in_several_segments_in_the_order_of_reading(store: Store) -> None:
    writer = writer_of(store)
    write(writer, range(PAGES))
    writer.finish(COMPLETE)
    (collection,) = store.collections()
    assert [segment.rows for segment in collection.segments] == [8, 8, 8, 8, 4]
    assert [segment.path for segment in collection.segments] == sorted(s.path for s in collection.segments)
    assert all(segment.distinct_records == segment.rows for segment in collection.segments)
    kept_in(store)


@pytest.mark.parametrize("pages_before", range(PAGES + 1))
def test_a_killed_collection_ends_as_if_nobody_had(store: Store, tmp_path: Path, pages_before: int) -> None:
    expected = undisturbed(tmp_path / "undisturbed")
    with store.writing("collect"):
        assert store.begin_run(NOON, "asked") == 1
        killed = writer_of(store)
        write(killed, range(pages_before))
        killed.leave()
    assert verify(store).faults == ()
    with store.writing("collect"):
        assert store.unfinished_run() is not None
        kept = store.kept_pages(1).get(("tool", "security_scan"))
        assert (kept.pages if kept else 0) == pages_before
        assert kept is None or kept.progress == {"page": pages_before - 1}
        again = writer_of(store, resume=True)
        write(again, range(pages_before, PAGES))
        again.finish(COMPLETE)
        store.end_run()
    assert kept_in(store) == expected
    assert not [path for path in files_under(store.folder) if path.suffix == ".partial"]


def test_pages_behind_which_nobody_can_go_on_are_read_again(store: Store, tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "undisturbed")
    with store.writing("collect"):
        store.begin_run(NOON, "asked")
        killed = writer_of(store)
        write(killed, range(3))
        write(killed, range(3, 7), enterable=False)
        killed.leave()
    with store.writing("collect"):
        kept = store.kept_pages(1)[("tool", "security_scan")]
        assert kept.pages == 3
        again = writer_of(store, resume=True)
        write(again, range(3, PAGES))
        again.finish(COMPLETE)
        store.end_run()
    assert kept_in(store) == expected


def test_kept_pages_that_are_gone_are_told_and_nothing_is_read_behind_them(store: Store) -> None:
    with store.writing("collect"):
        store.begin_run(NOON, "asked")
        killed = writer_of(store)
        write(killed, range(4))
        killed.leave()
    (lines, *_) = [path for path in files_under(store.folder) if path.name.endswith(".lines.partial")]
    lines.unlink()
    with store.writing("collect"), pytest.raises(StoreError, match="Run again with --afresh"):
        writer_of(store, resume=True)


def test_what_is_not_gone_on_with_leaves_nothing(store: Store) -> None:
    with store.writing("collect"):
        store.begin_run(NOON, "asked")
        killed = writer_of(store)
        write(killed, range(5))
        killed.leave()
    with store.writing("collect"):
        store.end_run()
    assert verify(store).faults == ()
    assert not [path for path in files_under(store.folder) if path.suffix in {".partial", ".parquet", ".gz"}]


def test_records_that_pages_repeat_across_parts_count_once(store: Store) -> None:
    writer = writer_of(store)
    write(writer, range(3))
    writer.add_page(page(0), ["shop"] * 4)
    writer.finish(COMPLETE)
    (collection,) = store.collections()
    assert [segment.distinct_records for segment in collection.segments] == [None, None]
    found = known(store, "security_scan", NOON, "source_ref", "service_id")
    assert len(found) == 12
    assert [service for name, service in found if str(name).startswith("0-")] == ["shop"] * 4


def test_a_segment_is_written_in_groups_of_rows_that_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_files, "_ROWS_WRITTEN_AT_ONCE", 2048)
    target = tmp_path / "segment.parquet"
    numbers = exp.select("*").from_(exp.func("range", exp.Literal.number(5000)))
    segment_files.write_rows(numbers, target)
    told = exp.func("parquet_metadata", exp.Literal.string(str(target)))
    groups = exp.select("row_group_id", "row_group_num_rows").distinct().from_(told)
    with in_order() as connection:
        found = connection.execute(groups.sql(dialect="duckdb")).fetchall()
    assert sorted(rows for _, rows in found) == [904, 2048, 2048]
