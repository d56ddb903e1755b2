"""Issues as incidents, changes, problems, service requests, improvements and risks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from itomm.collectors.jira.history import is_automation
from itomm.collectors.jira.issue import Issue, base_fields
from itomm.collectors.payload import instant_of, instant_of_milliseconds, mapping_of, rows_of, text_of
from itomm.collectors.ticketing.history import DONE
from itomm.collectors.ticketing.words import (
    CHANGE_TYPES,
    DETECTED_BY,
    ORIGINS,
    OUTCOMES,
    RISK_LEVELS,
    TREATMENTS,
    first_word,
)


def incident_fields(issue: Issue) -> dict[str, object]:
    """The record fields of an incident."""
    fields = base_fields(issue, "incident")
    severity = fields["severity"]
    reviews = issue.linked_kinds("postmortem")
    return fields | {
        "started_at": None,
        "detected_at": None,
        "detected_by": _detected_by(issue),
        "restored_at": issue.resolved_at,
        "major": (isinstance(severity, int) and severity <= 2) or issue.labelled(("major", "major-incident")),
        "alert_event_ids": [],
        "caused_by": issue.linked_as(issue.site.settings.cause_links),
        "postmortem_id": reviews[0] if reviews else None,
        "root_cause_class": issue.site.text(issue.payload, "root_cause_class"),
    }


def change_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a change.

    ``backout_plan`` is null, not false, when the site has no such field.
    """
    site, payload = issue.site, issue.payload
    plan = site.text(payload, "backout_plan")
    return base_fields(issue, "change") | {
        "change_type": first_word(site.text(payload, "change_type"), CHANGE_TYPES) or "unknown",
        "risk": first_word(site.text(payload, "change_risk"), RISK_LEVELS) or "unknown",
        "backout_plan": plan is not None if site.has("backout_plan") else None,
        "approvals": _approvals(issue),
        "planned_start": instant_of(site.value(payload, "planned_start")),
        "planned_end": instant_of(site.value(payload, "planned_end")),
        "actual_start": None,
        "actual_end": issue.resolved_at,
        "outcome": _outcome(issue),
        "deployment_ids": [],
    }


def problem_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a problem."""
    return base_fields(issue, "problem") | {
        "known_error": issue.labelled(("known-error", "known_error")),
        "workaround": issue.site.text(issue.payload, "workaround") is not None
        or issue.labelled(("workaround",)),
        "root_cause_at": None,
        "incident_ids": issue.linked_kinds("incident"),
        "action_keys": issue.linked_kinds("improvement", "change"),
    }


def service_request_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a service request."""
    request_type = issue.site.text(issue.payload, "request_type")
    fields = base_fields(issue, "service_request")
    by_automation = issue.status_category == DONE and issue.history.moved_by_automation_only
    handled = len({step.after for step in issue.history.assignments if step.after})
    return fields | {
        "request_type": request_type,
        "from_catalogue": request_type is not None,
        "automated": by_automation or issue.labelled(issue.site.settings.automation_labels),
        "contacts_to_resolve": handled or (1 if fields["assignee"] else None),
    }


def improvement_fields(issue: Issue) -> dict[str, object]:
    """The record fields of an improvement."""
    site, payload = issue.site, issue.payload
    hints = [site.text(payload, "origin") or "", *issue.labels]
    origin = next((found for hint in hints if (found := first_word(hint, ORIGINS))), "other")
    return base_fields(issue, "improvement") | {
        "origin": origin,
        "baseline": site.text(payload, "baseline"),
        "result": site.text(payload, "result"),
    }


def risk_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a risk."""
    site, payload = issue.site, issue.payload
    fields = base_fields(issue, "risk")
    return fields | {
        "treatment": first_word(site.text(payload, "treatment"), TREATMENTS) or "none",
        "owner": fields["assignee"],
        "reviewed_at": instant_of(site.value(payload, "reviewed_on")),
        "review_due_at": fields["due_at"],
    }


TICKETS: Mapping[str, Callable[[Issue], dict[str, object]]] = {
    "incident": incident_fields,
    "change": change_fields,
    "problem": problem_fields,
    "service_request": service_request_fields,
    "improvement": improvement_fields,
    "risk": risk_fields,
}

NEEDED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "incident": ("severity", "detected_by", "root_cause_class"),
    "change": (
        "change_type",
        "change_risk",
        "change_outcome",
        "backout_plan",
        "planned_start",
        "planned_end",
        "approvals",
    ),
    "problem": ("severity", "workaround"),
    "service_request": ("request_type",),
    "improvement": ("origin", "baseline", "result"),
    "risk": ("treatment", "reviewed_on"),
}
"""Our custom fields that each kind reads, so that only these are asked for."""


def _detected_by(issue: Issue) -> str:
    stated = first_word(issue.site.text(issue.payload, "detected_by"), DETECTED_BY)
    if stated:
        return stated
    if is_automation(issue.fields.get("reporter"), issue.site.settings.automation_accounts):
        return "monitoring"
    return "unknown"


def _outcome(issue: Issue) -> str:
    """A change that caused an incident failed, unless it is said to have been rolled back."""
    resolution = text_of(mapping_of(issue.fields.get("resolution")).get("name"))
    stated = issue.site.text(issue.payload, "change_outcome") or resolution
    outcome = OUTCOMES.get((stated or "").casefold(), "unknown")
    if outcome in ("failed", "rolled_back", "cancelled"):
        return outcome
    if issue.linked_as(issue.site.settings.effect_links):
        return "failed"
    return outcome if issue.status_category == DONE else "unknown"


def _approvals(issue: Issue) -> list[dict[str, object]]:
    """Decisions of Jira Service Management approvals; who decided stays out of the record."""
    decisions = []
    for approval in rows_of(issue.site.value(issue.payload, "approvals")):
        at = instant_of_milliseconds(mapping_of(approval.get("completedDate")).get("epochMillis"))
        decisions.append({"at": at.isoformat() if at else None, "decision": approval.get("finalDecision")})
    return decisions
