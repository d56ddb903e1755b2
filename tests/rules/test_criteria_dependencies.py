"""Criteria that depend on others: read, and refused where the others cannot come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from itomm.config.errors import InvalidInputError
from itomm.rules.pack import load_packs
from itomm.rules.rule_set import RuleSet

MODEL = """
model: small
title: Small
version: 1.0.0
levels: {1: {name: One, about: first}, 2: {name: Two, about: second}}
areas: [{id: A, name: A, purpose: To be}]
"""
CRITERION = (
    "  - {{id: {id}, level: 2, weight: 1, dimension: process, mode: human, mandatory: false, title: t,"
    " question: q, why: w, evidence_of_yes: e, advice: a, effort: S, depends_on: {needs}}}\n"
)


def loaded(folder: Path, **needs: str) -> RuleSet:
    (folder / "model.yaml").write_text(MODEL, encoding="utf-8")
    criteria = "".join(CRITERION.format(id=each, needs=others) for each, others in needs.items())
    practice = f"practice: P\narea: A\nname: P\npurpose: To be\ncriteria:\n{criteria}"
    (folder / "practice.yaml").write_text(practice, encoding="utf-8")
    return load_packs([], [folder])


def test_what_a_criterion_depends_on_is_read(tmp_path: Path) -> None:
    rule_set = loaded(tmp_path, a="[]", b="[a]")

    assert rule_set.model.by_id["b"].depends_on == ("a",)


def test_a_dependency_changes_the_models_digest_and_none_does_not(tmp_path: Path) -> None:
    free = loaded(tmp_path, a="[]", b="[]")
    bound = loaded(tmp_path, a="[]", b="[a]")

    assert free.model_digest != bound.model_digest


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"a": "[]", "b": "[c]"}, "b depends on 'c', and there is no such criterion"),
        ({"a": "[a]", "b": "[]"}, "a depends on itself"),
        ({"a": "[b]", "b": "[a]"}, "b depends on itself"),
    ],
)
def test_what_cannot_come_first_is_refused(tmp_path: Path, needs: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        loaded(tmp_path, **needs)

    assert message in str(refused.value)
    assert "practice.yaml:" in str(refused.value)
