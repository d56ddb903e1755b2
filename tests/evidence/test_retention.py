"""Content goes by rule, and never without a record of what it was and why; nothing newer is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from itomm.config.secrets import Secret
from itomm.config.settings import RetentionRule
from itomm.evidence.catalogue.database import ledger
from itomm.evidence.catalogue.database import removals as removals_table
from itomm.evidence.letting_go import applying, removals
from itomm.evidence.letting_go.applying import let_go
from itomm.evidence.letting_go.removals import pending_removals, removals_in
from itomm.evidence.letting_go.retention import expired
from itomm.evidence.store import Store
from itomm.evidence.trust.verification import verify
from tests.evidence.stores import DAY, NOON, collect, finding, finished, known, scan


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path, create=True)


@pytest.fixture
def either(tmp_path: Path, database: Secret | None) -> Iterator[Store]:
    """An empty store, once with each kind of database."""
    opened = Store.open(tmp_path, create=True, database=database)
    yield opened
    opened.engine.dispose()


def rule(content: str, keep_days: int, *record_types: str) -> RetentionRule:
    return RetentionRule.model_validate(
        {"name": f"{content}-rule", "content": content, "keep_days": keep_days, "record_types": record_types}
    )


def names(store: Store, day: float, *rules: RetentionRule) -> list[str]:
    """What goes on a day, by file name; raw payloads by the records in them."""
    return [
        Path(each.path).name
        if each.path.startswith("evidence")
        else ",".join(sorted(part["ref"] for part in store.raw.get(each.sha256)))
        for each in expired(store, rules, NOON + day * DAY)
    ]


def apply(store: Store, day: float, *rules: RetentionRule) -> int:
    now = NOON + day * DAY
    with store.writing("retention"):
        found = expired(store, rules, now)
        let_go(store, found, at=now, actor="ada")
        return len(found)


def test_raw_payloads_go_when_every_collection_that_brought_them_is_old(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    collect(store, "security_scan", {"b": scan("b")}, outcome=finished(1))
    collect(store, "security_scan", {"b": scan("b")}, outcome=finished(20))

    assert names(store, 9, rule("raw", 10)) == []
    assert names(store, 15, rule("raw", 10)) == ["a"]
    assert sorted(names(store, 31, rule("raw", 10))) == ["a", "b"]


def test_a_rule_concerns_only_its_record_types(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    collect(store, "vulnerability", {"a": finding(NOON - DAY)}, outcome=finished(0))
    collect(store, "vulnerability", {"b": finding(NOON - DAY)}, outcome=finished(0))

    assert names(store, 99, rule("raw", 10, "vulnerability")) == ["b"]  # "a" was also read as a scan
    assert len(names(store, 99, rule("records", 10, "vulnerability"))) == 2


def test_state_goes_when_a_newer_whole_reading_is_old_itself(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    collect(store, "security_scan", {"b": scan("b")}, outcome=finished(5))
    first = store.collections()[0].segments[0].path

    assert names(store, 14.9, rule("superseded", 10)) == []
    assert names(store, 15.1, rule("superseded", 10)) == [Path(first).name]


def test_events_go_when_a_newer_complete_reading_covers_them_all(store: Store) -> None:
    at = NOON - 5 * DAY
    collect(store, "vulnerability", {"a": finding(at)}, outcome=finished(0, window_start=NOON - 9 * DAY))
    collect(store, "vulnerability", {"b": finding(at)}, outcome=finished(1, window_start=NOON - 3 * DAY))
    assert names(store, 99, rule("superseded", 10)) == []

    collect(store, "vulnerability", {"a": finding(at)}, outcome=finished(2, window_start=at))
    assert len(names(store, 99, rule("superseded", 10))) == 2


def test_the_first_rule_that_a_file_falls_under_counts(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    one, other = rule("records", 10), rule("records", 5).model_copy(update={"name": "other"})

    assert [each.rule.name for each in expired(store, [one, other], NOON + 99 * DAY)] == ["records-rule"]
    assert [each.rule.name for each in expired(store, [one, other], NOON + 7 * DAY)] == ["other"]


def test_what_is_let_go_is_gone_and_its_hash_and_reason_stay(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    collect(store, "security_scan", {"a": scan("a", blocking=True)}, outcome=finished(5))
    first = store.collections()[0].segments[0]

    assert apply(store, 16, rule("superseded", 10)) == 1

    assert not (store.folder / first.path).exists()
    with store.engine.connect() as connection:
        (row,) = connection.execute(select(removals_table)).mappings()
    assert (row["path"], row["sha256"], row["rule"], row["actor"], row["reason"], row["at"]) == (
        first.path,
        first.sha256,
        "superseded-rule",
        "ada",
        "what something newer says again is kept for 10 days",
        "2026-11-17T12:00:00Z",
    )
    assert known(store, "security_scan", NOON + 5 * DAY, "asset_ref", "blocking") == [("a", True)]
    assert names(store, 99, rule("superseded", 10)) == []


def test_a_crash_between_recording_and_removing_is_made_good(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    now = NOON + 30 * DAY
    found = expired(store, [rule("records", 10), rule("raw", 10)], now)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "finish_removals", lambda _: None)  # as if killed just before
        let_go(store, found, at=now, actor="ada")
    assert len(pending_removals(store)) == len(found) == 2
    assert known(store, "security_scan", NOON + DAY, "asset_ref") == []

    with store.writing("anything"):
        pass

    assert pending_removals(store) == []
    assert not any((store.folder / each.path).exists() for each in found)


def test_a_payload_that_is_sent_again_stays_and_may_be_let_go_again(either: Store) -> None:
    collect(either, "security_scan", {"a": scan("a")}, outcome=finished(0))
    assert apply(either, 30, rule("raw", 10)) == 1
    collect(either, "security_scan", {"a": scan("a")}, outcome=finished(31))

    assert pending_removals(either) == []
    assert either.raw_record("000002-tool-security_scan", 1, 0) == {"ref": "a"}
    assert apply(either, 32, rule("raw", 10)) == 0
    assert apply(either, 50, rule("raw", 10)) == 1
    with either.engine.connect() as connection:
        (removal,) = removals_in(connection).by_path.values()
    assert removal.words == ("let go on 2026-12-21 by raw-rule (ada): raw payloads are kept for 10 days")


def test_state_whose_content_was_let_go_says_so_and_newer_state_does_not(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")}, outcome=finished(0))
    collect(store, "security_scan", {"b": scan("b")}, outcome=finished(5))
    apply(store, 16, rule("superseded", 10))

    older, newer = store.collections()
    assert older.let_go == (
        "what was read on 2026-11-01 was let go on 2026-11-17 by superseded-rule (ada): "
        "what something newer says again is kept for 10 days"
    )
    assert (newer.let_go, len(older.segments), len(newer.segments)) == ("", 0, 1)


def chain(store: Store) -> None:
    """Three readings of events, each going on from the one before."""
    before = None
    for day, ref in enumerate("abc"):
        start = NOON + (day * 10 - 12) * DAY if before else NOON - 100 * DAY
        outcome = replace(finished(day * 10, window_start=start), continues=before)
        collect(store, "vulnerability", {ref: finding(start + DAY)}, outcome=outcome)
        before = store.collections()[-1].id


def test_events_are_covered_from_behind_what_was_let_go(store: Store) -> None:
    chain(store)
    assert [each.covered_from for each in store.collections()] == [NOON - 100 * DAY] * 3

    apply(store, 25, rule("records", 20))

    first, second, third = store.collections()
    assert (first.covered_from, first.segments) == (NOON, ())
    assert second.covered_from == third.covered_from == NOON - 2 * DAY
    assert "let go on 2026-11-26 by records-rule" in third.let_go
    assert first.let_go == second.let_go == third.let_go


def test_a_lost_link_of_a_chain_ends_what_is_covered(store: Store) -> None:
    chain(store)
    second = store.collections()[1].segments[0]
    found = [
        each for each in expired(store, [rule("records", 5)], NOON + 99 * DAY) if each.path == second.path
    ]
    let_go(store, found, at=NOON, actor="ada")

    first, _, third = store.collections()
    assert (first.let_go, first.covered_from) == ("", NOON - 100 * DAY)
    assert third.covered_from == NOON + 8 * DAY
    assert third.let_go


def test_what_a_newer_reading_of_the_chain_says_again_is_no_loss(store: Store) -> None:
    outcome = finished(0, window_start=NOON - 100 * DAY)
    collect(store, "vulnerability", {"a": finding(NOON - DAY)}, outcome=outcome)
    first = store.collections()[0].id
    outcome = replace(finished(1, window_start=NOON - 2 * DAY), continues=first)
    collect(store, "vulnerability", {"a": finding(NOON - DAY)}, outcome=outcome)

    assert apply(store, 30, rule("superseded", 10)) == 1

    older, newer = store.collections()
    assert older.let_go
    assert (newer.let_go, newer.covered_from) == ("", NOON - 100 * DAY)


def test_without_rules_everything_stays(store: Store) -> None:
    collect(store, "security_scan", {"a": scan("a")})
    assert expired(store, [], NOON + timedelta(days=9999)) == []


def many(store: Store) -> None:
    """Eight readings of events, each going on from the one before, which a compaction holds."""
    before = None
    for day in range(8):
        start = NOON + (day - 1) * DAY if before else NOON - 100 * DAY
        outcome = replace(finished(day, window_start=start), continues=before)
        at = NOON + (day - 0.5) * DAY
        collect(store, "vulnerability", {str(day): finding(at, identifier=f"CVE-{day}")}, outcome=outcome)
        before = store.collections()[-1].id
    with store.writing("anything"):
        pass
    assert len(store.compactions()) == 1


def identifiers(store: Store) -> list[object]:
    return [identifier for (identifier,) in known(store, "vulnerability", NOON + 9 * DAY, "identifier")]


def test_what_a_compaction_holds_may_go_and_nothing_is_lost(either: Store) -> None:
    many(either)
    before = identifiers(either)

    assert apply(either, 30, rule("superseded", 10)) == 8

    assert identifiers(either) == before == [f"CVE-{day}" for day in range(8)]
    assert either.collections()[-1].let_go == ""
    assert either.collections()[-2].let_go  # read up to there, the compaction is not yet to be seen
    assert verify(either, records=True).faults == ()


@pytest.mark.parametrize("superseded_first", [True, False])
def test_expired_records_go_from_compactions_too(store: Store, *, superseded_first: bool) -> None:
    many(store)
    if superseded_first:
        apply(store, 18, rule("superseded", 10))

    apply(store, 13, rule("records", 10))

    assert identifiers(store) == [f"CVE-{day}" for day in range(3, 8)]
    newest = store.collections()[-1]
    assert newest.covered_from == NOON + 2 * DAY
    assert "let go on" in newest.let_go
    assert verify(store, records=True).faults == ()
    assert apply(store, 13, rule("records", 10)) == 0

    apply(store, 99, rule("records", 10))
    assert (identifiers(store), store.compactions()) == ([], [])
    assert verify(store, records=True).faults == ()


def test_a_compaction_made_after_a_loss_does_not_hide_it(store: Store) -> None:
    chain(store)
    apply(store, 25, rule("records", 20))
    before = store.collections()[-1].id
    for day in range(26, 32):
        outcome = replace(finished(day, window_start=NOON + (day - 1) * DAY), continues=before)
        collect(store, "vulnerability", {str(day): finding(NOON + day * DAY - DAY / 2)}, outcome=outcome)
        before = store.collections()[-1].id
    with store.writing("anything"):
        pass

    assert len(store.compactions()) == 1
    assert store.collections()[-1].let_go
    assert store.collections()[-1].covered_from == NOON - 2 * DAY


def test_many_removals_are_told_in_several_ledger_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "_REMOVALS_IN_A_ROW", 2)
    for number in range(5):
        collect(store, "security_scan", {str(number): scan("a")}, outcome=finished(number))
    assert apply(store, 99, rule("raw", 10)) == 5
    with store.engine.connect() as connection:
        rows = connection.execute(select(ledger).where(ledger.c.kind == "removal")).all()
        assert len(removals_in(connection).by_path) == 5
    assert len(rows) == 3
    assert verify(store).faults == ()
