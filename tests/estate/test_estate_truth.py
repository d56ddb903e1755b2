from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from itomm.estate.company_habits import HABITS_DIRECTORY
from itomm.estate.estate import Estate
from itomm.estate.measures import (
    Age,
    Count,
    Definition,
    Measurement,
    Median,
    NotApplicable,
    Share,
    Trend,
    graded,
    load_definitions,
)
from itomm.estate.truth import MEASURES

ANSWERS = {"yes", "partial", "no", "not_applicable", "unknown"}
# Two thresholds of IM-BKP-4.1 are only five points apart, so no value can keep further away from both.
MARGIN = Fraction("0.02")
HIGHER = Definition("ratio", True, Fraction("0.8"), Fraction("0.5"), 5, "tickets", "no")
LOWER = Definition("hours", False, Fraction(1), Fraction(24), 3, "records", "unknown")


@pytest.fixture(scope="module")
def acme() -> Estate:
    return Estate.load()


@pytest.fixture(scope="module")
def truth(acme: Estate) -> Mapping[str, Any]:
    return acme.truth()


def test_the_truth_covers_all_130_criteria(acme: Estate, truth: Mapping[str, Any]) -> None:
    assert truth["schema"] == "itomm-estate/truth/1"
    assert truth["as_of"] == "2026-11-01T06:00:00Z"
    assert len(truth["organisation"]) == 130
    assert list(truth["services"]) == [service.id for service in acme.company.habits.services]
    for answers in (truth["organisation"], *truth["services"].values()):
        for answer in answers.values():
            assert answer["answer"] in ANSWERS
            assert answer["why"]


def test_the_truth_is_the_same_every_time(truth: Mapping[str, Any]) -> None:
    assert json.dumps(truth) == json.dumps(Estate.load().truth())


def test_acme_answers_spread_over_all_levels(truth: Mapping[str, Any]) -> None:
    organisation = truth["organisation"]
    measured = Counter(
        (name.split("-")[2][0], answer["answer"])
        for name, answer in organisation.items()
        if answer["answer"] != "unknown"
    )
    for level in "2345":
        assert measured[level, "yes"] and measured[level, "partial"]  # noqa: PT018  # both or the level is lopsided
    assert sum(number for (_, answer), number in measured.items() if answer == "no") >= 15


def test_measured_values_of_acme_keep_away_from_the_thresholds(truth: Mapping[str, Any]) -> None:
    definitions = load_definitions()
    organisation = truth["organisation"]
    for name, definition in definitions.items():
        text = organisation[name]["measured"]
        if definition is None or definition.unit != "ratio" or text is None:
            continue
        value = Fraction(text.removesuffix(" %")) / 100
        if value in {0, 1}:
            continue
        for threshold in (definition.yes, definition.partial):
            assert abs(value - threshold) >= MARGIN, (name, text, float(threshold))


def test_measures_exist_only_for_criteria_of_the_questionnaire() -> None:
    assert set(MEASURES) <= set(load_definitions())


@pytest.mark.parametrize(
    ("definition", "measurement", "answer", "measured"),
    [
        (HIGHER, Share(8, 10), "yes", "80 %"),
        (HIGHER, Share(79, 100), "partial", "79 %"),
        (HIGHER, Share(4, 10), "no", "40 %"),
        (HIGHER, Share(4, 4), "unknown", None),
        (HIGHER, Share(0, 0), "no", None),
        (HIGHER, NotApplicable("no data"), "not_applicable", None),
        (LOWER, Median([3600, 3600, 3600]), "yes", "1 h"),
        (LOWER, Median([3601, 3601, 3601]), "partial", "1 h"),
        (LOWER, Median([90_000] * 3), "no", "1 d 1 h"),
        (LOWER, Median([1, 1]), "unknown", None),
        (LOWER, Age(None), "unknown", None),
        (LOWER, Count(2), "partial", "2"),
        (LOWER, Trend(Fraction(0), Fraction(4), 9), "no", None),
        (LOWER, Trend(Fraction(4), Fraction(5), 2), "unknown", None),
    ],
)
def test_a_measurement_gives_its_answer(
    definition: Definition, measurement: Measurement, answer: str, measured: str | None
) -> None:
    found = graded(definition, measurement, one_service=False)
    assert (found.answer, found.measured) == (answer, measured)


def test_one_service_needs_no_company_sized_sample_for_a_share_of_services() -> None:
    definition = Definition("ratio", True, Fraction("0.8"), Fraction("0.5"), 3, "services", "unknown")
    assert graded(definition, Share(1, 1), one_service=True).answer == "yes"
    assert graded(definition, Share(1, 1), one_service=False).answer == "unknown"


def test_where_no_service_keeps_data_nobody_is_asked_for_recovery_points(tmp_path: Path) -> None:
    habits = yaml.safe_load((HABITS_DIRECTORY / "two_services.yaml").read_text(encoding="utf-8"))
    for service in habits["services"]:
        service["stateful"] = False
    path = tmp_path / "habits.yaml"
    path.write_text(yaml.safe_dump(habits, allow_unicode=True), encoding="utf-8")
    truth = Estate.load(path).truth()
    said = {known["IM-BKP-4.1"]["answer"] for known in (truth["organisation"], *truth["services"].values())}
    assert said == {"not_applicable"}


def test_the_worst_service_of_acme_is_truly_worse_than_the_best(truth: Mapping[str, Any]) -> None:
    services = truth["services"]
    points = {
        name: sum({"yes": 2, "partial": 1}.get(answer["answer"], 0) for answer in answers.values())
        for name, answers in services.items()
    }
    ranked = sorted(points, key=lambda name: points[name])
    assert set(ranked[:2]) == {"legacy-erp", "recommendations"}
    assert set(ranked[-2:]) == {"checkout", "payments-api"}
