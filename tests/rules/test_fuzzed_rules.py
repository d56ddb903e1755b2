"""What fuzzing and generating found once, and a handful of seconds of it; the whole: bench/rules/fuzz."""

from __future__ import annotations

import json

import pytest

from itomm.config.errors import InvalidInputError, Place, Problem
from itomm.config.yaml_source import parse_documents
from itomm.rules.parameters import SetParameter
from itomm.rules.rule_reader import read_rule
from tests.rules.doors import asking, refusal_of
from tests.rules.rules_as_text import PLAIN_RULE, answer_to, document_of

PARAMETER = {"default": "1", "from": "0", "to": "5", "looser": "lower", "about": "how many"}


def test_a_parameter_stands_beside_an_empty_text_at_the_end() -> None:
    parts = {"parameters": {"least": PARAMETER}, "where": "severity >= $least and title <> ''"}
    rule = read_rule(document_of({**PLAIN_RULE, **parts}))
    answer = answer_to(rule, [{"severity": 1, "title": "a"}, {"severity": 1, "title": ""}])
    assert (answer.counted, answer.seen) == (1, 2)


def test_a_set_parameter_changes_what_counts() -> None:
    parts = {"parameters": {"least": PARAMETER}, "where": "severity >= $least"}
    chosen = [SetParameter("under-test", "least", "3", Place("itomm.yaml"))]
    rule = read_rule(document_of({**PLAIN_RULE, **parts}), chosen)
    assert answer_to(rule, [{"severity": each} for each in (1, 2, 3, 4)]).counted == 2


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("two\nlines", "two\nlines"),
        ("überall", "überall"),
    ],
)
def test_a_message_holds_nothing_that_a_terminal_acts_on(message: str, shown: str) -> None:
    assert str(Problem(Place("a.yaml"), message)) == f"a.yaml:1:1: {shown}"


def test_a_message_is_no_longer_than_a_person_reads() -> None:
    told = str(Problem(Place("a.yaml"), "begin" + "x" * 100_000 + "end"))
    assert len(told) < 1_100
    assert told.startswith("a.yaml:1:1: begin")
    assert told.endswith("end")


@pytest.mark.parametrize(
    "key", ["rule", "from", "where", "missing", "confidence", "because", "measure", "per"]
)
@pytest.mark.parametrize(
    "value", [None, True, 1, -1, 10**40, [], [[]], {}, {"a": {}}, "", " ", "\t", "x" * 100_000]
)
def test_whatever_stands_under_a_key_is_a_rule_or_a_clear_error(key: str, value: object) -> None:
    problems = problems_of(json.dumps({**PLAIN_RULE, key: value}))
    assert all(problem.place.file == "rules.yaml" and problem.message for problem in problems)


def problems_of(text: str) -> list[Problem]:
    """What is said of a rule; empty when it is taken."""
    try:
        read_rule(parse_documents(text, "rules.yaml")[0])
    except InvalidInputError as error:
        return error.problems or [Problem(Place("no problem is named"), "")]
    return []


@pytest.mark.parametrize(
    "output", ["count()", "count( )", "count(all)", "max()", "sum()", "median()", "count(distinct)"]
)
def test_an_aggregate_of_nothing_is_refused(output: str) -> None:
    query = "select service_id, {} as n from incident group by service_id"
    refusal = refusal_of(asking(query.format(output)))
    assert refusal is not None
    assert refusal.startswith("rules.yaml:1:")


@pytest.mark.parametrize("where", ["severity = {{: 1 }}", "severity = {: 1}", "if'1/2 days'(major, true)"])
def test_what_the_parser_stumbles_over_is_refused(where: str, capfd: pytest.CaptureFixture[str]) -> None:
    refusal = refusal_of({**PLAIN_RULE, "where": where})
    assert refusal is not None
    assert refusal.startswith("rules.yaml:1:")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["", " "])
def test_a_condition_that_says_nothing_is_no_condition(text: str) -> None:
    link = {"from": "postmortem", "on": {"incident_key": "key"}, "where": text}
    for parts in ({"where": text}, {"services": text}, {"linked": {"fact": link}}):
        assert "this is no expression" in (refusal_of({**PLAIN_RULE, **parts}) or "")
