"""What other teams keep in registers, and what is exported of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.estate import Estate

SMALL = HABITS_DIRECTORY / "two_services.yaml"


def with_registers(folder: Path, registers: Mapping[str, Any], seed: int = 7) -> Estate:
    habits = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    path = folder / "habits.yaml"
    path.write_text(yaml.safe_dump(habits | {"registers": registers, "seed": seed}), encoding="utf-8")
    return Estate.load(path)


def exported(estate: Estate, folder: Path) -> dict[str, bytes]:
    estate.write_registers(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    habits = {"complete_share": 0.5, "rota_people": 3, "rota_hours": "office hours"}
    registers = {"services": {"checkout": habits, "legacy-erp": {"drift_every_days": None, "rota_people": 0}}}
    return with_registers(tmp_path_factory.mktemp("habits"), registers)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(kept: Estate, tmp_path: Path) -> None:
    first, again = exported(kept, tmp_path / "first"), exported(kept, tmp_path / "again")
    assert first == again
    assert len(first) == 16
    services = {"checkout": {"complete_share": 0.5}, "legacy-erp": {}}
    other = exported(with_registers(tmp_path, {"services": services}, seed=8), tmp_path / "other")
    assert {name for name in first if first[name] == other[name]} <= {"restores.csv", "escalation.json"}


def test_exports_are_as_blank_and_as_foreign_as_those_of_real_tools(kept: Estate, tmp_path: Path) -> None:
    files = exported(kept, tmp_path / "drop")
    inventory = files["inventory.csv"].decode("utf-8-sig").splitlines()
    assert inventory[0].startswith("名称;服务;类别")
    assert any(";server;;production;在用;" in line for line in inventory)
    assert any(";web;production;;" in line for line in inventory)
    assert b"-05:00" in files["drift.csv"]
    assert {row["roles"]["admin"] for row in json.loads(files["accounts.json"])["directory"]["accounts"]} == {
        "yes",
        "no",
    }


def test_truth_is_what_somebody_would_say_who_knows_the_registers(kept: Estate) -> None:
    truth = kept.truth()
    assert truth["services"]["checkout"]["IM-CFG-2.1"]["measured"] == "50 %"
    assert truth["services"]["checkout"]["SS-ONC-3.1"]["answer"] == "yes"  # three do for office hours
    assert truth["services"]["legacy-erp"]["SS-ONC-2.1"]["answer"] == "no"
    assert truth["services"]["legacy-erp"]["IM-IAC-4.1"]["answer"] == "no"


def test_nobody_knows_what_no_register_holds(small_estate: Estate, tmp_path: Path) -> None:
    assert exported(small_estate, tmp_path / "none") == {}
    assert "registers" not in small_estate.configuration("http://127.0.0.1:1", None, tmp_path / "none")
    assert small_estate.truth()["organisation"]["IM-CFG-2.1"]["answer"] == "unknown"
