"""Tickets as the company's tracker holds them: plain data, and what it looks like at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from itomm.estate.people import Person


@dataclass(frozen=True)
class Status:
    """A workflow status. ``category`` is Jira's key: new, indeterminate or done."""

    id: str
    name: str
    category: str


OPEN = Status("10000", "Open", "new")
PLANNED = Status("10001", "Planned", "new")
IN_PROGRESS = Status("10002", "In Progress", "indeterminate")
WAITING = Status("10003", "等待客户", "indeterminate")
RESOLVED = Status("10004", "Resolved", "done")
CLOSED = Status("10005", "Closed", "done")
STATUSES = (OPEN, PLANNED, IN_PROGRESS, WAITING, RESOLVED, CLOSED)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of one field. Values are status names or logins."""

    at: datetime
    author: Person
    field: str
    before: Person | Status | None
    after: Person | Status | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A public comment."""

    at: datetime
    author: Person
    text: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One service level clock. ``stopped_at`` is None while it runs."""

    name: str
    started_at: datetime
    stopped_at: datetime | None
    goal: timedelta

    def elapsed(self, now: datetime) -> timedelta:
        """Time on the clock."""
        return (self.stopped_at or now) - self.started_at

    def breached(self, now: datetime) -> bool:
        """Whether the goal was missed."""
        return self.elapsed(now) > self.goal


@dataclass(frozen=True)
class Link:
    """``relation`` is read from this ticket: "is caused by", "reviews", "relates to". ``to`` is a ref."""

    relation: str
    to: str


@dataclass(frozen=True)
class Ticket:
    """One ticket.

    Attributes:
        ref: our own name of it, known before the tracker numbers it.
        kind: the issue type's name.
        service: the service it is truly about; ``component`` is what the ticket says.
        options: values of custom fields by field name.
        resolution_date: what the tracker's resolution field says; it may have been rewritten.
    """

    ref: str
    project: str
    kind: str
    summary: str
    created_at: datetime
    reporter: Person
    priority: int | None = 3
    key: str = ""
    service: str | None = None
    component: str | None = None
    first_status: Status = OPEN
    first_assignee: Person | None = None
    labels: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    comments: tuple[Comment, ...] = ()
    clocks: tuple[Clock, ...] = ()
    links: tuple[Link, ...] = ()
    due: date | None = None
    options: Mapping[str, str | int | date | datetime] = field(default_factory=dict)
    resolution_date: datetime | None = None

    @property
    def status(self) -> Status:
        """The present status."""
        for entry in reversed(self.history):
            if isinstance(entry.after, Status):
                return entry.after
        return self.first_status

    @property
    def assignee(self) -> Person | None:
        """The present assignee."""
        for entry in reversed(self.history):
            if entry.field == "assignee":
                return entry.after if isinstance(entry.after, Person) else None
        return self.first_assignee

    @property
    def updated_at(self) -> datetime:
        """The last moment at which anything changed."""
        moments = [self.created_at]
        if self.history:
            moments.append(self.history[-1].at)
        if self.comments:
            moments.append(self.comments[-1].at)
        return max(moments)

    @property
    def resolved_at(self) -> datetime | None:
        """The last step from not done to done; None when it is not done now."""
        if self.status.category != "done":
            return None
        for entry in reversed(self.history):
            before, after = entry.before, entry.after
            if not isinstance(after, Status) or not isinstance(before, Status):
                continue
            if after.category == "done" and before.category != "done":
                return entry.at
        return None

    @property
    def acknowledged_at(self) -> datetime | None:
        """The first assignment or the first step out of the first status."""
        for entry in self.history:
            if entry.field == "status" or (entry.field == "assignee" and entry.before is None):
                return entry.at
        return None

    def clock(self, name: str) -> Clock | None:
        """The clock of that name, when the ticket has one."""
        return next((clock for clock in self.clocks if clock.name == name), None)


def as_seen(ticket: Ticket, at: datetime) -> Ticket:
    """``ticket`` as it stood at ``at``: nothing that happened later shows."""
    clocks = tuple(
        replace(clock, stopped_at=None) if clock.stopped_at and clock.stopped_at > at else clock
        for clock in ticket.clocks
        if clock.started_at <= at
    )
    resolution = ticket.resolution_date
    seen = replace(
        ticket,
        history=tuple(entry for entry in ticket.history if entry.at <= at),
        comments=tuple(comment for comment in ticket.comments if comment.at <= at),
        clocks=clocks,
    )
    shown = resolution if resolution is not None and resolution <= at else None
    return replace(seen, resolution_date=shown if seen.status.category == "done" else None)
