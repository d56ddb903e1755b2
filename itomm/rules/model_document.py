"""A questionnaire as a person writes it: one file for the model, one for each practice."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from itomm.config.structure import StrictModel

Weight = Annotated[Decimal, Field(gt=0, le=1000)]
References = dict[str, tuple[str, ...]]


class LevelDocument(StrictModel):
    """One level of the model."""

    name: str
    about: str


class AreaDocument(StrictModel):
    """One area of the model."""

    id: str
    name: str
    weight: Weight = Decimal(1)
    purpose: str


class ModelDocument(StrictModel):
    """``model.yaml``."""

    model: str
    title: str
    version: str
    levels: Annotated[dict[Annotated[str, Field(pattern=r"^[0-9]$")], LevelDocument], Field(min_length=2)]
    areas: Annotated[tuple[AreaDocument, ...], Field(min_length=1)]


class CriterionDocument(StrictModel):
    """One criterion of a practice."""

    id: str
    level: Annotated[int, Field(ge=1, le=9)]
    weight: Weight
    dimension: str
    mode: Literal["evidence", "hybrid", "human"]
    mandatory: bool
    title: str
    question: str
    why: str
    evidence_of_yes: str
    advice: str
    effort: Literal["S", "M", "L"]
    depends_on: tuple[str, ...] = ()
    not_applicable_when: str = ""
    rubric: dict[Literal["yes", "partial", "no"], str] = Field(default_factory=dict)
    references: References = Field(default_factory=dict)


class PracticeDocument(StrictModel):
    """The first document of a practice's file."""

    practice: str
    area: str
    name: str
    purpose: str
    weight: Weight = Decimal(1)
    references: References = Field(default_factory=dict)
    criteria: Annotated[tuple[CriterionDocument, ...], Field(min_length=1)]
