"""Answers that are only supposed: what would be, if. A layer above all others that is never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from itomm.config.settings import Settings
from itomm.rules.answer import Verdict
from itomm.scoring.assessment import AnswerInForce, Assumption, View
from itomm.scoring.points import in_force

ASSUMED = "assumption"
"""The layer of an answer that nobody gave."""


def assumed(verdict: Verdict) -> AnswerInForce:
    """An answer as it would count if it were surely so."""
    return in_force(verdict, Fraction(1), ASSUMED)


@cache
def _everywhere(verdict: Verdict) -> Mapping[View, AnswerInForce]:
    """The same under every view; there are five, so each is made once."""
    return dict.fromkeys(View, assumed(verdict))


@dataclass(frozen=True)
class Assumptions:
    """Supposed answers by criterion and scope; what is supposed of a whole holds for all that is in it."""

    by_place: dict[tuple[str, str], Verdict]
    above: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, supposed: Iterable[Assumption], settings: Settings) -> Assumptions:
        """Assumptions about scopes of a configuration; of two about the same place, the later one holds."""
        top = settings.organisation.id
        above: dict[str, tuple[str, ...]] = {group.id: (top,) for group in settings.groups}
        for service in settings.services:
            above[service.id] = (service.group, top) if service.group else (top,)
        return cls({(each.criterion, each.scope): each.verdict for each in supposed}, above)

    def about(self, criterion: str, scope: str) -> Mapping[View, AnswerInForce] | None:
        """What is supposed of a scope, nearest first; None when nothing is."""
        if not self.by_place:
            return None
        for each in (scope, *self.above.get(scope, ())):
            verdict = self.by_place.get((criterion, each))
            if verdict is not None:
                return _everywhere(verdict)
        return None
