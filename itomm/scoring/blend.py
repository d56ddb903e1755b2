"""Blending: which layer of an answer counts under which view.

Precedence: active override > direct evidence > stated with attachment > proxy > stated > weak > unknown.
The inferred answer is never replaced, only covered; every layer stays visible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from itomm.evidence.decisions import Answer, Override
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.scoring.assessment import AnswerInForce, OverrideInForce, StatedAnswer, View
from itomm.scoring.points import certain_verdict, filled, in_force

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

NOBODY = in_force(Verdict.UNKNOWN, Fraction(0), "nobody", UnknownReason.AWAITING_PERSON)


@dataclass(frozen=True)
class Layers:
    """What people said about one criterion of one scope, over what evidence alone says.

    ``unreadable`` says that evidence behind the answer was there once and cannot be read now; ``lost``, of a
    roll-up, which share of it that concerns under each view. ``ground_lost`` says that, for this, nobody can
    tell whether an override still covers what it saw.
    """

    inferred: InferredAnswer | None
    stated: StatedAnswer | None
    overrides: tuple[OverrideInForce, ...]
    unreadable: bool = False
    lost: Mapping[View, Fraction] = field(default_factory=dict)
    ground_lost: bool = False


def unreadable(inferred: InferredAnswer | None) -> bool:
    """Whether evidence behind an answer was there once and cannot be read now."""
    return inferred is not None and inferred.reason in _NOT_FOR_PEOPLE_TO_FILL


def from_rule(inferred: InferredAnswer) -> AnswerInForce:
    """What an inferred answer counts for on evidence alone."""
    return in_force(inferred.verdict, inferred.confidence, "rule", inferred.reason)


def blended(evidence: AnswerInForce, layers: Layers, view: View) -> AnswerInForce:
    """What counts under a view, given what counts below the layers (rule, roll-up or inheritance)."""
    if view is View.EVIDENCE:
        return evidence
    answer = evidence
    if layers.stated is not None and not layers.unreadable:
        lost = layers.lost.get(view, Fraction(0))
        answer = _with_stated(evidence, layers.inferred, layers.stated, lost)
    if view is View.OVERRIDES:
        answer = _with_override(answer, layers)
    return answer


def _with_stated(
    evidence: AnswerInForce, inferred: InferredAnswer | None, stated: StatedAnswer, lost: Fraction
) -> AnswerInForce:
    person = in_force(stated.verdict, stated.confidence, "person")
    if evidence.verdict is Verdict.UNKNOWN and evidence.known_share == 0 and not lost:
        return person
    if evidence.layer == "roll_up":
        return filled(evidence, person, lost)
    strength = _RANK_STATED_WITH_ATTACHMENT if stated.attachments else _RANK_STATED
    if inferred is None or strength < _RANK_OF_EVIDENCE[inferred.base]:
        return evidence
    return person


def _with_override(answer: AnswerInForce, layers: Layers) -> AnswerInForce:
    for override in layers.overrides:
        if override.state == "active":
            return in_force(override.verdict, CONFIDENCE_CONFIRMED, "override")
        if override.state == "drifted" and layers.ground_lost:
            # What is left of the evidence may be the better or the worse part of it; losing the rest must
            # not bring it to light in place of what the override said.
            return NOBODY
    return answer


def seen_now(inferred: InferredAnswer | None, below: AnswerInForce, *, lost: bool) -> Verdict | None:
    """The verdict that an override has to have seen; None when lost evidence may change it."""
    if inferred is not None:
        return None if unreadable(inferred) else inferred.verdict
    return certain_verdict(below) if lost else below.verdict


def stated_at(answers: Sequence[Answer], as_of: datetime) -> StatedAnswer | None:
    """The newest stated answer, unless it has expired by an instant; ``answers`` are oldest first.

    An older one does not come back when a newer one expires: its author has said otherwise since.
    """
    newest = _newest(answers, as_of)
    return None if newest is None or as_of >= newest.expires_at else _as_stated(newest)


def lapsed_at(answers: Sequence[Answer], as_of: datetime) -> StatedAnswer | None:
    """The newest stated answer, when it has expired by an instant; it counts no longer."""
    newest = _newest(answers, as_of)
    return _as_stated(newest) if newest is not None and as_of >= newest.expires_at else None


def _newest(answers: Sequence[Answer], as_of: datetime) -> Answer | None:
    return next((answer for answer in reversed(answers) if answer.at <= as_of), None)


def _as_stated(newest: Answer) -> StatedAnswer:
    return StatedAnswer(
        verdict=Verdict(newest.verdict),
        author=newest.author,
        at=newest.at,
        reason=newest.reason,
        attachments=newest.attachments,
        expires_at=newest.expires_at,
        confidence=CONFIDENCE_STATED_WITH_ATTACHMENT if newest.attachments else CONFIDENCE_STATED,
        id=newest.id,
    )


def overrides_at(
    overrides: Sequence[Override], seen: Verdict | None, as_of: datetime
) -> tuple[OverrideInForce, ...]:
    """Overrides of one criterion and scope as they stand at an instant, newest first.

    ``overrides`` are oldest first; of those that came into force, the latest supersedes the others for good.
    ``seen`` is today's verdict on evidence alone, None when it cannot be told because evidence is lost. An
    override that saw another verdict has drifted and no longer counts, until it is renewed. One that filled
    an unknown does not drift.
    """
    begun = [
        (start, position)
        for position, override in enumerate(overrides)
        if (start := _in_force_since(override, as_of)) is not None
    ]
    latest = max(begun, default=(as_of, -1))[1]
    standing: list[OverrideInForce] = []
    for position, override in reversed(list(enumerate(overrides))):
        state = _state(override, as_of)
        if state == "active" and position != latest:
            state = "superseded"
        if state == "active" and override.saw_verdict not in {Verdict.UNKNOWN, seen}:
            state = "drifted"
        standing.append(_standing(override, state, as_of))
    return tuple(standing)


def _in_force_since(override: Override, as_of: datetime) -> datetime | None:
    """Since when an override has counted, or had counted when it ended; None when it never did."""
    approved = [each.at for each in override.decisions if each.decision == "approved"]
    ended = [each.at for each in override.decisions if each.decision != "approved"]
    if not approved:
        return None
    start = max(override.effective_from, *approved)
    return start if start <= as_of and start < min([override.expires_at, *ended]) else None


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


def _standing(override: Override, state: str, as_of: datetime) -> OverrideInForce:
    known = [each for each in override.decisions if each.at <= as_of]
    approver = next((each.actor for each in known if each.decision == "approved"), None)
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
        attachments=override.attachments,
        renews=override.renews,
        origin=override.origin,
    )
