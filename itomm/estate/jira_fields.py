"""The fields of the stand-in Jira site: their ids, names and how values are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from itomm.estate.tickets import Clock


@dataclass(frozen=True)
class CustomField:
    """A custom field; ``shape`` says how its value is written."""

    id: str
    name: str
    shape: str  # option | text | datetime | date | request_type | clock

    def written(self, value: object) -> object:
        """A plain value as Jira writes it."""
        if value is None:
            return None
        if self.shape == "option":
            number = sum(map(ord, f"{self.id}{value}")) % 900 + 10_100
            return {"self": f"/rest/api/2/customFieldOption/{number}", "value": str(value), "id": str(number)}
        if self.shape == "request_type":
            return {
                "_links": {},
                "requestType": {"id": "31", "name": str(value), "issueTypeId": "10104", "serviceDeskId": "1"},
                "currentStatus": None,
            }
        if isinstance(value, datetime):
            return written_instant(value)
        if isinstance(value, date):
            return value.isoformat()
        return str(value)


CUSTOM_FIELDS = (
    CustomField("customfield_10031", "Severity", "option"),
    CustomField("customfield_10032", "Detected by", "option"),
    CustomField("customfield_10033", "Root cause class", "option"),
    CustomField("customfield_10041", "Change type", "option"),
    CustomField("customfield_10042", "Change risk", "option"),
    CustomField("customfield_10043", "Backout plan", "text"),
    CustomField("customfield_10044", "Planned start", "datetime"),
    CustomField("customfield_10045", "Planned end", "datetime"),
    CustomField("customfield_10010", "Request Type", "request_type"),
    CustomField("customfield_10051", "Origin", "option"),
    CustomField("customfield_10052", "Baseline", "text"),
    CustomField("customfield_10053", "Result", "text"),
    CustomField("customfield_10061", "Reviewed on", "date"),
    CustomField("customfield_10062", "Treatment", "option"),
    CustomField("customfield_10071", "Time to first response", "clock"),
    CustomField("customfield_10072", "Time to resolution", "clock"),
    CustomField("customfield_10099", "Story Points", "text"),
)

SYSTEM_FIELDS: Mapping[str, tuple[str, str]] = {
    "summary": ("Summary", "string"),
    "description": ("Description", "string"),
    "issuetype": ("Issue Type", "issuetype"),
    "project": ("Project", "project"),
    "status": ("Status", "status"),
    "priority": ("Priority", "priority"),
    "labels": ("Labels", "array"),
    "components": ("Components", "array"),
    "reporter": ("Reporter", "user"),
    "creator": ("Creator", "user"),
    "assignee": ("Assignee", "user"),
    "created": ("Created", "datetime"),
    "updated": ("Updated", "datetime"),
    "duedate": ("Due date", "date"),
    "resolutiondate": ("Resolved", "datetime"),
    "resolution": ("Resolution", "resolution"),
    "issuelinks": ("Linked Issues", "array"),
    "comment": ("Comment", "comments-page"),
    "environment": ("Environment", "string"),
}

_SCHEMAS = {
    "option": "option",
    "text": "string",
    "datetime": "datetime",
    "date": "date",
    "request_type": "sd-customerrequesttype",
    "clock": "sd-servicelevelagreement",
}


def field_rows() -> list[dict[str, object]]:
    """What /field answers."""
    rows: list[dict[str, object]] = [
        {"id": name, "key": name, "name": title, "custom": False, "schema": {"type": kind, "system": name}}
        for name, (title, kind) in SYSTEM_FIELDS.items()
    ]
    rows.extend(
        {
            "id": field.id,
            "key": field.id,
            "name": field.name,
            "untranslatedName": field.name,
            "custom": True,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": [f"cf[{field.id.removeprefix('customfield_')}]", field.name],
            "schema": {"type": _SCHEMAS[field.shape], "customId": int(field.id.removeprefix("customfield_"))},
        }
        for field in CUSTOM_FIELDS
    )
    return rows


def written_clock(clock: Clock | None, now: datetime) -> dict[str, object] | None:
    """A service level clock as Jira Service Management writes it into its field."""
    if clock is None:
        return None
    common = {
        "startTime": _written_time(clock.started_at),
        "breached": clock.breached(now),
        "goalDuration": _written_duration(clock.goal.total_seconds()),
        "elapsedTime": _written_duration(clock.elapsed(now).total_seconds()),
        "remainingTime": _written_duration((clock.goal - clock.elapsed(now)).total_seconds()),
    }
    row: dict[str, object] = {"id": "4", "name": clock.name, "_links": {}, "completedCycles": []}
    if clock.stopped_at is not None:
        row["completedCycles"] = [{**common, "stopTime": _written_time(clock.stopped_at)}]
    else:
        row["ongoingCycle"] = {**common, "paused": False, "withinCalendarHours": True}
    return row


def written_instant(moment: datetime | None) -> str | None:
    """Jira's way to write an instant: milliseconds and an offset without a colon."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def _written_time(moment: datetime) -> dict[str, object]:
    return {
        "iso8601": written_instant(moment),
        "jira": written_instant(moment),
        "friendly": f"{moment:%d/%b/%y %H:%M}",
        "epochMillis": int(moment.timestamp() * 1000),
    }


def _written_duration(seconds: float) -> dict[str, object]:
    return {"millis": int(seconds * 1000), "friendly": f"{int(seconds // 60)}m"}
