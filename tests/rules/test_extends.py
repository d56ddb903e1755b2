"""A rule may take what another one says, key by key, and a fault is told where its text stands."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from itomm.config.errors import InvalidInputError
from itomm.config.yaml_source import parse_documents
from itomm.rules.extending import LONGEST_CHAIN
from itomm.rules.pack import load_loose, load_packs
from itomm.rules.pack_reader import LeftOut
from itomm.rules.rule import Rule
from itomm.rules.rule_set import RuleSet
from itomm.rules.rule_tests import run_rule_tests

PACK = "oncall-check"
CRITERION = "help-answered"
PARENT = """\
# The rule that others build on.
rule: restored-soon
answers: help-answered
per: service
from: incident
# only what hurts
where: severity <= 2
window: {field: opened_at, days: 90}
measure: {median: restored_at - opened_at}
grade:
  yes: <= 4 h
  partial: <= 24 h
missing: unknown
confidence: direct
tests:
  - name: nothing at all
    given: {incident: []}
    expect: {answer: unknown}
"""
CHILD = """\
rule: restored-by-evening
answers: help-answered
extends: restored-soon
grade: {yes: "<= 8 h"}
tests:
  - name: six hours
    given:
      incident: [{severity: 2, opened_at: 2026-10-01T00:00:00Z, restored_at: 2026-10-01T06:00:00Z}]
    expect: {answer: yes}
"""
LEFT_OUT = ("restored-soon",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parent.yaml").write_text(PARENT)
    return tmp_path


def loaded(folder: Path, child: str = CHILD, without: tuple[str, ...] = LEFT_OUT) -> RuleSet:
    (folder / "child.yaml").write_text(child)
    shipped = [rule.name for rule in load_packs([PACK]).answering(CRITERION)]
    return load_packs([PACK], [folder], [LeftOut(name) for name in (*shipped, *without)])


def only(rule_set: RuleSet, name: str = "restored-by-evening") -> Rule:
    (rule,) = rule_set.answering(CRITERION)
    assert rule.name == name
    return rule


def told(folder: Path, child: str, without: tuple[str, ...] = LEFT_OUT) -> list[str]:
    """What is wrong, file names without their folder."""
    with pytest.raises(InvalidInputError) as raised:
        loaded(folder, child, without)
    return [str(problem).replace(f"{folder}/", "") for problem in raised.value.problems]


def test_keys_that_a_rule_does_not_name_are_the_other_rules(folder: Path) -> None:
    rule = only(loaded(folder))

    assert (rule.record_type.name, rule.window_days, rule.written.where) == ("incident", 90, "severity <= 2")


def test_a_key_that_it_names_is_replaced_whole(folder: Path) -> None:
    rule = only(loaded(folder))

    assert (rule.grade.yes.text, rule.grade.partial) == ("<= 8 h", None)


def test_an_empty_key_takes_nothing(folder: Path) -> None:
    rule = only(loaded(folder, CHILD + "where:\n"))

    assert rule.written.where is None


def test_its_tests_are_its_own(folder: Path) -> None:
    (result,) = run_rule_tests([only(loaded(folder))])

    assert (result.test, result.faults) == ("six hours", ())


def test_it_says_the_same_as_the_rule_written_out(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    written_out = PARENT[: PARENT.index("grade:")] + PARENT[PARENT.index("missing:") : PARENT.index("tests:")]
    written_out = written_out.replace("restored-soon", "restored-by-evening") + 'grade: {yes: "<= 8 h"}\n'
    other = tmp_path_factory.mktemp("other")

    assert only(loaded(folder)).digest == only(loaded(other, written_out, ())).digest


def test_what_the_other_rule_says_enters_the_digest(folder: Path) -> None:
    before = only(loaded(folder)).digest
    (folder / "parent.yaml").write_text(PARENT.replace("severity <= 2", "severity <= 1"))

    assert only(loaded(folder)).digest != before


def test_its_text_shows_what_it_took_and_from_where(folder: Path) -> None:
    rule = only(loaded(folder))
    (shown,) = parse_documents(rule.document.text, "shown.yaml")

    assert f"# from restored-soon, {folder}/parent.yaml:2:1" in rule.document.text
    assert isinstance(shown.value, dict)
    assert shown.value["window"] == {"field": "opened_at", "days": 90}
    assert shown.value["grade"] == {"yes": "<= 8 h"}
    assert "nothing at all" not in rule.document.text


def test_several_rules_may_stand_behind_one_another(folder: Path) -> None:
    (folder / "middle.yaml").write_text(
        "rule: middle\nanswers: help-answered\nextends: restored-soon\nmissing: no_if_complete\n"
        "confidence: proxy\n"
    )
    child = CHILD.replace("extends: restored-soon", "extends: middle\nconfidence: weak")
    rule = only(loaded(folder, child, ("restored-soon", "middle")))

    assert (rule.base, rule.missing, rule.window_days) == ("weak", "no_if_complete", 90)


def test_the_order_of_files_does_not_matter(folder: Path) -> None:
    digest = only(loaded(folder)).digest
    (folder / "parent.yaml").rename(folder / "zz.yaml")

    assert only(loaded(folder)).digest == digest


def test_rules_alone_may_extend_the_shipped_rules_that_they_replace(tmp_path: Path) -> None:
    (shipped,) = load_packs(["itomm"]).answering("SS-INC-4.2")
    own = tmp_path / "own.yaml"
    extending = f"rule: of-our-own\nanswers: SS-INC-4.2\nextends: {shipped.name}\n"
    own.write_text(f"{extending}missing: no_if_complete\n")
    (rule,) = load_loose([own]).answering("SS-INC-4.2")

    assert (rule.name, rule.missing) == ("of-our-own", "no_if_complete")
    assert rule.written.measure == shipped.written.measure


# --- what is refused ------------------------------------------------------------------------------------


def test_an_unknown_rule_is_refused_with_the_nearest_name(folder: Path) -> None:
    (fault,) = told(folder, CHILD.replace("extends: restored-soon", "extends: restored-son"))

    assert fault == (
        "child.yaml:3:1: extends: there is no rule 'restored-son'\n    Did you mean 'restored-soon'?"
    )


def test_a_fault_of_inherited_text_is_told_once_where_the_text_stands(folder: Path) -> None:
    (folder / "parent.yaml").write_text(PARENT.replace("severity <= 2", "severty <= 2"))
    (fault,) = told(folder, CHILD)

    assert fault.startswith("parent.yaml:7:")
    assert "incident has no field 'severty'" in fault


def test_a_fault_of_its_own_text_is_told_in_its_own_file(folder: Path) -> None:
    (fault,) = told(folder, CHILD.replace("<= 8 h", "<= 8 %"))

    assert fault.startswith("child.yaml:4:")


def test_a_rule_that_extends_itself_is_refused(folder: Path) -> None:
    (fault,) = told(folder, CHILD.replace("extends: restored-soon", "extends: restored-by-evening"))

    assert "extend each other: restored-by-evening → restored-by-evening" in fault


def test_a_circle_is_refused(folder: Path) -> None:
    (folder / "parent.yaml").write_text(PARENT.replace("per: service", "extends: restored-by-evening"))
    faults = told(folder, CHILD)

    assert [fault.split(": ")[0] for fault in faults] == ["child.yaml:3:1", "parent.yaml:4:1"]
    assert all("these rules extend each other" in fault for fault in faults)


@pytest.mark.parametrize(("between", "fits"), [(LONGEST_CHAIN - 1, True), (LONGEST_CHAIN, False)])
def test_a_chain_has_an_end(folder: Path, between: int, *, fits: bool) -> None:
    names = ["restored-soon", *(f"link-{number}" for number in range(between))]
    for before, name in pairwise(names):
        text = f"rule: {name}\nanswers: help-answered\nextends: {before}\n"
        (folder / f"{name}.yaml").write_text(text)
    child = CHILD.replace("extends: restored-soon", f"extends: {names[-1]}")

    if fits:
        assert only(loaded(folder, child, tuple(names))).window_days == 90
    else:
        (fault,) = told(folder, child, tuple(names))
        assert f"more than {LONGEST_CHAIN} rules stand behind this one" in fault


@pytest.mark.parametrize("written", ["extends: 3", "extends: [restored-soon]", "extends: {rule: x}"])
def test_only_one_name_can_stand_there(folder: Path, written: str) -> None:
    assert any(
        "child.yaml:3:1: extends: should be a valid string" in fault
        for fault in told(folder, CHILD.replace("extends: restored-soon", written))
    )
