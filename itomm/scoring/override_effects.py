"""What each override moves: the score of its own scope and of the organisation, with and without that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from itomm.evidence.decisions import Decisions
from itomm.scoring.assessment import (
    AnswerInForce,
    CriterionAnswer,
    OverrideEffect,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    View,
)
from itomm.scoring.scope_answers import ScopeAnswers

Answering = Callable[[Decisions], ScopeAnswers]
Scoring = Callable[[Mapping[str, AnswerInForce]], ScopeScore]


def override_effects(
    scopes: Sequence[ScopeResult], decisions: Decisions, answering: Answering, scoring: Scoring
) -> Iterator[OverrideEffect]:
    """The effect of every override that counts, on its own scope and, where it reaches it, the organisation.

    ``answering`` gives the answers under other decisions, ``scoring`` the score of a scope's answers. All
    other overrides stay, so that the effects of several need not add up to what they move together.
    """
    by_id = {scope.id: scope for scope in scopes}
    top = next(scope for scope in scopes if scope.kind is ScopeKind.ORGANISATION)
    for scope in scopes:
        for answer in scope.answers:
            for override in answer.overrides:
                if override.state == "active":
                    without = answering(_without(decisions, override.id))
                    reached = dict.fromkeys([scope.id, top.id])
                    for each in reached:
                        yield _effect(override.id, by_id[each], answer.criterion, without, scoring)


def _effect(
    override: str, scope: ScopeResult, criterion: str, without: ScopeAnswers, scoring: Scoring
) -> OverrideEffect:
    other = without.of(criterion, scope.kind, scope.id)
    before = scoring(_in_force([*(each for each in scope.answers if each.criterion != criterion), other]))
    after = scope.views[View.OVERRIDES]
    return OverrideEffect(
        override=override,
        scope=scope.id,
        level_without=before.level,
        level_with=after.level,
        index_without=before.index,
        index_with=after.index,
    )


def _in_force(answers: Sequence[CriterionAnswer]) -> dict[str, AnswerInForce]:
    return {each.criterion: each.in_force[View.OVERRIDES] for each in answers}


def _without(decisions: Decisions, override: str) -> Decisions:
    return replace(decisions, overrides=tuple(each for each in decisions.overrides if each.id != override))
