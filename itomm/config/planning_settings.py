"""Settings of what follows from a score: what steps cost, and what a pipeline asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from itomm.config.structure import QuantityText, StrictModel

Cost = Annotated[Decimal, Field(gt=0, le=1_000_000)]


class EffortCosts(StrictModel):
    """What a small, a medium and a large effort cost, in one unit of your own."""

    S: Cost = Decimal(1)
    M: Cost = Decimal(3)
    L: Cost = Decimal(8)


class RoadmapSettings(StrictModel):
    """What a roadmap reckons with; ``find_out`` is the cost of learning an answer that is unknown."""

    costs: EffortCosts = EffortCosts()
    find_out: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal(1)


Level = Annotated[int, Field(ge=0, le=9)]


class GateSettings(StrictModel):
    """What ``itomm gate`` asks for. Levels by id of area, practice, and service or group.

    ``minimum_coverage`` is the share that has to be known; ``largest_drop`` how far the index may fall below
    that of ``baseline``. ``within_caps`` asks that no more rests on people's words than ``overrides`` lets.
    """

    view: Literal["evidence", "stated", "overrides"] = "overrides"
    minimum_level: Level | None = None
    areas: dict[str, Level] = Field(default_factory=dict)
    practices: dict[str, Level] = Field(default_factory=dict)
    services: dict[str, Level] = Field(default_factory=dict)
    minimum_coverage: QuantityText | None = None
    no_expired_overrides: bool = False
    no_expired_answers: bool = False
    within_caps: bool = False
    largest_drop: Annotated[Decimal, Field(ge=0, le=9)] | None = None
    baseline: str | None = None
    allow_incomplete_sources: bool = False
