"""A ticket of any tracker, with what its records are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.ticketing.history import History


@dataclass(frozen=True)
class Link:
    """A link to another ticket: in which words, to which, and our kind of that; None where not known."""

    phrase: str
    target: str
    kind: str | None


@dataclass(frozen=True)
class Ticket:
    """One ticket.

    Attributes:
        key: what people call it, e.g. "#12".
        title: its subject.
        status: the tracker's own word.
        status_category: open, in_progress or done.
        priority: 1 (highest) to 5; None when it has none.
        reporter: who opened it, and ``assignee`` who has it; None for nobody.
        created_at: when it was opened, and ``updated_at`` when last changed.
        due_at: when it is due; None when nobody said.
        resolved_at: the last entry into a closed status, when it is still there.
        first_response_at: when somebody but the reporter first wrote or moved it, for all to see.
        history: its status moves and assignments.
        links: its links to other tickets.
        custom: text of its custom fields by our names; None for an empty one, absent for one it lacks.
        security: whether the tracker's settings say that it is about security.
        reported_by_automation: whether a machine opened it.
        channel: how it came in, where the tracker tells.
        labels: words that people put on it, where the tracker knows them.
        cause_phrases: words in which a link names the cause of this ticket.
        effect_phrases: words in which a link names what this ticket caused.
        commits: ids of the commits that its text names.
    """

    key: str
    title: str
    status: str
    status_category: str
    priority: int | None
    reporter: str | None
    assignee: str | None
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    first_response_at: datetime | None
    history: History
    links: tuple[Link, ...]
    custom: Mapping[str, str | None]
    security: bool = False
    reported_by_automation: bool = False
    channel: str | None = None
    labels: tuple[str, ...] = ()
    cause_phrases: tuple[str, ...] = ()
    effect_phrases: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()

    def linked_kinds(self, *kinds: str) -> list[str]:
        """Keys of linked tickets of these kinds."""
        return list(dict.fromkeys(link.target for link in self.links if link.kind in kinds))

    def linked_as(self, phrases: tuple[str, ...]) -> list[str]:
        """Keys of tickets linked in one of ``phrases``, in any letter case."""
        wanted = {phrase.casefold() for phrase in phrases}
        return list(dict.fromkeys(link.target for link in self.links if link.phrase.casefold() in wanted))
