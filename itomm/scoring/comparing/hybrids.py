"""Answers of a scope as they would count if only some causes had changed anything."""

from __future__ import annotations

from collections.abc import Mapping, Set
from fractions import Fraction

from itomm.scoring.assessment import AnswerInForce, Assessment, CriterionAnswer, ScopeKind, ScopeResult, View
from itomm.scoring.blend import NOBODY
from itomm.scoring.comparing.causes import (
    Cause,
    Inputs,
    cause_of_decision,
    cause_of_evidence,
    counts_alike,
    decided_by_people,
)
from itomm.scoring.points import rolled_up

_ROUNDED_AWAY = Fraction(1, 1_000_000)
"""Documents hold six decimals."""


class _Side:
    """One assessment, its answers at hand by scope and criterion."""

    def __init__(self, assessment: Assessment, scope: ScopeResult, view: View) -> None:
        self.view = view
        self.answers: Mapping[str, Mapping[str, CriterionAnswer]] = {
            each.id: {answer.criterion: answer for answer in each.answers} for each in assessment.scopes
        }
        self.members = {
            each.id: each.weight
            for each in assessment.scopes
            if each.kind is ScopeKind.SERVICE
            and (scope.kind is ScopeKind.ORGANISATION or each.parent == scope.id)
        }
        self.top = assessment.scopes[0].id

    def rolls_up(self, scope: str, criterion: str) -> bool:
        """Whether evidence for the scope is its services' answers."""
        return self.answers[scope][criterion].in_force[View.EVIDENCE].layer == "roll_up"

    def counts(self, scope: str, criterion: str) -> AnswerInForce | None:
        """What counts for a criterion; None when the questionnaire lacks it."""
        answer = self.answers[scope].get(criterion)
        return answer.in_force[self.view] if answer else None

    def below(self, criterion: str) -> AnswerInForce:
        """The services' answers rolled up, with all that people decided about them."""
        return rolled_up(
            (weight, self.answers[member][criterion].in_force[self.view])
            for member, weight in self.members.items()
        )

    def decided(self, scope: str, criterion: str, *, over_services: bool) -> AnswerInForce | None:
        """What people decided about the scope; ``over_services`` leaves out what they did about those."""
        answer = self.answers[scope][criterion]
        if not over_services:
            return decided_by_people(answer, self.view)
        counts = answer.in_force[self.view]
        return None if _nearly(counts, self.below(criterion)) else counts


class Hybrids:
    """Answers of one scope in which some causes are those of ``after`` and all others those of ``before``."""

    def __init__(
        self, before: Assessment, after: Assessment, scopes: tuple[ScopeResult, ScopeResult], view: View
    ) -> None:
        self._old, self._new = _Side(before, scopes[0], view), _Side(after, scopes[1], view)
        self._old_scope, self._new_scope = scopes[0].id, scopes[1].id
        self._inputs = Inputs.of(before, after)
        self._causes: dict[tuple[str, str], frozenset[Cause]] = {}
        self._evidence: dict[tuple[str, str], Cause | None] = {}

    def causes(self, criterion: str) -> frozenset[Cause]:
        """All causes that changed the scope's answer to a criterion that both sides have."""
        found = set(self._own_causes(self._old_scope, self._new_scope, criterion))
        if self._rolls_up(criterion):
            if self._old.members != self._new.members:
                found.add(Cause.SETTINGS)
            for member in self._old.members.keys() & self._new.members.keys():
                found |= self._own_causes(member, member, criterion)
        return frozenset(found)

    def changed_services(self, criterion: str, cause: Cause) -> tuple[str, ...]:
        """The services whose answers a cause changed, where they are rolled up."""
        if not self._rolls_up(criterion):
            return ()
        both = self._old.members.keys() & self._new.members.keys()
        return tuple(
            sorted(member for member in both if cause in self._own_causes(member, member, criterion))
        )

    def answer(self, criterion: str, on: Set[Cause]) -> AnswerInForce:
        """What counts when these causes have changed what they change."""
        old, new = self._old.counts(self._old_scope, criterion), self._new.counts(self._new_scope, criterion)
        if old is None or new is None:
            return old or new or NOBODY
        if not on & self.causes(criterion):
            return old
        if on >= self.causes(criterion):
            return new
        if not self._rolls_up(criterion):
            return self._of_one(self._old_scope, self._new_scope, criterion, on)
        decided = self._decided(self._old_scope, self._new_scope, criterion, on)
        if decided is not None:
            return decided
        members = (self._new if Cause.SETTINGS in on else self._old).members
        return rolled_up((weight, self._of_member(each, criterion, on)) for each, weight in members.items())

    def _rolls_up(self, criterion: str) -> bool:
        return (
            criterion in self._old.answers[self._old_scope]
            and criterion in self._new.answers[self._new_scope]
            and self._old.rolls_up(self._old_scope, criterion)
            and self._new.rolls_up(self._new_scope, criterion)
        )

    def _of_member(self, member: str, criterion: str, on: Set[Cause]) -> AnswerInForce:
        if member not in self._new.members:
            return self._old.answers[member][criterion].in_force[self._old.view]
        if member not in self._old.members:
            return self._new.answers[member][criterion].in_force[self._new.view]
        return self._of_one(member, member, criterion, on)

    def _of_one(self, old: str, new: str, criterion: str, on: Set[Cause]) -> AnswerInForce:
        decided = self._decided(old, new, criterion, on)
        if decided is not None:
            return decided
        has_changed = self._evidence_cause(old, new, criterion) in on
        answers = self._new.answers[new] if has_changed else self._old.answers[old]
        return answers[criterion].in_force[View.EVIDENCE]

    def _decided(self, old: str, new: str, criterion: str, on: Set[Cause]) -> AnswerInForce | None:
        was, now = self._decisions(old, new, criterion)
        return now if self._decision_cause(old, new, criterion) in on else was

    def _decisions(
        self, old: str, new: str, criterion: str
    ) -> tuple[AnswerInForce | None, AnswerInForce | None]:
        over = old == self._old_scope and self._rolls_up(criterion)
        return (
            self._old.decided(old, criterion, over_services=over),
            self._new.decided(new, criterion, over_services=over),
        )

    def _own_causes(self, old: str, new: str, criterion: str) -> frozenset[Cause]:
        place = (old, criterion)
        if place not in self._causes:
            found = [self._decision_cause(old, new, criterion)]
            if not (old == self._old_scope and self._rolls_up(criterion)):
                found.append(self._evidence_cause(old, new, criterion))
            self._causes[place] = frozenset(each for each in found if each is not None)
        return self._causes[place]

    def _evidence_cause(self, old: str, new: str, criterion: str) -> Cause | None:
        place = (old, criterion)
        if place not in self._evidence:
            before, after = self._old.answers[old][criterion], self._new.answers[new][criterion]
            if before.inferred is None and after.inferred is None and old != self._old.top:
                # inherited: the cause is that of the whole
                before = self._old.answers[self._old.top].get(criterion, before)
                after = self._new.answers[self._new.top].get(criterion, after)
            self._evidence[place] = cause_of_evidence(before, after, self._inputs)
        return self._evidence[place]

    def _decision_cause(self, old: str, new: str, criterion: str) -> Cause | None:
        was, now = self._decisions(old, new, criterion)
        if was is now or (was is not None and now is not None and counts_alike(was, now)):
            return None
        return cause_of_decision(self._old.answers[old][criterion], self._new.answers[new][criterion])


def _nearly(one: AnswerInForce, other: AnswerInForce) -> bool:
    if one.points is None or other.points is None:
        return one.points is other.points
    return abs(one.points.point - other.points.point) <= _ROUNDED_AWAY
