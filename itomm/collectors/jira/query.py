"""JQL for what a stream asks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

TIME_ZONE_MARGIN = timedelta(hours=15)
"""JQL reads times in the account's own time zone (at most 14 h from UTC), so ask for a little more."""


def issue_query(
    project: str,
    *,
    issue_types: Sequence[str] = (),
    labels: Sequence[str] = (),
    created_since: datetime | None = None,
    updated_since: datetime | None = None,
) -> str:
    """JQL for one project's issues, those created or those updated since an instant; oldest first.

    The answer reaches up to :data:`TIME_ZONE_MARGIN` further back than asked.
    """
    clauses = [f"project = {_quoted(project)}"]
    if issue_types:
        clauses.append(f"issuetype in ({', '.join(map(_quoted, issue_types))})")
    if labels:
        clauses.append(f"labels in ({', '.join(map(_quoted, labels))})")
    if created_since is not None:
        clauses.append(f"created >= {_instant(created_since)}")
    if updated_since is not None:
        clauses.append(f"updated >= {_instant(updated_since)}")
    return f"{' AND '.join(clauses)} ORDER BY created ASC, key ASC"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _instant(instant: datetime) -> str:
    return f'"{instant.astimezone(UTC) - TIME_ZONE_MARGIN:%Y-%m-%d %H:%M}"'
