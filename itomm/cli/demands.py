"""What a gate asks for: the configuration's demands, with those of the command line on top."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from itomm.cli.names import as_written, nearest_case
from itomm.config.errors import InvalidInputError, Problem, UsageError
from itomm.config.quantities import Dimension, parse_quantity
from itomm.config.settings import Configuration
from itomm.config.structure import nearest
from itomm.rules.model import Model
from itomm.scoring.assess import subjects
from itomm.scoring.assessment import View
from itomm.scoring.gate import Demands

NOTHING_ASKED = (
    "The gate asks for nothing, so it would let everything through. Say what it asks for under 'gate:' in "
    "itomm.yaml, or with an option such as --minimum-level 2."
)


NO_CAPS = (
    "The gate asks that levels stay within caps, but there are none. Set 'most_on_overrides' or "
    "'most_on_people' under 'overrides:' in itomm.yaml."
)


class Asked(BaseModel):
    """The command line's demands as typed; None and empty where nothing was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_level: int | None
    areas: tuple[str, ...]
    practices: tuple[str, ...]
    services: tuple[str, ...]
    minimum_coverage: str | None
    no_expired_overrides: bool | None
    no_expired_answers: bool | None
    within_caps: bool | None
    largest_drop: str | None
    baseline: str | None
    allow_incomplete_sources: bool | None
    view: str | None


@dataclass(frozen=True)
class Wanted:
    """All demands, the view they are about, and the baseline's name; None for the one recorded before."""

    demands: Demands
    view: View
    baseline: str | None


def demands_of(asked: Asked, configuration: Configuration, model: Model) -> Wanted:
    """Put the demands of configuration and command line together.

    Raises:
        InvalidInputError: the configuration names what is not there.
        UsageError: the command line does, or nothing is asked for at all.
    """
    known = {
        "areas": [each.id for each in model.areas],
        "practices": [each.id for each in model.practices],
        "services": [each.id for each in subjects(configuration.settings)],
    }
    problems = list(_problems(configuration, model, known))
    policy = configuration.settings.overrides
    if (asked.within_caps or configuration.settings.gate.within_caps) and (
        policy.most_on_overrides is None and policy.most_on_people is None
    ):
        raise UsageError(NO_CAPS)
    if problems:
        raise InvalidInputError(problems)
    gate = configuration.settings.gate
    demands = Demands(
        level=gate.minimum_level if asked.minimum_level is None else _level(asked.minimum_level, model),
        areas={**gate.areas, **_levels(asked.areas, known["areas"], "area", model)},
        practices={**gate.practices, **_levels(asked.practices, known["practices"], "practice", model)},
        scopes={**gate.services, **_levels(asked.services, known["services"], "scope", model)},
        coverage=_share(asked.minimum_coverage or gate.minimum_coverage),
        no_expired_overrides=asked.no_expired_overrides or gate.no_expired_overrides,
        no_expired_answers=asked.no_expired_answers or gate.no_expired_answers,
        within_caps=asked.within_caps or gate.within_caps,
        largest_drop=_drop(
            asked.largest_drop, None if gate.largest_drop is None else Fraction(gate.largest_drop)
        ),
        allow_incomplete_sources=asked.allow_incomplete_sources or gate.allow_incomplete_sources,
    )
    if demands.is_nothing:
        raise UsageError(NOTHING_ASKED)
    return Wanted(demands, View(asked.view or gate.view), asked.baseline or gate.baseline)


def _problems(
    configuration: Configuration, model: Model, known: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    gate, place = configuration.settings.gate, configuration.document.place
    levels = dict(gate.areas), dict(gate.practices), dict(gate.services)
    for key, wanted in zip(("areas", "practices", "services"), levels, strict=True):
        for name, level in wanted.items():
            here = place(("gate", key, name))
            if name not in known[key]:
                yield Problem(here, f"gate.{key}: there is no '{name}'", nearest(name, list(known[key])))
            if level not in model.levels:
                yield Problem(here, f"gate.{key}: there is no level {level}")
    if gate.minimum_level is not None and gate.minimum_level not in model.levels:
        yield Problem(place(("gate", "minimum_level")), f"there is no level {gate.minimum_level}")
    if gate.minimum_coverage is not None:
        try:
            _share(gate.minimum_coverage)
        except UsageError as error:
            yield Problem(place(("gate", "minimum_coverage")), str(error))


def _levels(typed: tuple[str, ...], known: Collection[str], kind: str, model: Model) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in typed:
        name, equals, level = each.partition("=")
        if not equals or not level.strip().isdecimal():
            raise UsageError(f"'{each}' is no demand. Write for example --{kind} {next(iter(known))}=3.")
        written = as_written(name.strip(), known)
        if written is None:
            hint = nearest(nearest_case(name.strip(), known), list(known))
            raise UsageError(f"There is no {kind} '{name.strip()}'. {hint}")
        found[written] = _level(int(level), model)
    return found


def _level(level: int, model: Model) -> int:
    if level not in model.levels:
        raise UsageError(f"There is no level {level}; there are {min(model.levels)} to {max(model.levels)}.")
    return level


def _share(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        quantity = parse_quantity(text)
    except ValueError:
        quantity = None
    alike = {Dimension.SHARE, Dimension.NUMBER}
    if quantity is None or quantity.dimension not in alike or not 0 <= quantity.value <= 1:
        raise UsageError(f"'{text}' is no share; write 80 % or 0.8.")
    return quantity.value


def _drop(typed: str | None, configured: Fraction | None) -> Fraction | None:
    if typed is None:
        return configured
    try:
        quantity = parse_quantity(typed)
    except ValueError:
        quantity = None
    if quantity is None or quantity.dimension is not Dimension.NUMBER or quantity.value < 0:
        raise UsageError(f"'{typed}' is no drop; write points of the index, such as 0.1.")
    return quantity.value
