"""What a ticket's change history says: when it was acknowledged, resolved, reopened, reassigned.

Statuses are told apart by their category, never by their name, which may be in any language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of

DONE = "done"

CATEGORIES: Mapping[str, str] = {
    "new": "open",
    "undefined": "open",
    "indeterminate": "in_progress",
    "done": DONE,
}
"""Jira's status category keys, which are the same in every language and edition."""


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


def account_of(user: object) -> str | None:
    """The account id (Cloud) or the user name (Data Center) of a user object."""
    found = mapping_of(user)
    return text_of(found.get("accountId")) or text_of(found.get("name")) or text_of(found.get("key"))


def is_automation(user: object, automation_accounts: Sequence[str] = ()) -> bool:
    """Whether a user object is an app account, or one that the settings name."""
    found = mapping_of(user)
    return found.get("accountType") == "app" or account_of(found) in automation_accounts


def history_of(
    histories: Iterable[Payload],
    categories: Mapping[str, str],
    automation_accounts: Sequence[str] = (),
) -> History:
    """Read changelog entries, in whatever order they come.

    Args:
        histories: entries with ``created``, ``author`` and ``items``.
        categories: open, in_progress or done by status id.
        automation_accounts: accounts that are not people, besides app accounts.
    """
    moves: list[Move] = []
    assignments: list[Assignment] = []
    dated = [(instant_of(entry.get("created")), entry) for entry in histories]
    known = [(at, entry) for at, entry in dated if at is not None]
    for at, entry in sorted(known, key=lambda pair: pair[0]):
        for item in rows_of(entry.get("items")):
            if item.get("field") == "status":
                moves.append(_move(at, entry, item, categories, automation_accounts))
            elif item.get("field") == "assignee":
                assignments.append(Assignment(at, text_of(item.get("from")), text_of(item.get("to"))))
    return History(tuple(moves), tuple(assignments))


def _move(
    at: datetime,
    entry: Payload,
    item: Payload,
    categories: Mapping[str, str],
    automation_accounts: Sequence[str],
) -> Move:
    author = entry.get("author")
    return Move(
        at=at,
        from_status=text_of(item.get("fromString")) or "",
        to_status=text_of(item.get("toString")) or "",
        from_category=categories.get(str(item.get("from"))),
        to_category=categories.get(str(item.get("to"))),
        by=account_of(author),
        by_automation=is_automation(author, automation_accounts),
    )
