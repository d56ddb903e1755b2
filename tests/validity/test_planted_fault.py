"""A fault that is planted in the product shows in the study's findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.validity.findings import EVERYTHING, Run, turned
from bench.validity.organisations import Organisation
from bench.validity.report import report
from bench.validity.run import reading
from bench.validity.variations import VARIATIONS
from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.configuration import TOKEN_VARIABLE
from itomm.estate.estate import Estate
from itomm.rules.readiness import EvidenceState

NO_TICKETS = next(each for each in VARIATIONS if each.name == "denied: ticket search")


def all_right(run: Run) -> Run:
    """What the same organisation would say if all answers were true."""
    answers = [each | {"inferred": each["true"]} for each in run["answers"]]
    return run | {"variation": EVERYTHING, "answers": answers}


def test_rules_that_take_a_denied_source_for_an_empty_one_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "")  # the study sets both: they are put back after the test
    monkeypatch.setattr("sys.argv", ["itomm"])
    habits: dict[str, Any] = yaml.safe_load(
        (HABITS_DIRECTORY / "two_services.yaml").read_text(encoding="utf-8")
    )
    organisation = Organisation("duo", "small", habits)
    estate = Estate.load(organisation.write(tmp_path))

    def denied(name: str) -> Run:
        repository = tmp_path / name / "handbook"
        estate.write_repository(repository)
        return reading(organisation, estate, repository, NO_TICKETS, estate.truth())

    honest = denied("honest")
    assert len(honest["answers"]) > 200
    assert list(turned([all_right(honest), honest])) == []

    with monkeypatch.context() as planted:
        planted.setattr(EvidenceState, "_fault", lambda *_: None)
        faulty = denied("faulty")
    runs = [all_right(faulty), faulty]
    found = {(answer["criterion"], answer["inferred"]) for _, answer in turned(runs)}
    assert {("SS-CHG-3.2", "not_applicable"), ("SM-GRC-3.1", "no")} <= found
    assert "| denied: ticket search | SM-GRC-3.1 | no for partial | 1 |" in report(runs)
