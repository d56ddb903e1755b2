"""The assessment: f(snapshot, model, rules, decisions, settings, as-of instant); reads segments only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from itomm.config.settings import Configuration, Service, Settings
from itomm.evidence.decisions import Answer, Decisions, Override
from itomm.evidence.record_types import record_types
from itomm.evidence.snapshot import Snapshot
from itomm.rules.answer import InferredAnswer
from itomm.rules.evaluation import InferredAnswers, ServiceKeys, evaluate
from itomm.rules.model import Criterion, Model
from itomm.rules.pack import RuleSet
from itomm.scoring.assessment import (
    AnswerInForce,
    Assessment,
    CriterionAnswer,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    SourceState,
    View,
)
from itomm.scoring.blend import NOBODY, Layers, blended, from_rule, overrides_at, stated_at, unreadable
from itomm.scoring.levels import Rules, score_practice, score_scope
from itomm.scoring.points import rolled_up
from itomm.scoring.profiles import PROFILES

Decided = TypeVar("Decided", Answer, Override)
InForce = Mapping[View, AnswerInForce]


@dataclass(frozen=True)
class Subject:
    """One scope to be scored."""

    id: str
    name: str
    kind: ScopeKind
    weight: Fraction
    tier: int | None = None
    owner: str | None = None
    parent: str | None = None


def assess(
    rule_set: RuleSet,
    snapshot: Snapshot,
    decisions: Decisions,
    configuration: Configuration,
    as_of: datetime,
    *,
    profile: str | None = None,
) -> Assessment:
    """Assess a snapshot; the same inputs give the same result on every machine."""
    settings = configuration.settings
    services = in_scope(settings)
    keys = [ServiceKeys(service.id, service.keys) for service in services]
    inferred = evaluate(rule_set.rules, snapshot, keys, as_of)
    known = decisions.known_at(as_of)
    name = profile or settings.scoring.profile
    rules = Rules(
        sorted(rule_set.model.levels), PROFILES[name], Fraction(settings.scoring.minimum_known_share)
    )
    return Assessment(
        as_of=as_of,
        profile=name,
        organisation=settings.organisation.name,
        inputs={
            "snapshot": snapshot.digest,
            "model": rule_set.model_digest,
            "rules": rule_set.rules_digest,
            "decisions": known.digest,
            "settings": configuration.scoring_digest,
        },
        model=rule_set.model,
        scopes=tuple(_Scorer(rule_set.model, inferred, known, settings, rules=rules, as_of=as_of).scopes()),
        sources=tuple(_sources(snapshot, as_of)),
    )


def in_scope(settings: Settings) -> list[Service]:
    """Services that are assessed: those in production, by id."""
    return sorted(
        (service for service in settings.services if service.lifecycle == "production"),
        key=lambda service: service.id,
    )


class _Scorer:
    """Scores all scopes: services first, then groups and the organisation from them."""

    def __init__(
        self,
        model: Model,
        inferred: InferredAnswers,
        decisions: Decisions,
        settings: Settings,
        *,
        rules: Rules,
        as_of: datetime,
    ) -> None:
        self._model = model
        self._inferred = inferred
        self._settings = settings
        self._rules = rules
        self._as_of = as_of
        self._services = in_scope(settings)
        self._answers = _by_place(decisions.answers)
        self._overrides = _by_place(decisions.overrides)
        self._decided = set(self._answers) | set(self._overrides)

    def scopes(self) -> list[ScopeResult]:
        """The organisation first, then groups, then services."""
        organisation = self._organisation()
        of_services = {
            service.id: {
                criterion.id: self._service_answer(criterion, service, organisation[criterion.id])
                for criterion in self._model.criteria
            }
            for service in self._services
        }
        results = [self._result(self._top(), organisation)]
        for group in self._settings.groups:
            members = [service for service in self._services if service.group == group.id]
            if members:
                weight = sum((service.exact_weight for service in members), Fraction(0))
                subject = Subject(group.id, group.name, ScopeKind.GROUP, weight, parent=self._top().id)
                answers = {
                    criterion.id: self._group_answer(criterion, subject, members, of_services)
                    for criterion in self._model.criteria
                }
                results.append(self._result(subject, answers))
        for service in self._services:
            subject = Subject(
                id=service.id,
                name=service.title,
                kind=ScopeKind.SERVICE,
                weight=service.exact_weight,
                tier=service.tier,
                owner=service.owner_team,
                parent=service.group or self._top().id,
            )
            results.append(self._result(subject, of_services[service.id]))
        return results

    # --- answers ------------------------------------------------------------------------------------

    def _organisation(self) -> dict[str, CriterionAnswer]:
        return {criterion.id: self._organisation_answer(criterion) for criterion in self._model.criteria}

    def _organisation_answer(self, criterion: Criterion) -> CriterionAnswer:
        inferred = self._inferred.organisation.get(criterion.id)
        if inferred is not None:
            return self._layered(
                criterion.id, self._top().id, inferred, dict.fromkeys(View, from_rule(inferred))
            )
        own = {service.id: self._own_service_answer(criterion, service) for service in self._services}
        if all(answer is None for answer in own.values()):
            return self._layered(criterion.id, self._top().id, None, dict.fromkeys(View, NOBODY))
        below = {
            view: rolled_up(
                (service.exact_weight, answer.in_force[view] if (answer := own[service.id]) else NOBODY)
                for service in self._services
            )
            for view in View
        }
        lost = any(answer is not None and unreadable(answer.inferred) for answer in own.values())
        return self._layered(criterion.id, self._top().id, None, below, lost=lost)

    def _own_service_answer(self, criterion: Criterion, service: Service) -> CriterionAnswer | None:
        """A service's own answer, from a rule or a person; None when it has none."""
        inferred = self._inferred.services.get((criterion.id, service.id))
        if inferred is None and (criterion.id, service.id) not in self._decided:
            return None
        evidence = from_rule(inferred) if inferred is not None else NOBODY
        return self._layered(criterion.id, service.id, inferred, dict.fromkeys(View, evidence))

    def _service_answer(
        self, criterion: Criterion, service: Service, organisation: CriterionAnswer
    ) -> CriterionAnswer:
        inferred = self._inferred.services.get((criterion.id, service.id))
        if inferred is not None:
            return self._layered(criterion.id, service.id, inferred, dict.fromkeys(View, from_rule(inferred)))
        below = {
            view: replace(answer, layer="inherited") if answer.layer != "nobody" else answer
            for view, answer in organisation.in_force.items()
        }
        if any(answer.layer == "roll_up" for answer in organisation.in_force.values()):
            below = dict.fromkeys(View, NOBODY)
        lost = unreadable(organisation.inferred)
        return self._layered(criterion.id, service.id, None, below, lost=lost)

    def _group_answer(
        self,
        criterion: Criterion,
        group: Subject,
        members: Sequence[Service],
        of_services: Mapping[str, Mapping[str, CriterionAnswer]],
    ) -> CriterionAnswer:
        below = {
            view: rolled_up(
                (service.exact_weight, of_services[service.id][criterion.id].in_force[view])
                for service in members
            )
            for view in View
        }
        lost = any(unreadable(of_services[service.id][criterion.id].inferred) for service in members)
        return self._layered(criterion.id, group.id, None, below, lost=lost)

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
        seen = inferred.verdict if inferred else below[View.EVIDENCE].verdict
        layers = Layers(
            inferred=inferred,
            stated=stated_at(self._answers.get(place, ()), self._as_of),
            overrides=overrides_at(self._overrides.get(place, ()), seen, self._as_of),
            unreadable=lost or unreadable(inferred),
        )
        return CriterionAnswer(
            criterion=criterion,
            inferred=inferred,
            stated=layers.stated,
            overrides=layers.overrides,
            in_force={view: blended(below[view], layers, view) for view in View},
        )

    # --- scores -------------------------------------------------------------------------------------

    def _top(self) -> Subject:
        organisation = self._settings.organisation
        weight = sum((service.exact_weight for service in self._services), Fraction(0)) or Fraction(1)
        return Subject(organisation.id, organisation.name, ScopeKind.ORGANISATION, weight)

    def _result(self, subject: Subject, answers: Mapping[str, CriterionAnswer]) -> ScopeResult:
        return ScopeResult(
            **vars(subject),
            views={view: self._score(answers, view) for view in View},
            answers=tuple(answers[criterion.id] for criterion in self._model.criteria),
        )

    def _score(self, answers: Mapping[str, CriterionAnswer], view: View) -> ScopeScore:
        counted = {identifier: answer.in_force[view] for identifier, answer in answers.items()}
        return score_answers(self._model, counted, self._rules)


def score_answers(model: Model, answers: Mapping[str, AnswerInForce], rules: Rules) -> ScopeScore:
    """Score one scope from what counts for each criterion."""
    areas = []
    for area in model.areas:
        practices = []
        for practice in model.practices:
            if practice.area == area.id:
                criteria = [each for each in model.criteria if each.practice == practice.id]
                scored = score_practice(practice.id, criteria, answers, rules)
                if scored is not None:
                    practices.append((practice.weight, scored))
        areas.append((area.id, area.weight, practices))
    return score_scope(areas, rules)


def _by_place(decided: Sequence[Decided]) -> dict[tuple[str, str], list[Decided]]:
    places: dict[tuple[str, str], list[Decided]] = {}
    for each in decided:
        places.setdefault((each.criterion, each.scope), []).append(each)
    return places


def _sources(snapshot: Snapshot, as_of: datetime) -> list[SourceState]:
    latest = [
        collection
        for record_type in record_types().values()
        for collection in snapshot.latest(record_type, as_of)
    ]
    states = [
        SourceState(
            source=each.source,
            collector=each.collector,
            record_type=each.record_type,
            finished_at=each.finished_at,
            complete=each.complete,
            reason=each.reason,
            error=each.error,
            records=each.records,
            window_start=each.window_start,
            window_end=each.window_end,
            denied=each.denied,
        )
        for each in latest
    ]
    return sorted(states, key=lambda state: (state.source, state.record_type))
