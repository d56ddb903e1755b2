"""Record types: what a fact of each kind looks like. The declarations are in ``record_types.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources

import yaml


class FieldType(StrEnum):
    """Types a field can have."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    RATIO = "ratio"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DURATION = "duration"
    LIST = "list"
    JSON = "json"


@dataclass(frozen=True)
class Field:
    """One field of a record type. The keys of ``record_types.yaml`` are explained at its head."""

    name: str
    type: FieldType
    required: bool = False
    values: tuple[str | int, ...] = ()
    later: bool = False
    known_from: str | None = None
    since: str | None = None
    before: str | bool | None = None
    stages: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False
    people: bool = False
    empty_says: str = ""
    about: str = ""


@dataclass(frozen=True)
class RecordType:
    """The declaration of one kind of fact.

    ``occurred`` names the field that says when the fact happened, or when the ``spans_days`` began that it
    tells of. A type without it is *state*: it is true of the moment it was seen and unknown before.
    """

    name: str
    about: str
    time_to_live_days: int
    fields: Mapping[str, Field] = field(repr=False)
    occurred: str | None = None
    spans_days: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_state(self) -> bool:
        """Whether each observation replaces the one before."""
        return self.occurred is None

    def resolve(self, name: str) -> Field | None:
        """The field called ``name``, by its own name or an alias; None when there is none."""
        return self.fields.get(self.aliases.get(name, name))


@cache
def record_types() -> Mapping[str, RecordType]:
    """All record types by name."""
    text = resources.files("itomm.evidence").joinpath("record_types.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    declared = yaml.load(text, Loader=loader)  # noqa: S506  a safe loader, the C one where built
    return {name: _record_type(name, declared) for name in declared}


def _record_type(name: str, declared: Mapping[str, Mapping[str, object]]) -> RecordType:
    own = declared[name]
    base = declared[str(own["extends"])] if "extends" in own else {}
    fields: dict[str, Field] = {}
    for part in (base, own):
        for field_name, attributes in _mapping(part.get("fields")).items():
            fields[field_name] = _field(field_name, _mapping(attributes))
    occurred = own.get("occurred", base.get("occurred"))
    aliases = own.get("aliases", base.get("aliases", {}))
    return RecordType(
        name=name,
        about=str(own["about"]),
        time_to_live_days=int(str(own["time_to_live_days"])),
        fields=fields,
        occurred=str(occurred) if occurred else None,
        spans_days=int(str(own.get("spans_days", base.get("spans_days", 0)))),
        aliases={str(key): str(value) for key, value in _mapping(aliases).items()},
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _field(name: str, attributes: Mapping[str, object]) -> Field:
    values = attributes.get("values", ())
    before = attributes.get("before")
    return Field(
        name=name,
        type=FieldType(str(attributes["type"])),
        required=bool(attributes.get("required", False)),
        values=tuple(values) if isinstance(values, list) else (),
        later=bool(attributes.get("later", False)),
        known_from=str(attributes["known_from"]) if "known_from" in attributes else None,
        since=str(attributes["since"]) if "since" in attributes else None,
        before=before if isinstance(before, str | bool) else None,
        stages={str(value): str(moment) for value, moment in _mapping(attributes.get("stages")).items()},
        replayed=bool(attributes.get("replayed", False)),
        people=bool(attributes.get("people", False)),
        empty_says=str(attributes.get("empty_says", "")),
        about=str(attributes.get("about", "")),
    )
