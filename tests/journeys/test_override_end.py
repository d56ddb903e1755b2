"""An override for thirty days ends at the very instant, whenever it is looked at from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from itomm.config.clock import format_instant, parse_instant
from tests.journeys.door import Door
from tests.journeys.test_decisions import REASON, a_no, answer_of, scored

pytestmark = pytest.mark.usefixtures("answers_found_once")

PROPOSED, APPROVED = "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z"
ENDS = format_instant(parse_instant(APPROVED) + timedelta(days=30))
INSTANT = timedelta(microseconds=1)


def decided(door: Door, config: Path, criterion: str) -> None:
    """An override is proposed and approved by two people, to end 30 days after the approval."""
    proposal = ("override", "propose", criterion, "yes", "--by", "ann", "--kind", "accepted_risk")
    done = door(*proposal, "--reason", REASON, "--until", ENDS, "--now", PROPOSED, "--config", config)
    assert done.code == 0, done.err
    approval = door("override", "approve", "O1", "--by", "bob", "--now", APPROVED, "--config", config)
    assert approval.code == 0, approval.err


def state_and_verdict(door: Door, config: Path, criterion: str, as_of: str) -> tuple[str | None, str]:
    """The override's state, None when there is none, and the answer that counts with overrides."""
    answer = answer_of(scored(door, config, "--as-of", as_of), criterion)
    states = [each["state"] for each in answer["overrides"]]
    return (states[0] if states else None), answer["in_force"]["overrides"]["verdict"]


def just_before(instant: str) -> str:
    return format_instant(parse_instant(instant) - INSTANT)


def test_an_override_for_thirty_days_ends_at_the_very_instant_seen_from_past_and_future(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    # No tool tells this one, so that nothing but the override moves what counts.
    steady = "SM-GRC-2.2"
    decided(itomm_at_the_door, workspace, steady)
    # Looking from long after it leaves nothing behind that could be taken for the present.
    scored(itomm_at_the_door, workspace, "--as-of", "2027-03-01", "--record")
    seen = {
        at: state_and_verdict(itomm_at_the_door, workspace, steady, at)
        for at in (just_before(PROPOSED), just_before(APPROVED), APPROVED, just_before(ENDS), ENDS)
    }
    assert list(seen.values()) == [
        (None, "unknown"),
        ("proposed", "unknown"),
        ("active", "yes"),
        ("active", "yes"),
        ("expired", "unknown"),
    ]


def test_the_report_of_the_day_before_is_the_same_to_the_byte_after_the_end(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    criterion = a_no(scored(itomm_at_the_door, workspace))
    decided(itomm_at_the_door, workspace, criterion)
    day_before = format_instant(parse_instant(ENDS) - timedelta(days=1))
    pages = []
    for number in range(2):
        page = workspace.parent / f"report-{number}.html"
        done = itomm_at_the_door("report", "--to", page, "--as-of", day_before, "--config", workspace)
        assert done.code == 0, done.err
        pages.append(page.read_bytes())
        # Between the two: the override has ended, is renewed, and another one is proposed.
        scored(itomm_at_the_door, workspace, "--as-of", ENDS, "--record")
        renewal = ("override", "renew", "O1", "--by", "ann", "--until", "2027-01-20")
        assert itomm_at_the_door(*renewal, "--now", ENDS, "--config", workspace).code == 0
    assert REASON.encode() in pages[0]
    assert pages[0] == pages[1]
