"""A small Icinga 2: hosts, services, notifications, users and downtimes, as its API lists them."""

from __future__ import annotations

import json
from typing import Any

from itomm.collectors.conformance import Answer, Asked

NOW = 1_793_512_800.0  # 2026-11-01T06:00:00Z
PERMISSIONS = [f"objects/query/{one}" for one in ("Host", "Service", "Notification", "User", "Downtime")]

Payload = dict[str, Any]


def answer(asked: Asked) -> Answer:
    """One answer; only a signed-in ApiUser gets one."""
    if not asked.headers.get("authorization", "").startswith("Basic "):
        return Answer(401, b'{"error": 401, "status": "Unauthorized."}')
    path = asked.path.removeprefix("/v1").strip("/")
    if path == "":
        return _results([{"user": "auditor", "permissions": PERMISSIONS, "version": "r2.14.3-1"}])
    objects = OBJECTS.get(path.removeprefix("objects/"))
    if objects is None:
        return Answer(404, b'{"error": 404, "status": "No objects found."}')
    return _results([{"name": one["__name"], "attrs": one} for one in objects])


def checkable(host: str, service: str = "") -> Payload:
    return {
        "__name": f"{host}!{service}" if service else host,
        "name": service or host,
        "host_name": host,
        "display_name": f"Kasse über {host}",
        "groups": [],
        "vars": {"app": "checkout", "owner": "web"},
        "check_command": "http" if service else "hostalive",
        "check_interval": 60.0,
        "retry_interval": 30.0,
        "max_check_attempts": 3.0,
        "enable_active_checks": True,
        "enable_notifications": True,
        "state": 0.0,
        "last_check": NOW - 20,
        "next_update": NOW + 40,
        "notes": "",
        "notes_url": "",
    }


HOSTS = ("web1", "web2")
OBJECTS: dict[str, list[Payload]] = {
    "hosts": [checkable(host) for host in HOSTS],
    "services": [checkable(host, "http") for host in HOSTS],
    "users": [{"__name": "ada", "name": "ada", "groups": ["ops"], "enable_notifications": True}],
    "notifications": [
        {
            "__name": f"{host}!http!mail",
            "name": "mail",
            "host_name": host,
            "service_name": "http",
            "command": "mail",
            "users": [],
            "user_groups": ["ops"],
            "states": ["Critical"],
            "types": ["Problem"],
        }
        for host in HOSTS
    ],
    "downtimes": [
        {
            "__name": f"{host}!planned",
            "host_name": host,
            "service_name": "",
            "author": "Ada Lovelace",
            "comment": "Wartung, täglich",
            "start_time": NOW - 3600,
            "end_time": NOW + 3600,
            "fixed": True,
        }
        for host in HOSTS
    ],
}


def _results(rows: list[Payload]) -> Answer:
    return Answer(200, json.dumps({"results": rows}).encode())
