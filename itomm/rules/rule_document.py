"""A rule as a person writes it: keys and their plain types. What they mean is checked by the reader."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from itomm.config.structure import StrictModel
from itomm.rules.parameters import ParameterDocument, ParameterName

ScopeWord = Literal["service", "organisation"]


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


class WindowDocument(StrictModel):
    """``window:`` of a rule."""

    field: str
    days: Annotated[int, Field(ge=1, le=3660)]


class LinkedDocument(StrictModel):
    """One entry of ``linked:``."""

    from_: Annotated[str, Field(alias="from")]
    on: Annotated[dict[str, str], Field(min_length=1)]
    where: str | None = None
    count: Literal[True] | None = None
    none_without_source: Annotated[str, Field(min_length=20)] | None = None


class LookedDocument(StrictModel):
    """``looked:`` of a rule."""

    from_: Annotated[str, Field(alias="from")]
    where: str | None = None


class ThresholdDocument(StrictModel):
    """A threshold with a window of its own length."""

    measured: str
    days: Annotated[int, Field(ge=1, le=3660)]


class GradeDocument(StrictModel):
    """``grade:`` of a rule."""

    yes: str | ThresholdDocument
    partial: str | ThresholdDocument | None = None


class MutantDocument(StrictModel):
    """One entry of ``mutants:``: a change that no test notices, and why that is right."""

    change: str
    reason: Annotated[str, Field(min_length=20)]


class RuleDocument(StrictModel):
    """A rule as written."""

    rule: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,80}$")]
    answers: str
    per: Annotated[tuple[ScopeWord, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=2)]
    from_: Annotated[str | None, Field(alias="from")] = None
    query: str | None = None
    extends: str | None = None
    parameters: dict[ParameterName, ParameterDocument] = Field(default_factory=dict)
    measure: Any
    grade: GradeDocument
    missing: Literal["unknown", "no_if_complete", "yes_if_complete", "not_applicable_if_complete"]
    looked: LookedDocument | None = None
    confidence: Literal["direct", "proxy", "weak"]
    services: str | None = None
    where: str | None = None
    window: WindowDocument | None = None
    linked: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], LinkedDocument] = Field(
        default_factory=dict
    )
    minimum_sample: Annotated[int, Field(ge=1)] = 1
    minimum_coverage: str | Decimal = "90 %"
    because: str | None = None
    untold_as_empty: dict[str, Annotated[str, Field(min_length=20)]] = Field(default_factory=dict)
    tests: list[Any] = Field(default_factory=list)
    mutants: tuple[MutantDocument, ...] = ()
