"""Small questionnaires, answers, decisions and settings to score, made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from itomm.config.settings import Group, Organisation, ScoringSettings, Service, Settings
from itomm.evidence.decisions import Answer, Decision, Decisions, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.evaluation import InferredAnswers
from itomm.rules.model import Criterion, Model, Part
from itomm.scoring.assess import assess_answers
from itomm.scoring.assessment import AnswerInForce, Interval, LevelRange, ScopeResult, ScopeScore, View
from itomm.scoring.levels import Rules
from itomm.scoring.points import in_force
from itomm.scoring.profiles import PROFILES

AS_OF = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
REASON = "Seen with my own eyes, on site."
ORGANISATION = "acme"
SURE = Fraction(9, 10)
UNSURE = Fraction(1, 2)
LEVELS = {1: "Initial", 2: "Repeatable", 3: "Defined", 4: "Managed", 5: "Optimized"}
CONFIDENCES = {"direct": SURE, "proxy": Fraction(7, 10), "weak": UNSURE}

ProfileName = Literal["itomm", "iso33020", "strict"]
PROFILE_NAMES: tuple[ProfileName, ...] = ("itomm", "iso33020", "strict")


def criterion(identifier: str, weight: int = 1, *, mandatory: bool = False) -> Criterion:
    """A criterion named area-practice-level.number, as in the shipped questionnaire."""
    area, name, place = identifier.split("-")
    return Criterion(
        id=identifier,
        area=area,
        practice=f"{area}-{name}",
        level=int(place.split(".")[0]),
        weight=Fraction(weight),
        mandatory=mandatory,
        dimension="process",
        mode="evidence",
        title="",
        question="",
        why="",
        evidence_of_yes="",
        advice="",
        effort="M",
        not_applicable_when="",
        rubric={},
        references={},
    )


def model(criteria: Sequence[Criterion], practice_weights: Mapping[str, int] | None = None) -> Model:
    """A questionnaire of these criteria; practices weigh 1 unless told."""
    weights = practice_weights or {}
    areas = dict.fromkeys(each.area for each in criteria)
    practices = dict.fromkeys((each.practice, each.area) for each in criteria)
    return Model(
        id="small",
        title="Small",
        version="1",
        levels=LEVELS,
        areas=tuple(Part(area, area, Fraction(1), "") for area in areas),
        practices=tuple(
            Part(practice, practice, Fraction(weights.get(practice, 1)), "", area)
            for practice, area in practices
        ),
        criteria=tuple(criteria),
    )


def rules(profile: ProfileName = "itomm") -> Rules:
    return Rules(sorted(LEVELS), PROFILES[profile], Fraction(3, 5))


def answer(verdict: str, confidence: Fraction = SURE) -> AnswerInForce:
    return in_force(Verdict(verdict), confidence, "rule")


def inferred(
    verdict: str,
    reason: UnknownReason | None = None,
    *,
    base: str = "direct",
    confidence: Fraction | None = None,
) -> InferredAnswer:
    """What a rule concluded; an unknown was never collected unless told why."""
    sure = CONFIDENCES[base] if confidence is None else confidence
    unknown = verdict == "unknown"
    return InferredAnswer(
        verdict=Verdict(verdict),
        reason=(reason or UnknownReason.NEVER_COLLECTED) if unknown else None,
        detail="",
        rule="a-rule",
        measured=None,
        grade_yes="",
        grade_partial="",
        counted=0,
        matched=None,
        seen=0,
        minimum_sample=1,
        base=base,
        confidence=Fraction(0) if unknown else sure,
        record_types=(),
        window_days=None,
        what_would_change_it="",
    )


def stated(
    verdict: str,
    scope: str = ORGANISATION,
    on: str = "A-P-2.1",
    *,
    proof: Sequence[str] = (),
    at: datetime = AS_OF - DAY,
    expires_at: datetime = AS_OF + 90 * DAY,
    identifier: str = "A1",
) -> Answer:
    return Answer(identifier, scope, on, verdict, "Ann", REASON, tuple(proof), at, expires_at)


def override(
    verdict: str,
    saw: str,
    scope: str = ORGANISATION,
    on: str = "A-P-2.1",
    *,
    decisions: Sequence[Decision] | None = None,
    proposed_at: datetime = AS_OF - 2 * DAY,
    effective_from: datetime | None = None,
    expires_at: datetime = AS_OF + 90 * DAY,
    identifier: str = "O1",
) -> Override:
    """An override that was approved a day after its proposal, unless other decisions are given."""
    approved = Decision("approved", "Bob", "", proposed_at + DAY)
    return Override(
        id=identifier,
        scope=scope,
        criterion=on,
        verdict=verdict,
        kind="not_applicable" if verdict == "not_applicable" else "evidence_wrong",
        reason=REASON,
        proposer="Ann",
        proposed_at=proposed_at,
        effective_from=effective_from or proposed_at,
        expires_at=expires_at,
        saw_verdict=saw,
        saw_measured=None,
        decisions=(approved,) if decisions is None else tuple(decisions),
    )


def service(identifier: str, weight: str = "1", group: str | None = None) -> Service:
    return Service(id=identifier, weight=Decimal(weight), group=group)


def settings(services: Sequence[Service]) -> Settings:
    groups = sorted({each.group for each in services if each.group})
    return Settings(
        organisation=Organisation(id=ORGANISATION, name="Acme"),
        groups=tuple(Group(id=group, name=group) for group in groups),
        services=tuple(services),
        scoring=ScoringSettings(),
    )


def scored(
    questionnaire: Model,
    services: Sequence[Service],
    *,
    by_service: Mapping[tuple[str, str], InferredAnswer] | None = None,
    by_organisation: Mapping[str, InferredAnswer] | None = None,
    decisions: Decisions | None = None,
    profile: ProfileName = "itomm",
    as_of: datetime = AS_OF,
) -> dict[str, ScopeResult]:
    """All scopes by id."""
    found = InferredAnswers(by_organisation or {}, by_service or {})
    results = assess_answers(
        questionnaire, found, decisions or Decisions(), settings(services), as_of, profile=profile
    )
    return {result.id: result for result in results}


def counts(results: Mapping[str, ScopeResult], scope: str, on: str, view: View) -> AnswerInForce:
    """What counts for one criterion of one scope under a view."""
    return next(each.in_force[view] for each in results[scope].answers if each.criterion == on)


def levels_in(score: ScopeScore) -> Iterator[tuple[str, LevelRange]]:
    """Every level of a score by where it stands."""
    yield "overall", score.level
    yield from ((f"area {each.area}", each.level) for each in score.areas)
    yield from ((f"practice {each.practice}", each.level) for each in score.practices)


def indices_in(score: ScopeScore) -> Iterator[tuple[str, Interval]]:
    """Every continuous index of a score by where it stands."""
    yield "overall", score.index
    yield from ((f"area {each.area}", each.index) for each in score.areas)
    yield from ((f"practice {each.practice}", each.index) for each in score.practices)
