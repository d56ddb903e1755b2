"""Tickets as Jira writes them, for Cloud and for Data Center."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from itomm.estate.company import Company
from itomm.estate.jira_fields import CUSTOM_FIELDS, written_clock, written_instant
from itomm.estate.jql import ISSUE_TYPES
from itomm.estate.people import Person
from itomm.estate.tickets import STATUSES, HistoryEntry, Link, Status, Ticket

PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
LINK_TYPES: Mapping[str, tuple[str, str, str]] = {
    "is caused by": ("10100", "Causes", "causes"),
    "relates to": ("10101", "Relates", "relates to"),
    "reviews": ("10102", "Reviews", "is reviewed by"),
}
_CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
_CHINESE_CATEGORIES = {"new": "待办", "indeterminate": "进行中", "done": "完成"}
_CHINESE_STATUSES = {
    "Open": "新建",
    "Planned": "已计划",
    "In Progress": "处理中",
    "Resolved": "已解决",
    "Closed": "已关闭",
}


@dataclass(frozen=True)
class Flavour:
    """What differs between the two kinds of Jira."""

    base: str  # the site's address, with its path
    version: str  # API version in links
    cloud: bool
    rich_text: bool  # bodies as documents (Cloud v3) and not as text
    chinese: bool = False  # names of statuses and their categories

    def link(self, path: str) -> str:
        """The address of a REST resource."""
        return f"{self.base}/rest/api/{self.version}/{path}"


class Payloads:
    """Writes the company's tickets. Links between tickets are shown on both of them."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._by_ref = {ticket.ref: ticket for ticket in company.tickets}
        self._ids = {ticket.key: str(10_000 + number) for number, ticket in enumerate(company.tickets, 1)}
        self._incoming: dict[str, list[tuple[Ticket, Link]]] = {}
        for ticket in company.tickets:
            for link in ticket.links:
                self._incoming.setdefault(link.to, []).append((ticket, link))

    def id_of(self, ticket: Ticket) -> str:
        """Jira's internal id of a ticket."""
        return self._ids[ticket.key]

    def issue(self, ticket: Ticket, flavour: Flavour, wanted: Collection[str] | None) -> dict[str, object]:
        """One issue with the wanted fields; None means all of them."""
        fields = self._fields(ticket, flavour)
        if wanted is not None and not {"*all", "*navigable"} & set(wanted):
            fields = {name: value for name, value in fields.items() if name in wanted}
        number = self.id_of(ticket)
        return {
            "expand": "operations,changelog,editmeta,renderedFields",
            "id": number,
            "self": flavour.link(f"issue/{number}"),
            "key": ticket.key,
            "fields": fields,
        }

    def histories(self, ticket: Ticket, flavour: Flavour) -> list[dict[str, object]]:
        """All changelog entries, oldest first."""
        first = int(self.id_of(ticket)) * 100
        return [
            {
                "id": str(first + number),
                "author": user(entry.author, flavour),
                "created": written_instant(entry.at),
                "items": [_item(entry, flavour)],
            }
            for number, entry in enumerate(ticket.history)
        ]

    def _fields(self, ticket: Ticket, flavour: Flavour) -> dict[str, object]:
        fields: dict[str, object] = {
            "summary": ticket.summary,
            "description": body(ticket, flavour),
            "issuetype": issue_type(ticket.kind, flavour),
            "project": project(ticket.project, flavour),
            "status": status(ticket.status, flavour),
            "priority": priority(ticket.priority, flavour),
            "labels": list(ticket.labels),
            "components": [component(ticket.component, flavour)] if ticket.component else [],
            "reporter": user(ticket.reporter, flavour),
            "creator": user(ticket.reporter, flavour),
            "assignee": user(ticket.assignee, flavour) if ticket.assignee else None,
            "created": written_instant(ticket.created_at),
            "updated": written_instant(ticket.updated_at),
            "duedate": ticket.due.isoformat() if ticket.due else None,
            "resolutiondate": written_instant(ticket.resolution_date),
            "resolution": {"id": "10000", "name": "Done"} if ticket.resolution_date else None,
            "issuelinks": self._links(ticket, flavour),
            "comment": self._comments(ticket, flavour),
            "environment": None,
        }
        done = ticket.status.category == "done"
        for field in CUSTOM_FIELDS:
            if field.shape == "clock":
                fields[field.id] = written_clock(ticket.clock(field.name), self._company.as_of)
            else:
                # Nobody knows a result before the work is done.
                hidden = field.name == "Result" and not done
                fields[field.id] = None if hidden else field.written(ticket.options.get(field.name))
        return fields

    def _comments(self, ticket: Ticket, flavour: Flavour) -> dict[str, object]:
        rows = [
            {
                "id": str(50_000 + number),
                "author": user(comment.author, flavour),
                "body": _document([("", comment.text)]) if flavour.rich_text else comment.text,
                "created": written_instant(comment.at),
                "updated": written_instant(comment.at),
                "jsdPublic": True,
            }
            for number, comment in enumerate(ticket.comments)
        ]
        return {"comments": rows, "maxResults": len(rows), "total": len(rows), "startAt": 0}

    def _links(self, ticket: Ticket, flavour: Flavour) -> list[dict[str, object]]:
        rows = [
            self._link(ticket, link, self._by_ref[link.to], flavour, outgoing=True)
            for link in ticket.links
            if link.to in self._by_ref
        ]
        incoming = self._incoming.get(ticket.ref, ())
        return rows + [self._link(source, link, source, flavour, outgoing=False) for source, link in incoming]

    def _link(
        self, source: Ticket, link: Link, shown: Ticket, flavour: Flavour, *, outgoing: bool
    ) -> dict[str, object]:
        number, name, other = LINK_TYPES[link.relation]
        # "is caused by" is the inward reading of Causes; the two others are read outward.
        inward_first = link.relation == "is caused by"
        inward, outward = (link.relation, other) if inward_first else (other, link.relation)
        side = "inwardIssue" if outgoing == inward_first else "outwardIssue"
        return {
            "id": f"{number}{self.id_of(source)}",
            "type": {"id": number, "name": name, "inward": inward, "outward": outward},
            side: {
                "id": self.id_of(shown),
                "key": shown.key,
                "self": flavour.link(f"issue/{self.id_of(shown)}"),
                "fields": {
                    "summary": shown.summary,
                    "status": status(shown.status, flavour),
                    "priority": priority(shown.priority, flavour),
                    "issuetype": issue_type(shown.kind, flavour),
                },
            },
        }


def user(person: Person, flavour: Flavour) -> dict[str, object]:
    """A user; Cloud knows account ids, Data Center knows names."""
    common: dict[str, object] = {
        "displayName": person.name,
        "active": True,
        "timeZone": "Etc/UTC",
        "avatarUrls": {"48x48": f"{flavour.base}/avatar/{person.number}"},
    }
    if not flavour.cloud:
        return {
            "self": f"{flavour.base}/rest/api/2/user?username={person.login}",
            "name": person.login,
            "key": f"JIRAUSER{10_000 + person.number}",
            "emailAddress": person.email,
            **common,
        }
    row = {
        "self": flavour.link(f"user?accountId={person.account_id}"),
        "accountId": person.account_id,
        "accountType": "app" if person.bot else "atlassian",
        **common,
    }
    if person.number % 3 and not person.bot:  # the others keep their address to themselves
        row["emailAddress"] = person.email
    return row


def status(one: Status, flavour: Flavour) -> dict[str, object]:
    """A status with its category."""
    number, colour, name = _CATEGORIES[one.category]
    if flavour.chinese:
        name = _CHINESE_CATEGORIES[one.category]
    category = {
        "self": flavour.link(f"statuscategory/{number}"),
        "id": number,
        "key": one.category,
        "colorName": colour,
        "name": name,
    }
    return {
        "self": flavour.link(f"status/{one.id}"),
        "description": "",
        "iconUrl": f"{flavour.base}/",
        "name": _status_name(one, flavour),
        "id": one.id,
        "statusCategory": category,
    }


def statuses(flavour: Flavour) -> list[dict[str, object]]:
    """All statuses."""
    return [status(one, flavour) for one in STATUSES]


def priority(number: int | None, flavour: Flavour) -> dict[str, object] | None:
    """A priority by its place in the site's list, 1 the highest."""
    if number is None:
        return None
    return {
        "self": flavour.link(f"priority/{number}"),
        "iconUrl": f"{flavour.base}/images/priority.svg",
        "name": PRIORITIES[number - 1],
        "id": str(number),
    }


def issue_type(name: str, flavour: Flavour) -> dict[str, object]:
    """An issue type."""
    number = str(10_101 + ISSUE_TYPES.index(name))
    return {
        "self": flavour.link(f"issuetype/{number}"),
        "id": number,
        "description": "",
        "name": name,
        "subtask": False,
        "hierarchyLevel": 0,
    }


def project(key: str, flavour: Flavour) -> dict[str, object]:
    """A project."""
    number = {"OPS": "10000"}.get(key, "10001")
    name = {"OPS": "Operations"}.get(key, "Security")
    return {
        "self": flavour.link(f"project/{number}"),
        "id": number,
        "key": key,
        "name": name,
        "projectTypeKey": "service_desk",
        "simplified": False,
    }


def component(name: str, flavour: Flavour) -> dict[str, object]:
    """A component; services are components."""
    number = str(20_000 + sum(map(ord, name)))
    return {"self": flavour.link(f"component/{number}"), "id": number, "name": name}


def body(ticket: Ticket, flavour: Flavour) -> object:
    """The description: a document, wiki text, or nothing."""
    if not ticket.sections:
        return None
    if flavour.rich_text:
        return _document(ticket.sections)
    return "\n\n".join(f"h2. {heading}\n{text}" if heading else text for heading, text in ticket.sections)


def _document(sections: Collection[tuple[str, str]]) -> dict[str, object]:
    """Atlassian Document Format."""
    content: list[dict[str, object]] = []
    for heading, text in sections:
        if heading:
            words = [{"type": "text", "text": heading}]
            content.append({"type": "heading", "attrs": {"level": 2}, "content": words})
        content.extend(
            {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in text.split("\n")
        )
    return {"type": "doc", "version": 1, "content": content}


def _item(entry: HistoryEntry, flavour: Flavour) -> dict[str, object]:
    before, after = entry.before, entry.after
    return {
        "field": entry.field,
        "fieldtype": "jira",
        "fieldId": entry.field,
        "from": _reference(before, flavour),
        "fromString": _name(before, flavour),
        "to": _reference(after, flavour),
        "toString": _name(after, flavour),
    }


def _reference(value: Person | Status | None, flavour: Flavour) -> str | None:
    if isinstance(value, Status):
        return value.id
    if isinstance(value, Person):
        return value.account_id if flavour.cloud else f"JIRAUSER{10_000 + value.number}"
    return None


def _name(value: Person | Status | None, flavour: Flavour) -> str | None:
    if isinstance(value, Status):
        return _status_name(value, flavour)
    return value.name if value is not None else None


def _status_name(one: Status, flavour: Flavour) -> str:
    return _CHINESE_STATUSES.get(one.name, one.name) if flavour.chinese else one.name
