"""The JSON Schemas for editors: current, explained, and true of every file that is shipped."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import itomm.estate
from itomm.cli.configuration_schema import SCHEMAS, schema_text
from itomm.config.yaml_source import parse_documents, read_documents
from itomm.estate.estate import Estate
from itomm.rules.schemas.describing import undescribed

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "reference" / "schemas"
PACKS = ROOT / "itomm" / "rules" / "packs"


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = json.loads(schema_text(kind))
    return Draft202012Validator(schema)


def faults(kind: str, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(kind).iter_errors(document)]


def documents(text: str) -> list[Any]:
    return [document.value for document in parse_documents(text, "x.yaml")]


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_the_kept_schema_is_current(kind: str) -> None:
    kept = (KEPT / f"{kind}.json").read_text(encoding="utf-8")

    assert kept == schema_text(kind), "write them anew: itomm rules schema --to docs/reference/schemas"


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_it_is_a_schema_of_2020_12(kind: str) -> None:
    Draft202012Validator.check_schema(validator(kind).schema)


@pytest.mark.parametrize("kind", ["model", "rule"])
def test_every_key_is_explained(kind: str) -> None:
    assert list(undescribed(SCHEMAS[kind]())) == []


def test_every_key_of_the_configuration_is_explained() -> None:
    schema = SCHEMAS["configuration"]()
    own = {name: part for name, part in schema["$defs"].items() if "-" not in name}

    assert list(undescribed({**schema, "$defs": own})) == []


@pytest.mark.parametrize("file", sorted(PACKS.rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_document_of_the_shipped_packs_fits(file: Path) -> None:
    checking = validator("pack")
    found = [
        f"{error.json_path}: {error.message[:200]}"
        for document in read_documents(file)
        for error in checking.iter_errors(document.value)
    ]

    assert found == []


def test_the_configurations_that_we_write_fit() -> None:
    first = (ROOT / "itomm" / "config" / "first_configuration.yaml").read_text(encoding="utf-8")
    small = Path(itomm.estate.__file__).parent / "habits" / "two_services.yaml"
    demo = Estate.load(small).configuration("http://127.0.0.1:1", None)

    for text in (first.replace("ORGANISATION_NAME", "Acme"), demo):
        (document,) = documents(text)
        assert faults("configuration", document) == []


RULE = """\
rule: quick
answers: A-1
per: service
from: incident
window: {field: opened_at, days: 90}
measure: {median: restored_at - opened_at}
grade: {yes: "<= 4 h"}
missing: unknown
confidence: direct
"""


def test_a_good_rule_fits() -> None:
    (rule,) = documents(RULE)

    assert faults("rule", rule) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("from: incident", "from: incidnet"),
        ("field: opened_at", "field: published_at"),
        ("days: 90", "days: many"),
        ("median: restored_at - opened_at", "middle: restored_at"),
        ("median: restored_at - opened_at", "median: 1, max: 2"),
        ("missing: unknown", "missing: nothing"),
        ("per: service", "per: team"),
        ("confidence: direct", "confidnce: direct"),
        ("missing: unknown\n", ""),
        ("confidence: direct", "confidence: direct\ntests: [{name: a, expect: {answer: maybe}}]"),
        (
            "confidence: direct",
            "confidence: direct\ntests: [{name: a, expect: {answer: yes}, given: {incident: [{svrity: 1}]}}]",
        ),
    ],
)
def test_an_editor_marks_what_itomm_would_refuse(good: str, bad: str) -> None:
    (rule,) = documents(RULE.replace(good, bad))

    assert faults("rule", rule)


@pytest.mark.parametrize(
    "text",
    [
        "organisation: {id: a, name: A}\nsources: {j: {collector: jra}}\n",
        "organisation: {id: a, name: A}\nsources: {j: {collector: jira, url: 'https://x', tokn: 'env:T'}}\n",
        "organisation: {id: a, name: A}\nrules: {packs: [itom]}\n",
        "organisation: {id: a}\n",
    ],
)
def test_an_editor_marks_a_wrong_configuration(text: str) -> None:
    (document,) = documents(text)

    assert faults("configuration", document)
