"""The JSON Schema of a rule, with the record types' fields and the measures filled in."""

from __future__ import annotations

from typing import Any

from itomm.evidence.record_types import Field, FieldType, RecordType, record_types
from itomm.rules.cases import CaseDocument
from itomm.rules.measures import MeasureKind
from itomm.rules.rule_document import RuleDocument
from itomm.rules.schemas.describing import described_schema
from itomm.rules.schemas.texts import RULE_TEXTS

_TEXT = {"type": "string", "minLength": 1}
_AT_LEAST = {"type": ["string", "number"], "description": "How many records, or which share of them."}


def rule_schema() -> dict[str, Any]:
    """The schema of one rule with its tests."""
    schema = described_schema(RuleDocument, "A rule of itomm", RULE_TEXTS)
    case = described_schema(CaseDocument, "A test of a rule", RULE_TEXTS)
    definitions = {**schema.get("$defs", {}), **case.pop("$defs", {})}
    case.pop("$schema")
    properties = schema["properties"]
    properties["measure"] |= {"oneOf": _measures()}
    properties["per"] = {
        "description": properties["per"]["description"],
        "examples": properties["per"]["examples"],
        "oneOf": [
            {"enum": ["service", "organisation"]},
            {
                "type": "array",
                "items": {"enum": ["service", "organisation"]},
                "minItems": 1,
                "maxItems": 2,
            },
        ],
    }
    _may_be_taken_from_another(schema)
    for holder, key in (
        (properties, "minimum_sample"),
        (definitions["WindowDocument"]["properties"], "days"),
    ):
        number = {
            name: holder[key].pop(name) for name in ("type", "minimum", "maximum") if name in holder[key]
        }
        holder[key]["anyOf"] = [number, {"type": "string", "pattern": r"^\$[a-z][a-z0-9_]*$"}]
    names = {"oneOf": [{"const": each.name, "description": each.about} for each in record_types().values()]}
    definitions["RecordTypeName"] = names
    for holder in (properties, definitions["LinkedDocument"]["properties"]):
        holder["from"] = {"description": holder["from"]["description"], "$ref": "#/$defs/RecordTypeName"}
    case["properties"]["given"] |= {
        "type": "object",
        "properties": {name: {"$ref": f"#/$defs/given-{name}"} for name in record_types()},
        "additionalProperties": False,
    }
    properties["tests"]["items"] = {"$ref": "#/$defs/CaseDocument"}
    definitions["CaseDocument"] = case
    for record_type in record_types().values():
        definitions[f"given-{record_type.name}"] = _given(record_type)
    schema["allOf"] = [_window_of(each) for each in record_types().values()]
    return {**schema, "$defs": definitions}


def _may_be_taken_from_another(schema: dict[str, Any]) -> None:
    """A rule that extends another one may leave out what that one says."""
    own = {"rule", "answers"}
    others = [key for key in schema["required"] if key not in own]
    schema["required"] = sorted(own)
    whole = {"required": others, "oneOf": [{"required": ["from"]}, {"required": ["query"]}]}
    schema["anyOf"] = [{"required": ["extends"]}, whole]


def _measures() -> list[dict[str, Any]]:
    """One schema for each measure: its word, and what it takes."""
    of = {"description": "The expression that is measured.", **_TEXT}
    condition = {"description": "A condition.", **_TEXT}
    all_or_some = {"oneOf": [{"const": True}, condition]}
    shapes: dict[MeasureKind, tuple[str, dict[str, Any]]] = {
        MeasureKind.COUNT: ("How many records count, or satisfy a condition.", all_or_some),
        MeasureKind.EXISTS: ("1 when a record satisfies the condition, else 0.", all_or_some),
        MeasureKind.RATIO: (
            "The share of the records for which 'where' is true.",
            _object({"of": condition, "where": condition}, "where"),
        ),
        MeasureKind.SHARE_OF_SERVICES: (
            "The share of services with such records.",
            {
                "oneOf": [
                    {"const": True},
                    _object(dict.fromkeys(("having", "where", "ratio"), condition) | {"at_least": _AT_LEAST}),
                ]
            },
        ),
        MeasureKind.PERCENTILE: (
            "Nearest-rank percentile: one real record's value.",
            _object({"of": of, "at": {"type": ["number", "string"], "examples": [90]}}, "of", "at"),
        ),
        MeasureKind.RATE: (
            "Records per day, week or month over the window.",
            _object({"per": {"enum": ["day", "week", "month"]}}, "per"),
        ),
        MeasureKind.TREND: (
            "Recent half of the window against its earlier half.",
            {"oneOf": [_object({"count": all_or_some}, "count"), _object({"median": of}, "median")]},
        ),
        MeasureKind.MEDIAN: ("Nearest-rank median: one real record's value.", of),
        MeasureKind.SUM: ("Exact sum.", of),
        MeasureKind.AVERAGE: ("Exact average.", of),
        MeasureKind.MINIMUM: ("Smallest value.", of),
        MeasureKind.MAXIMUM: ("Largest value.", of),
        MeasureKind.DAYS_SINCE: ("As-of instant minus the newest value.", of),
        MeasureKind.DISTINCT: ("How many different values.", of),
    }
    return [
        {**_object({kind.value: {**shape, "description": about}}, kind.value), "title": kind.value}
        for kind, (about, shape) in shapes.items()
    ]


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _window_of(record_type: RecordType) -> dict[str, Any]:
    """The window's field is an instant of the record type."""
    instants = [field.name for field in record_type.fields.values() if field.type is FieldType.INSTANT]
    instants += [alias for alias, name in record_type.aliases.items() if name in instants]
    return {
        "if": {"properties": {"from": {"const": record_type.name}}, "required": ["from"]},
        "then": {"properties": {"window": {"properties": {"field": {"enum": instants}}}}},
    }


_TYPES: dict[FieldType, dict[str, Any]] = {
    FieldType.TEXT: {"type": ["string", "number", "null"]},
    FieldType.INTEGER: {"type": ["integer", "null"]},
    FieldType.NUMBER: {"type": ["number", "null"]},
    FieldType.RATIO: {"type": ["number", "null"]},
    FieldType.BOOLEAN: {"type": ["boolean", "null"]},
    FieldType.INSTANT: {"type": ["string", "null"], "examples": ["2026-10-01T08:00:00Z"]},
    FieldType.DURATION: {"type": ["string", "number", "null"], "examples": ["15 min", 900]},
    FieldType.LIST: {"type": ["array", "null"], "items": {"type": "string"}},
    FieldType.JSON: {"type": ["object", "array", "null"]},
}


def _given(record_type: RecordType) -> dict[str, Any]:
    """A list of records of one type, as test cases give them."""
    fields = {name: _given_field(declared) for name, declared in record_type.fields.items()}
    fields |= {alias: fields[name] for alias, name in record_type.aliases.items() if name in fields}
    every = {
        "service": {"type": ["string", "null"], "description": "The service it belongs to; default s1."},
        "source": {"type": "string", "description": "The source it came from."},
        "source_ref": {"type": "string", "description": "Its reference within the source."},
        "repeat": {"type": "integer", "minimum": 0, "description": "How many copies of it."},
    }
    item = {"type": "object", "properties": {**fields, **every}, "additionalProperties": False}
    return {"type": "array", "items": item, "description": record_type.about}


def _given_field(declared: Field) -> dict[str, Any]:
    kind: dict[str, Any] = {"enum": [*declared.values, None]} if declared.values else _TYPES[declared.type]
    return {**kind, "description": declared.about or f"{declared.type} field"}
