"""Issues as post-incident reviews, access reviews and restore tests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from itomm.collectors.jira.history import account_of, is_automation
from itomm.collectors.jira.issue import Issue
from itomm.collectors.jira.site import words_of
from itomm.collectors.payload import Payload, mapping_of, rows_of, text_of
from itomm.collectors.ticketing.history import DONE

SECTIONS: Mapping[str, str] = {
    "timeline": "timeline",
    "impact": "impact",
    "root cause": "root_cause",
    "cause": "root_cause",
    "action": "actions",
}

_KEY = re.compile(r"\b[A-Z][A-Z0-9_]+-\d+\b")
_HEADING = re.compile(r"^\s*(?:h[1-6]\.|#{1,6})\s*(.+)$", re.MULTILINE)


def postmortem_fields(issue: Issue) -> dict[str, object] | None:
    """The record fields of a post-incident review; None while it is not published or names no incident.

    A review counts as published when its ticket is done.
    """
    incident = _incident_key(issue)
    published_at = issue.resolved_at or (issue.created_at if issue.status_category == DONE else None)
    if incident is None or published_at is None:
        return None
    return {
        "incident_key": incident,
        "published_at": published_at,
        "sections": _sections(issue.fields.get("description")),
        "participants": _participants(issue),
        "action_keys": issue.linked_kinds("improvement", "change"),
        "incident_resolved_at": None,
    }


def access_review_fields(issue: Issue) -> dict[str, object] | None:
    """The record fields of an access review; None while it is not finished."""
    if issue.resolved_at is None:
        return None
    return {
        "system": _subject(issue),
        "at": issue.resolved_at,
        "reviewed": _count(issue, "accounts_reviewed"),
        "revoked": _count(issue, "accounts_revoked"),
    }


def restore_test_fields(issue: Issue) -> dict[str, object] | None:
    """The record fields of a restore test; None while it is not finished."""
    if issue.resolved_at is None:
        return None
    return {
        "data_set": _subject(issue),
        "at": issue.resolved_at,
        "outcome": _restore_outcome(issue),
        "rto_target_s": None,
        "rto_actual_s": None,
        "rpo_actual_s": None,
        "automated": issue.labelled(issue.site.settings.automation_labels)
        or is_automation(issue.fields.get("reporter"), issue.site.settings.automation_accounts),
    }


def _incident_key(issue: Issue) -> str | None:
    linked = issue.linked_kinds("incident")
    if linked:
        return linked[0]
    named = _KEY.search(text_of(issue.fields.get("summary")) or "")
    return named.group() if named else None


def _sections(description: object) -> list[str]:
    found = {
        meaning
        for heading in headings_of(description)
        for word, meaning in SECTIONS.items()
        if word in heading.casefold()
    }
    return sorted(found)


def headings_of(description: object) -> Iterator[str]:
    """Headings of wiki or Markdown text (Data Center) or of an Atlassian document (Cloud)."""
    if isinstance(description, str):
        yield from _HEADING.findall(description)
        return
    for node in rows_of(mapping_of(description).get("content")):
        if node.get("type") == "heading":
            yield words_of({"type": "doc", **_content(node)}) or ""


def _content(node: Payload) -> dict[str, object]:
    return {"content": node.get("content")}


def _participants(issue: Issue) -> list[str]:
    """Everybody who wrote, held or moved the review, automation left out."""
    automation = issue.site.settings.automation_accounts
    people = [issue.fields.get("reporter"), issue.fields.get("assignee")]
    people += [
        entry.get("author") for entry in rows_of(mapping_of(issue.payload.get("changelog")).get("histories"))
    ]
    people += [
        comment.get("author") for comment in rows_of(mapping_of(issue.fields.get("comment")).get("comments"))
    ]
    accounts = [account_of(person) for person in people if not is_automation(person, automation)]
    return sorted({account for account in accounts if account})


def _subject(issue: Issue) -> str:
    return issue.components[0] if issue.components else text_of(issue.fields.get("summary")) or issue.key


def _restore_outcome(issue: Issue) -> str:
    resolution = text_of(mapping_of(issue.fields.get("resolution")).get("name")) or ""
    words = " ".join([resolution, *issue.labels]).casefold()
    if "partial" in words:
        return "partial"
    return "failed" if re.search(r"fail|unsuccessful|won't do|cancel|declin", words) else "success"


def _count(issue: Issue, name: str) -> int | None:
    value = issue.site.value(issue.payload, name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
