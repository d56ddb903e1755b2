"""What teams keep so that tools can show what they do, and where the evidence shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from itomm.config.structure import StrictModel, checked
from itomm.config.yaml_source import Document, parse_documents, read_document
from itomm.rules.columns_read import columns_read, values_asked_for
from itomm.rules.measuring import measure_rule
from itomm.rules.rule import Rule
from itomm.rules.rule_reader import read_rule


@dataclass(frozen=True)
class Convention:
    """One thing to keep.

    Attributes:
        name: its name.
        keep: what to do, in a sentence.
        configure: how to point itomm at what is there already.
        counting: counts the records that show it.
        fields: when not empty, only rules that read one of these fields depend on it.
        words: when not empty, only rules that ask for one of these values depend on it.
    """

    name: str
    keep: str
    configure: str
    counting: Rule
    fields: frozenset[str]
    words: frozenset[str]

    def is_read_by(self, rule: Rule, as_of: datetime) -> bool:
        """Whether a rule's answer rests on such records."""
        record_type = self.counting.record_type.name
        if all(each.name != record_type for each in rule.needed_types):
            return False
        bound = rule.bound(as_of)
        read = columns_read([bound]).get(record_type, frozenset())
        return (not self.fields or bool(self.fields & read)) and (
            not self.words or bool(self.words & values_asked_for(bound))
        )


@cache
def conventions() -> tuple[Convention, ...]:
    """The conventions of the shipped questionnaire.

    Raises:
        InvalidInputError: the file that comes with itomm is broken.
    """
    file = Path(str(resources.files("itomm.rules.conventions") / "itomm.yaml"))
    document = read_document(file)
    entries = document.value if isinstance(document.value, list) else []
    return tuple(_convention(document, number) for number in range(len(entries)))


def found_in(
    connection: duckdb.DuckDBPyConnection, wanted: Sequence[Convention], as_of: datetime
) -> Mapping[str, int]:
    """How many records show each convention."""
    return {each.name: measure_rule(connection, each.counting.bound(as_of)).total.counted for each in wanted}


def answered_by(convention: Convention, rules: Iterable[Rule], as_of: datetime) -> list[str]:
    """The criteria whose rules rest on a convention."""
    return sorted({rule.criterion for rule in rules if convention.is_read_by(rule, as_of)})


class ConventionDocument(StrictModel):
    """One entry of the file."""

    convention: str
    keep: str
    configure: str
    records: Mapping[str, str]
    fields: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def _convention(document: Document, number: int) -> Convention:
    written = checked(ConventionDocument, document, (number,))
    return Convention(
        name=written.convention,
        keep=written.keep,
        configure=written.configure,
        counting=_counting(written),
        fields=frozenset(written.fields),
        words=frozenset(written.words),
    )


def _counting(written: ConventionDocument) -> Rule:
    """A rule that counts the records, so that the rule language and its engine say what a record is."""
    rule = {
        "rule": written.convention,
        "answers": written.convention,
        "per": "organisation",
        **written.records,
        "measure": {"count": True},
        "grade": {"yes": ">= 1"},
        "missing": "unknown",
        "confidence": "direct",
    }
    return read_rule(parse_documents(json.dumps(rule), written.convention)[0])
