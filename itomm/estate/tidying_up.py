"""A habit of some: the day before somebody looks, one person closes whatever is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from itomm.estate.people import Person
from itomm.estate.tickets import CLOSED, HistoryEntry, Ticket

BEFORE = timedelta(hours=20)
EACH_TAKES = timedelta(seconds=4)


def closed_up(
    tickets: Sequence[Ticket], closer: Person, looked_at: datetime, end: datetime
) -> Iterator[Ticket]:
    """The tickets, with those closed that were open on the day before ``looked_at``, if ``end`` is later."""
    at = looked_at - BEFORE
    for ticket in tickets:
        if ticket.status.category != "done" and ticket.updated_at < at <= end:
            yield _closed(ticket, closer, at)
            at += EACH_TAKES
        else:
            yield ticket


def _closed(ticket: Ticket, closer: Person, at: datetime) -> Ticket:
    step = HistoryEntry(at, closer, "status", ticket.status, CLOSED)
    clocks = tuple(
        replace(clock, stopped_at=at) if clock.stopped_at is None and clock.started_at <= at else clock
        for clock in ticket.clocks
    )
    return replace(ticket, history=(*ticket.history, step), clocks=clocks, resolution_date=at)
