"""The assessment: f(snapshot, model, rules, decisions, settings, as-of instant); reads segments only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from itomm.config.settings import Configuration, Service, Settings
from itomm.evidence.decisions import Decisions
from itomm.evidence.reading.snapshot import Snapshot
from itomm.evidence.record_types import record_types
from itomm.rules.evaluation import InferredAnswers, ServiceKeys, evaluate
from itomm.rules.garbage import nothing_collected
from itomm.rules.model import Model
from itomm.rules.rule_set import RuleSet
from itomm.scoring.assessment import (
    AnswerInForce,
    Assessment,
    Assumption,
    CriterionAnswer,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    SourceState,
    View,
)
from itomm.scoring.caveats import Caveats, caveats_on
from itomm.scoring.imported_scope import in_force
from itomm.scoring.levels import Rules
from itomm.scoring.override_effects import override_effects
from itomm.scoring.profiles import PROFILES
from itomm.scoring.reliance import Caps, reliances
from itomm.scoring.scope_answers import ScopeAnswers, in_scope
from itomm.scoring.scorer import Scorer


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
    assumptions: Sequence[Assumption] = (),
) -> Assessment:
    """Assess a snapshot; the same inputs give the same result on every machine.

    With ``assumptions``, as if these answers counted; nothing is stored, nothing looked for as a caveat.
    """
    configuration = in_force(configuration, snapshot, as_of)
    settings = configuration.settings
    keys = [ServiceKeys(service.id, service.keys) for service in in_scope(settings)]
    name = profile or settings.scoring.profile
    inferred = evaluate(rule_set.rules, snapshot, keys, as_of)
    scopes = assess_answers(
        rule_set.model, inferred, decisions, settings, as_of, profile=name, assumptions=assumptions
    )
    caveats = Caveats((), ()) if assumptions else caveats_on(scopes, rule_set, snapshot, as_of)
    return Assessment(
        as_of=as_of,
        profile=name,
        organisation=settings.organisation.name,
        inputs={
            "snapshot": snapshot.digest,
            "model": rule_set.model_digest,
            "rules": rule_set.rules_digest,
            "decisions": decisions.known_at(as_of).digest,
            "settings": configuration.scoring_digest,
        },
        model=rule_set.model,
        scopes=scopes,
        sources=tuple(_sources(snapshot, as_of)),
        override_effects=tuple(
            override_effects(
                scopes,
                decisions.known_at(as_of),
                answering=lambda other: ScopeAnswers(inferred, other, settings, as_of, assumptions),
                scoring=lambda answers: score_answers(
                    rule_set.model, answers, rules_for(rule_set.model, name, settings)
                ),
            )
        ),
        assumptions=tuple(assumptions),
        caveats=caveats.found,
        not_looked=caveats.not_looked,
        reliances=tuple(reliances(rule_set.model, scopes, Caps.of(settings.overrides))),
    )


def assess_answers(
    model: Model,
    inferred: InferredAnswers,
    decisions: Decisions,
    settings: Settings,
    as_of: datetime,
    *,
    profile: str,
    only: str | None = None,
    assumptions: Sequence[Assumption] = (),
) -> tuple[ScopeResult, ...]:
    """Score all scopes from what rules and people say: the organisation first, then groups, then services.

    With ``only`` the id of a scope, that one alone; it gets the same result as among the others.
    """
    scorer = Scorer(model, rules_for(model, profile, settings))
    answers = ScopeAnswers(inferred, decisions.known_at(as_of), settings, as_of, assumptions)
    with nothing_collected():
        return tuple(_results(model, answers, settings, scorer, only))


def _results(
    model: Model, answers: ScopeAnswers, settings: Settings, scorer: Scorer, only: str | None
) -> Iterator[ScopeResult]:
    scopes = [subject for subject in subjects(settings) if only in {None, subject.id}]
    decided = [place for place, each in enumerate(model.criteria) if answers.is_decided(each.id)]
    for subject in scopes:
        if subject.kind is not ScopeKind.SERVICE or only is not None:
            found = [answers.of(each.id, subject.kind, subject.id) for each in model.criteria]
            yield _result(subject, found, scorer, decided)
    services = [subject for subject in scopes if subject.kind is ScopeKind.SERVICE and only is None]
    if services:
        columns = [answers.of_services(each.id).values() for each in model.criteria]
        for subject, row in zip(services, zip(*columns, strict=True), strict=True):
            yield _result(subject, row, scorer, decided)


def rules_for(model: Model, profile: str, settings: Settings) -> Rules:
    """What levels of a questionnaire are computed with."""
    return Rules(sorted(model.levels), PROFILES[profile], Fraction(settings.scoring.minimum_known_share))


def subjects(settings: Settings) -> Iterator[Subject]:
    """What is scored: the organisation, its groups that have services in scope, and those services."""
    services = in_scope(settings)
    top = Subject(
        settings.organisation.id,
        settings.organisation.name,
        ScopeKind.ORGANISATION,
        _weight(services) or Fraction(1),
    )
    yield top
    for group in settings.groups:
        weight = _weight([service for service in services if service.group == group.id])
        if weight:
            yield Subject(group.id, group.name, ScopeKind.GROUP, weight, parent=top.id)
    for service in services:
        yield _service_subject(service, top)


def score_answers(model: Model, answers: Mapping[str, AnswerInForce], rules: Rules) -> ScopeScore:
    """Score one scope from what counts for each criterion."""
    return Scorer(model, rules).score([answers[each.id] for each in model.criteria])


def _weight(services: Sequence[Service]) -> Fraction:
    return sum((service.exact_weight for service in services), Fraction(0))


def _service_subject(service: Service, top: Subject) -> Subject:
    return Subject(
        id=service.id,
        name=service.title,
        kind=ScopeKind.SERVICE,
        weight=service.exact_weight,
        tier=service.tier,
        owner=service.owner_team,
        parent=service.group or top.id,
    )


def _result(
    subject: Subject, answers: Sequence[CriterionAnswer], scorer: Scorer, decided: Sequence[int]
) -> ScopeResult:
    views = score_views(answers, scorer, decided)
    return ScopeResult(**vars(subject), views=views, answers=tuple(answers))


def score_views(
    answers: Sequence[CriterionAnswer], scorer: Scorer, decided: Sequence[int]
) -> Mapping[View, ScopeScore]:
    """One scope's score under each view; views under which the same counts share it.

    ``decided`` are the places of criteria about which people decided something; elsewhere, views agree.
    """
    views: dict[View, ScopeScore] = {}
    scored: list[tuple[list[AnswerInForce], ScopeScore]] = []
    for view in View:
        differing = [answers[place].in_force[view] for place in decided]
        score = next((known for other, known in scored if other == differing), None)
        views[view] = score or scorer.score([each.in_force[view] for each in answers])
        scored.append((differing, views[view]))
    return views


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
