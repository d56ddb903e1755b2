"""What a ticket's change history says: when it was acknowledged, resolved, reopened, reassigned.

Statuses are told apart by their category, never by their name, which may be in any language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.ticketing.history import DONE, Assignment, History, Move

CATEGORIES: Mapping[str, str] = {
    "new": "open",
    "undefined": "open",
    "indeterminate": "in_progress",
    "done": DONE,
}
"""Jira's status category keys, which are the same in every language and edition."""


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
