"""An invented ticket tool that speaks JSON over HTTP, for tests of collecting by declaration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from itomm.collectors.conformance import Answer, Asked

PEOPLE = ("erika.muster", "max.mann")


def ticket(number: int, queue: str = "OPS", **changed: object) -> dict[str, object]:
    """A ticket as the tool sends it."""
    day = 1 + number % 28
    return {
        "id": number,
        "ref": f"{queue}-{number}",
        "type": "Incident",
        "summary": f"Something broke, the {number}th time",
        "state": {"label": "Geschlossen", "phase": "closed"},
        "prio": "P2",
        "opened": f"2026-10-{day:02}T08:00:00+02:00",
        "solved": f"2026-10-{day:02}T10:30:00+02:00",
        "touched": f"2026-10-{day:02}T11:00:00+02:00",
        "who": PEOPLE[number % 2],
        "system": {"name": "shop" if number % 2 else "billing"},
        "tags": ["web"],
        "reopened": 0,
        "handovers": number % 3,
        **changed,
    }


def fields() -> dict[str, object]:
    """What the fields of the tool's tickets mean."""
    return {
        "key": "ref",
        "title": "summary",
        "status": "state.label",
        "status_category": {
            "from": "state.phase",
            "words": {"new": "open", "work": "in_progress", "closed": "done"},
        },
        "severity": {"from": "prio", "words": {"P1": 1, "P2": 2, "P3": 3}},
        "major": {"from": "prio", "words": {"P1": True}, "otherwise": False},
        "created_at": "opened",
        "resolved_at": "solved",
        "updated_at": "touched",
        "reporter": "who",
        "labels": "tags",
        "security": {"constant": False},
        "reopened_count": "reopened",
        "reassignment_count": "handovers",
    }


def incidents(**changed: object) -> dict[str, Any]:
    """The mapping of the tool's incidents, paged by cursor, one queue after the other."""
    return {
        "get": "/api/queues/{scope}/tickets",
        "query": {"opened_after": "{since}"},
        "changes": "touched_after",
        "scopes": ["NET", "OPS"],
        "rows": "data.tickets",
        "page": {
            "by": "cursor",
            "parameter": "after",
            "next": "meta.next",
            "total": "meta.total",
            "size": 100,
            "size_parameter": "limit",
        },
        "where": {"type": "Incident"},
        "id": "ref",
        "services": "system.name",
        "link": "/tickets/{ref}",
        "fields": fields(),
        **changed,
    }


class Desk:
    """The tool: queues of tickets, paged by a cursor which is the id of the last ticket of a page."""

    def __init__(self, queues: Mapping[str, list[dict[str, object]]]) -> None:
        self._queues = queues

    def __call__(self, asked: Asked) -> Answer:
        """The answer to one request."""
        parts = asked.path.strip("/").split("/")
        queue = parts[2] if len(parts) == 4 and parts[:2] == ["api", "queues"] else ""
        if queue not in self._queues or parts[3] != "tickets":
            return Answer(404, b'{"error": "no such thing"}')
        rows = [
            one for one in self._queues[queue] if str(one["touched"]) >= asked.query.get("touched_after", "")
        ]
        after, limit = int(asked.query.get("after", "0")), int(asked.query.get("limit", "50"))
        page = [one for one in rows if int(str(one["id"])) > after][:limit]
        is_last = not page or page[-1] is rows[-1]
        meta = {"next": None if is_last else page[-1]["id"], "total": len(rows)}
        return Answer(body=json.dumps({"data": {"tickets": page}, "meta": meta}).encode())


def usual_desk() -> Desk:
    """A tool with a few tickets in two queues."""
    return Desk(
        {
            "NET": [ticket(number, "NET") for number in range(1, 4)],
            "OPS": [ticket(number, "OPS") for number in range(4, 9)],
        }
    )
