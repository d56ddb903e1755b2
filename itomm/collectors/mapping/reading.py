"""Reads rows as a mapping says: into what an observation needs, or a refusal that says why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.mapping.converting import converted, is_empty, text_from
from itomm.collectors.mapping.declared import Condition, FieldMapping, RecordMapping
from itomm.collectors.mapping.defaults import TICKETS, default_of, defaults_of
from itomm.collectors.mapping.links import filled
from itomm.collectors.mapping.paths import Look
from itomm.collectors.ticketing.history import DONE, OPEN
from itomm.config.clock import format_instant
from itomm.evidence.observation import Observation
from itomm.evidence.record_types import Field, FieldType, record_types
from itomm.evidence.segments.columns import RecordRefusedError, checked_value

Row = Mapping[str, object]
"""A row of a table by column, or one object of structured data."""

OWN_NAMES = "$"
"""Names that begin so tell of the request or file, not of the row: ``$scope``, ``$file``, ``$sheet``."""


class RowRefusedError(ValueError):
    """A row cannot be read as the mapping says; the message names the column, never what stands in it."""


@dataclass(frozen=True)
class Read:
    """What a row holds.

    Attributes:
        source_ref: what identifies it in the source.
        fields: the record's fields.
        raw: what was read, by column or path.
        service_keys: the names of its service, best first.
        link: the live page; None when the mapping names none, or what it needs is empty.
    """

    source_ref: str
    fields: Mapping[str, object]
    raw: Mapping[str, object]
    service_keys: tuple[str, ...]
    link: str | None

    def observation(self, *, url: str, raw: object = None) -> Observation:
        """The observation, with ``url`` where the row has no live page of its own."""
        return Observation(
            self.source_ref,
            self.fields,
            self.raw if raw is None else raw,
            self.link or url,
            self.service_keys,
        )


class RecordReader:
    """Reads the rows of one record type.

    Args:
        kind: the record type's name.
        mapping: how its rows are read; it fits the record type.
        look: how columns or paths are looked up.
        own: what the names that begin with ``$`` stand for.
    """

    def __init__(
        self, kind: str, mapping: RecordMapping, look: Look, own: Mapping[str, str] | None = None
    ) -> None:
        self._kind = record_types()[kind]
        self._mapping = mapping
        self._look = look
        self._own = own or {}
        self._defaults = defaults_of(kind, mapping.fields)

    def is_wanted(self, row: Row) -> bool:
        """Whether the row is of this type, by the mapping's conditions; raises RowRefusedError."""
        return all(
            self._holds(self._found(row, path), condition) for path, condition in self._mapping.where.items()
        )

    def read(self, row: Row) -> Read:
        """What the row holds.

        Raises:
            RowRefusedError: the row has no identity, or a field is not what the mapping says.
        """
        raw: dict[str, object] = {}
        source_ref = "/".join(self._needed(row, path, raw) for path in self._mapping.id)
        fields = {
            name: self._field(row, name, mapping, raw) for name, mapping in self._mapping.fields.items()
        }
        fields |= self._defaults
        if self._kind.name in TICKETS and "transitions" not in self._mapping.fields:
            fields["transitions"] = _transitions(fields)
        keys = [key for path in self._mapping.services for key in self._keys(row, path, raw)]
        link = self._mapping.link
        return Read(
            source_ref=source_ref,
            fields=fields,
            raw=raw,
            service_keys=tuple(dict.fromkeys(keys)),
            link=filled(link, lambda path: self._text(row, path, raw)) if link else None,
        )

    def occurred_at(self, read: Read) -> datetime | None:
        """When what a row tells of happened; None for state."""
        occurred = read.fields.get(self._kind.occurred) if self._kind.occurred else None
        return occurred if isinstance(occurred, datetime) else None

    def _found(self, row: Row, path: str) -> object:
        if path.startswith(OWN_NAMES):
            return self._own.get(path)
        try:
            return self._look(row, path)
        except ValueError as error:
            raise RowRefusedError(f"it does not hold {error}") from None

    def _field(self, row: Row, name: str, mapping: FieldMapping, raw: dict[str, object]) -> object:
        if mapping.is_constant:
            return mapping.constant
        declared = self._kind.fields[name]
        value: object = None
        for path in mapping.source:
            found = self._found(row, path)
            if is_empty(found, mapping):
                continue
            raw[path] = _plain(found)
            try:
                value = converted(found, mapping, declared)
                checked_value(self._kind, declared, value) if value is not None else None
            except RecordRefusedError:
                allowed = ", ".join(map(str, declared.values)) or f"what fits a field of type {declared.type}"
                raise RowRefusedError(f"'{path}' does not hold {name}: expected {allowed}") from None
            except ValueError as error:
                raise RowRefusedError(f"'{path}' does not hold {name}: expected {error}") from None
            break
        if value is None and not mapping.required:
            value = [] if declared.type is FieldType.LIST else self._claims_nothing(declared)
        if value is None and (mapping.required or declared.required):
            raise RowRefusedError(f"{name} is empty ({', '.join(mapping.source)})")
        return value

    def _claims_nothing(self, declared: Field) -> object:
        return default_of(self._kind.name, declared) if declared.required else None

    def _needed(self, row: Row, path: str, raw: dict[str, object]) -> str:
        text = self._text(row, path, raw)
        if not text:
            raise RowRefusedError(f"'{path}', which identifies it, is empty")
        return text

    def _text(self, row: Row, path: str, raw: dict[str, object]) -> str | None:
        value = self._found(row, path)
        if value is None:
            return None
        try:
            text = text_from(value)
        except ValueError as error:
            raise RowRefusedError(f"'{path}' should hold {error}") from None
        raw[path] = _plain(value)
        return text

    def _keys(self, row: Row, path: str, raw: dict[str, object]) -> list[str]:
        value = self._found(row, path)
        if value is None:
            return []
        try:
            keys = [text_from(each) for each in (value if isinstance(value, list | tuple) else [value])]
        except ValueError as error:
            raise RowRefusedError(f"'{path}' should hold {error}") from None
        raw[path] = _plain(value)
        return [key for key in keys if key]

    def _holds(self, value: object, condition: Condition) -> bool:
        if condition.present is not None:
            there = value is not None and not (isinstance(value, str) and not value.strip())
            return there == condition.present
        try:
            return value is not None and text_from(value) in condition.any_of
        except ValueError:
            return False


def _plain(value: object) -> object:
    """A value as it is kept beside the record: typed cells as text."""
    if value is None or isinstance(value, bool | int | float | str | dict | list):
        return value
    return str(value)


def _transitions(fields: Mapping[str, object]) -> list[dict[str, object]]:
    """The one move that is known of a ticket without a history: its resolution."""
    resolved = fields.get("resolved_at")
    if fields.get("status_category") != DONE or not isinstance(resolved, datetime):
        return []
    return [
        {
            "at": format_instant(resolved),
            "from": None,
            "from_category": OPEN,
            "to": fields.get("status"),
            "to_category": DONE,
            "by": None,
            "automated": None,
        }
    ]
