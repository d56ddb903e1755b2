"""Tickets as incidents, changes, problems, service requests, improvements and risks. Pure.

A field that a tracker has no place for stays null where the record type allows it; where it must have a
value, it is the one that claims nothing (``unknown``, an empty list, false).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from itomm.collectors.payload import instant_of
from itomm.collectors.ticketing.history import DONE, History
from itomm.collectors.ticketing.ticket import Ticket
from itomm.collectors.ticketing.words import (
    CHANGE_TYPES,
    DETECTED_BY,
    ORIGINS,
    OUTCOMES,
    RISK_LEVELS,
    TREATMENTS,
    first_word,
    severity_of,
)


def base_fields(ticket: Ticket, kind: str) -> dict[str, object]:
    """The record fields that every kind of ticket has."""
    history = ticket.history
    return {
        "key": ticket.key,
        "kind": kind,
        "title": ticket.title,
        "status": ticket.status,
        "status_category": ticket.status_category,
        "priority": ticket.priority,
        "severity": severity_of(ticket.custom.get("severity")),
        "labels": list(ticket.labels),
        "reporter": ticket.reporter,
        "assignee": ticket.assignee,
        "assigned_at": history.assigned_at,
        "channel": ticket.channel,
        "created_at": ticket.created_at,
        "first_response_at": ticket.first_response_at,
        "acknowledged_at": history.acknowledged_at,
        "resolved_at": ticket.resolved_at,
        "due_at": ticket.due_at,
        "updated_at": ticket.updated_at,
        "reopened_count": history.reopened_count,
        "reassignment_count": history.reassignment_count,
        "links": [{"type": link.phrase, "target": link.target} for link in ticket.links],
        "ci_ids": [],
        "security": ticket.security,
        "transitions": transitions_of(history),
    }


def transitions_of(history: History) -> list[dict[str, object]]:
    """Status changes; the framework replaces the person under ``by`` by a pseudonym."""
    return [
        {
            "at": move.at.isoformat(),
            "from": move.from_status,
            "from_category": move.from_category,
            "to": move.to_status,
            "to_category": move.to_category,
            "by": move.by,
            "automated": move.by_automation,
        }
        for move in history.moves
    ]


def incident_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of an incident."""
    fields = base_fields(ticket, "incident")
    severity = fields["severity"]
    return fields | {
        "started_at": None,
        "detected_at": None,
        "detected_by": _detected_by(ticket),
        "restored_at": ticket.resolved_at,
        "major": isinstance(severity, int) and severity <= 2,
        "alert_event_ids": [],
        "caused_by": ticket.linked_as(ticket.cause_phrases),
        "postmortem_id": None,
        "root_cause_class": ticket.custom.get("root_cause_class"),
    }


def change_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of a change; ``backout_plan`` is null when the ticket has no such field."""
    custom = ticket.custom
    return base_fields(ticket, "change") | {
        "change_type": first_word(custom.get("change_type"), CHANGE_TYPES) or "unknown",
        "risk": first_word(custom.get("change_risk"), RISK_LEVELS) or "unknown",
        "backout_plan": custom["backout_plan"] is not None if "backout_plan" in custom else None,
        "approvals": [],
        "planned_start": instant_of(custom.get("planned_start")),
        "planned_end": instant_of(custom.get("planned_end")),
        "actual_start": None,
        "actual_end": ticket.resolved_at,
        "outcome": _outcome(ticket),
        "deployment_ids": list(ticket.commits),
    }


def problem_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of a problem."""
    return base_fields(ticket, "problem") | {
        "known_error": False,
        "workaround": ticket.custom.get("workaround") is not None,
        "root_cause_at": None,
        "incident_ids": ticket.linked_kinds("incident"),
        "action_keys": ticket.linked_kinds("improvement", "change"),
    }


def service_request_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of a service request."""
    request_type = ticket.custom.get("request_type")
    handled = len({step.after for step in ticket.history.assignments if step.after})
    return base_fields(ticket, "service_request") | {
        "request_type": request_type,
        "from_catalogue": request_type is not None,
        "automated": ticket.status_category == DONE and ticket.history.moved_by_automation_only,
        "contacts_to_resolve": handled or (1 if ticket.assignee else None),
    }


def improvement_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of an improvement."""
    return base_fields(ticket, "improvement") | {
        "origin": first_word(ticket.custom.get("origin"), ORIGINS) or "other",
        "baseline": ticket.custom.get("baseline"),
        "result": ticket.custom.get("result"),
    }


def risk_fields(ticket: Ticket) -> dict[str, object]:
    """The record fields of a risk."""
    return base_fields(ticket, "risk") | {
        "treatment": first_word(ticket.custom.get("treatment"), TREATMENTS) or "none",
        "owner": ticket.assignee,
        "reviewed_at": instant_of(ticket.custom.get("reviewed_on")),
        "review_due_at": ticket.due_at,
    }


TICKETS: Mapping[str, Callable[[Ticket], dict[str, object]]] = {
    "incident": incident_fields,
    "change": change_fields,
    "problem": problem_fields,
    "service_request": service_request_fields,
    "improvement": improvement_fields,
    "risk": risk_fields,
}


def _detected_by(ticket: Ticket) -> str:
    stated = first_word(ticket.custom.get("detected_by"), DETECTED_BY)
    return stated or ("monitoring" if ticket.reported_by_automation else "unknown")


def _outcome(ticket: Ticket) -> str:
    """What the field says; a change that caused another ticket failed, unless it was rolled back."""
    outcome = OUTCOMES.get((ticket.custom.get("change_outcome") or "").casefold(), "unknown")
    if outcome in ("failed", "rolled_back", "cancelled"):
        return outcome
    if ticket.linked_as(ticket.effect_phrases):
        return "failed"
    return outcome if ticket.status_category == DONE else "unknown"
