"""What a scope's levels hang on, as a JSON document and as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from itomm import __version__
from itomm.reports.document import plain
from itomm.reports.wording import count_text, words_for
from itomm.rules.model import Criterion
from itomm.scoring.assessment import Assessment, InferredAnswer, ScopeResult, View
from itomm.scoring.planning.distance import distance_of
from itomm.scoring.planning.optimum import Aim
from itomm.scoring.planning.sensitivity import Move, Robustness, moves, moves_of, robustness
from itomm.scoring.planning.standing import Rescoring, Standing

SCHEMA = "itomm/sensitivity/1"
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class SensitivityShown:
    """One scope of an assessment under one view, with what its levels hang on."""

    assessment: Assessment
    scope: ScopeResult
    view: View
    parts: tuple[tuple[str, Robustness], ...]
    moves: tuple[Move, ...]

    @classmethod
    def of(
        cls, assessment: Assessment, scope: ScopeResult, standing: Standing, view: View
    ) -> SensitivityShown:
        """Work it out for the whole scope, its areas and its practices."""
        model = assessment.model
        aims = [("", Aim(0))]
        aims += [(area.id, Aim(0, area=area.id)) for area in model.areas]
        aims += [(practice.id, Aim(0, practice=practice.id)) for practice in model.practices]
        found = ((part, robustness(standing, aim)) for part, aim in aims)
        return cls(
            assessment,
            scope,
            view,
            tuple((part, each) for part, each in found if each is not None),
            tuple(moves(standing)),
        )


def sensitivity_document(shown: SensitivityShown) -> dict[str, Any]:
    """Everything as plain data."""
    answers = {each.criterion: each for each in shown.scope.answers}
    return {
        "schema": SCHEMA,
        "itomm_version": __version__,
        "as_of": plain(shown.assessment.as_of),
        "profile": shown.assessment.profile,
        "inputs": plain(shown.assessment.inputs),
        "scope": {"id": shown.scope.id, "name": shown.scope.name, "kind": shown.scope.kind.value},
        "view": shown.view.value,
        "robustness": [
            {
                "part": part or None,
                "level": each.level,
                "fewest_answers": each.fewest,
                "to_raise": list(each.to_raise),
                "to_lower": list(each.to_lower),
            }
            for part, each in shown.parts
        ],
        "moves": [move_document(each) for each in shown.moves],
        "distances": [
            {"criterion": each.id, **distance}
            for each in shown.assessment.model.criteria
            if (distance := distance_document(answers[each.id].inferred)) is not None
        ],
    }


def move_document(move: Move) -> dict[str, Any]:
    """What one other answer would do."""
    return {
        "criterion": move.criterion.id,
        "answer": move.answer.verdict.value,
        "to": move.to.value,
        "practice": {
            "id": move.criterion.practice,
            "level": move.practice[0],
            "level_after": move.practice[1],
        },
        "area": {"id": move.criterion.area, "level": move.area[0], "level_after": move.area[1]},
        "overall": {"level": move.level[0], "level_after": move.level[1]},
    }


def distance_document(inferred: InferredAnswer | None) -> dict[str, str] | None:
    """How far a measured value is from its thresholds; None where it cannot be told."""
    distance = distance_of(inferred)
    if distance is None:
        return None
    return {
        "standing": distance.standing,
        "short": distance.short,
        "spare": distance.spare,
        "text": distance.text,
    }


def robustness_rows(shown: SensitivityShown) -> Iterator[tuple[str, ...]]:
    """A row for each part: its level, and the fewest answers that would raise or lower it."""
    for part, each in shown.parts:
        yield part or shown.scope.name, str(each.level), _fewest(each.to_raise), _fewest(each.to_lower)


def move_rows(shown: SensitivityShown) -> Iterator[tuple[str, ...]]:
    """A row for each single answer that moves a level."""
    for each in shown.moves:
        counts = words_for({}, each.answer.verdict.value)
        yield each.criterion.id, counts, words_for({}, each.to.value), move_text(each)


def distance_rows(shown: SensitivityShown) -> Iterator[tuple[str, ...]]:
    """A row for each measured value with how far it is from its thresholds."""
    for answer in shown.scope.answers:
        distance = distance_of(answer.inferred)
        if distance is not None:
            yield answer.criterion, distance.text


def move_text(move: Move) -> str:
    """The levels that another answer would move."""
    parts = (
        (move.criterion.practice, move.practice),
        (move.criterion.area, move.area),
        ("overall", move.level),
    )
    return ", ".join(f"{part} {was} to {now}" for part, (was, now) in parts if was != now)


def criterion_moves(standing: Standing, criterion: Criterion) -> list[Move]:
    """What other answers to one criterion would do."""
    return list(moves_of(Rescoring(standing), criterion))


def _fewest(criteria: Sequence[str]) -> str:
    if not criteria:
        return "none would"
    named = ", ".join(criteria[:_NAMED_AT_MOST])
    more = f" and {len(criteria) - _NAMED_AT_MOST} more" if len(criteria) > _NAMED_AT_MOST else ""
    return f"{count_text(len(criteria), 'answer', 'answers')}: {named}{more}"
