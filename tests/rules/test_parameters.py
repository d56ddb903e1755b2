"""An organisation may set what a rule lets it set, within limits, and a loosened rule says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError, Place
from itomm.config.quantities import SECOND, decimal_text
from itomm.rules.pack import load_packs
from itomm.rules.pack_reader import LeftOut
from itomm.rules.parameters import SetParameter
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import at_defaults, read_rule
from itomm.rules.rule_tests import run_rule_tests
from tests.rules.rules_as_text import PLAIN_RULE, answer_to, document_of, rule_of

SETTINGS_FILE = "itomm.yaml"
LONGEST = {
    "default": "4 h",
    "from": "1 h",
    "to": "24 h",
    "looser": "higher",
    "about": "Shops close at night.",
}
INCIDENTS: Mapping[str, object] = {
    "measure": {"median": "restored_at - opened_at"},
    "grade": {"yes": "<= $longest_restore", "partial": "<= 24 h"},
    "parameters": {"longest_restore": LONGEST},
}
SIX_HOURS = {"opened_at": "2026-10-01T00:00:00Z", "restored_at": "2026-10-01T06:00:00Z"}


def with_value(value: object, name: str = "longest_restore", **parts: object) -> Rule:
    """The rule about incidents with other parts, and one value set in the configuration."""
    written = {**PLAIN_RULE, **INCIDENTS, **parts}
    chosen = SetParameter("under-test", name, str(value), Place(SETTINGS_FILE, 7, 3))
    return read_rule(document_of(written), [chosen])


def faults(**parts: object) -> str:
    """What is wrong with the rule about incidents when it has other parts."""
    with pytest.raises(InvalidInputError) as raised:
        rule_of(**{**INCIDENTS, **parts})
    return str(raised.value)


def declared(**parts: object) -> dict[str, object]:
    return {"parameters": {"longest_restore": {**LONGEST, **parts}}}


def test_without_a_setting_the_default_holds() -> None:
    answer = answer_to(rule_of(**INCIDENTS), [SIX_HOURS])

    assert (answer.verdict, answer.grade_yes, answer.loosened) == ("partial", "<= 4 h", ())


def test_a_set_value_takes_the_place_of_the_default() -> None:
    answer = answer_to(with_value("8 h"), [SIX_HOURS])

    assert (answer.verdict, answer.grade_yes) == ("yes", "<= 8 h")


def test_a_looser_value_is_on_every_answer_even_where_nothing_counts() -> None:
    for records in ([SIX_HOURS], []):
        (loosened,) = answer_to(with_value("8 h"), records).loosened

        assert loosened.text == "longest_restore 8 h, loosened from 4 h"


@pytest.mark.parametrize("value", ["2 h", "4 h", "240 min"])
def test_a_stricter_or_equal_value_is_not_called_loosened(value: str) -> None:
    rule = with_value(value)

    assert rule.loosened == ()
    assert rule.parameters["longest_restore"].used.text == f"longest_restore {value}"


def test_lower_is_looser_where_the_parameter_says_so() -> None:
    share = {"least": {"default": "90 %", "from": "0.5", "to": 1, "looser": "lower", "about": "x"}}
    measure = {"ratio": {"where": "major"}}
    parts: Any = {"measure": measure, "grade": {"yes": ">= $least"}, "parameters": share}

    assert [each.text for each in with_value("80 %", "least", **parts).loosened] == [
        "least 80 %, loosened from 90 %"
    ]
    assert with_value("0.95", "least", **parts).loosened == ()


def test_set_values_enter_the_digest_and_defaults_do_not() -> None:
    plain = rule_of(**INCIDENTS)
    in_expression: Any = {"where": "resolved_at - opened_at <= $longest_restore", "grade": {"yes": "<= 4 h"}}

    assert with_value("8 h").digest != plain.digest == with_value("4 h").digest
    assert with_value("8 h", **in_expression).digest != with_value("9 h", **in_expression).digest


def test_values_stand_in_the_window_and_the_minimums() -> None:
    parts = {
        "window": {"field": "opened_at", "days": "$days"},
        "minimum_sample": "$least",
        "minimum_coverage": "$covered",
        "parameters": {
            "longest_restore": LONGEST,
            "days": {"default": 90, "from": 30, "to": 180, "looser": "higher", "about": "x"},
            "least": {"default": 5, "from": 3, "to": 9, "looser": "lower", "about": "x"},
            "covered": {"default": "90 %", "from": "50 %", "to": "100 %", "looser": "lower", "about": "x"},
        },
    }
    rule = rule_of(**{**INCIDENTS, **parts})

    assert (rule.window_days, rule.minimum_sample, float(rule.minimum_coverage)) == (90, 5, 0.9)
    assert with_value(30, "days", **parts).window_days == 30
    assert with_value(4, "least", **parts).minimum_sample == 4
    assert float(with_value("0.5", "covered", **parts).minimum_coverage) == 0.5
    assert with_value(120, "days", **parts).looks_back["incident"].days == 120


def test_a_window_may_be_set_as_a_length_of_time() -> None:
    days = {"days": {"default": "4 wk", "from": "1 wk", "to": "52 wk", "looser": "higher", "about": "x"}}
    rule = rule_of(
        window={"field": "opened_at", "days": "$days"}, parameters=days, measure={"rate": {"per": "week"}},
        grade={"yes": "<= 3 /week"},
    )  # fmt: skip

    assert rule.window_days == 28


def test_an_expression_looks_back_as_far_as_its_parameter_says() -> None:
    rule = with_value("20 h", where="opened_at >= as_of - $longest_restore", grade={"yes": "<= 4 h"})

    assert rule.looks_back["incident"].total_seconds() == 20 * 3600


def test_values_stand_in_linked_facts_and_queries() -> None:
    linked = {
        "talked_about": {
            "from": "postmortem",
            "on": {"incident_key": "key"},
            "where": "published_at <= base.opened_at + $longest_restore",
        }
    }
    assert with_value("8 h", linked=linked, where="talked_about", grade={"yes": "<= 4 h"}).linked
    query = "select service_id, opened_at from incident where restored_at - opened_at > $longest_restore"
    parts = {
        **PLAIN_RULE,
        "query": query,
        "measure": {"count": True},
        "parameters": {"longest_restore": LONGEST},
    }
    parts.pop("from")

    asked = read_rule(document_of(parts)).query
    assert asked is not None
    assert "> 14400000000" in asked.tree.sql(dialect="duckdb")


def test_the_tests_beside_a_rule_are_about_its_defaults() -> None:
    test = {
        "name": "six hours are too long",
        "given": {"incident": [{**SIX_HOURS}]},
        "expect": {"answer": "partial"},
    }
    rule = with_value("8 h", tests=[test])

    assert at_defaults(rule).grade.yes.text == "<= 4 h"
    assert [result.faults for result in run_rule_tests([rule])] == [()]


# --- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["25 h", "59 min", "-4 h", "4", "4 %", "often", "", "$longest_restore"])
def test_a_value_outside_its_limits_or_of_another_unit_is_refused_where_it_is_set(value: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{SETTINGS_FILE}:7:3: ") as raised:
        with_value(value)

    assert len(raised.value.problems) == 1


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInputError) as raised:
        with_value("8 h", "longest_restor")

    assert str(raised.value) == (
        "itomm.yaml:7:3: the rule 'under-test' has no parameter 'longest_restor'\n"
        "    Did you mean 'longest_restore'? Allowed here: longest_restore."
    )


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (declared(default="25 h"), "the default 25 h does not lie from 1 h to 24 h"),
        (declared(to="24"), "'to' is a number, but the default is a duration"),
        (declared(default="soon"), "'soon' is no quantity"),
        (declared(looser="more"), "parameters.longest_restore.looser: should be 'higher' or 'lower'"),
        (declared(looser="lower"), "a higher '$longest_restore' is looser after '<=', but it says"),
        (declared(abut="x"), "unknown key 'abut'"),
        ({"parameters": {"longest_restore": {"default": "4 h"}}}, "the key 'from' is missing"),
        ({"parameters": ["longest_restore"]}, "parameters: should be a valid dictionary"),
        ({"grade": {"yes": "<= $longest"}}, "grade.yes: there is no parameter '$longest'"),
        ({"where": "severity = $sev"}, "where: there is no parameter '$sev'"),
        ({"where": "severity <= $longest_restore"}, "but '$longest_restore' is a duration"),
        ({"where": "title like $longest_restore"}, "'like' compares text with a pattern"),
        ({"where": "opened_at < as_of - interval $longest_restore"}, "is no interval"),
        ({"minimum_sample": "$longest_restore"}, "minimum_sample takes a whole number"),
        ({"minimum_sample": "$least"}, "minimum_sample: there is no parameter '$least'"),
        ({"minimum_coverage": "$least"}, "minimum_coverage: there is no parameter '$least'"),
        ({"window": {"field": "opened_at", "days": "$d"}}, "window.days: there is no parameter '$d'"),
        ({"window": {"field": "opened_at", "days": "$longest_restore"}}, "takes a whole number of days"),
        ({"confidence": "$longest_restore"}, "confidence: should be 'direct'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_and_in_words(parts: dict[str, object], fault: str) -> None:
    told = faults(**parts)

    assert told.count(fault) == 1, told
    assert told.count("there is no parameter") <= 1


def test_a_limit_with_which_the_rule_would_be_none_is_refused() -> None:
    days = {"default": 90, "from": 1, "to": 4000, "looser": "higher", "about": "x"}
    share = {"default": "90 %", "from": "10 %", "to": "150 %", "looser": "lower", "about": "x"}
    window = {"field": "opened_at", "days": "$days"}
    told = faults(
        grade={"yes": "<= 4 h"}, window=window, parameters={"days": days, "c": share},
        minimum_coverage="$c",
    )  # fmt: skip

    assert "with 'days' at 4000 this is no rule: window.days: should be less than or equal to 3660" in told
    assert "with 'c' at 150 % this is no rule: minimum_coverage: '150 %' is no share" in told
    assert told.count("rules.yaml") == 2


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        where="severity <= $severity", minimum_sample="$least", grade={"yes": "<= $longest"}, answers=3
    )

    assert [line.split(": ")[1] for line in told.splitlines() if line.startswith("rules.yaml")] == [
        "answers",
        "grade.yes",
        "minimum_sample",
    ]


def test_text_that_only_looks_like_a_parameter_is_refused() -> None:
    for text in (
        "severity = :longest_restore",
        "severity = @longest_restore",
        "severity = $1",
        "severity = ?",
    ):
        assert "where: " in faults(where=text)


# --- as if written out ----------------------------------------------------------------------------------

QUANTITIES = st.one_of(
    st.integers(0, 24).map(lambda hours: f"{hours} h"),
    st.integers(0, 86_400).map(lambda seconds: f"{seconds} s"),
    st.decimals(0, 23, places=3).map(lambda hours: f"{hours} h"),
)


@settings(max_examples=60, deadline=None)
@given(value=QUANTITIES)
def test_a_rule_with_a_parameter_says_what_it_says_with_the_value_written_out(value: str) -> None:
    limits = {**LONGEST, "from": "0 s"}
    microseconds = with_value(value, parameters={"longest_restore": limits}).values["longest_restore"].value
    named = with_value(
        value,
        parameters={"longest_restore": limits},
        where="resolved_at - opened_at <= $longest_restore or opened_at < as_of - $longest_restore",
    )
    length = f"interval '{decimal_text(microseconds / SECOND, 6)} seconds'"
    written_out = rule_of(
        **{**INCIDENTS, "grade": {"yes": f"<= {value}", "partial": "<= 24 h"}},
        where=f"resolved_at - opened_at <= {length} or opened_at < as_of - {length}",
    )
    bound, other = (rule.bound(datetime(2026, 11, 1, tzinfo=UTC)) for rule in (named, written_out))

    assert bound.where == other.where
    assert named.grade == written_out.grade
    assert named.looks_back == written_out.looks_back


# --- through a rule set ---------------------------------------------------------------------------------

OWN_RULE = """\
rule: restored-soon
answers: help-answered
per: service
from: incident
measure: {median: restored_at - opened_at}
grade: {yes: "<= $longest"}
missing: unknown
confidence: direct
parameters:
  longest: {default: 4 h, from: 1 h, to: 24 h, looser: higher, about: Shops close at night.}
"""


def chosen(rule: str, name: str, value: str) -> SetParameter:
    return SetParameter(rule, name, value, Place(SETTINGS_FILE, 7, 3))


def test_settings_reach_the_rule_that_they_name(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN_RULE)
    without = [LeftOut(rule.name) for rule in load_packs(["oncall-check"]).answering("help-answered")]
    plain = load_packs(["oncall-check"], [tmp_path], without)
    loosened = load_packs(["oncall-check"], [tmp_path], without, [chosen("restored-soon", "longest", "8 h")])

    rule = loosened.rule("restored-soon")
    assert rule is not None
    assert rule.grade.yes.text == "<= 8 h"
    assert plain.rules_digest != loosened.rules_digest


def test_a_setting_for_a_rule_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    name = load_packs(["oncall-check"]).rules[0].name
    for settings_of, hint in (
        ([chosen(f"{name}s", "longest", "8 h")], f"Did you mean '{name}'?"),
        ([chosen(name, "longest", "8 h")], "It has no parameters."),
    ):
        with pytest.raises(InvalidInputError, match=rf"^{SETTINGS_FILE}:7:3: ") as raised:
            load_packs(["oncall-check"], [], [], settings_of)

        assert hint in str(raised.value)


def test_a_setting_for_a_rule_that_is_left_out_is_refused() -> None:
    name = load_packs(["oncall-check"]).rules[0].name
    with pytest.raises(InvalidInputError, match="left out by 'without'"):
        load_packs(["oncall-check"], [], [LeftOut(name)], [chosen(name, "longest", "8 h")])
