"""Finds records whose issues were deleted, moved to another key, or no longer match their stream's search.

What changed tells nothing of them. So the site is asked how many issues there should be; where the numbers
differ, or where records and issues cannot be counted against each other, for the keys of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from itomm.collectors.contract import CollectionContext
from itomm.collectors.jira.query import Window, issue_query, restriction
from itomm.collectors.jira.searching import Search, Seen


def gone_since(
    held: Mapping[str, datetime],
    seen: Seen | None,
    search: Search,
    groups: Sequence[Sequence[str]],
    context: CollectionContext,
) -> datetime | None:
    """When the oldest record occurred that is held and no longer there; None when all are.

    Args:
        held: when each record occurred that earlier runs brought.
        seen: what changed and was read in this run; None when a killed run read a part of it.
        search: how the stream searches.
        groups: the projects.
        context: of the stream.
    """
    reading, read = search.reading, seen or Seen()
    ours = {name: at for name, at in held.items() if reading.whole or at >= context.since}
    if not ours:
        return None
    # An issue that was read and gave no such record any more: reopened, or a clock that was taken back.
    lost = {name for name in ours if key_of(name) in read.issues and name not in read.records}
    expected = {key_of(name): at for name, at in ours.items()} | read.issues
    countable = seen is not None and reading.one_for_one
    if not (countable and _count_agrees(expected, search, groups, context)):
        present = read.issues.keys() | _keys(search, groups, context)
        lost |= {name for name in ours if key_of(name) not in present}
    return min((ours[name] for name in lost), default=None)


def key_of(record: str) -> str:
    """The key of the issue that a record was read from: a clock's record is called by more than the key."""
    return record.partition("/")[0]


def _count_agrees(
    expected: Mapping[str, datetime],
    search: Search,
    groups: Sequence[Sequence[str]],
    context: CollectionContext,
) -> bool:
    """Whether the site counts as many issues as are known, between two instants that both read alike."""
    zone = search.zone
    if zone is None:
        return False
    start = None if search.reading.whole else _noon_after(context.since, zone)
    end = context.until.replace(second=0, microsecond=0)
    known = sum((start is None or start <= at) and at < end for at in expected.values())
    counted = 0
    for projects in groups:
        asked = replace(search.wanted, projects=projects, created_since=None, window=Window(start, end))
        found = search.client_of(context).count(restriction(asked, zone))
        if found is None:
            return False
        counted += found
    return counted == known


def _noon_after(instant: datetime, zone: tzinfo) -> datetime:
    """Noon of the next day there, which no change to summer time makes doubtful."""
    day = instant.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def _keys(search: Search, groups: Sequence[Sequence[str]], context: CollectionContext) -> set[str]:
    """The keys of all issues that the stream searches for."""
    # A record that is no ticket may have occurred long after its issue was created.
    created_since = search.wanted.created_since if search.reading.one_for_one else None
    found: set[str] = set()
    for projects in groups:
        wanted = replace(search.wanted, projects=projects, created_since=created_since)
        for page in search.client_of(context).keys(issue_query(wanted, search.zone)):
            found.update(page)
    return found
