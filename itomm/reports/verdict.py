"""The assessment in one breath: level, what it may become, what holds it back, who decided how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from itomm.reports.wording import level_name, level_text, share_text
from itomm.scoring.assessment import (
    AnswerInForce,
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
HIGHEST_LEVEL = 5
_NAMED_AT_MOST = 2
_DECIDED_BY_PEOPLE = frozenset({"person", "override"})


@dataclass(frozen=True)
class DecidedShares:
    """Shares of the questionnaire's weight by who decided; they add up to one."""

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
    parts = [
        _level_clause(organisation.name, score, assessment.model),
        _evidence_alone_clause(organisation),
        _decided_clause(decided_shares(assessment)),
    ]
    return " ".join(part for part in parts if part)


def decided_shares(assessment: Assessment) -> DecidedShares:
    """Split the organisation's known share into what evidence and what people decided.

    Where services' answers were rolled up, each service counts by its weight.
    """
    known_share = organisation_of(assessment).views[HEADLINE_VIEW].known_share
    services = [
        (scope.weight, {answer.criterion: answer for answer in scope.answers})
        for scope in assessment.scopes
        if scope.kind is ScopeKind.SERVICE
    ]
    weights = {text.id: text.weight for text in assessment.model.criteria}
    known = Fraction(0)
    by_people = Fraction(0)
    for answer in organisation_of(assessment).answers:
        in_force = answer.in_force[HEADLINE_VIEW]
        if in_force.points is None:
            continue
        weight = weights[answer.criterion] * in_force.known_share
        known += weight
        by_people += weight * _people_share(answer.criterion, in_force, services)
    people = known_share * by_people / known if known else Fraction(0)
    return DecidedShares(evidence=known_share - people, people=people, unknown=1 - known_share)


def _people_share(
    criterion: str,
    in_force: AnswerInForce,
    services: Sequence[tuple[Fraction, Mapping[str, CriterionAnswer]]],
) -> Fraction:
    """Of what is known about one criterion, the share that people decided."""
    if in_force.layer != "roll_up":
        return Fraction(in_force.layer in _DECIDED_BY_PEOPLE)
    known = Fraction(0)
    by_people = Fraction(0)
    for service_weight, answers in services:
        if criterion not in answers or answers[criterion].in_force[HEADLINE_VIEW].points is None:
            continue
        below = answers[criterion].in_force[HEADLINE_VIEW]
        known += service_weight * below.known_share
        if below.layer in _DECIDED_BY_PEOPLE:
            by_people += service_weight * below.known_share
    return by_people / known if known else Fraction(0)


def practices_holding_back(
    level: LevelRange, score: ScopeScore, areas: Sequence[str], model: ModelText
) -> tuple[PracticeScore, ...]:
    """The practices of these areas that are below the level next to ``level``, the lowest first."""
    if level.point >= HIGHEST_LEVEL:
        return ()
    area_of = {practice.id: practice.area for practice in model.practices}
    below = [
        practice
        for practice in score.practices
        if area_of[practice.practice] in areas and practice.level.point <= level.point
    ]
    return tuple(sorted(below, key=lambda each: (each.level.point, each.index.point, each.practice)))


def _level_clause(name: str, score: ScopeScore, model: ModelText) -> str:
    level = score.level
    between = f"between {level.low} and {level.high}" if level.low < level.high else f"at {level.low}"
    if not level.rated:
        known = share_text(score.known_share)
        return (
            f"{name} is not rated: too little is known ({known} of the questionnaire's weight); "
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
