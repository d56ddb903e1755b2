"""Grow the rest of the tracker: requests, improvements, risks, security incidents, proofs and tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from itomm.estate.chance import Durations, Shares, stream
from itomm.estate.company_habits import CompanyHabits
from itomm.estate.generate_follow_up import SECTIONS, FollowUp, Postmortem, corrective_action, review_ticket
from itomm.estate.generate_incidents import RESOLUTION_CLOCK, RESPONSE_CLOCK
from itomm.estate.people import AUTOMATION, Person
from itomm.estate.ticket_life import life
from itomm.estate.tickets import OPEN, Clock, HistoryEntry, Ticket
from itomm.estate.working_time import WorkingTime

_REQUESTS = (
    "New laptop",
    "Access to the data room",
    "Reset two-factor device",
    "New mailbox",
    "VPN for a guest",
)
_TREATMENTS = ("mitigate", "accept", "transfer", "mitigate", "avoid")
_ORIGINS = ("retro", "csi", "audit", "retro")


class ServiceDeskGrowth:
    """Company-wide tickets; ``staff`` are all people of all teams."""

    def __init__(
        self,
        habits: CompanyHabits,
        working: WorkingTime,
        staff: tuple[Person, ...],
        start: datetime,
        end: datetime,
    ) -> None:
        self._habits, self._desk, self._working = habits, habits.service_desk, working
        self._staff, self._start, self._end = staff, start, end

    def _moments(self, purpose: str, per_week: float) -> Iterator[datetime]:
        random = stream(self._habits.seed, purpose)
        return self._working.moments(random, per_week, self._start, self._end)

    def requests(self) -> Iterator[Ticket]:
        """Service requests; automated ones never see a human hand."""
        seed, desk = self._habits.seed, self._desk
        portal = Shares(stream(seed, "request portal"), desk.portal_share)
        automated = Shares(stream(seed, "request automated"), desk.automated_share)
        lasting = Durations(stream(seed, "request time"), timedelta(hours=desk.request_hours), 0.8)
        linked = Shares(stream(seed, "request link"), desk.runbook_link_share)
        moments = self._moments("requests", desk.requests_per_month * 7 / 30)
        for number, created in enumerate(moments, start=1):
            by_machine, from_portal = automated.draw(), portal.draw()
            worker = AUTOMATION if by_machine else self._staff[number % len(self._staff)]
            lasts = timedelta(minutes=4) if by_machine else lasting.draw()
            taken, done = created + lasts * 0.2, created + lasts
            what = _REQUESTS[number % len(_REQUESTS)]
            text = (
                "See https://handbook.acme.example/docs/kb/requests.md" if linked.draw() else "Please help."
            )
            yield Ticket(
                ref=f"request/{number}",
                project="OPS",
                kind="Service Request",
                summary=what,
                created_at=created,
                reporter=self._staff[(number * 5) % len(self._staff)],
                priority=4,
                labels=("automation",) if by_machine else (),
                sections=(("", text),),
                history=life(OPEN, None if by_machine else worker, taken, done, actor=worker),
                clocks=(
                    Clock(RESPONSE_CLOCK, created, taken, timedelta(hours=8)),
                    Clock(RESOLUTION_CLOCK, created, done, timedelta(hours=desk.request_goal_hours)),
                ),
                options={"Request Type": what} if from_portal else {},
                resolution_date=done,
            )

    def improvements(self) -> Iterator[Ticket]:
        """The improvement register, without what post-mortems asked for."""
        seed, desk = self._habits.seed, self._desk
        on_time = Shares(stream(seed, "improvement on time"), desk.improvements_on_time_share)
        effect = Shares(stream(seed, "improvement effect"), desk.effect_recorded_share)
        moments = self._moments("improvements", desk.improvements_per_month * 7 / 30)
        for number, created in enumerate(moments, start=1):
            due = created + timedelta(days=60)
            done = due - timedelta(days=9) if on_time.draw() else due + timedelta(days=70)
            worker = self._staff[(number * 3) % len(self._staff)]
            options = {"Origin": _ORIGINS[number % len(_ORIGINS)]}
            if effect.draw():
                options |= {"Baseline": "14 manual steps", "Result": "3 manual steps"}
            yield Ticket(
                ref=f"improvement/{number}",
                project="OPS",
                kind="Improvement",
                summary=f"Shorten the hand-over, step {number}",
                created_at=created,
                reporter=worker,
                history=life(OPEN, worker, created + timedelta(days=1), done, actor=worker),
                due=due.date() if number % 3 else None,
                options=options,
                resolution_date=done,
            )

    def risks(self) -> Iterator[Ticket]:
        """Open risks; some reviewed a month ago, the others most of a year ago."""
        reviewed = Shares(stream(self._habits.seed, "risks reviewed"), self._desk.risks_reviewed_share)
        for number in range(1, self._desk.risks + 1):
            created = self._start + timedelta(days=9 * number)
            worker = self._staff[(number * 2) % len(self._staff)]
            seen = self._habits.as_of - timedelta(days=35 if reviewed.draw() else 260)
            yield Ticket(
                ref=f"risk/{number}",
                project="SEC",
                kind="Risk",
                summary=f"Risk {number}: a single supplier for region {number}",
                created_at=created,
                reporter=worker,
                history=(HistoryEntry(created + timedelta(days=1), worker, "assignee", None, worker),),
                options={
                    "Treatment": _TREATMENTS[number % len(_TREATMENTS)],
                    "Reviewed on": max(seen, created).date(),
                },
            )

    def tasks(self) -> Iterator[Ticket]:
        """Ordinary tasks that no criterion asks about."""
        for number, created in enumerate(
            self._moments("tasks", self._desk.tasks_per_month * 7 / 30), start=1
        ):
            worker = self._staff[number % len(self._staff)]
            done = created + timedelta(days=2 + number % 9)
            yield Ticket(
                ref=f"task/{number}",
                project="OPS",
                kind="Task",
                summary=f"Tidy the wiki, part {number}",
                created_at=created,
                reporter=worker,
                priority=None,
                history=life(OPEN, worker, created + timedelta(hours=5), done, actor=worker),
                resolution_date=done,
            )

    def proofs(self) -> Iterator[Ticket]:
        """Tickets that prove restore tests and access reviews."""
        for service in self._habits.services:
            days = service.habits.backups.restore_test_days_ago
            if service.stateful and days is not None:
                yield self._proof(
                    f"restore/{service.id}",
                    f"Restore test of {service.name}",
                    days,
                    service=service.id,
                    text="Restored into a scratch database and compared row counts.",
                )
        days = self._desk.access_review_days_ago
        if days is not None:
            yield self._proof(
                "access-review",
                "Access review of GitLab and Jira",
                days,
                service=None,
                text="System: GitLab\nReviewed: 42\nRevoked: 3",
            )

    def _proof(self, ref: str, summary: str, days: int, *, service: str | None, text: str) -> Ticket:
        done = self._habits.as_of - timedelta(days=days)
        created = done - timedelta(days=2)
        worker = self._staff[days % len(self._staff)]
        return Ticket(
            ref=ref,
            project="SEC" if service is None else "OPS",
            kind="Task",
            summary=summary,
            created_at=created,
            reporter=worker,
            service=service,
            component=service,
            labels=("access-review" if service is None else "restore-test",),
            sections=(("", text),),
            history=life(OPEN, worker, created + timedelta(hours=3), done, actor=worker, closes=False),
            options={"Result": "success"},
            resolution_date=done,
        )

    def security_incidents(self) -> FollowUp:
        """Security incidents with their reviews and actions."""
        seed, desk = self._habits.seed, self._desk
        taking = Durations(
            stream(seed, "security ack"), timedelta(minutes=desk.security_acknowledge_minutes), 0.5
        )
        learning = Shares(stream(seed, "security lesson"), desk.security_lesson_share)
        result = FollowUp()
        moments = self._moments("security incidents", desk.security_incidents_per_year / 52)
        for number, created in enumerate(moments, start=1):
            worker = self._staff[(number * 4) % len(self._staff)]
            taken, done = created + taking.draw(), created + timedelta(hours=20)
            incident = Ticket(
                ref=f"security/{number}",
                project="SEC",
                kind="Incident",
                summary=f"Suspicious sign-ins, case {number}",
                created_at=created,
                reporter=self._staff[number % len(self._staff)],
                priority=3,
                labels=("security",),
                history=life(OPEN, worker, taken, done, actor=worker),
                options={"Severity": 3, "Detected by": "Staff", "Root cause class": f"phishing {number}"},
                resolution_date=done,
            )
            result.tickets.append(incident)
            if learning.draw():
                self._learn(result, incident, worker, number, done + timedelta(days=6))
        return result

    def _learn(
        self, result: FollowUp, incident: Ticket, worker: Person, number: int, published: datetime
    ) -> None:
        due = published + timedelta(days=30)
        action = corrective_action(
            f"action/{incident.ref}/0",
            incident,
            worker,
            created=published,
            due=due,
            done=due - timedelta(days=10),
        )
        people = (worker, *(person for person in self._staff if person != worker))[:3]
        review = Postmortem(incident.ref, None, published, SECTIONS, people, (action.ref,), in_handbook=False)
        if published <= self._end:
            result.postmortems.append(review)
            result.tickets.extend([action, review_ticket(review, incident, f"review/security/{number}")])
