"""What rests on content that was let go is unknown, and nothing smaller is counted in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from itomm.config.settings import RetentionRule
from itomm.evidence.letting_go.applying import let_go
from itomm.evidence.letting_go.retention import expired
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.evaluation import evaluate
from itomm.rules.rule import Rule
from tests.evidence.stores import DAY, NOON, collect, finding, finished, scan
from tests.rules.rules_as_text import rule_of

RECORDS = RetentionRule(name="old", content="records", keep_days=20)
COUNTED: Mapping[str, object] = {
    "from_": "vulnerability",
    "measure": {"count": True},
    "grade": {"yes": "<= 1"},
    "missing": "yes_if_complete",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def answer(store: Store, rule: Rule, day: float) -> InferredAnswer:
    (found,) = evaluate([rule], snapshot_of(store), [], NOON + day * DAY).organisation.values()
    return found


def apply(store: Store, day: float) -> None:
    now = NOON + day * DAY
    with store.writing("retention"):
        let_go(store, expired(store, [RECORDS], now), at=now, actor="ada")


def is_stale(found: InferredAnswer) -> bool:
    return (found.verdict, found.reason) == (Verdict.UNKNOWN, UnknownReason.STALE) and (
        "let go on 2026-11-23 by old (ada)" in found.detail
    )


def test_state_is_unknown_as_of_then_and_known_as_of_now(store: Store) -> None:
    rule = rule_of(from_="security_scan", measure={"ratio": {"where": "enabled"}}, grade={"yes": ">= 80 %"})
    collect(store, "security_scan", {"1": scan("shop")})
    collect(store, "security_scan", {"1": scan("shop")}, outcome=finished(15))
    apply(store, 22)
    assert is_stale(answer(store, rule, 1))
    assert answer(store, rule, 15).verdict is Verdict.YES


@pytest.mark.parametrize(
    ("window", "stale"),
    [
        ({"field": "detected_at", "days": 16}, False),
        ({"field": "detected_at", "days": 23}, True),
        (None, True),
    ],
)
def test_of_events_only_a_window_behind_the_loss_is_answered(
    store: Store, window: Mapping[str, object] | None, *, stale: bool
) -> None:
    rule = rule_of(**COUNTED, window=window) if window else rule_of(**COUNTED)
    first = finished(0, window_start=NOON - 100 * DAY)
    collect(store, "vulnerability", {str(day): finding(NOON - day * DAY) for day in range(9)}, outcome=first)
    second = finished(15, window_start=NOON - DAY)
    before = store.collections()[0].id
    collect(store, "vulnerability", {"n": finding(NOON + DAY)}, outcome=replace(second, continues=before))
    assert answer(store, rule, 15).verdict is (Verdict.NO if stale else Verdict.YES)

    apply(store, 22)

    found = answer(store, rule, 15)
    assert is_stale(found) if stale else (found.verdict, found.counted) == (Verdict.YES, 1)


def test_an_empty_rest_is_no_evidence_of_absence(store: Store) -> None:
    collect(store, "vulnerability", {"1": finding(NOON)}, outcome=finished(0, window_start=NOON - 99 * DAY))
    apply(store, 22)
    assert is_stale(answer(store, rule_of(**COUNTED), 0))
