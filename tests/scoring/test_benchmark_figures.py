"""Where a value stands among published figures, and what a file of figures may hold."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from itomm.config.errors import InvalidInputError
from itomm.config.quantities import Dimension
from itomm.rules.grades import parse_threshold
from itomm.rules.pack import load_packs
from itomm.scoring.benchmark.figures import read_benchmark
from itomm.scoring.benchmark.placing import standing

CLUSTERS = {"elite": "< 1 d", "high": ">= 1 d and < 7 d", "low": ">= 30 d and < 180 d"}


@pytest.mark.parametrize(
    ("days", "stands"),
    [
        (Fraction(1, 2), "elite"),
        (Fraction(1), "high"),
        (Fraction(7) - Fraction(1, 10**9), "high"),
        (Fraction(7), "worse than high, better than low"),
        (Fraction(30), "low"),
        (Fraction(180), "worse than low"),
    ],
)
def test_a_value_stands_in_a_range_or_between_ranges_to_the_very_edge(days: Fraction, stands: str) -> None:
    unit = parse_threshold("< 1 d", Dimension.DURATION).comparisons[0].bound.value
    bands = {name: parse_threshold(text, Dimension.DURATION) for name, text in CLUSTERS.items()}
    assert standing(days * unit, bands, lower_is_better=True) == stands


def test_a_value_may_stand_in_ranges_that_overlap_and_higher_may_be_better() -> None:
    same = {name: parse_threshold("<= 30 %", Dimension.SHARE) for name in ("high", "medium", "low")}
    assert standing(Fraction(1, 4), same, lower_is_better=True) == "high, medium or low"
    target = {"target": parse_threshold(">= 90 %", Dimension.SHARE)}
    assert standing(Fraction(9, 10), target, lower_is_better=False) == "target"
    assert standing(Fraction(8, 10), target, lower_is_better=False) == "worse than target"


def test_shipped_figures_have_a_source_and_are_about_rules_that_there_are() -> None:
    figures = read_benchmark().figures
    rules = load_packs(["itomm"], [], [], tests=False)
    assert len(figures) >= 50
    assert {each.said.verified for each in figures} <= {"primary", "secondary"}
    compared = [each.said.compared for each in figures if each.said.compared]
    assert len(compared) >= 10
    for each in compared:
        assert each.criterion in rules.model.by_id
        for name in each.rules:
            rule = rules.rule(name)
            assert rule is not None, name
            assert each.criterion == rule.written.answers


FIGURE = """benchmark: own
version: '1'
figures:
  - id: ours
    title: Ours
    figure: Under a day.
    by: Us
    year: 2026
    source: Our own survey
    url: https://intranet.example/survey
    verified: primary
    basis: survey
    n: '12 teams'
"""
COMPARED = """    compared:
      criterion: SD-REL-3.1
      rules: [lead-time-under-a-week]
      minimum_sample: 20
      unit: duration
      better: lower
      bands: {good: '< 1 d'}
      differs: Nothing.
"""


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        (FIGURE, ":4:5", "needs either compared or not_compared"),
        (FIGURE + COMPARED.replace("'< 1 d'", "'< 1 %'"), ":20:15", "1 %"),
        (FIGURE + COMPARED + "      shares: {best: 7 %}\n", ":22:16", "there is no band 'best'"),
        (
            FIGURE.replace("verified: primary", "verified: unverified") + COMPARED,
            ":11:5: figures.0.verified",
            "should be 'primary' or 'secondary'",
        ),
        (FIGURE + COMPARED.replace("better", "bettr"), ":19:7", "bettr"),
        (FIGURE + COMPARED + "    n: '13 teams'\n", ":22", "n"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, text: str, place: str, told: str) -> None:
    path = tmp_path / "figures.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as wrong:
        read_benchmark(path)
    assert place in str(wrong.value)
    assert told in str(wrong.value)
