"""The roadmap that a command was asked for, by the options that say to which level and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import wraps
from typing import Any

import click

from itomm.cli.names import as_written, nearest_case
from itomm.cli.options import Command, scoring_options, view_option
from itomm.cli.overview import find_scope
from itomm.cli.workspace import Workspace, score
from itomm.config.errors import UsageError
from itomm.config.settings import Settings
from itomm.config.structure import nearest
from itomm.reports.roadmap import RoadmapShown
from itomm.rules.model import Model, Part
from itomm.scoring.assess import rules_for
from itomm.scoring.assessment import ScopeScore, View
from itomm.scoring.planning.optimum import Aim
from itomm.scoring.planning.roadmap import NEXT_BEST_SHOWN, level_of, roadmap
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Costs


@dataclass(frozen=True)
class PlanAsked:
    """What the options of :func:`plan_options` say, as typed."""

    target: int | None
    scope_id: str | None
    area: str | None
    practice: str | None
    budget: str | None
    view: str
    as_of: str | None
    snapshot: str | None
    profile: str | None


def plan_options(command: Command) -> Command:
    """Add the options that name a roadmap; the command receives them as ``asked``, a :class:`PlanAsked`."""

    @click.option(
        "--to", "target", type=int, metavar="LEVEL", help="Level to reach.  [default: the next one]"
    )
    @click.option(
        "--service", "--scope", "scope_id", metavar="ID", help="A service or group.  [default: all]"
    )
    @click.option("--area", metavar="AREA", help="Only this area.")
    @click.option("--practice", metavar="PRACTICE", help="Only this practice.")
    @click.option("--budget", metavar="COST", help="Split the steps into phases that cost no more than this.")
    @view_option
    @scoring_options
    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> int | None:
        asked = PlanAsked(**{name: options.pop(name) for name in PlanAsked.__dataclass_fields__})
        return command(*arguments, asked=asked, **options)

    return wrapped


def plan(
    workspace: Workspace, asked: PlanAsked, *, assume: Sequence[str] = (), next_best: int = NEXT_BEST_SHOWN
) -> RoadmapShown:
    """The roadmap that was asked for.

    Raises:
        UsageError: an option names what is not there, or nothing of it applies.
        StoreError: there is no store or nothing in it.
    """
    assessment = score(
        workspace, as_of=asked.as_of, snapshot=asked.snapshot, profile=asked.profile, assume=assume
    ).assessment
    scope = find_scope(assessment, asked.scope_id)
    settings, view = workspace.configuration.settings, View(asked.view)
    standing = Standing.of(
        assessment.model, rules_for(assessment.model, assessment.profile, settings), scope, view
    )
    try:
        found = roadmap(
            standing,
            _aim(assessment.model, standing.score(), asked),
            configured_costs(settings),
            budget=_positive(asked.budget),
            next_best=next_best,
        )
    except ValueError:
        part = asked.practice or asked.area or scope.id
        raise UsageError(f"Nothing of {part} applies to {scope.id}.") from None
    return RoadmapShown(found, assessment, scope, view)


def configured_costs(settings: Settings) -> Costs:
    """What steps cost by the configuration."""
    configured = settings.roadmap
    by_effort = {effort: Fraction(cost) for effort, cost in configured.costs.model_dump().items()}
    return Costs(by_effort, Fraction(configured.find_out))


def _aim(model: Model, score: ScopeScore, asked: PlanAsked) -> Aim:
    if asked.area is not None and asked.practice is not None:
        raise UsageError("Name an area or a practice, not both.")
    target = asked.target
    found = Aim(
        level=target if target is not None else min(model.levels),
        practice=_named(asked.practice, model.practices, "practice"),
        area=_named(asked.area, model.areas, "area"),
    )
    if target is not None:
        if target not in model.levels:
            raise UsageError(f"There is no level {target}; there are {_listed(model)}.")
        return found
    now = level_of(score, found)
    if now is None:
        raise ValueError("nothing of it applies")
    following = [level for level in sorted(model.levels) if level > now.point]
    return Aim(following[0] if following else now.point, found.practice, found.area)


def _listed(model: Model) -> str:
    return f"{min(model.levels)} to {max(model.levels)}"


def _named(typed: str | None, parts: tuple[Part, ...], kind: str) -> str | None:
    if typed is None:
        return None
    known = [part.id for part in parts]
    written = as_written(typed, known)
    if written is None:
        raise UsageError(f"There is no {kind} '{typed}'. {nearest(nearest_case(typed, known), known)}")
    return written


def _positive(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise UsageError(f"'{text}' is no budget; give a positive number in the unit of your costs.")
    return Fraction(number)
