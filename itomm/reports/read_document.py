"""A recorded assessment read back from its document."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from itomm.config.errors import UsageError
from itomm.reports.document import SCHEMA
from itomm.scoring.assessment import Assessment

_PLACES = 6
_LARGEST_DENOMINATOR = 700
"""Two fractions with smaller denominators differ by more than what six decimals leave open."""


def exact_number(written: str) -> Fraction:
    """The simplest fraction that is written so when it is rounded to six decimals; else the decimals."""
    decimal = Fraction(written)
    simple = decimal.limit_denominator(_LARGEST_DENOMINATOR)
    return simple if round(simple, _PLACES) == decimal else decimal


def read_assessment(document: bytes, name: str) -> Assessment:
    """The assessment that a document holds; ``name`` is what it is called in messages.

    Raises:
        UsageError: it is no assessment document.
    """
    try:
        value = json.loads(document, parse_float=exact_number)
    except ValueError:
        raise UsageError(f"{name} is no JSON document.") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise UsageError(f"{name} is no assessment: its schema is {schema!r}, not '{SCHEMA}'.")
    try:
        return _reader().validate_python(value)
    except ValidationError as error:
        where = ".".join(str(each) for each in error.errors()[0]["loc"])
        message = f"{name} was written by another version of itomm; it differs at '{where}'."
        raise UsageError(message) from None


@lru_cache(maxsize=1)
def _reader() -> TypeAdapter[Assessment]:
    return TypeAdapter(Assessment)
