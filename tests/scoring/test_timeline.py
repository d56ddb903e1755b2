"""Which instants a timeline is made of, and what it says of instants of which little is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itomm.config.settings import load_configuration
from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.evidence.reading.snapshot import snapshot_of
from itomm.evidence.store import Store
from itomm.reports.timeline import csv_rows, table_rows, timeline_document
from itomm.rules.pack import load_packs
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import assess, subjects
from itomm.scoring.assessment import ScopeKind, View
from itomm.scoring.timeline import Basis, Timeline, month_ends, timeline
from tests.evidence.stores import NOON, collect, finding, finished

MICROSECOND = timedelta(microseconds=1)
CONFIGURATION = """
organisation: {id: acme, name: Acme}
groups: [{id: trade, name: Trade}]
services:
  - {id: shop, name: Shop, group: trade, tier: 1}
  - {id: till, name: Till, tier: 2}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("end", "months", "expected"),
    [
        (
            "2024-03-15T06:00:00+00:00",
            2,
            ["2024-01-31T23:59:59.999999Z", "2024-02-29T23:59:59.999999Z", "2024-03-15T06:00:00Z"],
        ),
        ("2026-03-01T00:00:00Z", 1, ["2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00Z"]),
        ("2028-02-29T12:00:00Z", 1, ["2028-01-31T23:59:59.999999Z", "2028-02-29T12:00:00Z"]),
        ("2100-03-02T00:00:00Z", 1, ["2100-02-28T23:59:59.999999Z", "2100-03-02T00:00:00Z"]),
        ("2026-01-01T00:30:00+01:00", 1, ["2025-11-30T23:59:59.999999Z", "2025-12-31T23:30:00Z"]),
        ("2026-10-31T23:59:59.999999Z", 1, ["2026-10-31T23:59:59.999999Z"]),
        ("2026-11-01T06:00:00Z", 0, ["2026-11-01T06:00:00Z"]),
        ("0001-02-03T00:00:00Z", 9, ["0001-01-31T23:59:59.999999Z", "0001-02-03T00:00:00Z"]),
    ],
)
def test_a_timeline_is_made_of_the_last_instants_of_whole_months_in_utc_and_of_its_end(
    end: str, months: int, expected: list[str]
) -> None:
    assert month_ends(at(end), months) == [at(each) for each in expected]


def test_a_year_has_twelve_ends_each_an_instant_before_the_next_month() -> None:
    ends = month_ends(NOON, 12)

    assert len(ends) == 13
    assert [(end + MICROSECOND).day for end in ends[:-1]] == [1] * 12
    assert [(end + MICROSECOND).month for end in ends[:-1]] == [12, *range(1, 12)]


@pytest.fixture(scope="module")
def few_rules() -> RuleSet:
    """The shipped questionnaire with the rules that read findings and certificates only."""
    whole = load_packs(["itomm"], [], [])
    read = {"vulnerability", "certificate"}
    few = [rule for rule in whole.rules if {each.name for each in rule.needed_types} <= read]
    return replace(whole, rules=tuple(few))


@pytest.fixture
def basis(few_rules: RuleSet, tmp_path: Path) -> Basis:
    store = Store.open(tmp_path / "store", create=True)
    findings = {
        str(number): finding(
            NOON - timedelta(days=70 - number),
            severity="critical",
            fixed_at=NOON - timedelta(days=40 - number),
        )
        for number in range(30)
    }
    collect(store, "vulnerability", findings, outcome=finished(0, window_start=NOON - timedelta(days=400)))
    certificate = {"endpoint": "https://shop.example/", "not_after": NOON + timedelta(days=90)}
    collect(store, "certificate", {"1": certificate}, outcome=finished(0))
    scan = {
        "asset_ref": "shop",
        "kind": "secret",
        "enabled": True,
        "on_merge_request": True,
        "blocking": True,
    }
    collect(store, "security_scan", {"1": scan}, outcome=finished(0))
    path = tmp_path / "itomm.yaml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    return Basis(few_rules, snapshot_of(store), Decisions(), load_configuration(path), "itomm")


def of_organisation(basis: Basis, months: int = 2) -> Timeline:
    top = next(subjects(basis.configuration.settings))
    return timeline(basis, top, month_ends(NOON, months))


def test_each_point_is_what_scoring_as_of_that_instant_gives(basis: Basis) -> None:
    for subject in list(subjects(basis.configuration.settings))[:3]:
        scored = timeline(basis, subject, month_ends(NOON, 1))
        for point in scored.points:
            alone = assess(basis.rule_set, basis.snapshot, basis.decisions, basis.configuration, point.as_of)
            (result,) = (scope for scope in alone.scopes if scope.id == subject.id)
            assert point.views == result.views
            assert point.decisions == alone.inputs["decisions"]
            assert scored.inputs.items() <= alone.inputs.items()


def test_groups_and_services_have_timelines_as_well(basis: Basis) -> None:
    kinds = [(subject.id, subject.kind) for subject in subjects(basis.configuration.settings)]

    assert kinds == [
        ("acme", ScopeKind.ORGANISATION),
        ("trade", ScopeKind.GROUP),
        ("shop", ScopeKind.SERVICE),
        ("till", ScopeKind.SERVICE),
    ]


def test_a_month_of_which_too_little_is_known_has_no_level_and_no_index(basis: Basis) -> None:
    scored = of_organisation(basis)

    for point, shown in zip(timeline_document(scored)["points"], table_rows(scored), strict=True):
        overall = point["views"]["overrides"]
        assert overall["level"]["rated"] is False
        assert overall["level"]["point"] is None
        assert overall["index"]["point"] is None
        assert overall["index"]["low"] < overall["index"]["high"]
        assert shown[1] == "NR"
        assert shown[3] == f"{overall['index']['low']:.2f}\N{EN DASH}{overall['index']['high']:.2f}"
    assert {row[5] for row in csv_rows(scored) if row[4] == "no"} == {""}
    assert all(row[6] and row[7] for row in csv_rows(scored))


def test_the_past_is_told_from_events_and_not_from_state_that_was_first_seen_later(basis: Basis) -> None:
    before, _, newest = of_organisation(basis).points

    about = {rule.criterion for rule in basis.rule_set.rules if rule.record_type.name == "certificate"}
    nothing_found = {"SM-CRT-3.2"}  # no secret leaked, and whether anybody had looked is state
    assert before.unknown[UnknownReason.NEVER_COLLECTED] == len(about | nothing_found) == 3
    assert UnknownReason.NEVER_COLLECTED not in newest.unknown
    assert of_organisation(basis).state_known_from == NOON


def test_an_empty_store_is_known_from_no_instant(basis: Basis, tmp_path: Path) -> None:
    nothing = Basis(
        basis.rule_set,
        snapshot_of(Store.open(tmp_path / "empty", create=True)),
        Decisions(),
        basis.configuration,
        "itomm",
    )

    scored = of_organisation(nothing, months=0)

    assert scored.state_known_from is None
    assert scored.points[0].views[View.OVERRIDES].known_share == 0
