"""The cheapest steps to a level: exact, whatever depends on what.

Without dependencies the problem falls apart into small ones, one for each level of each practice and one for
each area. With them, it is solved without first; where the cheapest steps leave out what one of them needs,
the problem is split in two: without that step, and with it and all that it needs. The cheapest so far is
always looked at first, so that the first one that lacks nothing is the cheapest of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from itomm.scoring.planning.problem import Fixed, Problem
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Step


@dataclass(frozen=True)
class Aim:
    """A level of one practice, of one area, or of all areas when neither is named."""

    level: int
    practice: str | None = None
    area: str | None = None


def cheapest_steps(standing: Standing, steps: Mapping[str, Step], aim: Aim) -> tuple[str, ...] | None:
    """The criteria to bring to yes, in the questionnaire's order; None when no steps lead there.

    Of equally cheap sets, one with the fewest steps; of these, the one without the later criteria.
    """
    problem = Problem(standing, steps)
    needed = {problem.bits[each]: _closure(each, steps, problem) for each in steps}
    open_nodes: list[tuple[int, int, int]] = []

    def look_at(fixed: Fixed) -> None:
        key = _ignoring_dependencies(problem, standing, aim, fixed)
        if key is not None:
            heappush(open_nodes, (key, fixed.taken, fixed.left))

    look_at(Fixed())
    while open_nodes:
        key, taken, left = heappop(open_nodes)
        chosen = problem.chosen(key)
        lacking = next((bit for bit in needed if chosen & bit and needed[bit] & ~chosen), None)
        if lacking is None:
            return tuple(each for each, bit in problem.bits.items() if chosen & bit)
        if not lacking & taken:
            look_at(Fixed(taken, left | lacking))
        if not needed[lacking] & left:
            look_at(Fixed(taken | lacking | needed[lacking], left))
    return None


def _ignoring_dependencies(problem: Problem, standing: Standing, aim: Aim, fixed: Fixed) -> int | None:
    if aim.practice is not None:
        practices = [aim.practice]
        keys = [problem.practice(aim.practice, aim.level, fixed)]
    else:
        areas = [
            area.id
            for area in standing.model.areas
            if aim.area in {None, area.id} and problem.practices_of(area.id)
        ]
        practices = [practice for area in areas for practice in problem.practices_of(area)]
        keys = [problem.area(area, aim.level, fixed) for area in areas]
    total = problem.sum_of(fixed.taken & ~problem.bits_of(practices))
    for key in keys:
        if key is None:
            return None
        total += key
    return total


def _closure(criterion: str, steps: Mapping[str, Step], problem: Problem) -> int:
    """All that a step needs, and what that needs, as bits."""
    found: set[str] = set()
    waiting = list(steps[criterion].needs)
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += steps[each].needs
    return sum(problem.bits[each] for each in found)
