"""Measured values stand beside published figures, or it is said why they cannot."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.door import Door

pytestmark = pytest.mark.usefixtures("answers_found_once")

LEAD_TIME = "SD-REL-3.1"


def comparisons(door: Door, config: Path, *more: str) -> list[dict[str, Any]]:
    done = door("benchmark", "--config", config, "--output", "json", *more)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.document["comparisons"]
    return found


def about(found: list[dict[str, Any]], criterion: str) -> list[dict[str, Any]]:
    return [each for each in found if each["criterion"] == criterion]


def test_values_are_compared_with_figures_of_every_year_and_nothing_is_changed(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    before = itomm_at_the_door("score", "--config", workspace, "--output", "json").out
    found = comparisons(itomm_at_the_door, workspace)
    lead_times = about(found, LEAD_TIME)
    assert len({each["figure"]["year"] for each in lead_times}) >= 4
    assert all(each["stands"] and each["not_compared"] is None for each in lead_times)
    assert len({each["measured"] for each in lead_times}) == 1
    never = [each for each in found if each["criterion"] is None]
    assert never
    assert all(each["not_compared"] and each["stands"] is None for each in never)
    assert itomm_at_the_door("score", "--config", workspace, "--output", "json").out == before


def test_what_settings_make_incomparable_is_refused_with_the_reason(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    text = workspace.read_text(encoding="utf-8")
    workspace.write_text(f"{text}\nrules: {{without: [lead-time-under-a-week]}}\n", encoding="utf-8")
    refused = about(comparisons(itomm_at_the_door, workspace), LEAD_TIME)
    assert {each["not_compared"] for each in refused} == {"no rule measures it here"}
    assert {each["stands"] for each in refused} == {None}


def test_a_small_sample_and_a_group_are_refused(workspace: Path, itomm_at_the_door: Door) -> None:
    one = about(comparisons(itomm_at_the_door, workspace, "--service", "legacy-erp"), LEAD_TIME)
    assert all("unknown" in each["not_compared"] or "sample" in each["not_compared"] for each in one)
    group = about(comparisons(itomm_at_the_door, workspace, "--scope", "shop"), LEAD_TIME)
    assert {each["not_compared"] for each in group} == {
        "groups are not measured themselves; see their services"
    }


def test_it_reads_well_in_every_form(
    workspace: Path, itomm_at_the_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = itomm_at_the_door("benchmark", "--all", "--config", workspace)
    assert "No comparison changes an answer or a level." in table.out
    assert "Never comparable" in table.out
    assert all(len(line) <= 80 for line in table.out.splitlines())
    rows = list(
        csv.DictReader(
            io.StringIO(itomm_at_the_door("benchmark", "--output", "csv", "--config", workspace).out)
        )
    )
    assert len(rows) == len(comparisons(itomm_at_the_door, workspace))
    page = itomm_at_the_door("benchmark", "--output", "markdown", "--area", "SD", "--config", workspace).out
    assert page.startswith("## Duo: ")
    assert "| SD-REL-3.1 Lead time for changes |" in page
    wrong = itomm_at_the_door("benchmark", "--area", "SX", "--config", workspace)
    assert (wrong.code, "There is no area 'SX'" in wrong.err) == (2, True)


def test_the_report_says_it_in_a_line(workspace: Path, itomm_at_the_door: Door) -> None:
    page = workspace.parent / "report.html"
    assert itomm_at_the_door("report", "--to", page, "--config", workspace).code == 0
    assert "Beside published figures: lead time for changes" in page.read_text(encoding="utf-8")
