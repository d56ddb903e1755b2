"""From a pydantic model to a JSON Schema that explains itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Text = tuple[str, *tuple[object, ...]]
"""What a key means, then examples of its value."""
Texts = Mapping[str, Mapping[str, Text]]
"""For each model by its name: its keys with their texts."""


def described_schema(model: type[BaseModel], title: str, texts: Texts) -> dict[str, Any]:
    """A model's schema with a description, and where given examples, for every key of ``texts``."""
    schema = model.model_json_schema(by_alias=True)
    for name, part in _models(schema, model.__name__):
        for key, declared in part.get("properties", {}).items():
            _without_null(declared)
            declared.pop("title", None)
            text = texts.get(name, {}).get(key)
            if text is not None:
                declared["description"] = text[0]
                if len(text) > 1:
                    declared["examples"] = list(text[1:])
        part["description"] = str(part.get("description", "")).replace("``", "").split("\n\n")[0]
        part.pop("title", None)
    return {"$schema": DIALECT, "title": title, **schema}


def undescribed(schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """The keys of a schema that nothing explains."""
    for key, declared in schema.get("properties", {}).items():
        if "description" not in declared and "$ref" not in declared:
            yield f"{at}{key}"
    for name, part in schema.get("$defs", {}).items():
        yield from undescribed(part, f"{name}.")


def _models(schema: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, schema
    yield from schema.get("$defs", {}).items()


def _without_null(declared: dict[str, Any]) -> None:
    """An optional key is left out rather than set to null."""
    choices = [each for each in declared.get("anyOf", ()) if each != {"type": "null"}]
    if declared.get("default", "") is None:
        del declared["default"]
    if len(choices) == 1:
        del declared["anyOf"]
        declared |= choices[0]
    elif choices:
        declared["anyOf"] = choices
