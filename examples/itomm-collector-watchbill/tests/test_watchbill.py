"""The contract of itomm's collectors, and what duties and teams become."""

from __future__ import annotations

from itomm.collectors.conformance import conformance_suite
from watchbill import TEAMS, TOOL

from itomm_collector_watchbill import WatchbillCollector
from itomm_collector_watchbill.record import schedule, shift


def settings(url: str) -> dict[str, object]:
    return {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN", "teams": TEAMS}


TestWatchbill = conformance_suite(WatchbillCollector, settings, TOOL)


def test_calls_are_counted_by_the_clock_on_the_wall() -> None:
    calls = [
        {"at": "2026-10-28T08:30:00+09:00", "became_incident": True},
        {"at": "2026-10-28T18:00:00+09:00"},
        {"at": "2026-10-31T12:00:00+09:00"},
    ]
    fields = shift({"id": 1, "calls": calls}, "web", "https://watchbill.example").fields
    assert (fields["pages"], fields["incidents"], fields["out_of_hours_pages"]) == (3, 1, 2)


def test_a_rota_without_hours_has_no_coverage() -> None:
    assert schedule({"name": "web"}, "https://watchbill.example").fields["coverage"] is None
