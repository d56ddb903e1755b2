"""Every fault of every file is told at once, with its place and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from itomm.config.errors import ExitCode, InvalidInputError, Place
from itomm.config.yaml_source import parse_documents
from itomm.rules.pack import load_loose, load_packs
from itomm.rules.pack_reader import LeftOut
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule
from itomm.rules.rule_tests import run_rule_tests
from tests.rules.rules_as_text import rule_of

RULE = """\
rule: fast-restore
answers: A-P-2.1
per: service
from: incident
where: severity <= 2
window: {field: opened_at, days: 90}
measure: {median: restored_at - opened_at}
grade: {yes: "<= 4 h", partial: "<= 24 h"}
missing: unknown
confidence: direct
"""
MODEL = """\
model: small
title: Small
version: "1"
levels:
  1: {name: Initial, about: "."}
  2: {name: Repeatable, about: "."}
  3: {name: Defined, about: "."}
areas:
  - {id: A, name: Area, purpose: "."}
"""
PRACTICE = """\
practice: A-P
area: A
name: Practice
purpose: "."
criteria:
  - id: A-P-2.1
    level: 2
    weight: 1
    dimension: process
    mode: evidence
    mandatory: false
    title: Title
    question: Really?
    why: Because.
    evidence_of_yes: Records.
    advice: Do it.
    effort: S
"""


def read(text: str) -> Rule:
    (document,) = parse_documents(text, "rules.yaml")
    return read_rule(document)


def faults_of(text: str) -> str:
    with pytest.raises(InvalidInputError) as refused:
        read(text)
    assert refused.value.exit_code is ExitCode.INVALID
    return str(refused.value)


def files(folder: Path, **documents: str) -> Path:
    for name, text in documents.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def pack_faults(folder: Path) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        load_packs([], [folder])
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_a_rule_is_read_whole() -> None:
    rule = read(RULE)
    assert (rule.name, rule.criterion, set(rule.per)) == ("fast-restore", "A-P-2.1", {"service"})
    assert (rule.window_field, rule.window_days) == ("created_at", 90), "an alias leads to its field"
    assert (rule.minimum_sample, rule.minimum_coverage, rule.base) == (
        1,
        read(RULE).minimum_coverage,
        "direct",
    )


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (
            "from: incident",
            "from: incidint",
            "4:1: from: there is no record type 'incidint'\n    Did you mean 'incident'?",
        ),
        (
            "severity <= 2",
            "sevrity <= 2",
            "5:8: where: incident has no field 'sevrity'\n    Did you mean 'severity'?",
        ),
        ("severity <= 2", "severity", "5:8: where: this is a number, but a condition must be yes/no"),
        ("field: opened_at", "field: severity", "6:10: window.field: 'severity' is no instant of incident"),
        ("days: 90", "days: 0", "6:28: window.days: should be greater than or equal to 1"),
        ("median:", "medium:", "7:11: measure.medium: there is no measure 'medium'"),
        ("{median: restored_at - opened_at}", "{}", "7:1: measure: 'measure' takes exactly one measure"),
        ("{median: restored_at - opened_at}", "{count: true, exists: true}", "takes exactly one measure"),
        (
            "restored_at - opened_at",
            "title",
            "7:19: measure.median: median needs a number or a duration, but this is a text",
        ),
        ("<= 4 h", "<= 4 hours", "8:18: grade.yes: 'hours' is no unit"),
        ("<= 24 h", "<= 24 %", "8:37: grade.partial: '24 %' is a share, but the measure gives a duration"),
        ("missing: unknown", "missing: maybe", "9:1: missing: should be 'unknown', 'no_if_complete'"),
        ("confidence: direct", "confidence: high", "10:1: confidence: should be 'direct', 'proxy' or 'weak'"),
        ("per: service", "per: galaxy", "3:1: per.0: should be 'service' or 'organisation'"),
        ("rule: fast-restore", "rule: Fast Restore", "1:1: rule: String should match pattern"),
        ("answers:", "answer:", "2:1: unknown key 'answer'\n    Did you mean 'answers'?"),
        ("missing: unknown\n", "", "1:1: the key 'missing' is missing"),
        ("where: severity <= 2\n", "services: tier = 'one'\n", "5:18: services: 'tier' is a number"),
        ("where: severity <= 2\n", "minimum_sample: 0\n", "5:1: minimum_sample: should be greater than"),
        ("where: severity <= 2\n", "minimum_coverage: 90\n", "5:1: minimum_coverage: '90' is no share"),
        ("where: severity <= 2\n", "minimum_coverage: 4 h\n", "5:1: minimum_coverage: '4 h' is no share"),
        ("where: severity <= 2\n", "from_: incident\n", "5:1: unknown key 'from_'"),
        (
            "where: severity <= 2\n",
            "linked: {f: {form: x, from: issue, on: {key: key}}}\n",
            "unknown key 'form'\n    Did you mean 'from'?",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(written: str, instead: str, said: str) -> None:
    told = faults_of(RULE.replace(written, instead)).replace('"', "")
    assert (f"rules.yaml:{said}" if said[0].isdigit() else said) in told


def test_all_faults_of_a_rule_are_told_together() -> None:
    broken = (
        RULE.replace("severity", "sevrity").replace("opened_at, days", "opend_at, days").replace("4 h", "4 %")
    )
    assert [line.split(": ")[1] for line in faults_of(broken).splitlines() if line.startswith("rules")] == [
        "where",
        "window.field",
        "grade.yes",
        "grade.partial",
    ]


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("count", "takes exactly one measure"),
        ({"count": 5}, "must be yes/no"),
        ({"count": None}, "count needs an expression"),
        ({"count": ["major"]}, "count needs an expression"),
        ({"ratio": "major"}, "ratio takes of and where"),
        ({"ratio": {"of": "major"}}, "the key 'where' is missing"),
        ({"ratio": {"where": "major", "when": "major"}}, "unknown key 'when'"),
        ({"share_of_services": {"where": "major", "ratio": "major"}}, "takes one of"),
        ({"share_of_services": {"having": "major", "at_least": "80 %"}}, "counts records here"),
        ({"share_of_services": {"having": "major", "at_least": 0}}, "a plain number from 1 up"),
        ({"share_of_services": {"having": "major", "at_least": -1}}, "a plain number from 1 up"),
        ({"share_of_services": {"ratio": "major", "at_least": 80}}, "is a share of records here"),
        ({"share_of_services": {"ratio": "major", "at_least": "4 h"}}, "is a share of records here"),
        ({"share_of_services": {"where": "major", "at_least": 5}}, "'where' asks for all records"),
        ({"share_of_services": {"at_least": "few"}}, "at_least: 'few' is no quantity"),
        ({"percentile": {"of": "severity", "at": 100}}, "'at' lies between 0 and 100"),
        ({"percentile": {"of": "severity", "at": 0}}, "'at' lies between 0 and 100"),
        ({"percentile": {"of": "severity", "at": "9/0"}}, "'9/0' is no number"),
        ({"percentile": {"of": "severity", "at": "1e999999999"}}, "is no number"),
        ({"percentile": {"of": "severity"}}, "the key 'at' is missing"),
        ({"rate": {"per": "year"}}, "'per' is day, week or month"),
        ({"days_since": "severity"}, "days_since needs an instant"),
        ({"trend": {"count": True, "median": "severity"}}, "takes one of 'count' and 'median'"),
        ({"trend": {}}, "takes one of 'count' and 'median'"),
        ({"distinct": "labels"}, "cannot count a list"),
        ({"sum": "opened_at"}, "sum needs a number or a duration, but this is an instant"),
    ],
)
def test_a_measure_that_cannot_be_is_refused(measure: object, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rule_of(measure=measure, window={"field": "opened_at", "days": 9}, grade={"yes": ">= 0"})
    assert said in str(refused.value)


@pytest.mark.parametrize("measure", [{"rate": {"per": "week"}}, {"trend": {"count": True}}])
def test_a_measure_over_time_needs_a_window(measure: object) -> None:
    with pytest.raises(InvalidInputError, match="needs a window"):
        rule_of(measure=measure)


def test_a_number_that_grows_too_large_is_told_and_not_a_traceback() -> None:
    grows = (
        RULE.replace("restored_at - opened_at", " * ".join(["999999999999999"] * 3))
        .replace("4 h", "4")
        .replace("24 h", "5")
    )
    record = "{severity: 1, opened_at: 2026-10-01}"
    tests = f"tests: [{{name: large, given: {{incident: [{record}]}}, expect: {{answer: yes}}}}]"
    with pytest.raises(InvalidInputError, match="fast-restore cannot be evaluated"):
        list(run_rule_tests([read(grows + tests)]))


# --- packs --------------------------------------------------------------------------------------------


def test_a_pack_is_read_from_files_in_any_order(tmp_path: Path) -> None:
    whole = load_packs([], [files(tmp_path, a=RULE, b=PRACTICE, c=MODEL)])
    assert [rule.name for rule in whole.rules] == ["fast-restore"]
    assert [criterion.id for criterion in whole.model.criteria] == ["A-P-2.1"]
    assert whole.answering("A-P-2.1") == list(whole.rules)
    again = load_packs([], [files(tmp_path, a=f"{MODEL}---\n{PRACTICE}", b="", c=f"# a comment\n{RULE}")])
    assert (again.model_digest, again.rules_digest) == (whole.model_digest, whole.rules_digest)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            {"r": RULE.replace("A-P-2.1", "A-P-2.2")},
            "r.yaml:2:1: there is no criterion 'A-P-2.2'\n    Did you mean 'A-P-2.1'?",
        ),
        (
            {"r": RULE, "s": RULE.replace("fast-", "slow-")},
            "s.yaml:2:1: A-P-2.1 is already answered per service by the rule 'fast-restore'",
        ),
        ({"r": RULE, "s": RULE}, "s.yaml:1:1: 'fast-restore' is defined twice\n    It is first defined at"),
        ({"p": PRACTICE, "q": PRACTICE.replace("A-P\n", "A-Q\n")}, "q.yaml:6:5: 'A-P-2.1' is defined twice"),
        ({"p": PRACTICE, "q": PRACTICE.replace("A-P-2.1", "A-P-2.2")}, "q.yaml:1:1: 'A-P' is defined twice"),
        ({"p": PRACTICE.replace("area: A", "area: B")}, "p.yaml:2:1: there is no area 'B'"),
        ({"p": PRACTICE.replace("level: 2", "level: 4")}, "p.yaml:7:5: level 4 is not one of [2, 3]"),
        ({"p": PRACTICE.replace("level: 2", "level: 1")}, "p.yaml:7:5: level 1 is not one of [2, 3]"),
        (
            {"p": PRACTICE.replace("effort: S", "effort: XL")},
            "p.yaml:17:5: criteria.0.effort: should be 'S', 'M' or 'L'",
        ),
        (
            {"p": PRACTICE.replace("    why:", "    whi:")},
            "p.yaml:14:5: unknown key 'whi'\n    Did you mean 'why'?",
        ),
        ({"m": MODEL, "n": MODEL}, "n.yaml:1:1: a second model; only one can be loaded"),
        (
            {"m": MODEL + "  - {id: B, name: Bare, purpose: '.'}\n"},
            "m.yaml:10:6: the area 'B' has no practice",
        ),
        ({"m": MODEL + "  - {id: A, name: Again, purpose: '.'}\n"}, "m.yaml:10:6: 'A' is defined twice"),
        ({"x": "hello: world\n"}, "x.yaml:1:1: this is neither a model, a practice nor a rule"),
        ({"x": "- rule\n"}, "x.yaml:1:1: this is neither a model, a practice nor a rule"),
        ({"x": "rule: [unclosed\n"}, "x.yaml:2:1: not YAML"),
    ],
)
def test_documents_that_do_not_hold_together_are_told(
    tmp_path: Path, broken: Mapping[str, str], said: str
) -> None:
    whole = {"m": MODEL, "p": PRACTICE}
    assert any(fault.startswith(said) for fault in pack_faults(files(tmp_path, **{**whole, **broken})))


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    folder = files(
        tmp_path,
        a=MODEL.replace("title", "titel"),
        b=PRACTICE.replace("effort: S", "effort: XL"),
        c=RULE.replace("from: incident", "from: incidint"),
        d=RULE.replace("4 h", "4 %"),
        e="rule: {",
    )
    told = {fault.split(":")[0] for fault in pack_faults(folder)}
    assert told == {"a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"}


def test_files_without_a_model_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no file holds a model"):
        load_packs([], [files(tmp_path, r=RULE)])


def test_a_pack_that_does_not_exist_is_told() -> None:
    with pytest.raises(InvalidInputError, match="there is no pack 'itom'\n    Did you mean 'itomm'"):
        load_packs(["itom"])


def test_a_file_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"gone\.yaml:1:1: there is no such file"):
        load_packs(["itomm"], [tmp_path / "gone.yaml"])


def test_a_rule_to_leave_out_that_does_not_exist_is_told(tmp_path: Path) -> None:
    folder = files(tmp_path, m=MODEL, p=PRACTICE, r=RULE)
    left_out = LeftOut("fast-restor", Place("itomm.yaml", 7, 13))
    with pytest.raises(InvalidInputError) as refused:
        load_packs([], [folder], [left_out])
    assert str(refused.value) == (
        "itomm.yaml:7:13: rules.without: there is no rule 'fast-restor'\n    Did you mean 'fast-restore'?"
    )


def test_a_rule_can_be_left_out(tmp_path: Path) -> None:
    folder = files(tmp_path, m=MODEL, p=PRACTICE, r=RULE)
    assert load_packs([], [folder], [LeftOut("fast-restore")]).rules == ()


def test_loose_rules_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    shipped = load_packs(["itomm"])
    replaced = shipped.rules[0]
    own = RULE.replace("A-P-2.1", replaced.criterion)
    loaded = load_loose([files(tmp_path, r=own)])
    assert loaded.rule(replaced.name) is None
    assert [rule.name for rule in loaded.answering(replaced.criterion)] == ["fast-restore"]


@pytest.mark.parametrize("answers", ["[A-P-2.1]", "{a: b}", "null", "5"])
def test_a_loose_rule_that_answers_no_text_is_told(tmp_path: Path, answers: str) -> None:
    folder = files(tmp_path, r=RULE.replace("A-P-2.1", answers))
    with pytest.raises(InvalidInputError, match="answers: should be a valid string"):
        load_loose([folder])


def test_the_digest_of_a_rule_is_of_what_it_says() -> None:
    assert read(RULE).digest == read("# layout\n" + RULE.replace("{yes: ", "{  yes: ")).digest
    tested = RULE + "tests: [{name: x, expect: {answer: yes}}]\n"
    assert read(RULE).digest == read(tested).digest
    assert read(RULE).digest != read(RULE.replace("4 h", "5 h")).digest


# --- tests beside rules -------------------------------------------------------------------------------


def results_of(test: str) -> list[tuple[str, ...]]:
    return [result.faults for result in run_rule_tests([read(f"{RULE}tests:\n  - {test}\n")])]


GIVEN = (
    "given: {incident: [{severity: 1, opened_at: 2026-10-01T08:00:00Z, restored_at: 2026-10-01T10:10:00Z}]}"
)


@pytest.mark.parametrize(
    ("expect", "faults"),
    [
        ("{answer: yes, measured: 2 h 10 min, counted: 1, seen: 1}", ()),
        ("{answer: yes, measured: 130 min}", ()),
        ("{answer: no}", ("answer: expected no, got yes, measured 2 h 10 min",)),
        ("{answer: yes, measured: 2 h}", ("measured: expected 2 h, got 2 h 10 min",)),
        ("{answer: yes, measured: soon}", ("measured: expected soon, got 2 h 10 min",)),
        ("{answer: yes, counted: 2, seen: 3}", ("counted: expected 2, got 1", "seen: expected 3, got 1")),
        ("{answer: yes, reason: stale}", ("reason: expected stale, got None",)),
    ],
)
def test_a_test_beside_a_rule_says_what_differs(expect: str, faults: tuple[str, ...]) -> None:
    assert results_of(f"{{name: t, {GIVEN}, expect: {expect}}}") == [faults]


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("5", "expected a mapping"),
        ("{name: t}", "the key 'expect' is missing"),
        ("{name: t, expect: {answer: yes, because: x}}", "unknown key 'because'"),
        (
            "{name: t, given: {incidint: []}, expect: {answer: yes}}",
            "test 't': there is no record type 'incidint'",
        ),
        ("{name: t, given: {change: []}, expect: {answer: yes}}", "the rule does not look at change records"),
        (
            "{name: t, given: {incident: [{colour: red}]}, expect: {answer: yes}}",
            "incident has no field 'colour'",
        ),
        (
            "{name: t, given: {incident: [{severity: high}]}, expect: {answer: yes}}",
            "incident.severity should be integer",
        ),
        (
            "{name: t, given: {incident: [{severity: 9}]}, expect: {answer: yes}}",
            "incident.severity cannot be '9'",
        ),
        (
            "{name: t, given: {incident: [{opened_at: soon}]}, expect: {answer: yes}}",
            "'soon' is not an instant",
        ),
        ("{name: t, given: {incident: [{repeat: many}]}, expect: {answer: yes}}", "test 't'"),
        ("{name: t, as_of: later, expect: {answer: yes}}", "'later' is not an instant"),
        (
            "{name: t, services: [{tier: 1}], expect: {answer: yes}}",
            "every entry of 'services' needs an 'id'",
        ),
        (
            "{name: t, incomplete: [change], expect: {answer: yes}}",
            "the rule does not look at change records",
        ),
        (
            "{name: t, services: [a, b], given: {incident: [{service: a}]}, expect: {answer: yes}}",
            "name the service",
        ),
    ],
)
def test_a_test_that_is_not_written_as_it_should_be_is_told_with_its_place(test: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        results_of(test)
    assert said in str(refused.value)
    assert str(refused.value).startswith("rules.yaml:12:")


@pytest.mark.parametrize(
    ("spoiled", "fault"), [(("name:", "nmae:"), "unknown key 'nmae'"), (("area: A", "area: [A"), "not YAML")]
)
def test_what_cannot_be_read_is_not_also_said_to_be_missing(
    tmp_path: Path, spoiled: tuple[str, str], fault: str
) -> None:
    other = PRACTICE.replace("A-P", "A-Q").replace(*spoiled)
    rule = RULE.replace("A-P-2.1", "A-Q-2.1")
    told = pack_faults(files(tmp_path, m=MODEL, p=PRACTICE, q=other, r=rule))

    assert any(fault in each for each in told)
    assert {each.split(":")[0] for each in told} == {"q.yaml"}


@pytest.mark.parametrize("pack", ["itomm", "oncall-check"])
def test_shipped_rules_are_the_same_without_their_tests(pack: str) -> None:
    whole, quick = load_packs([pack]), load_packs([pack], tests=False)
    assert quick.rules_digest == whole.rules_digest
    assert quick.model_digest == whole.model_digest
    assert quick.places == whole.places
    for ours, theirs in zip(quick.rules, whole.rules, strict=True):
        assert ours.document.text == theirs.document.text
        assert ours.document.place(("measure",)) == theirs.document.place(("measure",))
        assert theirs.written.tests
        assert not ours.written.tests


def test_the_tests_of_one_s_own_rules_are_always_read(tmp_path: Path) -> None:
    folder = files(tmp_path, m=MODEL, p=PRACTICE, r=f"{RULE}tests:\n- name: nothing\n")
    assert load_packs([], [folder], tests=False).rules[0].written.tests == [{"name": "nothing"}]
