"""A fault inside an expression is told with the line and column of the very word, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itomm.config.errors import InvalidInputError
from itomm.config.yaml_source import parse_documents
from itomm.rules.rule_reader import read_rule

HEAD = """\
rule: under-test
answers: A-P-2.1
per: organisation
from: incident
grade: {yes: ">= 1"}
missing: unknown
confidence: direct
"""
PLACED = "rules.yaml:"


def faults(text: str) -> list[tuple[str, str]]:
    """Each fault of a rule: the file's text from its place on, and the message."""
    lines = text.splitlines()
    with pytest.raises(InvalidInputError) as raised:
        read_rule(parse_documents(text, "rules.yaml")[0])
    return [
        (lines[problem.place.line - 1][problem.place.column - 1 :], problem.message)
        for problem in raised.value.problems
    ]


def fault_of(expression: str) -> tuple[str, str]:
    """The only fault of a rule with this filter, written in one line."""
    (fault,) = faults(f"{HEAD}measure: {{count: true}}\nwhere: {expression}\n")
    return fault


@pytest.mark.parametrize(
    ("expression", "pointed_at"),
    [
        ("severity <= 2 and sevrity = 3", "sevrity"),
        ("severity <= 2 and not (title = 'x' or kind = 4)", "4)"),
        ("severity in (1, 2, 'three')", "'three'"),
        ("severity between 1 and 'x'", "'x'"),
        ("lower(severity) = 'x'", "severity)"),
        ("coalesce(title, severity) = 'x'", "coalesce"),
        ("opened_at > as_of - interval '2 moons'", "'2 moons'"),
        ("opened_at > as_of - interval '1/2 days'", "'1/2 days'"),
        ("severity <= 2 and title like kind", "title like kind"),
        ("severity <= 2 and reverse(title) = 'x'", "reverse"),
        ("severity <= 2 and abs(title) = 1", "title)"),
        ("severity <= 2 and (select 1) = 1", "1) = 1"),
        ("severity = 1e3", "1e3"),
        ("severity / 2 = 1", "severity / 2"),
        ("severity <= 2 and and title = 'x'", "and title"),
        ("severity <= 2 and severity in (1, 2", "2"),
        ("severity <= $limit", "$limit"),
        ("severity <= 2 and base.title = 'x'", "base"),
        ("title = 'x' and severity = null", "severity = null"),
        ("case severity when 1 then true end", "severity when"),
        ("severity", "severity"),
    ],
)  # fmt: skip
def test_it_points_at_the_word_that_is_wrong(expression: str, pointed_at: str) -> None:
    found, message = fault_of(f'"{expression}"')

    assert found.startswith(pointed_at), message


STYLES = {
    "plain": "where: severity <= 2 and sevrity = 1\n",
    "plain over lines": "where: severity <= 2\n  and\n\n  sevrity = 1\n",
    "in double quotes": 'where: "severity <= 2 and \\"title\\" = \'x\' and sevrity = 1"\n',
    "in single quotes": "where: 'title = ''it''''s'' and sevrity = 1'\n",
    "in quotes over lines": "where: 'title = ''x''\n  and sevrity = 1'\n",
    "as a block": "where: |\n  severity <= 2\n    and sevrity = 1\n",
    "as a folded block": "where: >-  # which of them\n  severity <= 2 and\n\n  sevrity = 1\n",
    "as a block with a stated indent": "where: >2+\n   severity <= 2 and\n  sevrity = 1\n",
    "after other writing": "where: title = 'äöü 日本語 😀' and sevrity = 1\n",
}


@pytest.mark.parametrize("written", STYLES.values(), ids=STYLES)
def test_the_place_is_exact_in_every_way_of_writing_text(written: str) -> None:
    for text in (f"{HEAD}measure: {{count: true}}\n{written}", f"{HEAD}{written}measure: {{count: true}}\n"):
        ((found, message),) = faults(text)

        assert found.startswith("sevrity = 1"), message
        assert "incident has no field 'sevrity'" in message


def test_where_an_escape_hides_the_place_the_text_itself_is_pointed_at() -> None:
    found, _ = fault_of(r'"title = \u0027x\u0027 and sevrity = 1"')

    assert found.startswith('"title')


@pytest.mark.parametrize(
    ("measure", "pointed_at", "key"),
    [
        ("{ratio: {of: major, where: sevrity = 1}}", "sevrity", "measure.ratio.where"),
        ("{ratio: {of: majr, where: major}}", "majr", "measure.ratio.of"),
        ("{median: restored_at - opned_at}", "opned_at", "measure.median"),
        ("{median: title}", "title", "measure.median"),
        ("{percentile: {of: restord_at - opened_at, at: 90}}", "restord_at", "measure.percentile.of"),
        ("{share_of_services: {having: sevrity = 1}}", "sevrity", "measure.share_of_services.having"),
        ("{trend: {count: sevrity = 1}}", "sevrity", "measure.trend.count"),
        ("{trend: {median: sevrity}}", "sevrity", "measure.trend.median"),
        ("{exists: sevrity = 1}", "sevrity", "measure.exists"),
        ("{days_since: severity}", "severity", "measure.days_since"),
        ("{distinct: transitions}", "transitions", "measure.distinct"),
    ],
)  # fmt: skip
def test_a_fault_in_a_measure_is_told_at_its_own_key(measure: str, pointed_at: str, key: str) -> None:
    ((found, message),) = faults(f"{HEAD}window: {{field: opened_at, days: 90}}\nmeasure: {measure}\n")

    assert found.startswith(pointed_at), message
    assert message.startswith(f"{key}: ")


def test_a_fault_in_a_linked_fact_is_told_at_its_word() -> None:
    linked = "linked: {f: {from: postmortem, on: {incident_key: key}, where: base.titel = 'x'}}\n"
    ((found, _),) = faults(f"{HEAD}{linked}where: f\nmeasure: {{count: true}}\n")
    assert found.startswith("base.titel")


@pytest.mark.parametrize(
    ("query", "pointed_at"),
    [
        ("select service_id,\n    sevrity\n  from incident", "sevrity"),
        ("select service_id\n  from incident join\n  incidnt on 1 = 1", "incidnt"),
        ("select service_id,\n  count(*)\n  from incident group by service_id", "count(*)"),
        ("select service_id,\n  title, kind as title\n  from incident", "kind as title"),
        ("select service_id from incident\n  where severity <= 'x'", "'x'"),
    ],
)
def test_a_fault_in_a_query_is_told_at_its_word(query: str, pointed_at: str) -> None:
    head = HEAD.replace("from: incident\n", "")
    ((found, message),) = faults(f"{head}query: |\n  {query}\nmeasure: {{count: true}}\n")

    assert found.startswith(pointed_at), message


def test_every_part_of_a_rule_tells_its_own_fault_at_once() -> None:
    text = (
        f"{HEAD.replace('>= 1', '>= 1 h')}measure: {{ratio: {{where: sevrity = 1}}}}\nservices: teir = 1\n"
        "where: titel = 'x'\nwindow: {field: severity, days: 90}\nminimum_coverage: 4 h\n"
    )

    assert [found.split()[0].rstrip(",") for found, _ in faults(text)] == [
        "sevrity",
        "teir",
        "titel",
        "field:",
        "minimum_coverage:",
    ]


WORDS = st.sampled_from(
    ["severity <= 2", "title = 'x'", "not major", "kind in ('a', 'b')", "(major or major)"]
)
BREAKS = st.sampled_from([" ", "  ", "\n  ", "\n\n  ", "\n    "])


@settings(max_examples=100, deadline=None)
@given(before=st.lists(WORDS, max_size=4), breaks=st.lists(BREAKS, min_size=12, max_size=12), data=st.data())
def test_the_place_is_exact_wherever_the_lines_break(
    before: list[str], breaks: list[str], data: st.DataObject
) -> None:
    words = " and ".join([*before, "sevrity = 1"]).split(" ")
    joined = words[0] + "".join(breaks[number % len(breaks)] + word for number, word in enumerate(words[1:]))
    style = data.draw(st.sampled_from(["", "'", '"', "|", ">-"]))
    match style:
        case "'":
            written = "'" + joined.replace("'", "''") + "'"
        case '"':
            written = f'"{joined}"'
        case "":
            written = joined
        case _:
            written = f"{style}\n  {joined}"
    ((found, message),) = faults(f"{HEAD}measure: {{count: true}}\nwhere: {written}\n")

    assert found.startswith("sevrity"), message
