"""A habit changes, the next collection sees it: the override of the old answer comes first."""

from __future__ import annotations

from pathlib import Path

from itomm.estate.estate import Estate
from itomm.estate.server import EstateServer
from tests.journeys.conftest import SMALL
from tests.journeys.door import Door, assessed, configured
from tests.journeys.test_decisions import APPROVED, PROPOSED, REASON, answer_of, scored
from tests.journeys.test_review_queue import queue

SECOND = "2026-11-03T06:00:00Z"
CRITERION, SERVICE = "IM-BKP-2.1", "legacy-erp"
WAS, IS = "backups: {enabled: false, alert: false}", "backups: {restore_test_days_ago: 40}"


def test_a_habit_that_changed_flags_the_override_of_the_old_answer(
    workspace: Path, itomm_at_the_door: Door, tmp_path: Path
) -> None:
    proposal = ("override", "propose", CRITERION, "partial", "--scope", SERVICE, "--by", "ann")
    said = ("--kind", "compensating_control", "--reason", REASON, "--until", "2026-12-01")
    proposed = itomm_at_the_door(*proposal, *said, "--now", PROPOSED, "--config", workspace)
    assert proposed.code == 0, proposed.err
    approval = ("override", "approve", "O1", "--by", "bob", "--now", APPROVED)
    assert itomm_at_the_door(*approval, "--config", workspace).code == 0
    before = queue(itomm_at_the_door, workspace, "--as-of", SECOND)
    assert all(item["override"] is None for item in before), "it is not the time that went by"

    habits = SMALL.read_text(encoding="utf-8")
    assert WAS in habits
    changed = tmp_path / "habits.yaml"
    changed.write_text(habits.replace(WAS, IS), encoding="utf-8")
    estate = Estate.load(changed)
    with EstateServer(estate) as server:
        done = assessed(configured(workspace.parent, estate, server), now=SECOND)
    assert done.code == 0, done.out + done.err

    first = queue(itomm_at_the_door, workspace, "--as-of", SECOND)[0]
    assert (first["kind"], first["override"], first["criterion"]) == ("drifted", "O1", CRITERION)
    assert first["why"] == "evidence says no longer no, which it was to replace"
    document = scored(itomm_at_the_door, workspace, "--as-of", SECOND)
    place = [each["id"] for each in document["scopes"]].index(SERVICE)
    counted = answer_of(document, CRITERION, place)
    assert counted["in_force"]["overrides"]["verdict"] == counted["inferred"]["verdict"] == "yes"
