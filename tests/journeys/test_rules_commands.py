"""itomm rules and itomm init as they are typed: what is printed, what is written, how they end."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from itomm.config.yaml_source import read_document
from tests.journeys.door import Door

RULE = """\
rule: own
answers: SS-INC-4.2
per: organisation
from: incident
where: severity <= 2
measure: {count: true}
grade: {yes: ">= 2"}
missing: unknown
confidence: direct
tests:
  - name: two
    given: {incident: [{severity: 2, created_at: 2026-10-01T08:00:00Z, repeat: 2}]}
    expect: {answer: yes, counted: 2}
  - name: one
    given: {incident: [{severity: 1, created_at: 2026-10-01T08:00:00Z}]}
    expect: {answer: no, counted: 1}
"""


@pytest.fixture
def rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.yaml"
    path.write_text(RULE, encoding="utf-8")
    return path


def test_tests_tell_which_answers_they_reach(rule: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("rules", "test", rule.name, "--output", "json")

    assert done.code == 0
    assert [result["faults"] for result in done.document["results"]] == [[], []]
    (outcomes,) = done.document["outcomes"]
    assert outcomes["reached"] == ["yes", "no"]
    assert outcomes["not_reached"] == ["unknown"]


def test_a_failing_test_is_told_with_its_place_and_written_as_junit(
    rule: Path, tmp_path: Path, itomm_at_the_door: Door
) -> None:
    rule.write_text(RULE.replace("answer: no, counted: 1", "answer: yes, counted: 1"), encoding="utf-8")

    done = itomm_at_the_door("rules", "test", rule.name, "--junit", tmp_path / "results.xml")

    assert done.code == 5
    assert "own.yaml:14:5: own: one" in done.out
    root = ElementTree.parse(tmp_path / "results.xml").getroot()  # noqa: S314  written by ourselves
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert cases["two"].find("failure") is None
    failure = cases["one"].find("failure")
    assert failure is not None
    assert "expected yes, got no" in failure.attrib["message"]
    assert cases["one"].attrib["line"] == "14"


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("severity: 1,", "svrity: 1,"), "own.yaml:15:24", "incident has no field 'svrity'"),
        (("repeat: 2", "repeat: two"), "own.yaml:12:72", "repeat: 'two' is no number of copies"),
        (
            ("{incident: [{severity: 1", "{incidents: [{severity: 1"),
            "own.yaml:15:13",
            "no record type 'incidents'",
        ),
        (("answer: yes,", "answer: maybe,"), "own.yaml:13:14", "should be 'yes', 'partial', 'no'"),
    ],
)
def test_a_test_that_cannot_be_read_is_told_with_its_place(
    change: tuple[str, str], place: str, said: str, rule: Path, itomm_at_the_door: Door
) -> None:
    rule.write_text(RULE.replace(*change), encoding="utf-8")

    done = itomm_at_the_door("rules", "test", rule.name)

    assert done.code == 5
    assert place in done.err
    assert said in done.err


def test_mutants_that_no_test_notices_are_listed_and_end_with_5(rule: Path, itomm_at_the_door: Door) -> None:
    listed = itomm_at_the_door("rules", "test", rule.name, "--mutate")
    allowed = itomm_at_the_door(
        "rules", "test", rule.name, "--mutate", "--at-least", "10 %", "--output", "json"
    )

    assert listed.code == 5
    assert "where: severity <= 2 → severity <= 3" in listed.out
    assert allowed.code == 0
    assert allowed.document["schema"] == "itomm/rule-mutants/1"
    assert 0 < allowed.document["killed_share"] < 1
    assert {mutant["killed_by"] for mutant in allowed.document["mutants"]} >= {"", "two"}


def test_a_share_that_is_none_is_refused(rule: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("rules", "test", rule.name, "--mutate", "--at-least", "120 %")

    assert done.code == 2
    assert "--at-least" in done.err


def test_lint_ends_with_5_on_errors_and_with_strict_on_warnings(rule: Path, itomm_at_the_door: Door) -> None:
    warned = itomm_at_the_door("rules", "lint", rule.name, "--output", "json")
    strict = itomm_at_the_door("rules", "lint", rule.name, "--strict")
    rule.write_text(RULE.replace(">= 2", "= 0"), encoding="utf-8")
    wrong = itomm_at_the_door("rules", "lint", rule.name)

    assert warned.code == 0
    assert [each["code"] for each in warned.document["findings"]] == ["untested-answer"]
    assert strict.code == 5
    assert wrong.code == 5
    assert "own.yaml:7:9: error: own: can never answer yes" in wrong.out


def test_lint_tells_what_cannot_be_read_as_json_too(rule: Path, itomm_at_the_door: Door) -> None:
    rule.write_text(RULE.replace("severity <= 2", "severty <= 2"), encoding="utf-8")

    done = itomm_at_the_door("rules", "lint", rule.name, "--output", "json")

    assert done.code == 5
    (found,) = done.document["findings"]
    assert (found["code"], found["line"], found["severity"]) == ("unreadable", 5, "error")


def test_init_writes_a_configuration_that_editors_can_check_without_a_network(
    tmp_path: Path, itomm_at_the_door: Door
) -> None:
    config = tmp_path / "itomm.yaml"

    done = itomm_at_the_door("init", "--config", config)

    assert done.code == 0
    first_line = config.read_text(encoding="utf-8").splitlines()[0]
    schema = tmp_path / first_line.removeprefix("# yaml-language-server: $schema=")
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(read_document(config).value)) == []
    assert {path.name for path in schema.parent.iterdir()} >= {"rule.json", "model.json", "pack.json"}


def test_a_rule_of_ones_own_may_have_the_name_of_the_shipped_one_that_it_replaces(
    itomm_at_the_door: Door, rule: Path
) -> None:
    rule.write_text(
        RULE.replace("rule: own", "rule: high-priority-acknowledged").replace("answer: no", "answer: yes"),
        encoding="utf-8",
    )
    tested = itomm_at_the_door("rules", "test", rule)
    assert tested.code == 5
    assert "1 passed, 1 failed" in tested.out
