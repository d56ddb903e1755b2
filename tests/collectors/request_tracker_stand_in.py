"""A small Request Tracker: queues and tickets with their histories, as its REST 2 interface gives them."""

from __future__ import annotations

import json
import re
from typing import Any

from itomm.collectors.conformance import Answer, Asked

ROOT = "/REST/2.0/"
QUEUES = {"shop": "11", "desk": "12"}
TICKETS_OF_A_QUEUE = 7

Payload = dict[str, Any]


def answer(asked: Asked) -> Answer:
    """One answer; a wrong token is refused, what is not there is a 404."""
    if not asked.headers.get("authorization", "").startswith("token "):
        return Answer(401, b'{"message": "Unauthorized"}')
    path = asked.path.removeprefix(ROOT)
    if path == "user/Nobody":
        return _json({"Name": "Nobody", "_hyperlinks": [{"ref": "self", "type": "user", "id": 6}]})
    if path == "queues/all":
        queues = [{"id": number, "type": "queue", "Name": name} for name, number in QUEUES.items()]
        return _listed(queues if asked.query.get("page", "1") == "1" else [], None)
    if path == "tickets":
        found = [one for one in TICKETS if _is_wanted(one, asked.query["query"])]
        return _listed(found[: int(asked.query["per_page"])], len(found))
    number = re.fullmatch(r"ticket/(\d+)/history", path)
    if number:
        return _listed(history(int(number.group(1))) if asked.query.get("page", "1") == "1" else [], None)
    return Answer(404, b'{"message": "Not Found"}')


def ticket(number: int) -> Payload:
    queue = "11" if number % 2 else "12"
    day = f"2026-10-{number:02}"
    return {
        "id": str(number),
        "type": "ticket",
        "Subject": f"Zahlung hängt {number}",
        "Status": "resolved",
        "Queue": {"id": queue, "type": "queue"},
        "Priority": "0",
        "Creator": {"id": "ada", "type": "user"},
        "Owner": {"id": "grace", "type": "user"},
        "Requestor": [{"id": "ada", "type": "user"}],
        "Created": f"{day}T08:00:00Z",
        "LastUpdated": f"{day}T12:00:00Z",
        "Started": f"{day}T09:00:00Z",
        "Resolved": f"{day}T12:00:00Z",
        "Due": "1970-01-01T00:00:00Z",
        "CustomFields": [{"id": "2", "name": "Severity", "values": ["2"]}],
        "_hyperlinks": [{"ref": "self", "type": "ticket", "id": number}],
    }


def history(number: int) -> list[Payload]:
    closed = {"Type": "Status", "Field": "Status", "OldValue": "new", "NewValue": "resolved"}
    day = f"2026-10-{number:02}"
    return [
        {
            "id": str(number),
            "Created": f"{day}T12:00:00Z",
            "Creator": {"id": "grace", "type": "user"},
            **closed,
        }
    ]


TICKETS = [ticket(number) for number in range(1, 2 * TICKETS_OF_A_QUEUE + 1)]


def _is_wanted(one: Payload, query: str) -> bool:
    """Whether a ticket meets a query of the few kinds that the collector asks."""
    if "__Inactive__" in query:
        return f"Status != '{one['Status']}'" not in query
    queue, after = re.search(r"Queue = (\d+)", query), re.search(r"id > (\d+)", query)
    opened = re.search(r"Created > '([^']+)'", query)
    changed = re.search(r"LastUpdated > '([^']+)'", query)
    return (
        (queue is None or one["Queue"]["id"] == queue.group(1))
        and (after is None or int(one["id"]) > int(after.group(1)))
        and (opened is None or one["Created"] > opened.group(1).replace(" ", "T"))
        and (changed is None or one["LastUpdated"] > changed.group(1).replace(" ", "T"))
    )


def _listed(items: list[Payload], total: int | None) -> Answer:
    return _json({"items": items, "count": len(items), "total": total, "page": 1, "per_page": 100})


def _json(document: object) -> Answer:
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})
