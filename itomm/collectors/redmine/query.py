"""The parameters of a search for issues. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def issue_query(
    trackers: Sequence[str],
    project: str | None,
    created_since: datetime | None,
    updated_since: datetime | None,
) -> dict[str, str]:
    """Issues of these trackers (ids), open and closed, in the order in which they were opened.

    Args:
        trackers: tracker ids.
        project: the identifier of one project, which is read without its sub-projects; None for all.
        created_since: only those opened since; None for all.
        updated_since: only those changed since; None for all.
    """
    query = {"status_id": "*", "tracker_id": "|".join(trackers), "sort": "id", "include": "relations"}
    if project is not None:
        query |= {"project_id": project, "subproject_id": "!*"}
    if created_since is not None:
        query["created_on"] = f">={_instant(created_since)}"
    if updated_since is not None:
        query["updated_on"] = f">={_instant(updated_since)}"
    return query


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
