"""The validity study finds the faults that it is there to find."""

from __future__ import annotations

from typing import Any

from bench.validity.explanations import explanations
from bench.validity.findings import UNNAMED, by_missing_evidence, false_yes, raised
from bench.validity.report import report
from itomm.rules.pack import load_packs


def reading(variation: str, inferred: str, true: str = "no", level: int = 1) -> dict[str, Any]:
    """One organisation with one answer."""
    standing = {"low": level, "point": level, "high": 5, "rated": True}
    answer = {
        "scope": "org00",
        "criterion": "SM-CRT-3.2",
        "inferred": inferred,
        "true": true,
        "base": "direct",
        "confidence": 0.9,
        "reason": None,
        "measured": "100 %",
        "rule": "leaked-secrets-revoked",
    }
    return {
        "organisation": "org00",
        "kind": "mixed",
        "variation": variation,
        "levels": {"org00": {"level": standing, "index": standing, "practices": {"SM-CRT": standing}}},
        "answers": [answer],
    }


def test_a_yes_out_of_missing_evidence_is_found_and_told_from_another_wrong_yes() -> None:
    wrong_anyway = [reading("everything", "yes"), reading("without jira", "yes")]
    out_of_nothing = [reading("everything", "no"), reading("without jira", "yes")]
    assert [len(list(false_yes(runs))) for runs in (wrong_anyway, out_of_nothing)] == [2, 1]
    assert [len(list(by_missing_evidence(runs))) for runs in (wrong_anyway, out_of_nothing)] == [0, 1]


def test_a_level_that_rises_when_evidence_is_taken_away_is_found() -> None:
    runs = [reading("everything", "no", level=2), reading("without jira", "unknown", level=3)]
    assert [text.partition(": ")[2] for text in raised(runs)] == [
        "level low 2 → 3",
        "level point 2 → 3",
        "index low 2 → 3",
        "index point 2 → 3",
        "level of SM-CRT low 2 → 3",
        "level of SM-CRT point 2 → 3",
    ]
    assert (
        list(raised([runs[1] | {"variation": "everything"}, runs[0] | {"variation": "without jira"}])) == []
    )


def test_the_report_tells_shares_and_faults() -> None:
    runs = [reading("everything", "yes", "yes"), reading("without jira", "not_applicable", "yes")]
    text = report(runs)
    assert "**100.0 % of them agree**" in text
    assert "Because evidence was missing: **0**" in text
    assert "| SM-CRT-3.2 | direct | 1 | 0.0 % | 100.0 % | 100 / none / none | 100 / none / none |" in text


def test_the_report_explains_what_differs_and_says_where_nobody_did() -> None:
    criterion, why = next(iter(explanations().items()))
    runs = [reading("everything", "no", "yes"), reading("without jira", "partial", "yes")]
    runs[1]["answers"][0]["criterion"] = criterion
    text = " ".join(report(runs).split())
    assert f"- **{criterion}**: 1 times partial for yes. {' '.join(why.split())}" in text
    assert "- **SM-CRT-3.2**: 1 times no for yes. **Not explained.**" in text


def test_a_source_that_nobody_named_is_told_apart_from_one_that_is_known_to_be_missing() -> None:
    runs = [
        reading("everything", "no", level=2),
        reading("without jira", "unknown", level=2),
        reading(f"{UNNAMED} jira", "yes", level=3),
    ]
    text = report(runs)
    assert "Because evidence was missing: **0**" in text
    assert "Because a source was never named: 1." in text
    assert "Levels and indices, low and point, of scopes and practices: **0** rose" in text
    assert "Where a source was never named: 6;" in text


def test_explanations_are_about_criteria_that_there_are() -> None:
    known = {each.id for each in load_packs(["itomm"], [], [], tests=False).model.criteria}
    assert explanations().keys() <= known
