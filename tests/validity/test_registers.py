"""Registers of made-up organisations are read by the real collector, and answered as the truth is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.validity.findings import Run
from bench.validity.organisations import Organisation, organisations
from bench.validity.run import reading
from bench.validity.variations import BASE, VARIATIONS, Variation
from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.estate.truth_registers import REGISTERED

KNOWS_LITTLE = {
    "complete_share": 0.5, "verified_share": 0.7, "patched_share": 0.1, "drift_last_days_ago": 25,
    "rota_people": 0, "short_share": 0.9, "acted_on_share": 0, "ending_share": 0,
}  # fmt: skip


@pytest.fixture
def duo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Organisation, Estate]:
    monkeypatch.setenv(TOKEN_VARIABLE, "")  # the study sets both: they are put back after the test
    monkeypatch.setattr("sys.argv", ["itomm"])
    habits: dict[str, Any] = yaml.safe_load(
        (HABITS_DIRECTORY / "two_services.yaml").read_text(encoding="utf-8")
    )
    habits["retention_days"] = 400  # rules look back half a year and more
    services = {"checkout": {}, "legacy-erp": KNOWS_LITTLE}
    habits["registers"] = {
        "services": services,
        "strong_share": 0.9,
        "checks": 300,
        "checks_in_git_share": 0.6,
    }
    organisation = Organisation("duo", "small", habits)
    estate = Estate.load(organisation.write(tmp_path))
    estate.write_registers(tmp_path / "registers")
    estate.write_repository(tmp_path / "handbook")
    return organisation, estate


def read(duo: tuple[Organisation, Estate], folder: Path, variation: Variation) -> Run:
    organisation, estate = duo

    def only_registers(configuration: dict[str, Any]) -> None:
        configuration["sources"] = {"registers": configuration["sources"]["registers"]}
        for service in configuration["services"]:
            service["keys"] = {"registers": service["keys"]["registers"]}
        if variation.change:
            variation.change(configuration)

    alone = Variation(variation.name, only_registers)
    return reading(organisation, estate, folder / "handbook", alone, estate.truth())


def test_what_registers_hold_is_answered_as_the_truth_is(
    duo: tuple[Organisation, Estate], tmp_path: Path
) -> None:
    run = read(duo, tmp_path, BASE)
    decided = [
        each
        for each in run["answers"]
        if each["criterion"] in REGISTERED and "unknown" not in {each["inferred"], each["true"]}
    ]
    assert {each["criterion"] for each in decided} >= REGISTERED.keys() - MORE_THAN_REGISTERS
    assert [each for each in decided if each["inferred"] != each["true"]] == []
    assert {each["inferred"] for each in decided} >= {"yes", "partial", "no"}


MORE_THAN_REGISTERS = {"IM-MON-4.2", "SD-CAP-5.1", "SS-REQ-4.2"}
"""They are judged by tickets or by what machines measure, too."""


@pytest.mark.parametrize("name", ["denied: registers", "cut off: registers", "without registers"])
def test_registers_that_cannot_be_read_say_nothing(
    duo: tuple[Organisation, Estate], tmp_path: Path, name: str
) -> None:
    variation = next(each for each in VARIATIONS if each.name == name)
    run = read(duo, tmp_path, variation)
    wrong = [
        each
        for each in run["answers"]
        if each["criterion"] in REGISTERED and each["inferred"] not in {"unknown", "not_applicable"}
    ]
    assert wrong == []


def test_some_organisations_keep_no_registers_and_the_same_seed_draws_the_same() -> None:
    drawn = list(organisations(1, 36))
    assert 0 < sum("registers" not in each.habits for each in drawn) < 12
    assert drawn == list(organisations(1, 36))
