"""The life of a ticket: acknowledged, worked on, resolved, sometimes reopened, closed by a machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from itomm.estate.people import AUTOMATION, Person
from itomm.estate.tickets import CLOSED, IN_PROGRESS, RESOLVED, WAITING, HistoryEntry, Status


def life(
    opened: Status,
    worker: Person | None,
    acknowledged: datetime,
    resolved: datetime | None,
    *,
    actor: Person,
    reopened: bool = False,
    waits: bool = False,
    closes: bool = True,
    passed_between: tuple[Person, ...] = (),
) -> tuple[HistoryEntry, ...]:
    """The history of a ticket, in time order.

    Closing is a step from done to done a week after the resolution: who takes it for the resolution
    measures a week too much. ``passed_between`` are the people it goes to in turn while it is worked on.
    """
    entries = []
    if worker is not None:
        entries.append(HistoryEntry(acknowledged, actor, "assignee", None, worker))
    entries.append(HistoryEntry(acknowledged, actor, "status", opened, IN_PROGRESS))
    if resolved is None:
        return tuple(entries)
    span = resolved - acknowledged
    holder = worker
    for turn, person in enumerate(passed_between, start=1):
        at = acknowledged + span * (0.25 * turn / len(passed_between))
        entries.append(HistoryEntry(at, actor, "assignee", holder, person))
        holder = person
    if waits:
        entries.append(_step(acknowledged + span * 0.3, actor, IN_PROGRESS, WAITING))
        entries.append(_step(acknowledged + span * 0.5, actor, WAITING, IN_PROGRESS))
    if reopened:
        entries.append(_step(acknowledged + span * 0.6, actor, IN_PROGRESS, RESOLVED))
        entries.append(_step(acknowledged + span * 0.7, actor, RESOLVED, IN_PROGRESS))
    entries.append(_step(resolved, actor, IN_PROGRESS, RESOLVED))
    if closes:
        entries.append(_step(resolved + timedelta(days=7), AUTOMATION, RESOLVED, CLOSED))
    return tuple(entries)


def _step(at: datetime, actor: Person, before: Status, after: Status) -> HistoryEntry:
    return HistoryEntry(at, actor, "status", before, after)
