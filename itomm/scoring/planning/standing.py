"""One scope under one view, ready to be scored again with other answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from itomm.rules.model import Criterion, Model, Part
from itomm.scoring.assess import score_answers
from itomm.scoring.assessment import AnswerInForce, PracticeScore, ScopeResult, ScopeScore, View
from itomm.scoring.levels import Rules, score_practice, score_scope


@dataclass(frozen=True)
class Standing:
    """What counts for each criterion of one scope, and how that is scored."""

    model: Model
    rules: Rules
    answers: Mapping[str, AnswerInForce]

    @classmethod
    def of(cls, model: Model, rules: Rules, scope: ScopeResult, view: View) -> Standing:
        """A scope as it stands under a view."""
        return cls(model, rules, {answer.criterion: answer.in_force[view] for answer in scope.answers})

    def answering(self, changed: Mapping[str, AnswerInForce]) -> Standing:
        """The same scope with some answers replaced."""
        return replace(self, answers={**self.answers, **changed})

    def score(self) -> ScopeScore:
        """Its levels, by the very functions that assess."""
        return score_answers(self.model, self.answers, self.rules)

    @cached_property
    def criteria_of(self) -> Mapping[str, Sequence[Criterion]]:
        """Criteria by practice, in the questionnaire's order."""
        found: dict[str, list[Criterion]] = {practice.id: [] for practice in self.model.practices}
        for criterion in self.model.criteria:
            found[criterion.practice].append(criterion)
        return found


class Rescoring:
    """Scores a scope again and again; a practice whose answers did not change is scored once.

    ``answers`` is what counts now; :meth:`change` replaces some of it.
    """

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.answers: dict[str, AnswerInForce] = dict(standing.answers)
        self._practices: dict[str, PracticeScore | None] = {
            practice.id: self._scored(practice.id) for practice in standing.model.practices
        }

    def change(self, changed: Mapping[str, AnswerInForce]) -> None:
        """Let other answers count from now on."""
        self.answers.update(changed)
        of = self._standing.model.by_id
        for practice in {of[criterion].practice for criterion in changed}:
            self._practices[practice] = self._scored(practice)

    def practice(self, practice: str) -> PracticeScore | None:
        """A practice as it counts now; None when nothing of it applies."""
        return self._practices[practice]

    def practice_if(self, practice: str, changed: Mapping[str, AnswerInForce]) -> PracticeScore | None:
        """A practice as it would count with some answers replaced."""
        return self._scored(practice, changed)

    def scope(self) -> ScopeScore:
        """The whole scope as it counts now."""
        areas = [(area.id, area.weight, [*self._of_area(area)]) for area in self._standing.model.areas]
        return score_scope(areas, self._standing.rules)

    def _of_area(self, area: Part) -> list[tuple[Fraction, PracticeScore]]:
        return [
            (practice.weight, scored)
            for practice in self._standing.model.practices
            if practice.area == area.id and (scored := self._practices[practice.id]) is not None
        ]

    def _scored(
        self, practice: str, changed: Mapping[str, AnswerInForce] | None = None
    ) -> PracticeScore | None:
        answers = {**self.answers, **changed} if changed else self.answers
        criteria = self._standing.criteria_of[practice]
        return score_practice(practice, criteria, answers, self._standing.rules)
