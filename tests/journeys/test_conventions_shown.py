"""The doctor says which conventions the evidence shows, and what the others would let be answered."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.journeys.door import Door
from tests.journeys.test_decisions import answer_of, scored

pytestmark = pytest.mark.usefixtures("answers_found_once")


def test_what_is_not_kept_comes_first_by_what_it_would_bring(
    workspace: Path, itomm_at_the_door: Door
) -> None:
    call = ("doctor", "--offline", "--conventions", "--config", workspace, "--now", "2026-11-01T07:00:00Z")
    shown = itomm_at_the_door(*call, "--output", "json")
    assert shown.code == 0, shown.err
    found = shown.document["conventions"]
    kept = [each["records"] > 0 for each in found]
    assert kept == sorted(kept), "what is not kept comes first"
    gains = [Fraction(each["gain"]) for each in found if not each["records"]]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0
    assessed = scored(itomm_at_the_door, workspace)
    for each in found:
        for criterion in each["unlocks"]:
            assert answer_of(assessed, criterion)["in_force"]["evidence"]["verdict"] == "unknown"
    by_name = {each["convention"]: each for each in found}
    assert by_name["tickets-in-deployments"]["records"] > 0
    assert by_name["accounts"]["records"] == 0

    table = itomm_at_the_door(*call).out
    assert "Conventions that the evidence does not show" in table
    assert max(map(len, table.splitlines())) <= 100
