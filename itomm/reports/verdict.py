"""The assessment in one breath: level, what it may become, what holds it back, who decided how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from itomm.reports.reliance import cap_sentence, reliance_on
from itomm.reports.wording import level_name, level_text, share_text
from itomm.scoring.assessment import (
    Assessment,
    CriterionAnswer,
    LevelRange,
    ModelText,
    PracticeScore,
    ScopeKind,
    ScopeResult,
    ScopeScore,
    View,
)

# The view that stands: everything that counts, counted. The other two are always shown beside it.
HEADLINE_VIEW = View.OVERRIDES
_NAMED_AT_MOST = 2
_DECIDED_BY_PEOPLE = frozenset({"person", "override"})
_WeightedAnswers: TypeAlias = tuple[Fraction, Mapping[str, CriterionAnswer]]


@dataclass(frozen=True)
class DecidedShares:
    """Shares of the questionnaire's weight, as far as it applies, by who decided; they add up to one."""

    evidence: Fraction
    people: Fraction
    unknown: Fraction


def organisation_of(assessment: Assessment) -> ScopeResult:
    """The organisation's own result, which stands first."""
    return assessment.scopes[0]


def verdict_sentence(assessment: Assessment) -> str:
    """The verdict as one line of plain text, for the head of the report and the end of a command."""
    organisation = organisation_of(assessment)
    score = organisation.views[HEADLINE_VIEW]
    if assessment.assumptions:
        level = _level_clause(organisation.name, score, assessment.model)
        return f"{assumptions_clause(assessment)} {level} This is no assessment."
    parts = [
        _level_clause(organisation.name, score, assessment.model),
        _evidence_alone_clause(organisation),
        cap_sentence(reliance_on(assessment, organisation.id)),
        _decided_clause(decided_shares(assessment)),
    ]
    return " ".join(part for part in parts if part)


def assumptions_clause(assessment: Assessment) -> str:
    """What is only supposed, for the head of all that rests on it."""
    top = organisation_of(assessment).id
    supposed = [
        f"{each.criterion} = {each.verdict}{'' if each.scope == top else f' for {each.scope}'}"
        for each in assessment.assumptions
    ]
    return f"Assuming {', '.join(supposed)}:"


def decided_shares(assessment: Assessment) -> DecidedShares:
    """Split the weight of all applicable criteria into what evidence and what people decided.

    Where services' answers were rolled up, each service counts by its weight.
    """
    services = [
        (scope.weight, {answer.criterion: answer for answer in scope.answers})
        for scope in assessment.scopes
        if scope.kind is ScopeKind.SERVICE
    ]
    answers = {answer.criterion: answer for answer in organisation_of(assessment).answers}
    total = known = by_evidence = Fraction(0)
    for text in assessment.model.criteria:
        answer = answers.get(text.id)
        if answer is not None and answer.in_force[HEADLINE_VIEW].points is None:
            continue
        total += text.weight
        if answer is not None:
            known += text.weight * answer.in_force[HEADLINE_VIEW].known_share
            by_evidence += text.weight * _share_by_evidence(answer, services)
    if not total:
        return DecidedShares(evidence=Fraction(0), people=Fraction(0), unknown=Fraction(1))
    return DecidedShares(
        evidence=by_evidence / total, people=(known - by_evidence) / total, unknown=1 - known / total
    )


def _share_by_evidence(answer: CriterionAnswer, services: Sequence[_WeightedAnswers]) -> Fraction:
    """The share of one criterion's weight that evidence decided."""
    if answer.in_force[HEADLINE_VIEW].layer != "roll_up":
        return _decided_by_evidence(answer)
    below = [
        (weight, answers[answer.criterion])
        for weight, answers in services
        if answer.criterion in answers
        and answers[answer.criterion].in_force[HEADLINE_VIEW].points is not None
    ]
    total = sum((weight for weight, _ in below), Fraction(0))
    if not total:
        return Fraction(0)
    return sum((weight * _decided_by_evidence(each) for weight, each in below), Fraction(0)) / total


def _decided_by_evidence(answer: CriterionAnswer) -> Fraction:
    """What evidence alone says counts as its decision as long as no person's layer says otherwise.

    An inherited answer does not tell whose it was, so it is compared with what evidence alone says.
    """
    stands, alone = answer.in_force[HEADLINE_VIEW], answer.in_force[View.EVIDENCE]
    by_people = stands.layer in _DECIDED_BY_PEOPLE or stands.verdict is not alone.verdict
    return Fraction(0) if by_people else alone.known_share


def practices_holding_back(
    level: LevelRange, score: ScopeScore, areas: Sequence[str], model: ModelText
) -> tuple[PracticeScore, ...]:
    """The practices of these areas that are below the level next to ``level``, the lowest first.

    Those that stay low whatever the unknown turns out to be come before those that may yet prove better.
    """
    if level.point >= max(model.levels):
        return ()
    area_of = {practice.id: practice.area for practice in model.practices}
    below = [
        practice
        for practice in score.practices
        if area_of[practice.practice] in areas and practice.level.point <= level.point
    ]
    return tuple(
        sorted(below, key=lambda each: (each.level.point, each.level.high, each.index.point, each.practice))
    )


def _level_clause(name: str, score: ScopeScore, model: ModelText) -> str:
    level = score.level
    between = f"between {level.low} and {level.high}" if level.low < level.high else f"at {level.low}"
    if not level.rated:
        known = share_text(score.known_share)
        return (
            f"{name} is not rated: too little is known ({known} of what decides its level); "
            f"the level lies {between}."
        )
    short_name = level_name(level.point, model.levels)
    clause = f"{name} is at level {level.point}" + (f" ({short_name})" if short_name else "")
    if level.low < level.high:
        condition = (
            "once the unknown is answered" if score.known_share < 1 else "as some of the evidence is weak"
        )
        clause += f", {between} {condition}"
    held_back = _held_back_clause(score, model)
    return f"{clause}; {held_back}." if held_back else f"{clause}."


def _held_back_clause(score: ScopeScore, model: ModelText) -> str:
    lowest = [area.area for area in score.areas if area.level.point == score.level.point]
    practices = practices_holding_back(score.level, score, lowest, model)
    if not practices:
        return ""
    parts = {part.id: part for part in (*model.areas, *model.practices)}
    named = [
        f"{parts[each.practice].name} ({each.practice}) in {parts[parts[each.practice].area].name}"
        for each in practices[:_NAMED_AT_MOST]
    ]
    more = len(practices) - len(named)
    if more == 0:
        return "held back by " + " and ".join(named)
    return f"held back most by {', '.join(named)}, and {more} more practice" + ("s" if more > 1 else "")


def _evidence_alone_clause(organisation: ScopeResult) -> str:
    """Said only when people moved the level, so that nobody has to look for it."""
    level = organisation.views[HEADLINE_VIEW].level
    alone = organisation.views[View.EVIDENCE].level
    if level_text(alone) == level_text(level):
        return ""
    standing = f"at level {alone.point}" if alone.rated else "not rated"
    return f"On evidence alone it is {standing}."


def _decided_clause(shares: DecidedShares) -> str:
    return (
        f"{share_text(shares.evidence)} of the questionnaire's weight is decided by evidence, "
        f"{share_text(shares.people)} by people, {share_text(shares.unknown)} is unknown."
    )
