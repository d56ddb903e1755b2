"""Checks that a declared mapping fits the record types it names; every fault is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from itomm.collectors.mapping.declared import FieldMapping, RecordMapping
from itomm.collectors.mapping.defaults import default_of
from itomm.collectors.mapping.links import placeholders
from itomm.config.structure import closest
from itomm.evidence.record_types import Field, FieldType, RecordType, record_types
from itomm.evidence.segments.columns import RecordRefusedError, checked_value

NOT_MAPPED = frozenset({"answer", "issue"})
"""People's answers come by ``itomm answer``; an issue is always of one of the kinds that have types."""

Step = str | int
Fault = tuple[tuple[Step, ...], str]

_FITS: Mapping[str, frozenset[FieldType]] = {
    "format": frozenset({FieldType.INSTANT}),
    "zone": frozenset({FieldType.INSTANT}),
    "unit": frozenset({FieldType.DURATION, FieldType.RATIO}),
    "scale": frozenset({FieldType.RATIO}),
    "separator": frozenset({FieldType.LIST}),
    "decimal": frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.RATIO, FieldType.DURATION}),
    "words": frozenset({FieldType.TEXT, FieldType.INTEGER, FieldType.BOOLEAN, FieldType.LIST}),
    "otherwise": frozenset({FieldType.TEXT, FieldType.INTEGER, FieldType.BOOLEAN, FieldType.LIST}),
}
"""Which keys say something about which types of fields."""

_HOW_TO_FILL = "Map them, or write a constant where you know the value of every row."


def mapped_types() -> tuple[str, ...]:
    """The record types that a mapping can deliver."""
    return tuple(name for name in record_types() if name not in NOT_MAPPED)


def fitting(
    records: Mapping[str, RecordMapping], check_path: Callable[[RecordMapping, str], str | None]
) -> None:
    """Raise one error with all faults of ``records``; ``check_path`` tells what is wrong with one path.

    Raises:
        ValidationError: with the place of each fault, relative to ``records``.
    """
    faults = [
        ((kind, *place), message)
        for kind, mapping in records.items()
        for place, message in _faults(kind, mapping, check_path)
    ]
    if not records:
        faults.append(((), "name at least one record type"))
    refuse(faults)


def refuse(faults: Sequence[Fault]) -> None:
    """Raise one pydantic error that holds every fault at its place, when there is any."""
    if not faults:
        return
    details = [
        InitErrorDetails(type=PydanticCustomError("mapping", "{text}", {"text": text}), loc=place, input=None)
        for place, text in faults
    ]
    raise ValidationError.from_exception_data("mapping", details)


def _faults(
    kind: str, mapping: RecordMapping, check_path: Callable[[RecordMapping, str], str | None]
) -> Iterator[Fault]:
    declared = record_types().get(kind)
    if declared is None or kind in NOT_MAPPED:
        why = "cannot be mapped" if declared else "is no record type"
        yield (), f"'{kind}' {why}. {closest(kind, mapped_types())}".strip()
        return
    for name, field in mapping.fields.items():
        yield from ((("fields", name, *place), text) for place, text in _field_faults(declared, name, field))
    missing = sorted(
        name
        for name, field in declared.fields.items()
        if field.required and name not in mapping.fields and default_of(kind, field) is None
    )
    if missing:
        needed = ", ".join(missing)
        yield ("fields",), f"{kind} also needs {needed}. {_HOW_TO_FILL}"
    for place, path in _paths(mapping):
        wrong = check_path(mapping, path)
        if wrong:
            yield place, wrong


def _field_faults(declared: RecordType, name: str, mapping: FieldMapping) -> Iterator[Fault]:
    field = declared.fields.get(name)
    if name in declared.aliases:
        yield (), f"write {declared.aliases[name]} for {name}"
        return
    if field is None:
        yield (), f"{declared.name} has no field '{name}'. {closest(name, declared.fields)}".strip()
        return
    if mapping.is_constant:
        yield from _value_faults(declared, field, ("constant",), mapping.constant)
    for key in sorted(mapping.model_fields_set & _FITS.keys()):
        if field.type not in _FITS[key]:
            yield (key,), f"{key} says nothing about {name}, which is {_article(field.type)}"
    if mapping.unit == "percent" and field.type is FieldType.DURATION:
        yield ("unit",), f"percent is no unit of {name}, which is a duration"
    if field.type is FieldType.RATIO and "unit" in mapping.model_fields_set and mapping.unit != "percent":
        yield ("unit",), f"the only unit of {name}, which is a ratio, is percent"
    if field.type is not FieldType.LIST:
        meanings: dict[tuple[Step, ...], Any] = {("words", word): it for word, it in mapping.words.items()}
        if mapping.has_otherwise:
            meanings["otherwise",] = mapping.otherwise
        for place, meaning in meanings.items():
            if meaning is not None:
                yield from _value_faults(declared, field, place, meaning)


def _value_faults(
    declared: RecordType, field: Field, place: tuple[Step, ...], value: object
) -> Iterator[Fault]:
    if field.type is FieldType.INSTANT and isinstance(value, str):
        yield place, f"an instant cannot be a constant; map {field.name} to a column"
        return
    try:
        checked_value(declared, field, value)
    except RecordRefusedError as error:
        allowed = f" Allowed are: {', '.join(map(str, field.values))}." if field.values else ""
        yield place, f"{error}.{allowed}"


def _paths(mapping: RecordMapping) -> Iterator[tuple[tuple[Step, ...], str]]:
    for number, path in enumerate(mapping.id):
        yield ("id", number), path
    for number, path in enumerate(mapping.services):
        yield ("services", number), path
    for path in placeholders(mapping.link or ""):
        yield ("link",), path
    for path in mapping.where:
        yield ("where", path), path
    for name, field in mapping.fields.items():
        for path in field.source:
            yield ("fields", name), path


def _article(kind: FieldType) -> str:
    return f"an {kind}" if kind in (FieldType.INTEGER, FieldType.INSTANT) else f"a {kind}"
