"""What counts for each criterion in each scope: rules, roll-up, inheritance; people's layers on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import TypeVar

from itomm.config.settings import Service, Settings
from itomm.evidence.decisions import Answer, Decisions, Override
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import AnswersByPlace, InferredAnswers
from itomm.scoring.assessment import AnswerInForce, Assumption, CriterionAnswer, ScopeKind, View
from itomm.scoring.assumptions import Assumptions
from itomm.scoring.blend import (
    NOBODY,
    Layers,
    blended,
    from_rule,
    lapsed_at,
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
        self._within = {*self._by_id, *(service.group for service in self._services if service.group)}
        self._answers = _by_place(decisions.answers)
        self._overrides = _by_place(decisions.overrides)
        self._assumptions = Assumptions.of(supposed, settings)
        self._decided = {*self._answers, *self._overrides, *self._assumptions.by_place}
        self._decided_about = {criterion for criterion, _ in self._decided}
        self._weights = _whole_weights(self._services)
        self._all_weights = [self._weights[service.id] for service in self._services]
        self._counting = CountedOnce()
        self._columns: dict[str, Mapping[str, CriterionAnswer]] = {}
        self._inherited: dict[str, CriterionAnswer] = {}
        self._of_whole: dict[str, CriterionAnswer] = {}

    def is_decided(self, criterion: str) -> bool:
        """Whether people decided anything about it, so that views may differ."""
        return criterion in self._decided_about

    @property
    def assumed_about(self) -> frozenset[str]:
        """The criteria of which something is only supposed."""
        return frozenset(criterion for criterion, _ in self._assumptions.by_place)

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
        column = self._columns.get(criterion)
        return self._service(criterion, service) if column is None else column[service.id]

    def of_services(self, criterion: str) -> Mapping[str, CriterionAnswer]:
        """All services' answers to a criterion, in their order; found once."""
        if criterion not in self._columns:
            by_rule = self._by_rule(criterion)
            if criterion in self._decided_about:
                self._columns[criterion] = {
                    service.id: self._of_service(criterion, service, by_rule.get(service.id))
                    for service in self._services
                }
            else:
                self._columns[criterion] = self._undecided(criterion, by_rule)
        return self._columns[criterion]

    def _undecided(self, criterion: str, by_rule: Mapping[str, InferredAnswer]) -> dict[str, CriterionAnswer]:
        """All services' answers where nobody decided anything; as :meth:`_of_service` says, and quicker."""
        counts = self._counting.by_rule
        return {
            service.id: self._of_service(criterion, service, None)
            if (inferred := by_rule.get(service.id)) is None
            else CriterionAnswer(criterion, inferred, None, (), counts(inferred))
            for service in self._services
        }

    def _by_rule(self, criterion: str) -> Mapping[str, InferredAnswer]:
        """What the rule for services says of each; empty where there is none."""
        found = self._inferred.services
        if isinstance(found, AnswersByPlace):
            return found.of(criterion)
        places = ((criterion, service.id) for service in self._services)
        return {place[1]: found[place] for place in places if place in found}

    def _service(self, criterion: str, service: Service) -> CriterionAnswer:
        return self._of_service(criterion, service, self._inferred.services.get((criterion, service.id)))

    def _of_service(
        self, criterion: str, service: Service, inferred: InferredAnswer | None
    ) -> CriterionAnswer:
        undecided = criterion not in self._decided_about
        if inferred is not None:
            below = self._counting.by_rule(inferred)
            place = (criterion, service.id)
            if undecided or not (place in self._answers or place in self._overrides):
                in_force = self._assumptions.about(criterion, service.id) or below
                return CriterionAnswer(criterion, inferred, None, (), in_force)
            return self._layered(criterion, service.id, inferred, below)
        if not undecided:
            return self._from_above(criterion, service)
        if criterion not in self._inherited:  # the same for every service
            self._inherited[criterion] = self._from_above(criterion, service)
        return self._inherited[criterion]

    def _from_above(self, criterion: str, service: Service) -> CriterionAnswer:
        """What holds for the service's group or the whole."""
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
        if any(service in self._by_id for service in self._by_rule(criterion)):
            return True
        return any((criterion, scope) in self._decided for scope in self._within)

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
        unread = unreadable(self._inferred.organisation.get(criterion))
        return self._layered(criterion, scope, None, below, unread_above=unread)

    def _rolled_up(self, criterion: str, scope: str, services: Sequence[Service]) -> CriterionAnswer:
        column = self.of_services(criterion)
        if services is self._services:
            answers, weights = list(column.values()), self._all_weights
        else:
            answers = [column[service.id] for service in services]
            weights = [self._weights[service.id] for service in services]
        if criterion not in self._decided_about:
            alike = _rolled_up_by_kind(weights, answers, View.EVIDENCE)
            return CriterionAnswer(criterion, None, None, (), dict.fromkeys(View, alike))
        below = {view: _rolled_up_by_kind(weights, answers, view) for view in View}
        whole = self._inferred.organisation.get(criterion)
        unread = [unreadable(answer.inferred or whole) for answer in answers]
        lost = {view: _lost_share(weights, answers, unread, view) for view in View} if any(unread) else {}
        return self._layered(criterion, scope, None, below, lost=lost)

    def _layered(
        self,
        criterion: str,
        scope: str,
        inferred: InferredAnswer | None,
        below: InForce,
        *,
        unread_above: bool = False,
        lost: Mapping[View, Fraction] = MappingProxyType({}),
    ) -> CriterionAnswer:
        """``lost`` is the share of a roll-up whose evidence cannot be read, when there is any, by view."""
        place = (criterion, scope)
        seen = seen_now(inferred, below[View.EVIDENCE], lost=unread_above or bool(lost))
        layers = Layers(
            inferred=inferred,
            stated=stated_at(self._answers.get(place, ()), self._as_of),
            overrides=overrides_at(self._overrides.get(place, ()), seen, self._as_of),
            unreadable=unread_above or unreadable(inferred),
            lost=lost,
            ground_lost=seen is None,
        )
        return CriterionAnswer(
            criterion=criterion,
            inferred=inferred,
            stated=layers.stated,
            overrides=layers.overrides,
            in_force=self._assumptions.about(criterion, scope)
            or {view: blended(below[view], layers, view) for view in View},
            lapsed=lapsed_at(self._answers.get(place, ()), self._as_of),
        )


def _by_place(decided: Sequence[Decided]) -> dict[tuple[str, str], list[Decided]]:
    places: dict[tuple[str, str], list[Decided]] = {}
    for each in decided:
        places.setdefault((each.criterion, each.scope), []).append(each)
    return places


class CountedOnce:
    """How answers of rules count: the same object for all that count alike, so that few are held."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[int, int], str | None], InForce] = {}

    def by_rule(self, inferred: InferredAnswer) -> InForce:
        """What an inferred answer counts for under each view."""
        key = (inferred.verdict, inferred.confidence.as_integer_ratio(), inferred.reason)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = dict.fromkeys(View, from_rule(inferred))
        return found


def _whole_weights(services: Sequence[Service]) -> Mapping[str, int]:
    """The services' weights in whole numbers; a mean is the same."""
    exact = {service.id: service.weight.as_integer_ratio() for service in services}
    scale = lcm(*(below for _, below in exact.values()))
    return {service: above * (scale // below) for service, (above, below) in exact.items()}


def _lost_share(
    weights: Sequence[int], answers: Sequence[CriterionAnswer], unread: Sequence[bool], view: View
) -> Fraction:
    """The share of weight that is unknown because its evidence cannot be read; of what applies."""
    whole, lost = 0, Fraction(0)
    for weight, answer, cannot_be_read in zip(weights, answers, unread, strict=True):
        counts = answer.in_force[view]
        if counts.points is not None:
            whole += weight
            lost += weight * (1 - counts.known_share) if cannot_be_read else 0
    return lost / whole if whole else Fraction(0)


def _rolled_up_by_kind(
    weights: Sequence[int], answers: Sequence[CriterionAnswer], view: View
) -> AnswerInForce:
    """The roll-up of answers; what is the very same answer is weighed together first."""
    kinds: dict[int, AnswerInForce] = {}
    together: dict[int, int] = {}
    for weight, answer in zip(weights, answers, strict=True):
        counts = answer.in_force[view]
        kind = id(counts)
        kinds[kind] = counts
        together[kind] = together.get(kind, 0) + weight
    return rolled_up((Fraction(weight), kinds[kind]) for kind, weight in together.items())
