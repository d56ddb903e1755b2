"""What a ticket's history says: when it was acknowledged, resolved, reopened, reassigned. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OPEN, IN_PROGRESS, DONE = "open", "in_progress", "done"
"""The categories of a status; its name may be in any language."""


@dataclass(frozen=True)
class Move:
    """One change of status; a category is None when the site no longer lists the status."""

    at: datetime
    from_status: str
    to_status: str
    from_category: str | None
    to_category: str | None
    by: str | None
    by_automation: bool


@dataclass(frozen=True)
class Assignment:
    """One change of assignee; None stands for nobody."""

    at: datetime
    before: str | None
    after: str | None


@dataclass(frozen=True)
class History:
    """A ticket's status moves and assignments, oldest first."""

    moves: tuple[Move, ...]
    assignments: tuple[Assignment, ...]

    @property
    def resolved_at(self) -> datetime | None:
        """The last entry into a done status, when the ticket is still there; None when it was reopened."""
        resolved: datetime | None = None
        for move in self.moves:
            if move.to_category == DONE and move.from_category != DONE:
                resolved = move.at
            elif move.to_category != DONE:
                resolved = None
        return resolved

    @property
    def assigned_at(self) -> datetime | None:
        """The first assignment to somebody; None when there is none, or somebody had it from the start."""
        if self.assignments and self.assignments[0].before:
            return None
        return next((assignment.at for assignment in self.assignments if assignment.after), None)

    @property
    def acknowledged_at(self) -> datetime | None:
        """The first assignment to somebody or the first change of status, whichever came first."""
        assigned = [assignment.at for assignment in self.assignments if assignment.after]
        return min(assigned[:1] + [move.at for move in self.moves[:1]], default=None)

    @property
    def reopened_count(self) -> int:
        """How often the ticket left a done status for one that is not."""
        return sum(move.from_category == DONE and move.to_category not in (DONE, None) for move in self.moves)

    @property
    def reassignment_count(self) -> int:
        """How often the ticket went from one person to another."""
        return sum(
            bool(assignment.before and assignment.after and assignment.before != assignment.after)
            for assignment in self.assignments
        )

    def first_move_not_by(self, reporter: str | None) -> datetime | None:
        """The first status change by a person other than ``reporter``."""
        for move in self.moves:
            if move.by is not None and move.by != reporter and not move.by_automation:
                return move.at
        return None

    @property
    def moved_by_automation_only(self) -> bool:
        """Whether there are status changes and no person made any of them."""
        return bool(self.moves) and all(move.by_automation for move in self.moves)
