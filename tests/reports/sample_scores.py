"""Plausible scores for sample assessments, simpler than the real scoring."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from itomm.scoring.assessment import (
    AnswerInForce,
    AreaScore,
    CriterionAnswer,
    Interval,
    LevelRange,
    ModelText,
    NamedPart,
    PracticeScore,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    Verdict,
    View,
)

ONE = Fraction(1)


def scope(
    name: str, title: str, kind: ScopeKind, model: ModelText, answers: tuple[CriterionAnswer, ...]
) -> ScopeResult:
    return ScopeResult(
        id=name,
        name=title,
        kind=kind,
        weight=ONE,
        tier=2 if kind is ScopeKind.SERVICE else None,
        owner="team",
        parent="acme" if kind is ScopeKind.SERVICE else None,
        views={
            view: score(model, {each.criterion: each.in_force[view] for each in answers}) for view in View
        },
        answers=answers,
    )


def score(model: ModelText, answers: Mapping[str, AnswerInForce]) -> ScopeScore:
    """Plausible numbers, simpler than the real scoring: a level needs three quarters of its points."""
    practices = tuple(practice_score(part, model, answers) for part in model.practices)
    areas = tuple(
        AreaScore(
            part.id,
            lowest([each.level for each in practices if each.practice.startswith(part.id)]),
            mean([each.index for each in practices if each.practice.startswith(part.id)]),
            share(model, answers, part.id),
            Fraction(8, 10),
        )
        for part in model.areas
    )
    return ScopeScore(
        lowest([each.level for each in areas]),
        mean([each.index for each in areas]),
        share(model, answers, ""),
        Fraction(8, 10),
        areas,
        practices,
    )


def practice_score(part: NamedPart, model: ModelText, answers: Mapping[str, AnswerInForce]) -> PracticeScore:
    own = [text for text in model.criteria if text.practice == part.id]

    def attained(side: str) -> tuple[int, Fraction]:
        for level in (2, 3, 4, 5):
            points = [
                getattr(answers[text.id].points, side)
                for text in own
                if text.level == level and answers[text.id].points
            ]
            reached = Fraction(sum(points), len(points)) if points else ONE
            if reached < Fraction(3, 4):
                return level - 1, level - 1 + reached
        return 5, Fraction(5)

    low, point, high = (attained(side) for side in ("low", "point", "high"))
    known = share(model, answers, part.id)
    return PracticeScore(
        practice=part.id,
        level=LevelRange(low[0], point[0], high[0], rated=known >= Fraction(6, 10)),
        index=Interval(low[1], point[1], high[1]),
        known_share=known,
        confidence=Fraction(55, 100),
        held_back_by=tuple(
            text.id
            for text in own
            if text.level == point[0] + 1 and answers[text.id].verdict in {Verdict.NO, Verdict.UNKNOWN}
        ),
    )


def lowest(levels: list[LevelRange]) -> LevelRange:
    return LevelRange(
        min(each.low for each in levels),
        min(each.point for each in levels),
        min(each.high for each in levels),
        rated=all(each.rated for each in levels),
    )


def mean(indexes: list[Interval]) -> Interval:
    count = len(indexes)
    return Interval(
        Fraction(sum(each.low for each in indexes), count),
        Fraction(sum(each.point for each in indexes), count),
        Fraction(sum(each.high for each in indexes), count),
    )


def share(model: ModelText, answers: Mapping[str, AnswerInForce], prefix: str) -> Fraction:
    counted = [answers[text.id] for text in model.criteria if text.id.startswith(prefix)]
    applicable = [each for each in counted if each.points]
    return Fraction(sum(each.known_share for each in applicable), len(applicable)) if applicable else ONE
