"""A ticket of Request Tracker as a ticket, and what evidence keeps of its payload. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.request_tracker.site import Site, account_of
from itomm.collectors.ticketing.history import DONE, OPEN, Assignment, History, Move
from itomm.collectors.ticketing.records import TICKETS
from itomm.collectors.ticketing.ticket import Link, Ticket
from itomm.evidence.observation import Observation

TICKET_FIELDS = (
    "Subject",
    "Status",
    "Queue",
    "Priority",
    "Creator",
    "Owner",
    "Requestor",
    "Created",
    "LastUpdated",
    "Started",
    "Resolved",
    "Due",
    "CustomFields",
    "_hyperlinks",
)
TRANSACTION_FIELDS = ("Type", "Field", "OldValue", "NewValue", "Created", "Creator")

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS = "Status"
_PUBLIC = frozenset({"Correspond", _STATUS})


def moment_of(value: object) -> datetime | None:
    """An instant; None for 1970-01-01, which Request Tracker writes for a date that is not set."""
    instant = instant_of(value)
    return None if instant is None or instant <= _NEVER else instant


def key_of(number: str) -> str:
    """What people call a ticket."""
    return f"#{number}"


def was_touched(payload: Payload, site: Site) -> bool:
    """Whether a ticket can have a history: it changed after it was opened, or is not as it was then."""
    status = text_of(payload.get("Status")) or ""
    return payload.get("LastUpdated") != payload.get("Created") or site.category(status) != OPEN


def linked_numbers(payload: Payload) -> list[str]:
    """Ids of the tickets that this one links to."""
    return list(dict.fromkeys(number for _, number in _links(payload)))


def read_ticket(
    payload: Payload, transactions: Sequence[Payload], site: Site, kinds: Mapping[str, str | None]
) -> Ticket | None:
    """The ticket; ``kinds`` are those of linked tickets by id. None when it says not when it was opened."""
    created_at = moment_of(payload.get("Created"))
    if created_at is None:
        return None
    status = text_of(payload.get("Status")) or ""
    history = history_of(transactions, site)
    requestors = [name for user in rows_of(payload.get("Requestor")) if (name := account_of(user))]
    creator = account_of(payload.get("Creator"))
    category = site.category(status)
    resolved_at = history.resolved_at or moment_of(payload.get("Resolved"))
    return Ticket(
        key=key_of(str(payload.get("id"))),
        title=text_of(payload.get("Subject")) or "",
        status=status,
        status_category=category,
        priority=site.priority(payload.get("Priority")),
        reporter=requestors[0] if requestors else creator,
        assignee=account_of(payload.get("Owner")),
        created_at=created_at,
        updated_at=moment_of(payload.get("LastUpdated")) or created_at,
        due_at=moment_of(payload.get("Due")),
        resolved_at=resolved_at if category == DONE else None,
        first_response_at=_first_response_at(transactions, {*requestors} or {creator}, site),
        history=history,
        links=tuple(Link(phrase, key_of(number), kinds.get(number)) for phrase, number in _links(payload)),
        custom=_custom_fields(payload, site),
        security=_queue_name(payload, site).casefold()
        in {name.casefold() for name in site.settings.security_queues},
        reported_by_automation=site.is_automation(requestors[0] if requestors else creator),
    )


def observation(
    payload: Payload, transactions: Sequence[Payload], ticket: Ticket, kind: str, site: Site
) -> Observation:
    """The record of a ticket as one of ``kind``."""
    named = ticket.custom.get("service")
    queue = _queue_name(payload, site)
    return Observation(
        source_ref=ticket.key,
        fields=TICKETS[kind](ticket),
        raw=_excerpt(payload, transactions, site),
        url=f"{site.server}/Ticket/Display.html?id={payload.get('id')}",
        service_keys=tuple(dict.fromkeys(name for name in (named, queue) if name)),
    )


def history_of(transactions: Iterable[Payload], site: Site) -> History:
    """Status moves and assignments in a ticket's transactions, in whatever order they come."""
    moves: list[Move] = []
    assignments: list[Assignment] = []
    dated = [(moment_of(row.get("Created")), row) for row in transactions]
    known = [(at, row) for at, row in dated if at is not None]
    for at, row in sorted(known, key=lambda pair: (pair[0], _number(pair[1]))):
        before, after = text_of(row.get("OldValue")) or "", text_of(row.get("NewValue")) or ""
        person = account_of(row.get("Creator"))
        if row.get("Type") == _STATUS:
            automated = site.is_automation(person)
            moves.append(
                Move(at, before, after, site.category(before), site.category(after), person, automated)
            )
        elif row.get("Field") == "Owner":
            step = Assignment(at, _owner(before, site), _owner(after, site))
            if assignments[-1:] != [step]:  # version 5 writes each one twice
                assignments.append(step)
    return History(tuple(moves), tuple(assignments))


def _owner(number: str, site: Site) -> str | None:
    return None if number in ("", site.nobody) else number


def _number(row: Payload) -> int:
    text = str(row.get("id"))
    return int(text) if text.isdecimal() else 0


def _first_response_at(
    transactions: Iterable[Payload], reporters: set[str | None], site: Site
) -> datetime | None:
    """The first answer or move that the reporter can see and did not make; comments are for staff only."""
    answers = [
        at
        for row in transactions
        if row.get("Type") in _PUBLIC
        and (person := account_of(row.get("Creator"))) is not None
        and person not in reporters
        and not site.is_automation(person)
        and (at := moment_of(row.get("Created"))) is not None
    ]
    return min(answers, default=None)


def _links(payload: Payload) -> Iterable[tuple[str, str]]:
    for link in rows_of(payload.get("_hyperlinks")):
        phrase = text_of(link.get("ref")) or ""
        if link.get("type") == "ticket" and phrase not in ("self", "lifecycle", "create") and link.get("id"):
            yield phrase.replace("-", " "), str(link["id"])


def _custom_fields(payload: Payload, site: Site) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for row in rows_of(payload.get("CustomFields")):
        ours = site.names_of_fields.get(str(row.get("name", "")).casefold())
        if ours:
            values = row.get("values")
            found[ours] = text_of(", ".join(map(str, values))) if isinstance(values, list) else None
    return found


def _queue_name(payload: Payload, site: Site) -> str:
    known = site.queues.get(str(mapping_of(payload.get("Queue")).get("id")))
    return known.name if known else ""


def _excerpt(payload: Payload, transactions: Iterable[Payload], site: Site) -> dict[str, object]:
    """What the record was read from, without prose and without custom fields that nobody asked for."""
    kept: dict[str, object] = {name: payload.get(name) for name in ("id", *TICKET_FIELDS) if name in payload}
    kept.pop("_hyperlinks", None)
    for name in ("Creator", "Owner"):
        kept[name] = _person(payload.get(name))
    kept["Requestor"] = [_person(user) for user in rows_of(payload.get("Requestor"))]
    kept["CustomFields"] = [
        {"name": row.get("name"), "values": row.get("values")}
        for row in rows_of(payload.get("CustomFields"))
        if str(row.get("name", "")).casefold() in site.names_of_fields
    ]
    kept["links"] = [{"ref": phrase, "id": number} for phrase, number in _links(payload)]
    kept["transactions"] = [
        {
            **{name: row.get(name) for name in ("id", "Type", "Field", "OldValue", "NewValue", "Created")},
            "Creator": _person(row.get("Creator")),
        }
        for row in transactions
        if row.get("Type") in _PUBLIC or row.get("Field") == "Owner"
    ]
    return kept


def _person(user: object) -> dict[str, str] | None:
    person = account_of(user)
    return {"accountId": person} if person else None
