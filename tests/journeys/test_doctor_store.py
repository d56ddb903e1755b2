"""``itomm doctor`` looks at the stored evidence, also without asking the sources."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.door import DAY_OF_ASSESSMENT, Called, Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

DOCUMENTED = {"assessments can be signed"}
"""Warnings of an untouched store that the documentation names: nobody made a signing key."""


def warned(called: Called, part: str = "evidence") -> dict[str, str]:
    return {
        check["check"]: check["detail"]
        for check in called.document["checks"]
        if check["part"] == part and check["state"] != "ok"
    }


def doctor(door: Door, config: Path, now: str = DAY_OF_ASSESSMENT) -> Called:
    return door("doctor", "--offline", "--config", config, "--now", now, "--output", "json")


def test_a_first_and_a_second_collection_give_no_false_alarm(
    itomm_at_the_door: Door, workspace: Path, collected_twice: Path, tmp_path: Path
) -> None:
    twice = Path(shutil.copytree(collected_twice, tmp_path / "twice")) / "itomm.yaml"
    for config, day in ((workspace, DAY_OF_ASSESSMENT), (twice, "2026-11-02T06:00:00Z")):
        found = doctor(itomm_at_the_door, config, day)
        assert (found.code, set(warned(found))) == (0, DOCUMENTED)


def test_evidence_that_grew_old_is_named_and_changes_no_exit_code(
    itomm_at_the_door: Door, workspace: Path
) -> None:
    found = doctor(itomm_at_the_door, workspace, "2027-06-01T00:00:00Z")
    assert found.code == 0
    assert set(warned(found)) == {
        *DOCUMENTED,
        "evidence is fresh",
        "the newest assessment is recent and signed",
    }
    assert "days old, good for" in warned(found)["evidence is fresh"]


def test_offline_no_source_is_asked(itomm_at_the_door: Door, workspace: Path) -> None:
    parts = [check["part"] for check in doctor(itomm_at_the_door, workspace).document["checks"]]
    assert set(parts) == {"configuration", "rules", "store", "evidence", "scope"}


def test_the_table_fits_eighty_columns(itomm_at_the_door: Door, workspace: Path) -> None:
    shown = itomm_at_the_door("doctor", "--offline", "--config", workspace, "--now", "2027-06-01")
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "2 things to look at" in shown.out or "3 things to look at" in shown.out


def test_a_changed_store_is_a_fault_and_its_health_is_not_told(
    itomm_at_the_door: Door, workspace: Path
) -> None:
    segment = next((workspace.parent / ".itomm" / "evidence").glob("*/*.parquet"))
    segment.write_bytes(segment.read_bytes() + b"\x00")
    found = doctor(itomm_at_the_door, workspace)
    assert found.code == 3
    assert warned(found) == {"evidence is healthy": "not looked at: see the store"}
