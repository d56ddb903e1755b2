"""Making the tickets of a roadmap: each step has one, and a second run makes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import requests

from itomm.collectors.framework.failures import explain
from itomm.reports.roadmap_tickets import COMMON_LABEL, TicketDraft
from itomm.trackers.tracker import MOST_PAGES, FoundTicket, Tracker, TrackerError


class TicketState(StrEnum):
    """What there is already for a step."""

    NEW = "new"
    OPEN = "open"
    CLOSED = "closed"
    MADE = "made"
    NOT_FOUND = "not_found"
    """It was made or found before, and the tracker finds it no more: deleted, moved, or without its label."""


@dataclass(frozen=True)
class PlannedTicket:
    """A draft, and the ticket that there is for it."""

    draft: TicketDraft
    state: TicketState
    name: str = ""
    url: str = ""


def tickets_there(tracker: Tracker) -> list[FoundTicket]:
    """All tickets that itomm made in the tracker's project.

    Raises:
        TrackerError: the search goes round in circles.
    """
    found: dict[str, FoundTicket] = {}
    for number, page in enumerate(tracker.pages(COMMON_LABEL), start=1):
        new = {each.name: each for each in page if each.name not in found}
        if (page and not new) or number > MOST_PAGES:
            raise TrackerError("The tracker's search goes round in circles; nothing was made.")
        found |= new
    return list(found.values())


def planned(
    drafts: Sequence[TicketDraft], there: Sequence[FoundTicket], recorded: Mapping[tuple[str, str], str]
) -> list[PlannedTicket]:
    """What there is for each draft; an open ticket before a closed one, the newest first.

    ``recorded`` are names of tickets that were recorded, by scope and criterion.
    """
    return [_planned(draft, there, recorded) for draft in drafts]


def _planned(
    draft: TicketDraft, there: Sequence[FoundTicket], recorded: Mapping[tuple[str, str], str]
) -> PlannedTicket:
    own = [each for each in there if draft.label.casefold() in {label.casefold() for label in each.labels}]
    known = recorded.get((draft.scope, draft.criterion))
    own += [each for each in there if each.name == known and each not in own]  # its own label was taken off
    for closed in (False, True):
        for each in reversed(own):
            if each.closed is closed:
                state = TicketState.CLOSED if closed else TicketState.OPEN
                return PlannedTicket(draft, state, each.name, each.url)
    if known is not None:
        return PlannedTicket(draft, TicketState.NOT_FOUND, known)
    return PlannedTicket(draft, TicketState.NEW)


def make(
    tracker: Tracker, drafts: Sequence[TicketDraft], made: Callable[[TicketDraft, FoundTicket], None]
) -> None:
    """Make a ticket for each draft, one after the other; ``made`` hears of each at once.

    Raises:
        TrackerError: the tracker refused, or it is not known whether it made a ticket; how many were made.
    """
    for number, draft in enumerate(drafts):
        try:
            ticket = _one(tracker, draft)
        except Exception as error:  # noqa: BLE001  client libraries raise anything; a person is told in words
            why = explain(error, tracker.settings.url).message
            raise TrackerError(
                f"{why} {number} of {len(drafts)} tickets were made and recorded, {draft.criterion} was not. "
                f"Run it again for the rest."
            ) from None
        made(draft, ticket)


def _one(tracker: Tracker, draft: TicketDraft) -> FoundTicket:
    """A new ticket; when the connection broke, it may have been made all the same."""
    labels = (COMMON_LABEL, draft.label, *tracker.settings.labels)
    try:
        return tracker.create(draft.title, draft.sections, labels)
    except (requests.RequestException, TrackerError):
        for each in reversed(tickets_there(tracker)):
            if draft.label in each.labels and not each.closed:
                return each
        raise
