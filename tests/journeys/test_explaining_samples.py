"""An auditor draws a sample of the records that counted, and asks why the others did not."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.door import Door

QUESTION = ("explain", "SS-INC-4.2")


def test_a_sample_is_drawn_by_seed_from_what_counted(workspace: Path, itomm_at_the_door: Door) -> None:
    asked = (*QUESTION, "--config", workspace, "--output", "json", "--sample", "5", "--seed")
    drawn = [itomm_at_the_door(*asked, seed).document for seed in ("3", "3", "4")]
    assert drawn[0] == drawn[1]
    assert drawn[0]["sample"] == {"seed": 3, "size": 5}
    assert drawn[0]["records"] != drawn[2]["records"]
    assert all(record["counted"] for record in drawn[0]["records"])


def test_records_that_did_not_count_say_why(workspace: Path, itomm_at_the_door: Door) -> None:
    asked = (*QUESTION, "--config", workspace, "--records", "10000")
    records = itomm_at_the_door(*asked, "--output", "json").document["records"]
    assert {record["counted"] for record in records} == {True, False}
    assert all(record["counted"] == (not record["why_not"]) for record in records)
    shown = " ".join(itomm_at_the_door(*asked).out.split())
    assert "Why some did not count:" in shown
    assert "where priority <= 2: false" in shown
