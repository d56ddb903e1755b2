"""Settings of what follows from a score: what steps cost, and what a pipeline asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from itomm.config.structure import StrictModel

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
