"""In which order a practice's criteria are read: what holds the level back comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from itomm.reports.criterion_view import CriterionView
from itomm.scoring.assessment import Verdict


class CriterionGroup(Enum):
    """Groups in reading order; the value is the heading."""

    HOLDS_BACK = "Holds the level back"
    NOT_MET = "Not met, but not what holds the level back"
    UNKNOWN = "Unknown"
    BY_PEOPLE = "Met as stated or overridden by people"
    MET = "Met on evidence"
    NOT_APPLICABLE = "Not applicable"


@dataclass(frozen=True)
class Grouped:
    """A group that is not empty, with its criteria in reading order."""

    group: CriterionGroup
    criteria: tuple[CriterionView, ...]


_WORST_FIRST = (Verdict.NO, Verdict.PARTIAL, Verdict.UNKNOWN, Verdict.YES, Verdict.NOT_APPLICABLE)


def group_of(criterion: CriterionView) -> CriterionGroup:
    """The one group that a criterion is listed under."""
    if criterion.holds_back:
        return CriterionGroup.HOLDS_BACK
    match criterion.in_force.verdict:
        case Verdict.NOT_APPLICABLE:
            return CriterionGroup.NOT_APPLICABLE
        case Verdict.UNKNOWN:
            return CriterionGroup.UNKNOWN
        case Verdict.NO | Verdict.PARTIAL:
            return CriterionGroup.NOT_MET
        case Verdict.YES:
            by_people = criterion.in_force.layer in {"person", "override"}
            return CriterionGroup.BY_PEOPLE if by_people else CriterionGroup.MET


def grouped(criteria: Sequence[CriterionView]) -> tuple[Grouped, ...]:
    """Every criterion in exactly one group; groups that would be empty are left out."""
    members: dict[CriterionGroup, list[CriterionView]] = {group: [] for group in CriterionGroup}
    for criterion in criteria:
        members[group_of(criterion)].append(criterion)
    return tuple(
        Grouped(group, tuple(sorted(listed, key=_reading_order)))
        for group, listed in members.items()
        if listed
    )


def _reading_order(criterion: CriterionView) -> tuple[int, int, str]:
    return criterion.text.level, _WORST_FIRST.index(criterion.in_force.verdict), criterion.text.id
