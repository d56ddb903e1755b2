"""Somebody tidies up before the assessment: each answer that rests on it says so, and no number changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import itomm.scoring.assess
from itomm.evidence.observation import CollectionOutcome
from itomm.evidence.store import Store
from itomm.reports.read_document import read_assessment
from itomm.scoring.caveats import Caveats
from tests.evidence.stores import Fields, collect
from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

COLLECTED = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
WHO = "person-0123456789ab"


def incident(opened: datetime, closed: datetime) -> Fields:
    move = {"at": closed.isoformat(), "from": "Open", "from_category": "open", "to": "Done"}
    return {
        "key": "OPS-1",
        "kind": "incident",
        "title": "Down",
        "status": "Done",
        "status_category": "done",
        "severity": 1,
        "labels": [],
        "created_at": opened,
        "acknowledged_at": opened + timedelta(minutes=3),
        "resolved_at": closed,
        "restored_at": closed,
        "updated_at": closed,
        "reopened_count": 0,
        "reassignment_count": 0,
        "links": [],
        "ci_ids": [],
        "security": False,
        "transitions": [{**move, "to_category": "done", "by": WHO, "automated": False}],
        "detected_by": "monitoring",
        "major": True,
        "alert_event_ids": [],
        "caused_by": [],
    }


CLOSED = {
    f"OPS-90{number:02}": incident(
        COLLECTED - timedelta(days=6, hours=number), COLLECTED - timedelta(days=1, seconds=30 * number)
    )
    for number in range(12)
}


@pytest.fixture
def tidied(workspace: Path) -> Path:
    """An honest store in which one person also closed a dozen tickets in as many half minutes."""
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\nrules:\n  packs: [oncall-check]\n", encoding="utf-8")
    store = Store.open(workspace.parent / ".itomm", create=False)
    outcome = CollectionOutcome(
        complete=True,
        finished_at=COLLECTED,
        window_start=COLLECTED - timedelta(days=400),
        window_end=COLLECTED,
    )
    collect(store, "incident", CLOSED, outcome=outcome, source="tidied")
    store.engine.dispose()
    return workspace


def asked(door: Door, config: Path, *arguments: str) -> dict[str, Any]:
    called = door(*arguments, "--output", "json", "--config", config)
    assert called.code == 0, called.err
    return called.document


def test_every_answer_that_rests_on_it_says_so_and_leads_to_the_records(
    tidied: Path, itomm_at_the_door: Door
) -> None:
    scored = asked(itomm_at_the_door, tidied, "score")
    (caveat,) = scored["caveats"]
    touched = {each["criterion"] for each in caveat["touches"] if each["scope"] == "duo"}

    assert (caveat["id"], caveat["signal"], caveat["records_in_all"]) == ("C1", "bulk_closing", 12)
    assert caveat["text"].startswith(
        f"one person ({WHO}) closed 12 incident records between 2026-10-31T04:54"
    )
    assert "help-answered" in touched

    criterion = asked(itomm_at_the_door, tidied, "explain", "help-answered")
    (explained,) = criterion["caveats"]
    assert explained["records_counted_here"] == 12
    assert {each["source_ref"] for each in explained["records"]} == {f"OPS-90{n:02}" for n in range(12)}
    assert explained["records"][0]["url"].startswith("https://tool.example/OPS-90")
    assert explained["records"][0]["request"] == "GET https://tool.example/api?page=1 → 200"
    assert {each["caveats"] == ["C1"] for each in criterion["records"] if each["source"] == "tidied"} == {
        True
    }
    assert not any(each["caveats"] for each in criterion["records"] if each["source"] != "tidied")

    shown = asked(itomm_at_the_door, tidied, "show")
    assert {each["criterion"] for each in shown["caveats"]} == touched


def test_people_read_of_it_wherever_they_look(tidied: Path, itomm_at_the_door: Door) -> None:
    report = tidied.parent / "report.html"
    written = itomm_at_the_door("report", "--to", report, "--config", tidied)
    reviewed = itomm_at_the_door("review", "--config", tidied)
    explained = itomm_at_the_door("explain", "help-answered", "--records", "3", "--config", tidied)
    shown = itomm_at_the_door("show", "help", "--output", "csv", "--config", tidied)

    assert written.code == reviewed.code == explained.code == shown.code == 0
    said = f"one person ({WHO}) closed 12 incident records"
    assert said in " ".join(explained.out.split())
    assert "and 9 more; --records lists more." in explained.out
    assert "closed in bulk" in reviewed.out
    assert "jira was read only once, so that" in " ".join(reviewed.out.split())
    assert "caveat C1, closed in bulk" in shown.out
    page = report.read_text(encoding="utf-8")
    assert said.capitalize() in page
    assert '<a href="https://tool.example/OPS-9000"' in page


def test_no_number_changes_for_it(
    tidied: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asked(itomm_at_the_door, tidied, "score")
    monkeypatch.setattr(itomm.scoring.assess, "caveats_on", lambda *_: Caveats((), ()))
    unlooked = asked(itomm_at_the_door, tidied, "score")

    (read,) = read_assessment(json.dumps(looked).encode(), "score").caveats
    assert (read.id, read.records_in_all) == ("C1", 12)
    assert looked.pop("caveats")
    assert looked.pop("not_looked")
    assert (unlooked.pop("caveats"), unlooked.pop("not_looked")) == ([], [])
    assert looked == unlooked


def test_it_is_the_same_at_the_same_instant_whatever_is_read_later(
    tidied: Path, itomm_at_the_door: Door
) -> None:
    def seen() -> list[Any]:
        scored = asked(itomm_at_the_door, tidied, "score", "--as-of", "2026-11-01T06:00:00Z")
        return [
            (each["text"], each["touches"], [(one["source_ref"], one["said"]) for one in each["records"]])
            for each in scored["caveats"]
        ]

    before = seen()
    store = Store.open(tidied.parent / ".itomm", create=False)
    later = CollectionOutcome(complete=True, finished_at=COLLECTED + timedelta(days=9))
    relabelled = {name: {**each, "labels": ["x"]} for name, each in CLOSED.items()}
    collect(store, "incident", relabelled, outcome=later, source="tidied")
    store.engine.dispose()

    assert before
    assert seen() == before
