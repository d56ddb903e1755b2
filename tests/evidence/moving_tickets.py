"""Tickets with a history, as a collector hands them over."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def moving(resolved_at: datetime) -> dict[str, object]:
    """An incident that was resolved, reopened an hour later, and resolved again."""
    moves = [
        move(resolved_at.astimezone(ZoneInfo("Europe/Berlin")), "Open", "open", "Done", "done"),
        move(resolved_at + timedelta(hours=1), "Done", "done", "Open", "open"),
        move(resolved_at + timedelta(hours=2), "Open", "open", "Done", "done"),
    ]
    return {
        "key": "OPS-2",
        "kind": "incident",
        "title": "Down",
        "status": "Done",
        "status_category": "done",
        "labels": [],
        "created_at": resolved_at - timedelta(hours=3),
        "resolved_at": resolved_at + timedelta(hours=2),
        "restored_at": resolved_at + timedelta(hours=2),
        "updated_at": resolved_at + timedelta(hours=2),
        "reopened_count": 1,
        "reassignment_count": 0,
        "links": [],
        "ci_ids": [],
        "security": False,
        "transitions": moves,
        "detected_by": "unknown",
        "major": False,
        "alert_event_ids": [],
        "caused_by": [],
    }


def move(at: datetime, before: str, category_before: str, after: str, category: str) -> dict[str, object]:
    return {
        "at": at.isoformat(),
        "automated": False,
        "by": None,
        "from": before,
        "from_category": category_before,
        "to": after,
        "to_category": category,
    }
