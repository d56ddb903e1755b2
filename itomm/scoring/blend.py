"""Blending: which layer of an answer counts under which view.

Precedence: active override > direct evidence > stated with attachment > proxy > stated > weak > unknown.
The inferred answer is never replaced, only covered; every layer stays visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from itomm.evidence.decisions import Answer, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assessment import AnswerInForce, OverrideInForce, StatedAnswer, View
from itomm.scoring.points import in_force

CONFIDENCE_STATED = Fraction(1, 2)
CONFIDENCE_STATED_WITH_ATTACHMENT = Fraction(7, 10)
CONFIDENCE_CONFIRMED = Fraction(17, 20)

_RANK_OF_EVIDENCE = {"direct": 5, "proxy": 3, "weak": 1}
_RANK_STATED, _RANK_STATED_WITH_ATTACHMENT = 2, 4

_NOT_FOR_PEOPLE_TO_FILL = frozenset(
    {UnknownReason.COLLECTION_FAILED, UnknownReason.PERMISSION_DENIED, UnknownReason.STALE}
)
"""A failing collector must not raise a score: while evidence that was there cannot be read, a statement
may not stand in for it."""

NOBODY = in_force(Verdict.UNKNOWN, Fraction(0), "nobody")


@dataclass(frozen=True)
class Layers:
    """What people said about one criterion of one scope, over what evidence alone says.

    ``unreadable`` says that evidence behind the answer was there once and cannot be read now.
    """

    inferred: InferredAnswer | None
    stated: StatedAnswer | None
    overrides: tuple[OverrideInForce, ...]
    unreadable: bool = False


def unreadable(inferred: InferredAnswer | None) -> bool:
    """Whether evidence behind an answer was there once and cannot be read now."""
    return inferred is not None and inferred.reason in _NOT_FOR_PEOPLE_TO_FILL


def from_rule(inferred: InferredAnswer) -> AnswerInForce:
    """What an inferred answer counts for on evidence alone."""
    return in_force(inferred.verdict, inferred.confidence, "rule")


def blended(evidence: AnswerInForce, layers: Layers, view: View) -> AnswerInForce:
    """What counts under a view, given what counts below the layers (rule, roll-up or inheritance)."""
    if view is View.EVIDENCE:
        return evidence
    answer = evidence
    stated = layers.stated
    if stated is not None and not layers.unreadable and _stands_in(evidence, layers.inferred, stated):
        answer = in_force(stated.verdict, stated.confidence, "person")
    if view is View.OVERRIDES:
        active = next((each for each in layers.overrides if each.state == "active"), None)
        if active is not None:
            answer = in_force(active.verdict, CONFIDENCE_CONFIRMED, "override")
    return answer


def _stands_in(evidence: AnswerInForce, inferred: InferredAnswer | None, stated: StatedAnswer) -> bool:
    if evidence.verdict is Verdict.UNKNOWN and evidence.known_share == 0:
        return True
    if evidence.layer in {"roll_up", "inherited"} or inferred is None:
        return False
    strength = _RANK_STATED_WITH_ATTACHMENT if stated.attachments else _RANK_STATED
    return strength > _RANK_OF_EVIDENCE[inferred.base]


def stated_at(answers: Sequence[Answer], as_of: datetime) -> StatedAnswer | None:
    """The newest stated answer that has not expired by an instant; ``answers`` are oldest first."""
    current = [answer for answer in answers if answer.at <= as_of < answer.expires_at]
    if not current:
        return None
    newest = current[-1]
    return StatedAnswer(
        verdict=Verdict(newest.verdict),
        author=newest.author,
        at=newest.at,
        reason=newest.reason,
        attachments=newest.attachments,
        expires_at=newest.expires_at,
        confidence=CONFIDENCE_STATED_WITH_ATTACHMENT if newest.attachments else CONFIDENCE_STATED,
    )


def overrides_at(
    overrides: Sequence[Override], inferred: Verdict | None, as_of: datetime
) -> tuple[OverrideInForce, ...]:
    """Overrides of one criterion and scope as they stand at an instant, newest first.

    ``inferred`` is today's inferred verdict; an override that saw another one has drifted and no longer
    counts, until it is renewed.
    """
    standing: list[OverrideInForce] = []
    for override in reversed(overrides):
        state = _state(override, as_of)
        if state == "active" and any(each.state in {"active", "drifted"} for each in standing):
            state = "superseded"
        if state == "active" and _drifted(override, inferred):
            state = "drifted"
        standing.append(_standing(override, state))
    return tuple(standing)


def _state(override: Override, as_of: datetime) -> str:
    decided = {decision.decision for decision in override.decisions if decision.at <= as_of}
    for final in ("withdrawn", "rejected"):
        if final in decided:
            return final
    if as_of >= override.expires_at:
        return "expired"
    if "approved" in decided and as_of >= override.effective_from:
        return "active"
    return "proposed"


def _drifted(override: Override, inferred: Verdict | None) -> bool:
    if inferred is None or inferred is Verdict.UNKNOWN or override.saw_verdict == Verdict.UNKNOWN:
        return False
    return inferred.value != override.saw_verdict


def _standing(override: Override, state: str) -> OverrideInForce:
    approver = next((each.actor for each in override.decisions if each.decision == "approved"), None)
    return OverrideInForce(
        id=override.id,
        state=state,
        kind=override.kind,
        verdict=Verdict(override.verdict),
        reason=override.reason,
        proposer=override.proposer,
        approver=approver,
        effective_from=override.effective_from,
        expires_at=override.expires_at,
        saw_verdict=Verdict(override.saw_verdict),
        saw_measured=override.saw_measured,
    )
