"""The questionnaire: areas, practices and criteria, each criterion at one level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

LOWEST_LEVEL = 1


@dataclass(frozen=True)
class Criterion:
    """One question of the questionnaire; ``depends_on`` are criteria to be met before this one can be."""

    id: str
    area: str
    practice: str
    level: int
    weight: Fraction
    mandatory: bool
    dimension: str
    mode: str
    title: str
    question: str
    why: str
    evidence_of_yes: str
    advice: str
    effort: str
    not_applicable_when: str
    rubric: Mapping[str, str]
    references: Mapping[str, tuple[str, ...]]
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """An area or a practice; ``area`` is empty for an area itself."""

    id: str
    name: str
    weight: Fraction
    purpose: str
    area: str = ""


@dataclass(frozen=True)
class Model:
    """A whole questionnaire. ``levels`` maps each level to its name; level 1 needs no criteria."""

    id: str
    title: str
    version: str
    levels: Mapping[int, str]
    areas: tuple[Part, ...]
    practices: tuple[Part, ...]
    criteria: tuple[Criterion, ...]

    @property
    def by_id(self) -> Mapping[str, Criterion]:
        """Criteria by their id."""
        return {criterion.id: criterion for criterion in self.criteria}
