"""An organisation sets a rule's parameter: every result says so; a mistake is told where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.door import Door

OWN_RULE = """\
rule: picked-up-in-time
answers: help-answered
extends: serious-incidents-picked-up
measure: {ratio: {where: acknowledged_at <= created_at + $longest_wait}}
parameters:
  longest_wait: {default: 1 min, from: 1 s, to: 24 h, looser: higher, about: Small teams sleep at night.}
tests:
  - name: half a minute each
    given:
      incident:
        - {severity: 2, created_at: 2026-10-01T08:00:00Z, acknowledged_at: 2026-10-01T08:00:30Z, repeat: 2}
    expect: {answer: yes, matched: 2}
"""
LOOSENED = "longest_wait 24 h, loosened from 1 min"


@pytest.fixture
def own_rule(workspace: Path) -> Path:
    (workspace.parent / "own").mkdir()
    (workspace.parent / "own" / "rules.yaml").write_text(OWN_RULE, encoding="utf-8")
    text = workspace.read_text(encoding="utf-8")
    rules = "rules:\n  packs: [oncall-check]\n  paths: [own]\n  without: [serious-incidents-picked-up]\n"
    workspace.write_text(f"{text}\n{rules}", encoding="utf-8")
    return workspace


def with_setting(config: Path, line: str) -> Path:
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}  parameters:\n{line}\n", encoding="utf-8")
    return config


@pytest.fixture
def loosened(own_rule: Path) -> Path:
    return with_setting(own_rule, "    picked-up-in-time: {longest_wait: 24 h}")


def test_every_result_shows_what_was_loosened(loosened: Path, itomm_at_the_door: Door) -> None:
    shown = itomm_at_the_door("show", "help", "--output", "csv", "--config", loosened)
    explained = itomm_at_the_door("explain", "help-answered", "--config", loosened)
    report = loosened.parent / "report.html"
    reported = itomm_at_the_door("report", "--config", loosened, "--to", report)

    assert (shown.code, explained.code, reported.code) == (0, 0, 0)
    for text in (shown.out, explained.out, report.read_text(encoding="utf-8")):
        assert LOOSENED in " ".join(text.split())
    assert "where: severity <= 2" in explained.out


def test_a_stricter_value_is_shown_with_the_rule_that_it_is_set_for(
    own_rule: Path, itomm_at_the_door: Door
) -> None:
    config = with_setting(own_rule, "    picked-up-in-time: {longest_wait: 30 s}")
    shown = itomm_at_the_door("rules", "show", "picked-up-in-time", "--config", config)

    assert shown.out.endswith("# set in the configuration: longest_wait 30 s\n")


def test_the_json_of_a_score_has_value_and_default(loosened: Path, itomm_at_the_door: Door) -> None:
    document = itomm_at_the_door("score", "--output", "json", "--config", loosened).document
    inferred = [answer["inferred"] for scope in document["scopes"] for answer in scope["answers"]]
    loosened_in = [each["loosened"] for each in inferred if each and each["rule"] == "picked-up-in-time"]

    expected = {"name": "longest_wait", "value": "24 h", "default": "1 min", "loosened": True}
    assert loosened_in
    assert all(each == [expected] for each in loosened_in)


def test_a_value_moves_the_answer_and_the_digest_of_the_rules(
    own_rule: Path, itomm_at_the_door: Door
) -> None:
    before = itomm_at_the_door("score", "--output", "json", "--config", own_rule).document
    with_setting(own_rule, "    picked-up-in-time: {longest_wait: 24 h}")
    after = itomm_at_the_door("score", "--output", "json", "--config", own_rule).document

    def matched(document: dict[str, object]) -> list[int]:
        scopes = document["scopes"]
        assert isinstance(scopes, list)
        answers = [each["inferred"] for each in scopes[0]["answers"] if each["criterion"] == "help-answered"]
        return [each["matched"] for each in answers]

    assert matched(before) < matched(after)
    assert before["inputs"]["rules"] != after["inputs"]["rules"]


def test_the_tests_beside_the_rule_still_pass(loosened: Path, itomm_at_the_door: Door) -> None:
    done = itomm_at_the_door("rules", "test", "--rule", "picked-up-in-time", "--config", loosened)

    assert done.code == 0, done.out
    assert "1 passed, 0 failed" in done.out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("    picked-up-in-time: {longest_wait: 25 h}", "cannot be 25 h"),
        ("    picked-up-in-time: {longest_wait: 80 %}", "'80 %' is a share"),
        ("    picked-up-in-time: {longest_wayt: 2 h}", "Did you mean 'longest_wait'?"),
        ("    picked-up-on-time: {longest_wait: 2 h}", "Did you mean 'picked-up-in-time'?"),
    ],
)
def test_a_mistaken_setting_is_told_with_its_place(
    own_rule: Path, itomm_at_the_door: Door, line: str, told: str
) -> None:
    config = with_setting(own_rule, line)
    number = len(config.read_text(encoding="utf-8").splitlines())
    done = itomm_at_the_door("score", "--config", config)

    assert done.code == 5
    assert f"itomm.yaml:{number}:" in done.err
    assert told in " ".join(done.err.split())


def test_a_rule_to_leave_out_that_does_not_exist_is_told_where_it_stands(
    itomm_at_the_door: Door, own_rule: Path
) -> None:
    text = own_rule.read_text(encoding="utf-8")
    own_rule.write_text(text.replace("without: [serious-", "without: [sirious-"), encoding="utf-8")
    line = 1 + own_rule.read_text(encoding="utf-8").splitlines().index(
        "  without: [sirious-incidents-picked-up]"
    )
    done = itomm_at_the_door("score", "--config", own_rule)
    assert done.code == 5
    assert f"itomm.yaml:{line}:13: rules.without: there is no rule 'sirious-incidents-picked-up'" in done.err
    assert "Did you mean 'serious-incidents-picked-up'?" in done.err
