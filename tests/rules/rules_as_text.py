"""Rules and their test cases written as plain values, read through the same door as YAML files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing

import duckdb

from itomm.config.structure import checked
from itomm.config.yaml_source import Document, parse_documents
from itomm.evidence.reading.as_of import lock_down
from itomm.rules.answer import InferredAnswer
from itomm.rules.cases import CaseDocument, answer_of
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule

PLAIN_RULE: Mapping[str, object] = {
    "rule": "under-test",
    "answers": "A-P-2.1",
    "per": "organisation",
    "from": "incident",
    "measure": {"count": True},
    "grade": {"yes": ">= 1"},
    "missing": "unknown",
    "confidence": "direct",
}
"""A rule that only needs what a test is about; keys are replaced one by one."""


def document_of(value: object) -> Document:
    """A value as the only document of a YAML file (JSON is YAML)."""
    return parse_documents(json.dumps(value, ensure_ascii=False), "rules.yaml")[0]


def rule_of(**parts: object) -> Rule:
    """The plain rule with other parts; ``from_`` is ``from``."""
    named = {name.removesuffix("_"): value for name, value in parts.items()}
    return read_rule(document_of({**PLAIN_RULE, **named}))


def answer_to(rule: Rule, records: Sequence[Mapping[str, object]] = (), **case: object) -> InferredAnswer:
    """What a rule says on records of its own type; ``case`` holds other keys of a test case."""
    written = {
        "name": "case",
        "expect": {"answer": "unknown"},
        "given": {rule.record_type.name: list(records)},
    }
    test = checked(CaseDocument, document_of({**written, **case}))
    with closing(duckdb.connect()) as connection:
        lock_down(connection)
        return answer_of(connection, rule, test)
