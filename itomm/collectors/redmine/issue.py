"""A Redmine issue as a ticket, and what evidence keeps of its payload. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from itomm.collectors.payload import Payload, instant_of, mapping_of, rows_of, text_of
from itomm.collectors.redmine.site import Site, identifier_of
from itomm.collectors.ticketing.commits import commits_named
from itomm.collectors.ticketing.history import DONE, OPEN, Assignment, History, Move
from itomm.collectors.ticketing.records import TICKETS
from itomm.collectors.ticketing.ticket import Link, Ticket
from itomm.evidence.observation import Observation

_SEEN_FROM_THE_OTHER_END = {
    "duplicates": "duplicated by",
    "blocks": "blocked by",
    "precedes": "follows",
    "follows": "precedes",
    "copied_to": "copied from",
    "relates": "relates",
}


@dataclass(frozen=True)
class Entry:
    """One journal entry: who wrote or changed something, and when."""

    at: datetime
    payload: Payload

    def changes(self, name: str) -> list[tuple[str | None, str | None]]:
        """Old and new value of each change of the attribute ``name``."""
        return [
            (text_of(row.get("old_value")), text_of(row.get("new_value")))
            for row in rows_of(self.payload.get("details"))
            if row.get("property") == "attr" and row.get("name") == name
        ]


def key_of(number: str) -> str:
    """What people call an issue."""
    return f"#{number}"


def was_touched(payload: Payload, site: Site) -> bool:
    """Whether an issue can have a history: it changed after it was opened, or left its first status.

    Times are told to the second, so one that a program opened and closed at once is told by its status.
    """
    tracker = identifier_of(mapping_of(payload.get("tracker")))
    status = identifier_of(mapping_of(payload.get("status")))
    return payload.get("updated_on") != payload.get("created_on") or site.category(status, tracker) != OPEN


def related_numbers(payload: Payload) -> list[str]:
    """Ids of the issues that this one has a relation to."""
    own = identifier_of(payload)
    ends = [
        str(row.get(end)) for row in rows_of(payload.get("relations")) for end in ("issue_id", "issue_to_id")
    ]
    return list(dict.fromkeys(end for end in ends if end not in (own, "None")))


def read_issue(payload: Payload, site: Site, kinds: Mapping[str, str | None]) -> Ticket | None:
    """The ticket; ``kinds`` are those of related issues by id. None when it says not when it was opened."""
    created_at = instant_of(payload.get("created_on"))
    if created_at is None:
        return None
    number = identifier_of(payload)
    tracker = identifier_of(mapping_of(payload.get("tracker")))
    status = mapping_of(payload.get("status"))
    category = site.category(identifier_of(status), tracker)
    if category is None:
        category = DONE if status.get("is_closed") is True else OPEN
    entries = _entries(payload)
    history = _history(entries, site, tracker)
    author = payload.get("author")
    return Ticket(
        key=key_of(number),
        title=text_of(payload.get("subject")) or "",
        status=text_of(status.get("name")) or "",
        status_category=category,
        priority=site.priorities.get(identifier_of(mapping_of(payload.get("priority")))),
        reporter=site.person(author),
        assignee=site.person(payload.get("assigned_to")),
        created_at=created_at,
        updated_at=instant_of(payload.get("updated_on")) or created_at,
        due_at=instant_of(payload.get("due_date")),
        resolved_at=_resolved_at(payload, category, history),
        first_response_at=_first_response_at(entries, identifier_of(mapping_of(author)), site),
        history=history,
        links=tuple(_links(payload, kinds)),
        custom=custom_fields(payload, site),
        security=_is_security(payload, site),
        reported_by_automation=site.is_automation(author),
        commits=tuple(commits_named(text_of(payload.get(name)) or "" for name in ("subject", "description"))),
    )


def observation(payload: Payload, ticket: Ticket, kind: str, site: Site) -> Observation:
    """The record of a ticket as one of ``kind``."""
    return Observation(
        source_ref=ticket.key,
        fields=TICKETS[kind](ticket),
        raw=excerpt(payload, site) | ({"commits": list(ticket.commits)} if kind == "change" else {}),
        url=f"{site.server}/issues/{identifier_of(payload)}",
        service_keys=_service_keys(payload, ticket, site),
    )


def custom_fields(payload: Payload, site: Site) -> dict[str, str | None]:
    """Text of the custom fields that the settings name, by our names; None for an empty one."""
    found: dict[str, str | None] = {}
    for row in rows_of(payload.get("custom_fields")):
        ours = site.names_of_fields.get(str(row.get("name", "")).casefold())
        if ours:
            value = row.get("value")
            words = ", ".join(map(str, value)) if isinstance(value, list) else value
            found[ours] = text_of(words)
    return found


def excerpt(payload: Payload, site: Site) -> dict[str, object]:
    """What the record was read from, without prose and without custom fields that nobody asked for."""
    kept: dict[str, object] = {name: payload.get(name) for name in _KEPT if name in payload}
    for name in ("author", "assigned_to"):
        kept[name] = _person(payload.get(name), site)
    kept["custom_fields"] = [
        {"name": row.get("name"), "value": row.get("value")}
        for row in rows_of(payload.get("custom_fields"))
        if str(row.get("name", "")).casefold() in site.names_of_fields
    ]
    kept["journals"] = [_kept_entry(entry, site) for entry in _entries(payload)]
    return kept


_KEPT = (
    "id",
    "project",
    "tracker",
    "status",
    "priority",
    "category",
    "subject",
    "due_date",
    "is_private",
    "created_on",
    "updated_on",
    "closed_on",
    "parent",
    "relations",
)


def _entries(payload: Payload) -> list[Entry]:
    """Journal entries, oldest first."""
    dated = [(instant_of(row.get("created_on")), row) for row in rows_of(payload.get("journals"))]
    return sorted((Entry(at, row) for at, row in dated if at is not None), key=lambda entry: entry.at)


def _history(entries: Iterable[Entry], site: Site, tracker: str) -> History:
    moves: list[Move] = []
    assignments: list[Assignment] = []
    for entry in entries:
        user = entry.payload.get("user")
        for before, after in entry.changes("status_id"):
            moves.append(
                Move(
                    at=entry.at,
                    from_status=site.statuses.get(before or "", ""),
                    to_status=site.statuses.get(after or "", ""),
                    from_category=site.category(before or "", tracker),
                    to_category=site.category(after or "", tracker),
                    by=site.person(user),
                    by_automation=site.is_automation(user),
                )
            )
        for before, after in entry.changes("assigned_to_id"):
            assignments.append(Assignment(entry.at, _user(before, site), _user(after, site)))
    return History(tuple(moves), tuple(assignments))


def _user(number: str | None, site: Site) -> str | None:
    return site.person({"id": number}) if number else None


def _resolved_at(payload: Payload, category: str, history: History) -> datetime | None:
    """The last closing in the history; the issue's own when it was opened closed. Reopened ones have none."""
    if category != DONE:
        return None
    return history.resolved_at or instant_of(payload.get("closed_on"))


def _first_response_at(entries: Iterable[Entry], author: str, site: Site) -> datetime | None:
    for entry in entries:
        user = mapping_of(entry.payload.get("user"))
        public = entry.payload.get("private_notes") is not True
        says = text_of(entry.payload.get("notes")) is not None or bool(entry.changes("status_id"))
        if public and says and identifier_of(user) not in ("", author) and not site.is_automation(user):
            return entry.at
    return None


def _links(payload: Payload, kinds: Mapping[str, str | None]) -> Iterable[Link]:
    own = identifier_of(payload)
    for row in rows_of(payload.get("relations")):
        phrase = text_of(row.get("relation_type")) or ""
        here, there = str(row.get("issue_id")), str(row.get("issue_to_id"))
        if here == own:
            yield Link(phrase.replace("_", " "), key_of(there), kinds.get(there))
        elif there == own:
            yield Link(_SEEN_FROM_THE_OTHER_END.get(phrase, phrase), key_of(here), kinds.get(here))
    parent = identifier_of(mapping_of(payload.get("parent")))
    if parent:
        yield Link("parent", key_of(parent), kinds.get(parent))


def _is_security(payload: Payload, site: Site) -> bool:
    wanted = {word.casefold() for word in site.settings.security_categories}
    words = [mapping_of(payload.get(name)).get("name") for name in ("category", "tracker")]
    return any(str(word).casefold() in wanted for word in words if word)


def _service_keys(payload: Payload, ticket: Ticket, site: Site) -> tuple[str, ...]:
    """The field that names the service, then the category, then the project by identifier and name."""
    project = mapping_of(payload.get("project"))
    known = site.projects.get(identifier_of(project))
    names = [
        ticket.custom.get("service"),
        text_of(mapping_of(payload.get("category")).get("name")),
        known.identifier if known else None,
        text_of(project.get("name")),
    ]
    return tuple(dict.fromkeys(name for name in names if name))


def _person(user: object, site: Site) -> dict[str, str] | None:
    person = site.person(user)
    return {"accountId": person} if person else None


def _kept_entry(entry: Entry, site: Site) -> dict[str, object]:
    moves = [{"from": before, "to": after} for before, after in entry.changes("status_id")]
    handed = [
        {
            "from": _person({"id": before} if before else None, site),
            "to": _person({"id": after} if after else None, site),
        }
        for before, after in entry.changes("assigned_to_id")
    ]
    return {
        "created_on": entry.payload.get("created_on"),
        "author": _person(entry.payload.get("user"), site),
        "wrote": text_of(entry.payload.get("notes")) is not None,
        "private_notes": entry.payload.get("private_notes"),
        "status_id": moves,
        "assigned_to_id": handed,
    }
