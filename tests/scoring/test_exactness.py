"""Exact arithmetic, and the same inputs giving the same assessment, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from itomm.config.settings import Configuration, load_configuration
from itomm.evidence.decisions import Decisions
from itomm.evidence.reading.snapshot import Snapshot
from itomm.reports.document import assessment_document, to_json
from itomm.rules.pack import load_packs
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assess import assess
from itomm.scoring.assessment import Assessment, View
from tests.scoring.organisations import AS_OF, DAY, INSTANT, override, stated
from tests.scoring.strategies import Company, companies

ON = "IM-BKP-2.1"
CONFIGURATION = """\
organisation: {id: acme, name: Acme}
groups: [{id: g, name: G}]
services:
  - {id: s1, weight: 0.1, group: g}
  - {id: s2, weight: 0.2}
"""
DECIDED = Decisions((stated("yes", "s1", ON),), (override("partial", "unknown", on=ON),))


def shipped_with_few_rules() -> RuleSet:
    whole = load_packs(["itomm"])
    return RuleSet(whole.model, whole.rules[:3])


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return shipped_with_few_rules()


@pytest.fixture
def nothing_collected(tmp_path: Path) -> Snapshot:
    return Snapshot(tmp_path, ())


def configuration(folder: Path, text: str = CONFIGURATION) -> Configuration:
    file = folder / "itomm.yaml"
    file.write_text(text, encoding="utf-8")
    return load_configuration(file)


def bytes_of(assessment: Assessment) -> bytes:
    return to_json(assessment_document(assessment)).encode()


def floats_in(value: object, where: str = "") -> Iterator[str]:
    """Where a float stands in plain data, however deep."""
    if isinstance(value, float):
        yield where
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from floats_in(item, f"{where}[{key}]")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from floats_in(item, f"{where}[{number}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from floats_in(getattr(value, field.name), f"{where}.{field.name}")


def test_floats_are_found_wherever_they_stand() -> None:
    assert list(floats_in({"a": [replace(stated("yes"), attachments=(0.5,))]})) == ["[a][0].attachments[0]"]  # type: ignore[arg-type]  # a float on purpose


@settings(max_examples=20, deadline=None, derandomize=True)
@given(companies())
def test_no_float_enters_a_score(company: Company) -> None:
    for result in company.scored().values():
        assert list(floats_in(result)) == []
        for view in View:
            index = result.views[view].index
            assert {type(index.low), type(index.point), type(index.high)} == {Fraction}


def test_assessing_twice_gives_equal_results_and_equal_bytes(
    rule_set: RuleSet, nothing_collected: Snapshot, tmp_path: Path
) -> None:
    settings_read = configuration(tmp_path)
    first = assess(rule_set, nothing_collected, DECIDED, settings_read, AS_OF)
    again = assess(shipped_with_few_rules(), nothing_collected, DECIDED, configuration(tmp_path), AS_OF)
    assert first == again
    assert bytes_of(first) == bytes_of(again)
    assert list(floats_in(first)) == []


def test_the_order_in_which_decisions_are_read_changes_no_byte(
    rule_set: RuleSet, nothing_collected: Snapshot, tmp_path: Path
) -> None:
    answers = (stated("yes", "s1", ON), stated("no", "s1", ON, identifier="A2"))
    overrides = (override("no", "unknown", on=ON), override("yes", "unknown", on=ON, identifier="O2"))
    one = assess(rule_set, nothing_collected, Decisions(answers, overrides), configuration(tmp_path), AS_OF)
    other = assess(
        rule_set, nothing_collected, Decisions(answers[::-1], overrides[::-1]), configuration(tmp_path), AS_OF
    )
    assert bytes_of(one) == bytes_of(other)


@pytest.mark.parametrize(
    "changed",
    [
        Decisions(),
        replace(DECIDED, answers=(stated("no", "s1", ON),)),
        replace(DECIDED, answers=(stated("yes", "s1", ON, expires_at=AS_OF + 90 * DAY + INSTANT),)),
        replace(DECIDED, answers=(stated("yes", "s1", ON, proof=("x",)),)),
        replace(DECIDED, overrides=(override("partial", "unknown", on=ON, decisions=[]),)),
        replace(DECIDED, overrides=(override("partial", "no", on=ON),)),
    ],
)
def test_the_digest_of_decisions_changes_with_every_part_of_them(changed: Decisions) -> None:
    assert changed.digest != DECIDED.digest


def test_decisions_made_later_change_no_digest() -> None:
    later = stated("no", "s1", ON, at=AS_OF + INSTANT, identifier="A2")
    more = replace(DECIDED, answers=(*DECIDED.answers, later))
    assert more.known_at(AS_OF).digest == DECIDED.known_at(AS_OF).digest
    assert more.known_at(AS_OF + INSTANT).digest != DECIDED.known_at(AS_OF + INSTANT).digest


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("weight: 0.1", "weight: 0.3", True),
        ("group: g}", "group: null}", True),
        ("id: acme, name: Acme", "name: Acme, id: acme", False),
        ("services:", "# a remark\nservices:", False),
        ("services:", "history_days: 30\nservices:", False),
    ],
)
def test_the_digest_of_settings_changes_when_and_only_when_scoring_reads_something_else(
    tmp_path: Path, old: str, new: str, changes: bool
) -> None:
    assert old in CONFIGURATION
    before = configuration(tmp_path).scoring_digest
    after = configuration(tmp_path, CONFIGURATION.replace(old, new)).scoring_digest
    assert (before != after) is changes


def test_each_input_of_an_assessment_has_its_own_digest(
    rule_set: RuleSet, nothing_collected: Snapshot, tmp_path: Path
) -> None:
    read = configuration(tmp_path)
    base = assess(rule_set, nothing_collected, DECIDED, read, AS_OF).inputs
    reweighted = [
        replace(each, weight=each.weight + 1) if each.id == ON else each for each in rule_set.model.criteria
    ]
    other_model = RuleSet(replace(rule_set.model, criteria=tuple(reweighted)), rule_set.rules)
    changed = {
        "model": assess(other_model, nothing_collected, DECIDED, read, AS_OF).inputs,
        "rules": assess(
            RuleSet(rule_set.model, rule_set.rules[1:]), nothing_collected, DECIDED, read, AS_OF
        ).inputs,
        "decisions": assess(rule_set, nothing_collected, Decisions(), read, AS_OF).inputs,
    }
    for name, inputs in changed.items():
        assert [each for each in base if base[each] != inputs[each]] == [name]
