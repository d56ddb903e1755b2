"""``itomm export tickets``: the steps of a roadmap as tickets of a tracker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from itomm.cli.options import Invocation, common_options, output_option
from itomm.cli.planning import PlanAsked, plan, plan_options
from itomm.cli.progress import working
from itomm.cli.tables import print_paragraph, print_table, write_out
from itomm.cli.workspace import Workspace
from itomm.config.clock import Clock
from itomm.config.errors import ExitCode, UsageError
from itomm.config.structure import nearest
from itomm.config.tracker_settings import TrackerSettings
from itomm.evidence.store import Store
from itomm.evidence.tickets import RecordedTicket, record_ticket, recorded_tickets
from itomm.reports.document import to_json
from itomm.reports.roadmap import summary
from itomm.reports.roadmap_tickets import TicketDraft, ticket_drafts
from itomm.trackers.connecting import opened
from itomm.trackers.making import PlannedTicket, TicketState, make, planned, tickets_there
from itomm.trackers.markup import plain_text
from itomm.trackers.tracker import FoundTicket, Tracker

SCHEMA = "itomm/tickets/1"


@click.command("tickets")
@click.option("--tracker", "named", metavar="NAME", help="A tracker of itomm.yaml.  [default: the only one]")
@click.option("--create", is_flag=True, help="Make the tickets; without it they are only shown.")
@click.option("--by", "actor", default="", metavar="PERSON", help="Who has them made.")
@click.option("--again", is_flag=True, help="Make new ones where those there are closed or gone.")
@click.option("--phase", type=click.IntRange(1), metavar="N", help="Only the steps of this phase.")
@plan_options
@output_option("table", "json")
@common_options
def command(
    invocation: Invocation,
    *,
    named: str | None,
    create: bool,
    actor: str,
    again: bool,
    phase: int | None,
    asked: PlanAsked,
    output: str,
) -> int:
    """Show the steps of a roadmap as tickets, and make them in Jira or GitLab.

    Takes the options of 'itomm roadmap'. Nothing is written without --create. A step that has a ticket
    already gets no second one. Closing a ticket never changes a score.
    """
    if create and not actor.strip():
        raise UsageError("Say who has the tickets made with --by.")
    workspace = Workspace(invocation)
    name, tracker = _tracker(workspace, named, needed=create)
    shown = plan(workspace, asked)
    drafts = ticket_drafts(shown, phase)
    if tracker is None:
        tickets = [PlannedTicket(draft, TicketState.NEW) for draft in drafts]
    else:
        ledger = _Ledger(workspace.existing_store, tracker, actor, invocation.clock)
        with opened(tracker) as board:
            with working(f"Asking {name}", quiet=invocation.quiet):
                tickets = planned(drafts, tickets_there(board), ledger.names())
            if create:
                tickets = _made(board, tickets, ledger, again=again)
    if output == "json":
        write_out(to_json(_document(summary(shown), name, tickets)))
    else:
        _print(summary(shown), name, tickets, created=create, again=again)
    return ExitCode.OK


@dataclass(frozen=True)
class _Ledger:
    """Where the links to a tracker's tickets are kept."""

    store: Store
    tracker: TrackerSettings
    actor: str
    clock: Clock

    def names(self) -> dict[tuple[str, str], str]:
        """The newest ticket of each scope and criterion."""
        return {
            (each.scope, each.criterion): each.ticket
            for each in recorded_tickets(self.store, self.tracker.url)
        }

    def keep(self, draft: TicketDraft, name: str, url: str) -> None:
        """Keep the link between a step and its ticket."""
        link = RecordedTicket(
            tracker=self.tracker.url,
            ticket=name,
            url=url,
            scope=draft.scope,
            criterion=draft.criterion,
            actor=self.actor,
            at=self.clock(),
        )
        record_ticket(self.store, link)


def _made(
    board: Tracker, tickets: Sequence[PlannedTicket], ledger: _Ledger, *, again: bool
) -> list[PlannedTicket]:
    """Make what is missing; links to tickets that somebody else's itomm made are kept as well."""
    missing = {TicketState.NEW} | ({TicketState.CLOSED, TicketState.NOT_FOUND} if again else set())
    made: dict[str, PlannedTicket] = {}

    def keep(draft: TicketDraft, found: FoundTicket) -> None:
        ledger.keep(draft, found.name, found.url)
        made[draft.label] = PlannedTicket(draft, TicketState.MADE, found.name, found.url)

    for each in tickets:
        if each.url:
            ledger.keep(each.draft, each.name, each.url)
    make(board, [each.draft for each in tickets if each.state in missing], keep)
    return [made.get(each.draft.label, each) for each in tickets]


def _tracker(workspace: Workspace, named: str | None, *, needed: bool) -> tuple[str, TrackerSettings | None]:
    """The tracker that is meant, by name; none when there is none and none is needed."""
    trackers = workspace.configuration.settings.trackers
    if named is not None:
        if named not in trackers:
            raise UsageError(
                f"There is no tracker '{named}' in itomm.yaml. {nearest(named, sorted(trackers))}"
            )
        return named, trackers[named]
    if len(trackers) > 1:
        raise UsageError(f"Say which tracker with --tracker: {', '.join(sorted(trackers))}.")
    if not trackers and needed:
        raise UsageError(
            "itomm.yaml names no tracker. Add one under 'trackers', with a token that may write."
        )
    return next(iter(trackers.items()), ("", None))


def _document(said: str, name: str, tickets: Sequence[PlannedTicket]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "summary": said,
        "tracker": name or None,
        "tickets": [
            {
                "criterion": each.draft.criterion,
                "scope": each.draft.scope,
                "phase": each.draft.phase,
                "state": each.state.value,
                "ticket": each.name or None,
                "url": each.url or None,
                "label": each.draft.label,
                "title": each.draft.title,
                "text": plain_text(each.draft.sections),
            }
            for each in tickets
        ],
    }


def _print(said: str, name: str, tickets: Sequence[PlannedTicket], *, created: bool, again: bool) -> None:
    print_paragraph(said, style="bold")
    if not tickets:
        return
    print_paragraph("")
    rows = [
        (str(each.draft.phase), each.draft.criterion, each.draft.title.partition(": ")[2], _state(each))
        for each in tickets
    ]
    print_table("", ("phase", "criterion", "title", "ticket"), rows, right=(0,))
    for each in tickets:
        if each.url:
            print_paragraph(f"{each.draft.criterion}: {each.url}")
    print_paragraph("")
    counted = Counter(each.state for each in tickets)
    if created:
        print_paragraph(f"{counted[TicketState.MADE]} of {len(tickets)} tickets were made in {name}.")
    else:
        new = next((each for each in tickets if each.state is TicketState.NEW), None)
        if new is not None:
            print_paragraph(f"Nothing was written. {new.draft.criterion} would read:", style="bold")
            print_paragraph(new.draft.title)
            for block in plain_text(new.draft.sections).split("\n"):
                print_paragraph(block)
        where = f"--create --by YOU makes {counted[TicketState.NEW]} of {len(tickets)} in {name}."
        print_paragraph(where if name else "itomm.yaml names no tracker to make them in.")
    if not again and counted[TicketState.CLOSED] + counted[TicketState.NOT_FOUND]:
        print_paragraph("Evidence does not show yet what closed tickets were about; --again makes new ones.")


def _state(ticket: PlannedTicket) -> str:
    return {
        TicketState.NEW: "to be made",
        TicketState.MADE: f"{ticket.name}, made",
        TicketState.OPEN: f"{ticket.name}, open",
        TicketState.CLOSED: f"{ticket.name}, closed",
        TicketState.NOT_FOUND: f"{ticket.name}, not found",
    }[ticket.state]
