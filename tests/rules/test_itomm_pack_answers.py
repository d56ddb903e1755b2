"""The tests that stand beside the shipped rules all pass."""

from __future__ import annotations

import pytest

from itomm.rules.pack import load_packs
from itomm.rules.rule_tests import run_rule_tests

PACK = load_packs(["itomm"])
PRACTICES = sorted({PACK.model.by_id[rule.criterion].practice for rule in PACK.rules})


@pytest.mark.parametrize("practice", PRACTICES)
def test_rules_of_a_practice_answer_their_tests_as_expected(practice: str) -> None:
    rules = [rule for rule in PACK.rules if rule.criterion.startswith(practice)]
    results = list(run_rule_tests(rules))
    assert len(results) >= 5 * len(rules)
    failed = [f"{each.place} {each.test}: {'; '.join(each.faults)}" for each in results if each.faults]
    assert failed == []
