"""From what a source holds to what a record's field holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from itomm.collectors.mapping.declared import FieldMapping, Word
from itomm.collectors.mapping.instants import instant_from
from itomm.collectors.mapping.quantities import duration_from, integer_from, number_from, ratio_from
from itomm.evidence.record_types import Field, FieldType


@dataclass(frozen=True)
class Unreadable:
    """Stands in a row in place of a value that its file does not give; ``why`` completes "it holds"."""

    why: str


TRUTH: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}
"""Words for truth values that every source may use; others are declared with ``words``."""


def is_empty(value: object, mapping: FieldMapping) -> bool:
    """Whether a source holds nothing there."""
    if isinstance(value, str):
        return not value.strip() or value.strip() in mapping.empty
    return value is None


def converted(value: object, mapping: FieldMapping, declared: Field) -> object:
    """What a field holds for a source's ``value``, which is not empty; None for "not known".

    Raises:
        ValueError: the value is not what the mapping says; the message is what was expected, without the
            value, which may be a person's name or a secret.
    """
    if isinstance(value, Unreadable):
        raise ValueError(f"a value; it holds {value.why}")  # noqa: TRY004  a row's value, no programming error
    if declared.type is FieldType.LIST:
        return _list(value, mapping)
    if mapping.words:
        return _meaning(value, mapping)
    return _READERS[declared.type](value, mapping)


def text_from(value: object) -> str:
    """A single value as text.

    Raises:
        ValueError: it is a list or an object.
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value.strip()
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case Unreadable():
            raise ValueError(f"a value; it holds {value.why}")
        case _:
            raise ValueError("a single value")


def _meaning(value: object, mapping: FieldMapping) -> Word:
    word = text_from(value).casefold()
    for known, meaning in mapping.words.items():
        if known.strip().casefold() == word:
            return meaning
    if mapping.has_otherwise:
        return mapping.otherwise
    raise ValueError("one of the words that the mapping lists")


def _list(value: object, mapping: FieldMapping) -> list[str]:
    if isinstance(value, str) and mapping.separator is not None:
        parts: list[object] = list(value.split(mapping.separator))
    else:
        parts = list(value) if isinstance(value, list | tuple) else [value]
    kept = [part for part in parts if not is_empty(part, mapping)]
    found = [_meaning(part, mapping) if mapping.words else text_from(part) for part in kept]
    return [str(each) for each in found if each is not None]


def _text(value: object, _mapping: FieldMapping) -> str:
    return text_from(value)


def _truth(value: object, _mapping: FieldMapping) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return TRUTH[text_from(value).casefold()]
    except (KeyError, ValueError):
        raise ValueError("true or false, yes or no, 1 or 0; declare other words with words") from None


def _plain_data(value: object, _mapping: FieldMapping) -> object:
    if isinstance(value, dict | list):
        return _with_numbers(value)
    raise ValueError("a list or an object")


def _with_numbers(value: object) -> object:
    """The same data with exact decimals, which YAML gives, as the numbers that JSON knows."""
    if isinstance(value, dict):
        return {name: _with_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_numbers(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value


_READERS: Mapping[FieldType, Callable[[object, FieldMapping], object]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: integer_from,
    FieldType.NUMBER: number_from,
    FieldType.RATIO: ratio_from,
    FieldType.BOOLEAN: _truth,
    FieldType.INSTANT: instant_from,
    FieldType.DURATION: duration_from,
    FieldType.JSON: _plain_data,
}
