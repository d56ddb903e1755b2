"""JQL for what a stream asks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

MARGIN_OF_A_KNOWN_ZONE = timedelta(hours=1)
"""An hour that comes twice in autumn can be read either way, so ask for a little more."""

MARGIN_OF_AN_UNKNOWN_ZONE = timedelta(hours=15)
"""JQL reads times in the account's own time zone, which is at most 14 h from UTC."""


@dataclass(frozen=True)
class Window:
    """Issues created from ``start`` on and before ``end``; None is open.

    Where one window ends the next starts with the same text, so that no zone makes a gap or an overlap.
    """

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Wanted:
    """Which issues are searched for.

    ``created_since`` and ``updated_since`` may bring somewhat older ones, too. ``clocks`` are the ids of
    fields with service level clocks: an issue in which one has not ended counts as updated.
    """

    projects: Sequence[str]
    issue_types: Sequence[str] = ()
    labels: Sequence[str] = ()
    created_since: datetime | None = None
    updated_since: datetime | None = None
    window: Window = Window()
    clocks: Sequence[str] = ()


def issue_query(wanted: Wanted, zone: tzinfo | None = None) -> str:
    """JQL for issues, oldest first: what is created meanwhile comes at the end and shifts no page.

    Args:
        wanted: which issues.
        zone: the account's time zone; None when it is not known.
    """
    return f"{restriction(wanted, zone)} ORDER BY created ASC, key ASC"


def restriction(wanted: Wanted, zone: tzinfo | None = None) -> str:
    """The same without an order, for counting."""
    clauses = [_one_of("project", wanted.projects)]
    if wanted.issue_types:
        clauses.append(f"issuetype in ({_listed(wanted.issue_types)})")
    if wanted.labels:
        clauses.append(f"labels in ({_listed(wanted.labels)})")
    if wanted.created_since is not None:
        clauses.append(f"created >= {_at_the_latest(wanted.created_since, zone)}")
    if wanted.window.start is not None:
        clauses.append(f"created >= {_written(wanted.window.start, zone)}")
    if wanted.window.end is not None:
        clauses.append(f"created < {_written(wanted.window.end, zone)}")
    if wanted.updated_since is not None:
        clauses.append(_updated(wanted.updated_since, wanted.clocks, zone))
    return " AND ".join(clauses)


def _updated(since: datetime, clocks: Sequence[str], zone: tzinfo | None) -> str:
    updated = f"updated >= {_at_the_latest(since, zone)}"
    states = [f"cf[{_number(clock)}] = {state}()" for clock in clocks for state in ("running", "paused")]
    return f"({' OR '.join([updated, *states])})" if states else updated


def _number(field_id: str) -> str:
    return field_id.removeprefix("customfield_")


def _one_of(field: str, values: Sequence[str]) -> str:
    return f"{field} = {_quoted(values[0])}" if len(values) == 1 else f"{field} in ({_listed(values)})"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(_quoted, values))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _at_the_latest(instant: datetime, zone: tzinfo | None) -> str:
    return _written(instant - (MARGIN_OF_A_KNOWN_ZONE if zone else MARGIN_OF_AN_UNKNOWN_ZONE), zone)


def _written(instant: datetime, zone: tzinfo | None) -> str:
    return f'"{instant.astimezone(zone or UTC):%Y-%m-%d %H:%M}"'
