"""Criteria that depend on others: which of these dependencies cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from itomm.config.errors import Place, Problem
from itomm.config.structure import closest
from itomm.rules.model_document import PracticeDocument


def depending_on_nothing(
    practices: Sequence[PracticeDocument], places: Mapping[str, Place]
) -> Iterator[Problem]:
    """A problem for each dependency on what is not there, and for each criterion that waits for itself."""
    waits_for = {each.id: each.depends_on for practice in practices for each in practice.criteria}
    for criterion, others in waits_for.items():
        for other in others:
            if other not in waits_for:
                message = f"{criterion} depends on '{other}', and there is no such criterion"
                yield Problem(places[criterion], message, closest(other, waits_for))
        if criterion in _all_before(criterion, waits_for):
            hint = "Take one of the dependencies in the circle out of 'depends_on'."
            yield Problem(places[criterion], f"{criterion} depends on itself", hint)


def _all_before(criterion: str, waits_for: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(waits_for[criterion])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += waits_for.get(each, ())
    return found
