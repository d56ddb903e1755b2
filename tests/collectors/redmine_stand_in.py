"""A small Redmine: vocabulary, projects and issues with journals, as its REST API gives them."""

from __future__ import annotations

import json
from typing import Any

from itomm.collectors.conformance import Answer, Asked

KEY = "canary-secret-7c0e1f"
PROJECTS = {"shop": 1, "desk": 2}
STATUSES = [{"id": 1, "name": "New"}, {"id": 2, "name": "In Progress"}, {"id": 5, "name": "Closed"}]
TRACKERS = [
    {"id": 1, "name": "Incident", "default_status": {"id": 1}},
    {"id": 2, "name": "Change", "default_status": {"id": 1}},
]
MEMBER = {"roles": [{"id": 3, "name": "Auditor"}]}

Payload = dict[str, Any]


def answer(asked: Asked) -> Answer:
    """One answer; a wrong key is refused, what is not there is a 404."""
    if asked.headers.get("x-redmine-api-key") != KEY:
        return Answer(401, b"{}")
    path = asked.path.removeprefix("/").removesuffix(".json")
    single: Payload = {
        "users/current": {
            "user": {
                "id": 7,
                "login": "auditor",
                "memberships": [{**MEMBER, "project": {"id": number}} for number in PROJECTS.values()],
            }
        },
        "issue_statuses": {"issue_statuses": [{**one, "is_closed": one["id"] == 5} for one in STATUSES]},
        "trackers": {"trackers": TRACKERS},
        "enumerations/issue_priorities": {
            "issue_priorities": [{"id": 1, "name": "Low"}, {"id": 2, "name": "High"}]
        },
        "roles/3": {"role": {"id": 3, "issues_visibility": "all", "permissions": ["view_issues"]}},
    }
    if path in single:
        return _json(single[path])
    if path == "projects":
        rows = [{"id": number, "identifier": name, "name": name} for name, number in PROJECTS.items()]
        return _listed(asked, "projects", rows)
    if path == "issues":
        return _listed(asked, "issues", [issue for issue in ISSUES if _is_wanted(issue, asked.query)])
    found = next((issue for issue in ISSUES if path == f"issues/{issue['id']}"), None)
    return _json({"issue": {**found, "journals": journals(found)}}) if found else Answer(404, b"{}")


def issue(number: int) -> Payload:
    project = "shop" if number % 2 else "desk"
    return {
        "id": number,
        "project": {"id": PROJECTS[project], "name": project},
        "tracker": {"id": 1 if number <= 10 else 2, "name": "Incident" if number <= 10 else "Change"},
        "status": {"id": 5, "name": "Closed", "is_closed": True},
        "priority": {"id": 2, "name": "High"},
        "author": {"id": 11, "name": "Ada Lovelace"},
        "assigned_to": {"id": 12, "name": "Grace Hopper"},
        "subject": f"Zahlung hängt {number}",
        "created_on": f"2026-10-{number:02}T08:00:00Z",
        "updated_on": f"2026-10-{number:02}T12:00:00Z",
        "closed_on": f"2026-10-{number:02}T12:00:00Z",
        "custom_fields": [],
    }


def journals(of: Payload) -> list[Payload]:
    closed = {"property": "attr", "name": "status_id", "old_value": "1", "new_value": "5"}
    return [{"id": 1, "user": {"id": 12}, "created_on": of["closed_on"], "notes": "", "details": [closed]}]


ISSUES = [issue(number) for number in range(1, 15)]


def _is_wanted(one: Payload, query: dict[str, str]) -> bool:
    return (
        str(one["tracker"]["id"]) in query.get("tracker_id", "").split("|")
        and query.get("project_id", one["project"]["name"]) == one["project"]["name"]
        and one["created_on"] >= query.get("created_on", "").removeprefix(">=")
        and one["updated_on"] >= query.get("updated_on", "").removeprefix(">=")
    )


def _listed(asked: Asked, name: str, rows: list[Payload]) -> Answer:
    offset, limit = int(asked.query.get("offset", "0")), min(int(asked.query.get("limit", "25")), 100)
    page = {name: rows[offset : offset + limit], "total_count": len(rows), "offset": offset, "limit": limit}
    return _json(page)


def _json(document: object) -> Answer:
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})
