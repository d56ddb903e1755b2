"""The report's first pages: where collection went wrong, levels by area and practice, services, overrides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from itomm.evidence.observation import UnknownReason
from itomm.reports.criterion_view import CriterionView
from itomm.reports.override_effect import effects_text
from itomm.reports.verdict import HEADLINE_VIEW, organisation_of, practices_holding_back
from itomm.reports.wording import NOT_RATED, REASON_SENTENCES, count_text, level_text
from itomm.scoring.assessment import (
    AreaScore,
    Assessment,
    CriterionAnswer,
    ModelText,
    NamedPart,
    OverrideInForce,
    PracticeScore,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    SourceState,
    Verdict,
    View,
)


@dataclass(frozen=True)
class CollectionProblem:
    """One stream that cannot be relied on, and why, in a sentence."""

    state: SourceState
    sentence: str


@dataclass(frozen=True)
class PracticeRow:
    """A practice of the organisation: what counts, and what evidence alone says.

    A score is None where nothing of the practice applies.
    """

    part: NamedPart
    score: PracticeScore | None
    alone: PracticeScore | None


@dataclass(frozen=True)
class AreaRow:
    """An area of the organisation with its practices, and those of them that hold it back.

    A score is None where nothing of the area applies.
    """

    part: NamedPart
    score: AreaScore | None
    alone: AreaScore | None
    held_back_by: tuple[NamedPart, ...]
    practices: tuple[PracticeRow, ...]


@dataclass(frozen=True)
class HeatRow:
    """A scope with its practices in the questionnaire's order; None where it has no such practice."""

    scope: ScopeResult
    score: ScopeScore
    practices: tuple[PracticeScore | None, ...]


@dataclass(frozen=True)
class OverrideRow:
    """One override with the criterion and scope it is for, and what it moves in words."""

    scope: ScopeResult
    answer: CriterionAnswer
    override: OverrideInForce
    moves: str


def collection_problems(sources: Sequence[SourceState]) -> tuple[CollectionProblem, ...]:
    """Streams that failed, were refused, cut short, are too old or not connected; by source, then type."""
    found = (CollectionProblem(state, _what_went_wrong(state)) for state in sources if _went_wrong(state))
    return tuple(sorted(found, key=lambda problem: (problem.state.source, problem.state.record_type)))


def _went_wrong(state: SourceState) -> bool:
    return not state.complete or state.reason is not None or bool(state.error) or bool(state.denied)


def _what_went_wrong(state: SourceState) -> str:
    if state.reason is not None:
        return REASON_SENTENCES[state.reason]
    if state.denied:
        return REASON_SENTENCES[UnknownReason.PERMISSION_DENIED]
    if not state.complete:
        return REASON_SENTENCES[UnknownReason.COLLECTION_FAILED]
    return "It ended with an error."


def unknown_by_reason(criteria: Sequence[CriterionView]) -> tuple[tuple[UnknownReason, int], ...]:
    """How many criteria are unknown for the organisation, by their first reason; the commonest first."""
    first = Counter(
        criterion.reasons[0][0]
        for criterion in criteria
        if criterion.in_force.verdict is Verdict.UNKNOWN and criterion.reasons
    )
    return tuple(sorted(first.items(), key=lambda item: (-item[1], item[0])))


def overrides_notice(assessment: Assessment) -> str:
    """A sentence when overrides move the organisation's level, else an empty text."""
    views = organisation_of(assessment).views
    before, after = views[View.STATED].level, views[View.OVERRIDES].level
    if level_text(before) == level_text(after):
        return ""
    active = sum(row.override.state == "active" for row in override_rows(assessment))
    return (
        f"Overrides change the level: {level_text(before)} without them, {level_text(after)} with them. "
        f"{count_text(active, 'override is', 'overrides are')} in force."
    )


def override_rows(assessment: Assessment) -> tuple[OverrideRow, ...]:
    """Every override of every scope, whatever its state."""
    return tuple(
        OverrideRow(scope, answer, override, effects_text(assessment.override_effects, override.id))
        for scope in assessment.scopes
        for answer in scope.answers
        for override in answer.overrides
    )


def area_rows(assessment: Assessment) -> tuple[AreaRow, ...]:
    """All areas and practices in the questionnaire's order, as they stand for the organisation."""
    score = organisation_of(assessment).views[HEADLINE_VIEW]
    alone = organisation_of(assessment).views[View.EVIDENCE]
    practices, practices_alone = _by_practice(score), _by_practice(alone)
    areas = {area.area: area for area in score.areas}
    areas_alone = {area.area: area for area in alone.areas}
    return tuple(
        AreaRow(
            part=part,
            score=areas.get(part.id),
            alone=areas_alone.get(part.id),
            held_back_by=_held_back_by(areas.get(part.id), score, assessment.model),
            practices=tuple(
                PracticeRow(practice, practices.get(practice.id), practices_alone.get(practice.id))
                for practice in assessment.model.practices
                if practice.area == part.id
            ),
        )
        for part in assessment.model.areas
    )


def _held_back_by(area: AreaScore | None, score: ScopeScore, model: ModelText) -> tuple[NamedPart, ...]:
    if area is None:
        return ()
    parts = {practice.id: practice for practice in model.practices}
    return tuple(
        parts[each.practice] for each in practices_holding_back(area.level, score, [area.area], model)
    )


def heat_rows(assessment: Assessment) -> tuple[HeatRow, ...]:
    """All scopes by all practices, as they count with every layer in."""
    order = [practice.id for practice in assessment.model.practices]
    scores = [(scope, scope.views[HEADLINE_VIEW]) for scope in assessment.scopes]
    return tuple(HeatRow(scope, score, tuple(map(_by_practice(score).get, order))) for scope, score in scores)


def services_spread(assessment: Assessment) -> str:
    """How far services lie apart, in a sentence; an empty text without services."""
    services = [scope for scope in assessment.scopes if scope.kind is ScopeKind.SERVICE]
    if not services:
        return ""
    levels = Counter(level_text(scope.views[HEADLINE_VIEW].level) for scope in services)
    parts = [
        f"{number} not rated" if level == NOT_RATED else f"{number} at level {level}"
        for level, number in sorted(levels.items())
    ]
    return f"{count_text(len(services), 'service', 'services')}: {', '.join(parts)}."


def _by_practice(score: ScopeScore) -> dict[str, PracticeScore]:
    return {practice.practice: practice for practice in score.practices}
