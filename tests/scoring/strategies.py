"""Random organisations: questionnaire, services, what rules say, what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from hypothesis import strategies as st

from itomm.config.settings import Service
from itomm.evidence.decisions import Answer, Decision, Decisions, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer
from itomm.rules.model import Model
from itomm.scoring.assessment import ScopeResult
from tests.scoring.organisations import (
    AS_OF,
    DAY,
    ORGANISATION,
    PROFILE_NAMES,
    ProfileName,
    criterion,
    inferred,
    model,
    override,
    scored,
    service,
    stated,
)

VERDICTS = ("yes", "partial", "no", "not_applicable", "unknown")
LOST = (UnknownReason.COLLECTION_FAILED, UnknownReason.PERMISSION_DENIED, UnknownReason.STALE)
CRITERIA = ("A-P-2.1", "A-P-2.2", "A-P-3.1", "A-P-4.1", "A-Q-2.1", "A-Q-3.1", "A-Q-5.1", "B-R-2.1", "B-R-3.1")

Place = tuple[str, str | None]
"""A criterion, and the service that its rule answered for; None for the organisation."""


@dataclass(frozen=True)
class Company:
    """Everything that an assessment reads."""

    questionnaire: Model
    services: tuple[Service, ...]
    found: Mapping[Place, InferredAnswer]
    decisions: Decisions
    profile: ProfileName

    def scored(self, as_of: datetime = AS_OF) -> dict[str, ScopeResult]:
        return scored(
            self.questionnaire,
            self.services,
            by_service={(on, each): said for (on, each), said in self.found.items() if each is not None},
            by_organisation={on: said for (on, each), said in self.found.items() if each is None},
            decisions=self.decisions,
            profile=self.profile,
            as_of=as_of,
        )

    def answering(self, changes: Mapping[Place, InferredAnswer]) -> Company:
        return replace(self, found={**self.found, **changes})


confidences = st.sampled_from(
    [Fraction(2, 5), Fraction(1, 2), Fraction(3, 5), Fraction(7, 10), Fraction(9, 10)]
)
reasons = st.sampled_from(list(UnknownReason))


@st.composite
def rule_answers(draw: st.DrawFn, verdicts: Sequence[str] = VERDICTS) -> InferredAnswer:
    return inferred(
        draw(st.sampled_from(verdicts)),
        draw(reasons),
        base=draw(st.sampled_from(["direct", "proxy", "weak"])),
        confidence=draw(confidences),
    )


@st.composite
def questionnaires(draw: st.DrawFn) -> Model:
    criteria = [
        criterion(identifier, draw(st.integers(1, 3)), mandatory=draw(st.booleans()))
        for identifier in CRITERIA
    ]
    return model(criteria, {practice: draw(st.integers(1, 4)) for practice in ("A-P", "A-Q", "B-R")})


@st.composite
def service_lists(draw: st.DrawFn) -> tuple[Service, ...]:
    weights = draw(st.lists(st.sampled_from(["1", "0.1", "3", "2.5"]), min_size=1, max_size=3))
    return tuple(
        service(f"s{number}", weight, draw(st.sampled_from([None, "g1", "g2"])))
        for number, weight in enumerate(weights)
    )


@st.composite
def all_found(draw: st.DrawFn, services: Sequence[Service]) -> dict[Place, InferredAnswer]:
    """What rules say; each criterion has a rule for services, for the organisation, both or neither."""
    found: dict[Place, InferredAnswer] = {}
    for identifier in CRITERIA:
        kind = draw(st.sampled_from(["service", "organisation", "both", "nobody"]))
        if kind in {"service", "both"}:
            found |= {(identifier, each.id): draw(rule_answers()) for each in services}
        if kind in {"organisation", "both"}:
            found[(identifier, None)] = draw(rule_answers())
    return found


moments = st.integers(-60, 20).map(lambda days: AS_OF + days * DAY)


@st.composite
def stated_answers(draw: st.DrawFn, scopes: Sequence[str], number: int) -> Answer:
    at = draw(moments)
    return stated(
        draw(st.sampled_from(VERDICTS[:3])),
        draw(st.sampled_from(scopes)),
        draw(st.sampled_from(CRITERIA)),
        proof=draw(st.sampled_from([(), ("https://wiki.example/proof",)])),
        at=at,
        expires_at=_end(draw, at),
        identifier=f"A{number}",
    )


@st.composite
def overrides(draw: st.DrawFn, scopes: Sequence[str], number: int) -> Override:
    at = draw(moments)
    taken = draw(
        st.sampled_from([("approved",), ("approved",), ("approved", "withdrawn"), ("rejected",), ()])
    )
    return override(
        draw(st.sampled_from(VERDICTS[:4])),
        draw(st.sampled_from(VERDICTS)),
        draw(st.sampled_from(scopes)),
        draw(st.sampled_from(CRITERIA)),
        decisions=[Decision(each, "Bob", "", at + draw(st.integers(0, 30)) * DAY) for each in taken],
        proposed_at=at,
        effective_from=at + draw(st.integers(0, 9)) * DAY,
        expires_at=_end(draw, at + 10 * DAY),
        identifier=f"O{number}",
    )


def _end(draw: st.DrawFn, start: datetime) -> datetime:
    return start + draw(st.integers(1, 150)) * DAY


@st.composite
def all_decisions(draw: st.DrawFn, services: Sequence[Service]) -> Decisions:
    groups = {each.group for each in services if each.group}
    scopes = [ORGANISATION, *sorted(groups), *(each.id for each in services)]
    return Decisions(
        tuple(draw(stated_answers(scopes, number)) for number in range(draw(st.integers(0, 6)))),
        tuple(draw(overrides(scopes, number)) for number in range(draw(st.integers(0, 6)))),
    )


@st.composite
def companies(draw: st.DrawFn, *, decided: bool = True) -> Company:
    services = draw(service_lists())
    return Company(
        questionnaire=draw(questionnaires()),
        services=services,
        found=draw(all_found(services)),
        decisions=draw(all_decisions(services)) if decided else Decisions(),
        profile=draw(st.sampled_from(PROFILE_NAMES)),
    )


def sorted_places(company: Company) -> list[Place]:
    return sorted(company.found, key=lambda place: (place[0], place[1] or ""))
