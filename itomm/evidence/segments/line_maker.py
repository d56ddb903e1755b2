"""Makes record lines from observations, a page at a time.

A page whose values have the kinds that their columns want is checked and written by msgspec. Any other page
goes record by record through the exact checks of ``columns``, which also tell what does not fit; both give
the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from itomm.evidence.observation import Observation
from itomm.evidence.record_types import Field, FieldType, RecordType
from itomm.evidence.segments.columns import (
    LARGEST_INTEGER,
    RecordRefusedError,
    checked_value,
    column_values,
    json_text,
)

_PROVENANCE: Mapping[str, Any] = {
    "page": int,
    "position": int,
    "service_id": str | None,
    "source_ref": str,
    "url": str,
}
_PLAIN: Mapping[FieldType, Any] = {
    FieldType.TEXT: str,
    FieldType.INTEGER: Annotated[int, msgspec.Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)],
    FieldType.BOOLEAN: bool,
    FieldType.INSTANT: Annotated[datetime, msgspec.Meta(tz=True)],
    FieldType.LIST: list[str],
}
"""Kinds of field whose values stand in a line as they are; the others are made text."""

_LONGEST_DURATION_DAYS = 10_000_000  # fits the 12 digits of seconds that the column has


class LineMaker:
    """Makes the lines of one record type."""

    def __init__(self, record_type: RecordType) -> None:
        self._type = record_type
        self._line = _line_type(record_type)
        self._instants = [each.name for each in record_type.fields.values() if each.type is FieldType.INSTANT]
        self._made_text = [
            (each, _as_text(record_type, each))
            for each in record_type.fields.values()
            if each.type not in _PLAIN
        ]
        self._encode = msgspec.json.Encoder().encode

    def lines(
        self, observations: Sequence[Observation], service_ids: Sequence[str | None], page: int
    ) -> tuple[list[bytes], list[str]]:
        """The lines of a page's observations, and for each that does not fit: which one and why."""
        try:
            return self._at_once(observations, service_ids, page), []
        except (msgspec.ValidationError, TypeError, ValueError):
            return self._one_by_one(observations, service_ids, page)

    def all_fit(self, observations: Sequence[Observation]) -> bool:
        """Whether all fit for certain; what does not may still fit, by the checks of ``columns``."""
        try:
            self._at_once(observations, [None] * len(observations), 0)
        except (msgspec.ValidationError, TypeError, ValueError):
            return False
        return True

    def _at_once(
        self, observations: Sequence[Observation], service_ids: Sequence[str | None], page: int
    ) -> list[bytes]:
        """Raises ValidationError, TypeError or ValueError when a value needs a closer look."""
        fields = [observation.fields for observation in observations]
        if not self._type.fields.keys() >= set().union(*fields):
            raise ValueError(self._type.name)
        lines: list[Any] = msgspec.convert(fields, list[self._line])  # type: ignore[name-defined]  # made above
        for name in self._instants:
            for line in lines:
                instant = getattr(line, name)
                if instant is not None and instant.tzinfo is not UTC:
                    setattr(line, name, instant.astimezone(UTC))
        for declared, as_text in self._made_text:
            name, required = declared.name, declared.required
            for line in lines:
                value = getattr(line, name)
                if value is not None:
                    setattr(line, name, as_text(value))
                elif required:
                    raise ValueError(name)
        for position, (line, one, service) in enumerate(zip(lines, observations, service_ids, strict=True)):
            line.page, line.position, line.service_id = page, position, service
            line.source_ref, line.url = one.source_ref, one.url
        encode = self._encode
        return [encode(line) for line in lines]

    def _one_by_one(
        self, observations: Sequence[Observation], service_ids: Sequence[str | None], page: int
    ) -> tuple[list[bytes], list[str]]:
        lines, refused = [], []
        for position, (one, service) in enumerate(zip(observations, service_ids, strict=True)):
            provenance = {
                "page": page,
                "position": position,
                "service_id": service,
                "source_ref": one.source_ref,
                "url": one.url,
            }
            try:
                values = dict(_in_utc(column_values(self._type, one.fields)))
                lines.append(self._encode(self._line(**(provenance | values))))
            except RecordRefusedError as error:
                refused.append(f"{one.source_ref}: {error}")
            except UnicodeEncodeError:
                refused.append(f"{one.source_ref!a}: its name or address is no text")
        return lines, refused


def _line_type(record_type: RecordType) -> type[msgspec.Struct]:
    """A class with an attribute for each part of a line, in their order."""
    kinds: dict[str, tuple[Any, ...]] = {name: (name, kind, None) for name, kind in _PROVENANCE.items()}
    for name, declared in record_type.fields.items():
        kind = Literal[declared.values] if declared.values else _PLAIN.get(declared.type, Any)
        kinds[name] = (name, kind) if declared.required else (name, kind | None, None)
    fields: Any = [kinds[name] for name in sorted(kinds)]
    return msgspec.defstruct("RecordLine", fields, kw_only=True)


def _as_text(record_type: RecordType, declared: Field) -> Callable[[Any], object]:
    if declared.type is FieldType.JSON:
        return _json
    exactly = partial(checked_value, record_type, declared)
    return partial(_duration, exactly) if declared.type is FieldType.DURATION else exactly


def _json(value: object) -> str:
    if not isinstance(value, dict | list | tuple):
        raise TypeError(value)
    return json_text(value)


def _duration(exactly: Callable[[object], object], value: object) -> object:
    if type(value) is timedelta and 0 <= value.days <= _LONGEST_DURATION_DAYS:
        return f"{value.days * 86_400 + value.seconds}.{value.microseconds:06d}"
    return exactly(value)


def _in_utc(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        yield name, value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
