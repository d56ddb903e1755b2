"""How a person declares, in ``itomm.yaml``, which field of a record is read from where."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from itomm.collectors.mapping.zones import ZoneName
from itomm.config.structure import StrictModel

Word = str | int | bool | None
"""What a word of the source means; None stands for "not known"."""


def _as_texts(value: object) -> object:
    """One text stands for a list of one; numbers and truth values are read as they are written."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_as_written(each) for each in values)


def _as_written(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
"""A text or a list of texts."""

Unit = Literal["milliseconds", "seconds", "minutes", "hours", "days", "clock", "iso", "percent"]


class FieldMapping(StrictModel):
    """Where one field comes from, and how what stands there is understood.

    Attributes:
        source: columns or paths; the first that is not empty counts.
        constant: the value of every record, in place of reading one.
        words: what the words of the source mean, in any letter case.
        otherwise: what every other word means; without it a row with another word is refused.
        format: how an instant is written: ``iso`` (the default), ``epoch``, ``epoch_ms``, or directives such
            as ``%d.%m.%Y %H:%M``.
        zone: the time zone of instants that are written without an offset, such as ``Europe/Berlin``.
        unit: of a duration: a unit, ``clock`` (hh:mm or hh:mm:ss) or ``iso`` (PT4H); of a ratio: ``percent``.
        decimal: whether numbers have a decimal point or comma.
        scale: of a ratio: the values that mean 0 and 1.
        separator: between the parts of a list that is written as one text.
        empty: texts that mean "nothing", besides an empty one.
        required: whether a row without it is refused; always so where the record type needs the field.
    """

    source: Texts = Field(default=(), alias="from")
    constant: Any = None
    words: dict[str, Word] = Field(default_factory=dict)
    otherwise: Word = None
    format: str = "iso"
    zone: ZoneName | None = None
    unit: Unit = "seconds"
    decimal: Literal["point", "comma"] = "point"
    scale: tuple[Decimal, Decimal] | None = None
    separator: Annotated[str, Field(min_length=1)] | None = None
    empty: Texts = ()
    required: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether every record has the same value, which the person said."""
        return "constant" in self.model_fields_set

    @property
    def has_otherwise(self) -> bool:
        """Whether words that are not listed have a meaning."""
        return "otherwise" in self.model_fields_set

    @model_validator(mode="after")
    def _reads_or_says(self) -> FieldMapping:
        if self.is_constant == bool(self.source):
            raise ValueError("say either from (a column or path) or constant (a value)")
        if self.is_constant and len(self.model_fields_set) > 1:
            raise ValueError("a constant is taken as it stands; leave the other keys out")
        if self.scale is not None and self.scale[0] == self.scale[1]:
            raise ValueError("scale: write the two values that mean 0 and 1, such as [1, 5]")
        return self


def _as_field(value: object) -> object:
    return {"from": value} if isinstance(value, str | list) else value


class Condition(StrictModel):
    """What a row must hold to be read: one of some values, or anything (or nothing) at all."""

    any_of: Texts = ()
    present: bool | None = None


def _as_condition(value: object) -> object:
    if isinstance(value, dict):
        return value if set(value) == {"present"} else _refuse_condition()
    return {"any_of": value}


def _refuse_condition() -> object:
    raise ValueError("write a value, a list of values, or {present: true} or {present: false}")


def _condition_as_written(condition: Condition) -> object:
    return list(condition.any_of) if condition.present is None else {"present": condition.present}


class RecordMapping(StrictModel):
    """How the rows of a source become records of one type.

    Attributes:
        id: what identifies a row for ever: columns or paths, which are joined.
        services: where the names stand by which the source knows the service; best first.
        link: the live page of a record, with columns or paths in braces.
        where: which rows are records of this type.
        fields: the record's fields.
    """

    id: Annotated[Texts, Field(min_length=1)]
    services: Texts = ()
    link: str | None = None
    where: dict[
        str,
        Annotated[Condition, BeforeValidator(_as_condition), PlainSerializer(_condition_as_written)],
    ] = Field(default_factory=dict)
    fields: dict[str, Annotated[FieldMapping, BeforeValidator(_as_field)]]
