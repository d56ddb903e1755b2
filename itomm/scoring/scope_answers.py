"""What counts for each criterion in each scope: rules, roll-up, inheritance; people's layers on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from itomm.config.settings import Service, Settings
from itomm.evidence.decisions import Answer, Decisions, Override
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import InferredAnswers
from itomm.scoring.assessment import AnswerInForce, Assumption, CriterionAnswer, ScopeKind, View
from itomm.scoring.assumptions import Assumptions
from itomm.scoring.blend import (
    NOBODY,
    Layers,
    blended,
    from_rule,
    overrides_at,
    seen_now,
    stated_at,
    unreadable,
)
from itomm.scoring.points import rolled_up

Decided = TypeVar("Decided", Answer, Override)
InForce = Mapping[View, AnswerInForce]

_NOBODY_BELOW: InForce = dict.fromkeys(View, NOBODY)


def in_scope(settings: Settings) -> list[Service]:
    """Services that are assessed: those in production, by id."""
    return sorted(
        (service for service in settings.services if service.lifecycle == "production"),
        key=lambda service: service.id,
    )


class ScopeAnswers:
    """Answers one criterion for the organisation, for a group, for a service.

    Where no rule answers, a service takes what was decided for its group or, failing that, for the whole;
    the organisation and its groups roll their services up.
    """

    def __init__(
        self,
        inferred: InferredAnswers,
        decisions: Decisions,
        settings: Settings,
        as_of: datetime,
        supposed: Sequence[Assumption] = (),
    ) -> None:
        self._inferred = inferred
        self._as_of = as_of
        self._top = settings.organisation.id
        self._services = in_scope(settings)
        self._by_id = {service.id: service for service in self._services}
        self._answers = _by_place(decisions.answers)
        self._overrides = _by_place(decisions.overrides)
        self._assumptions = Assumptions.of(supposed, settings)
        self._decided = {*self._answers, *self._overrides, *self._assumptions.by_place}
        self._of_services: dict[tuple[str, str], CriterionAnswer] = {}
        self._of_whole: dict[str, CriterionAnswer] = {}

    def of(self, criterion: str, kind: ScopeKind, scope: str) -> CriterionAnswer:
        """The answer for a scope of any kind."""
        match kind:
            case ScopeKind.ORGANISATION:
                return self.organisation(criterion)
            case ScopeKind.GROUP:
                return self.group(criterion, scope)
            case ScopeKind.SERVICE:
                return self.service(criterion, self._by_id[scope])

    def organisation(self, criterion: str) -> CriterionAnswer:
        """The organisation's own rule, or the roll-up of its services, or what was decided for the whole."""
        if criterion in self._inferred.organisation or not self._known_below(criterion):
            return self._whole(criterion)
        return self._rolled_up(criterion, self._top, self._services)

    def group(self, criterion: str, group: str) -> CriterionAnswer:
        """The roll-up of a group's services."""
        members = [service for service in self._services if service.group == group]
        return self._rolled_up(criterion, group, members)

    def service(self, criterion: str, service: Service) -> CriterionAnswer:
        """The service's own rule, or what holds for its group or the whole."""
        place = (criterion, service.id)
        if place not in self._of_services:
            self._of_services[place] = self._service(criterion, service)
        return self._of_services[place]

    def _service(self, criterion: str, service: Service) -> CriterionAnswer:
        inferred = self._inferred.services.get((criterion, service.id))
        if inferred is not None:
            return self._layered(criterion, service.id, inferred, dict.fromkeys(View, from_rule(inferred)))
        above = self._whole(criterion).in_force
        if service.group is not None:
            above = self._covered(criterion, service.group, above).in_force
        return self._covered(criterion, service.id, above, as_layer="inherited")

    def _whole(self, criterion: str) -> CriterionAnswer:
        """What the organisation's rule says or was decided for the whole, whatever its services say."""
        if criterion not in self._of_whole:
            inferred = self._inferred.organisation.get(criterion)
            below = dict.fromkeys(View, from_rule(inferred)) if inferred else _NOBODY_BELOW
            self._of_whole[criterion] = self._layered(criterion, self._top, inferred, below)
        return self._of_whole[criterion]

    def _known_below(self, criterion: str) -> bool:
        """Whether a service has an answer that is not the whole organisation's."""
        scopes = {scope for service in self._services for scope in (service.id, service.group) if scope}
        return any(
            (criterion, scope) in self._inferred.services or (criterion, scope) in self._decided
            for scope in scopes
        )

    def _covered(
        self, criterion: str, scope: str, above: InForce, *, as_layer: str | None = None
    ) -> CriterionAnswer:
        """What holds above, under the scope's own layers; a nearer statement replaces one from above."""
        nearer = stated_at(self._answers.get((criterion, scope), ()), self._as_of) is not None
        below = {
            view: NOBODY if nearer and answer.layer == "person" else answer for view, answer in above.items()
        }
        if as_layer is not None:
            below = {
                view: replace(answer, layer=as_layer) if answer.layer != "nobody" else answer
                for view, answer in below.items()
            }
        lost = unreadable(self._inferred.organisation.get(criterion))
        return self._layered(criterion, scope, None, below, lost=lost)

    def _rolled_up(self, criterion: str, scope: str, services: Sequence[Service]) -> CriterionAnswer:
        answers = [(service.exact_weight, self.service(criterion, service)) for service in services]
        below = {
            view: rolled_up((weight, answer.in_force[view]) for weight, answer in answers) for view in View
        }
        whole = self._inferred.organisation.get(criterion)
        lost = any(unreadable(answer.inferred or whole) for _, answer in answers)
        return self._layered(criterion, scope, None, below, lost=lost)

    def _layered(
        self,
        criterion: str,
        scope: str,
        inferred: InferredAnswer | None,
        below: InForce,
        *,
        lost: bool = False,
    ) -> CriterionAnswer:
        place = (criterion, scope)
        seen = seen_now(inferred, below[View.EVIDENCE], lost=lost)
        layers = Layers(
            inferred=inferred,
            stated=stated_at(self._answers.get(place, ()), self._as_of),
            overrides=overrides_at(self._overrides.get(place, ()), seen, self._as_of),
            unreadable=lost or unreadable(inferred),
            ground_lost=seen is None,
        )
        return CriterionAnswer(
            criterion=criterion,
            inferred=inferred,
            stated=layers.stated,
            overrides=layers.overrides,
            in_force=self._assumptions.about(criterion, scope)
            or {view: blended(below[view], layers, view) for view in View},
        )


def _by_place(decided: Sequence[Decided]) -> dict[tuple[str, str], list[Decided]]:
    places: dict[tuple[str, str], list[Decided]] = {}
    for each in decided:
        places.setdefault((each.criterion, each.scope), []).append(each)
    return places
