"""Tickets that were made of a roadmap's steps: which ticket is about which criterion of which scope.

They are links and no evidence: nothing that is scored reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from itomm.config.clock import format_instant, parse_instant
from itomm.evidence.catalogue import ledger
from itomm.evidence.catalogue.database import tickets
from itomm.evidence.store import Store


@dataclass(frozen=True)
class RecordedTicket:
    """A ticket in a tracker, and the step it was made of.

    Attributes:
        tracker: address of the tool.
        ticket: the name that people call it by there, such as ``OPS-12`` or ``ops/board#12``.
        actor: who had it made, or found it.
    """

    tracker: str
    ticket: str
    url: str
    scope: str
    criterion: str
    actor: str
    at: datetime


def record_ticket(store: Store, ticket: RecordedTicket) -> None:
    """Keep the link; a ticket that is known already stays as it was recorded."""
    if any(each.ticket == ticket.ticket for each in recorded_tickets(store, ticket.tracker)):
        return
    body = {**vars(ticket), "at": format_instant(ticket.at)}
    with store.transaction() as connection:
        seq = ledger.append(connection, at=ticket.at, kind="ticket", actor=ticket.actor, body=body)
        connection.execute(tickets.insert().values(**body, ledger_seq=seq))


def recorded_tickets(store: Store, tracker: str) -> list[RecordedTicket]:
    """The tickets of one tool, oldest first."""
    query = select(tickets).where(tickets.c.tracker == tracker).order_by(tickets.c.ledger_seq)
    with store.engine.connect() as connection:
        return [
            RecordedTicket(
                tracker=row.tracker,
                ticket=row.ticket,
                url=row.url,
                scope=row.scope,
                criterion=row.criterion,
                actor=row.actor,
                at=parse_instant(row.at),
            )
            for row in connection.execute(query)
        ]
