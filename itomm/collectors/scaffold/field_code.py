"""For each field of a record type, the code that reads it and a value that a tool might send. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from itomm.evidence.record_types import Field, FieldType, RecordType

_READERS = {
    FieldType.TEXT: "text_of",
    FieldType.INTEGER: "whole_number_of",
    FieldType.NUMBER: "number_of",
    FieldType.RATIO: "number_of",
    FieldType.BOOLEAN: "truth_of",
    FieldType.INSTANT: "instant_of",
    FieldType.DURATION: "duration_of",
    FieldType.LIST: "texts_of",
    FieldType.JSON: "document_of",
}
READERS_OF_ITOMM = frozenset({"text_of", "instant_of"})
PERSON = "Ada Lovelace"


@dataclass(frozen=True)
class FieldCode:
    """One field in code: its name, the function that reads it, and an expression for a sample value."""

    name: str
    reader: str
    sample: str


def field_codes(kind: RecordType) -> list[FieldCode]:
    """The code of every field, in the order in which they are declared."""
    hours = 0
    codes = []
    for field in kind.fields.values():
        if field.type is FieldType.INSTANT and field.name != kind.occurred:
            hours += 1
        codes.append(FieldCode(field.name, _READERS[field.type], _sample(kind, field, hours)))
    return codes


def people_in(kind: RecordType) -> tuple[str, ...]:
    """The people that the samples name."""
    return (PERSON,) if any(field.people for field in kind.fields.values()) else ()


def _sample(kind: RecordType, field: Field, hours: int) -> str:
    """A Python expression; ``at`` and ``number`` are the row's instant and number."""
    if field.values:
        return json.dumps(kind.name if kind.name in field.values else field.values[0])
    match field.type:
        case FieldType.TEXT:
            return json.dumps(PERSON) if field.people else f'f"{field.name} {{number}}"'
        case FieldType.LIST:
            return json.dumps([PERSON if field.people else "one"])
        case FieldType.INSTANT:
            added = "" if field.name == kind.occurred else f" + timedelta(hours={hours})"
            return f"({f'at{added}'}).isoformat()" if added else "at.isoformat()"
    return _PLAIN_SAMPLES[field.type]


_PLAIN_SAMPLES = {
    FieldType.INTEGER: "number",
    FieldType.NUMBER: "1.5",
    FieldType.RATIO: "0.5",
    FieldType.BOOLEAN: "True",
    FieldType.DURATION: "3600",
    FieldType.JSON: "[]",
}
