"""Grow what follows incidents: post-mortems, problems and corrective actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, stream
from itomm.estate.company_habits import CompanyHabits, Service
from itomm.estate.generate_incidents import is_major
from itomm.estate.people import Person
from itomm.estate.ticket_life import life
from itomm.estate.tickets import OPEN, Comment, Link, Ticket

SECTIONS = ("Timeline", "Impact", "Root cause", "Actions")
IN_TRACKER_GROUPS = ("platform",)
"""Groups that write their post-mortems as tickets; the others write them in the handbook."""


@dataclass(frozen=True)
class Postmortem:
    """A post-incident review, wherever it is written. ``actions`` and ``incident`` are ticket refs."""

    incident: str
    service: str | None
    published_at: datetime
    sections: tuple[str, ...]
    participants: tuple[Person, ...]
    actions: tuple[str, ...]
    in_handbook: bool


@dataclass
class FollowUp:
    """All follow-up of some incidents."""

    postmortems: list[Postmortem] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)


def follow_up_of(
    habits: CompanyHabits,
    service: Service,
    team: tuple[Person, ...],
    incidents: Sequence[Ticket],
    end: datetime,
) -> FollowUp:
    """Post-mortems, problems and corrective actions for the major incidents of one service."""
    own = service.habits.incidents
    name = (habits.seed, service.id, "follow up")
    wanted = Shares(stream(*name, "wanted"), own.follow_up_share)
    delay = Durations(stream(*name, "delay"), timedelta(days=own.review_days), 0.45)
    on_time = Shares(stream(*name, "on time"), habits.service_desk.actions_on_time_share)
    result = FollowUp()
    for number, incident in enumerate((ticket for ticket in incidents if is_major(ticket)), start=1):
        resolved = incident.resolved_at
        follows, waits = wanted.draw() or "outage" in incident.labels, delay.draw()
        if resolved is None or not follows or resolved + waits > end:
            continue
        published = resolved + waits
        actions = list(_actions(team, incident, number=number, published=published, on_time=on_time))
        actions = [action for action in actions if action.created_at <= end]
        review = Postmortem(
            incident=incident.ref,
            service=service.id,
            published_at=published,
            sections=SECTIONS[: own.review_sections],
            participants=team[: own.review_people],
            actions=tuple(action.ref for action in actions),
            in_handbook=service.group not in IN_TRACKER_GROUPS,
        )
        result.postmortems.append(review)
        result.tickets.extend(actions)
        if not review.in_handbook:
            result.tickets.append(review_ticket(review, incident, f"review/{service.id}/{number}"))
        if number % 3 == 0:
            result.tickets.append(_problem(service, team, incident, number, review))
    return result


def _actions(
    team: tuple[Person, ...],
    incident: Ticket,
    *,
    number: int,
    published: datetime,
    on_time: Shares,
) -> Iterator[Ticket]:
    for turn in range(1 + number % 2):
        due = published + timedelta(days=30)
        done = due - timedelta(days=6 + turn) if on_time.draw() else due + timedelta(days=45)
        worker = team[(number + turn) % len(team)]
        ref = f"action/{incident.ref}/{turn}"
        yield corrective_action(ref, incident, worker, created=published, due=due, done=done)


def corrective_action(
    ref: str, incident: Ticket, worker: Person, *, created: datetime, due: datetime, done: datetime
) -> Ticket:
    """An improvement ticket that a review asked for."""
    taken = created + timedelta(days=2)
    return Ticket(
        ref=ref,
        project=incident.project,
        kind="Improvement",
        summary=f"Prevent: {incident.summary}",
        created_at=created + timedelta(minutes=10),
        reporter=worker,
        service=incident.service,
        component=incident.service,
        labels=("corrective-action", "post-mortem"),
        history=life(OPEN, worker, taken, done, actor=worker),
        due=due.date(),
        options={"Origin": "postmortem"},
        resolution_date=done,
    )


def review_ticket(review: Postmortem, incident: Ticket, ref: str) -> Ticket:
    """A post-mortem as a ticket: discussed in the comments, closed within the hour."""
    began = review.published_at - timedelta(hours=1)
    texts = {"Actions": "See the linked improvements."}
    first = review.participants[0]
    comments = tuple(
        Comment(began + timedelta(minutes=10 + 5 * turn), person, "Added what I saw.")
        for turn, person in enumerate(review.participants[1:])
    )
    return Ticket(
        ref=ref,
        project=incident.project,
        kind="Post-incident review",
        summary=f"Review of: {incident.summary}",
        created_at=began,
        reporter=first,
        service=review.service,
        component=review.service,
        labels=("post-mortem",),
        sections=tuple((section, texts.get(section, "Written together.")) for section in review.sections),
        history=life(
            OPEN, first, began + timedelta(minutes=5), review.published_at, actor=first, closes=False
        ),
        comments=comments,
        links=(Link("reviews", incident.ref), *(Link("relates to", action) for action in review.actions)),
        resolution_date=review.published_at,
    )


def _problem(
    service: Service, team: tuple[Person, ...], incident: Ticket, number: int, review: Postmortem
) -> Ticket:
    worker = team[number % len(team)]
    created = review.published_at + timedelta(minutes=30)
    solved = created + timedelta(days=18)
    return Ticket(
        ref=f"problem/{service.id}/{number}",
        project="OPS",
        kind="Problem",
        summary=f"Cause of: {incident.summary}",
        created_at=created,
        reporter=worker,
        service=service.id,
        component=service.id,
        labels=("known-error",) if number % 2 else (),
        sections=(("Root cause", "Under investigation."), ("Workaround", "Restart the worker.")),
        history=life(OPEN, worker, created + timedelta(hours=3), solved, actor=worker),
        links=(Link("relates to", incident.ref), *(Link("relates to", action) for action in review.actions)),
        resolution_date=solved,
    )
