"""What a collector can be told and what it reads, as plain data: for ``itomm collectors describe``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from itomm.collectors.contract import Collector, CollectorSettings, Stream

NO_DEFAULT = "none"
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


@dataclass(frozen=True)
class SettingDescription:
    """One setting: its key, what may stand there, its default (None when it must be given), what it does."""

    key: str
    kind: str
    default: str | None
    about: str


@dataclass(frozen=True)
class CollectorDescription:
    """A collector: what it reads, its settings, and its streams with the rights they need."""

    name: str
    title: str
    about: str
    settings: tuple[SettingDescription, ...]
    streams: tuple[Stream, ...]


def described(collector: type[Collector]) -> CollectorDescription:
    """The description of a collector, from what it declares and documents."""
    model = collector.settings_model
    documented = _documented(model)
    schema = model.model_json_schema()
    settings = tuple(
        SettingDescription(
            key=key,
            kind=_kind(schema["properties"].get(field.alias or key, {}), schema.get("$defs", {})),
            default=_default(field.get_default(call_default_factory=True)),
            about=field.description or documented.get(key, ""),
        )
        for key, field in model.model_fields.items()
    )
    about = "\n\n".join(_plain(part) for part in re.split(r"\n\s*\n", inspect.getdoc(collector) or ""))
    return CollectorDescription(collector.name, collector.title, about, settings, collector.streams)


def _default(value: object) -> str | None:
    if value is PydanticUndefined:
        return None
    if value is None or value in ((), {}):
        return NO_DEFAULT
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    return "true" if value is True else "false" if value is False else str(value)


def _documented(model: type[CollectorSettings]) -> dict[str, str]:
    """By key, what the documentation of the settings and of their bases says; the nearest counts."""
    found: dict[str, str] = {}
    for base in model.__mro__:
        text = inspect.cleandoc(base.__doc__ or "") if issubclass(base, CollectorSettings) else ""
        for key, about in [*_attributes(text), *_mentions(text)]:
            found.setdefault(key, about)
    return found


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    _, _, section = text.partition("Attributes:\n")
    for key, about in _ATTRIBUTE.findall(section):
        yield key, _plain(about)


def _mentions(text: str) -> Iterator[tuple[str, str]]:
    """Sentences that name a key in double back-quotes, where there is no list of attributes."""
    prose = " ".join(text.partition("Attributes:\n")[0].split())
    for sentence in re.split(r"(?<=\.) (?=[A-Z`])", prose):
        for key in re.findall(r"``(\w+)``", sentence):
            yield key, _plain(sentence)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "")


def _kind(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What may stand there, in words."""
    if "$ref" in schema:
        return _kind(definitions.get(str(schema["$ref"]).rpartition("/")[2], {}), definitions)
    if "const" in schema or "enum" in schema:
        return " | ".join(_word(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        parts = [_kind(part, definitions) for part in schema["anyOf"] if part.get("type") != "null"]
        return " | ".join(dict.fromkeys(parts))
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_kind(part, definitions) for part in schema['prefixItems'])}]"
        return f"list of {_kind(schema.get('items', {}), definitions)}"
    return _WORDS.get(str(schema.get("type")), "anything")


def _word(value: object) -> str:
    return "true" if value is True else "false" if value is False else str(value)


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true | false",
    "object": "mapping",
}
