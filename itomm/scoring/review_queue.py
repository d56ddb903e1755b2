"""What to look at first: decisions that no longer hold, and answers that weigh much and rest on little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from fractions import Fraction

from itomm.rules.answer import Verdict
from itomm.scoring.assessment import (
    AnswerInForce,
    Assessment,
    CriterionAnswer,
    OverrideInForce,
    ScopeResult,
    StatedAnswer,
    View,
)
from itomm.scoring.levels import Rules
from itomm.scoring.planning.standing import Rescoring, Standing
from itomm.scoring.points import FULL, NONE, in_force

WEAK_BELOW = Fraction(7, 10)
"""Confidence of a proxy (content paper, 7.5): an answer below it rests on a weak sign, or on an old one."""


class ReviewKind(IntEnum):
    """Why something should be looked at; the most pressing first."""

    DRIFTED = 1
    PROPOSED = 2
    EXPIRING = 3
    EXPIRED = 4
    UNKNOWN_BLOCKS = 5
    UNKNOWN = 6
    WEAK = 7


@dataclass(frozen=True)
class ReviewItem:
    """One thing to look at.

    Attributes:
        kind: why.
        scope: the scope's id.
        criterion: the criterion's id.
        effect: how far the scope's index would move between no and yes, all else as it is.
        moves_level: whether its level would move, too.
        uncertainty: one less the confidence; 1 for what is unknown.
        override: the override that it is about; None for an answer.
        stated: the stated answer that it is about; None for an override, and for what evidence says.
        answer: what counts now.
    """

    kind: ReviewKind
    scope: str
    criterion: str
    effect: Fraction
    moves_level: bool
    uncertainty: Fraction
    answer: AnswerInForce
    override: OverrideInForce | None = None
    stated: StatedAnswer | None = None

    @property
    def priority(self) -> Fraction:
        """Effect times uncertainty."""
        return self.effect * self.uncertainty


def review_queue(
    assessment: Assessment, rules: Rules, scopes: Sequence[ScopeResult], *, soon: timedelta
) -> list[ReviewItem]:
    """What to look at in some scopes: overrides first, then what blocks a level, then by priority.

    An override or a stated answer is expiring when it ends within ``soon``, and was missed when it ended no
    longer ago.
    """
    items = [
        item
        for scope in scopes
        for item in _of_scope(assessment, scope, Reach(assessment, scope, rules), soon)
    ]
    return sorted(
        items,
        key=lambda one: (one.kind, not one.moves_level, -one.priority, one.scope, one.criterion, _id_of(one)),
    )


class Reach:
    """How far one answer of a scope can move the scope's score."""

    def __init__(self, assessment: Assessment, scope: ScopeResult, rules: Rules) -> None:
        self._rescoring = Rescoring(Standing.of(assessment.model, rules, scope, View.OVERRIDES))

    def of(self, criterion: str) -> tuple[Fraction, bool]:
        """How far the index moves between no and yes, and whether the level does."""
        now = self._rescoring.answers[criterion]
        if now.points is None:
            return NONE, False
        scores = []
        for verdict in (Verdict.NO, Verdict.YES):
            self._rescoring.change({criterion: in_force(verdict, FULL, now.layer)})
            scores.append(self._rescoring.scope())
        self._rescoring.change({criterion: now})
        worst, best = scores
        return best.index.point - worst.index.point, best.level.point != worst.level.point


def _of_scope(
    assessment: Assessment, scope: ScopeResult, reach: Reach, soon: timedelta
) -> Iterator[ReviewItem]:
    blocking = {
        criterion for practice in scope.views[View.OVERRIDES].practices for criterion in practice.held_back_by
    }
    for answer in scope.answers:
        now = answer.in_force[View.OVERRIDES]
        pressing = [
            (kind, override)
            for override in answer.overrides
            if (kind := _why_override(override, answer, assessment.as_of, soon)) is not None
        ]
        why = _why_answer(answer, blocking)
        ending = _why_stated(answer, assessment.as_of, soon)
        if not pressing and why is None and ending is None:
            continue
        effect, moves = reach.of(answer.criterion)
        for kind, override in pressing:
            yield ReviewItem(kind, scope.id, answer.criterion, effect, moves, FULL, now, override)
        if ending is not None:
            kind, stated = ending
            yield ReviewItem(kind, scope.id, answer.criterion, effect, moves, FULL, now, stated=stated)
        if why is not None and effect:
            yield ReviewItem(why, scope.id, answer.criterion, effect, moves, _uncertainty(now), now)


def _why_override(
    override: OverrideInForce, answer: CriterionAnswer, as_of: datetime, soon: timedelta
) -> ReviewKind | None:
    match override.state:
        case "drifted":
            return ReviewKind.DRIFTED
        case "proposed" if as_of < override.expires_at:
            return ReviewKind.PROPOSED
        case "active" if override.expires_at - as_of <= soon and not _renewed(override, answer):
            return ReviewKind.EXPIRING
        case "expired" if override.approver and as_of - override.expires_at <= soon:
            return None if _renewed(override, answer) else ReviewKind.EXPIRED
    return None


def _why_stated(
    answer: CriterionAnswer, as_of: datetime, soon: timedelta
) -> tuple[ReviewKind, StatedAnswer] | None:
    """A stated answer that ends, or ended, within ``soon``; a newer one has taken the place of any before."""
    stated, lapsed = answer.stated, answer.lapsed
    if stated is not None and stated.expires_at - as_of <= soon:
        return ReviewKind.EXPIRING, stated
    if lapsed is not None and as_of - lapsed.expires_at <= soon:
        return ReviewKind.EXPIRED, lapsed
    return None


def _renewed(override: OverrideInForce, answer: CriterionAnswer) -> bool:
    """Whether somebody has proposed to renew it, which stands in the queue by itself."""
    return any(
        each.renews == override.id and each.state in {"proposed", "active"} for each in answer.overrides
    )


def _why_answer(answer: CriterionAnswer, blocking: set[str]) -> ReviewKind | None:
    now = answer.in_force[View.OVERRIDES]
    if now.points is None:
        return None
    if now.verdict is Verdict.UNKNOWN:
        return ReviewKind.UNKNOWN_BLOCKS if answer.criterion in blocking else ReviewKind.UNKNOWN
    return ReviewKind.WEAK if now.confidence < WEAK_BELOW else None


def _uncertainty(answer: AnswerInForce) -> Fraction:
    return FULL - answer.confidence * answer.known_share


def _id_of(item: ReviewItem) -> str:
    about = item.override or item.stated
    return about.id if about else ""
