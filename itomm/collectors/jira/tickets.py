"""Issues as incidents, changes, problems, service requests, improvements and risks. Pure.

What all trackers share is said in :mod:`itomm.collectors.ticketing.records`; here is what Jira knows besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from itomm.collectors.jira.issue import Issue, ticket_of
from itomm.collectors.jira.prose import texts_of
from itomm.collectors.payload import instant_of_milliseconds, mapping_of, rows_of, text_of
from itomm.collectors.ticketing import records
from itomm.collectors.ticketing.commits import commits_named
from itomm.collectors.ticketing.ticket import Ticket
from itomm.collectors.ticketing.words import ORIGINS, first_word

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


def _ticket(issue: Issue, kind: str) -> Ticket:
    return ticket_of(issue, dict.fromkeys(("severity", *NEEDED_FIELDS[kind])))


def incident_fields(issue: Issue) -> dict[str, object]:
    """The record fields of an incident."""
    fields = records.incident_fields(_ticket(issue, "incident"))
    reviews = issue.linked_kinds("postmortem")
    return fields | {
        "major": fields["major"] or issue.labelled(("major", "major-incident")),
        "postmortem_id": reviews[0] if reviews else None,
    }


def change_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a change; where no field tells its outcome, the resolution does."""
    ticket = _ticket(issue, "change")
    resolution = text_of(mapping_of(issue.fields.get("resolution")).get("name"))
    stated = ticket.custom.get("change_outcome") or resolution
    ticket = replace(
        ticket,
        custom={**ticket.custom, "change_outcome": stated},
        commits=tuple(commits_of(issue)),
    )
    return records.change_fields(ticket) | {"approvals": _approvals(issue)}


def commits_of(issue: Issue) -> list[str]:
    """The commits that an issue's title and description name."""
    fields = issue.fields
    return commits_named([text_of(fields.get("summary")) or "", *texts_of(fields.get("description"))])


def problem_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a problem."""
    fields = records.problem_fields(_ticket(issue, "problem"))
    return fields | {
        "known_error": issue.labelled(("known-error", "known_error")),
        "workaround": fields["workaround"] or issue.labelled(("workaround",)),
    }


def service_request_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a service request."""
    fields = records.service_request_fields(_ticket(issue, "service_request"))
    by_label = issue.labelled(issue.site.settings.automation_labels)
    return fields | {"automated": fields["automated"] or by_label}


def improvement_fields(issue: Issue) -> dict[str, object]:
    """The record fields of an improvement; where no field tells its origin, a label may."""
    fields = records.improvement_fields(_ticket(issue, "improvement"))
    if fields["origin"] != "other":
        return fields
    origin = next((found for label in issue.labels if (found := first_word(label, ORIGINS))), "other")
    return fields | {"origin": origin}


def risk_fields(issue: Issue) -> dict[str, object]:
    """The record fields of a risk."""
    return records.risk_fields(_ticket(issue, "risk"))


TICKETS: Mapping[str, Callable[[Issue], dict[str, object]]] = {
    "incident": incident_fields,
    "change": change_fields,
    "problem": problem_fields,
    "service_request": service_request_fields,
    "improvement": improvement_fields,
    "risk": risk_fields,
}


def _approvals(issue: Issue) -> list[dict[str, object]]:
    """Decisions of Jira Service Management approvals; who decided stays out of the record."""
    decisions = []
    for approval in rows_of(issue.site.value(issue.payload, "approvals")):
        at = instant_of_milliseconds(mapping_of(approval.get("completedDate")).get("epochMillis"))
        decisions.append({"at": at.isoformat() if at else None, "decision": approval.get("finalDecision")})
    return decisions
