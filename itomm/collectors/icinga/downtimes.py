"""Downtimes as silences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from itomm.collectors.contract import CollectionContext
from itomm.collectors.icinga.api import IcingaApi
from itomm.collectors.icinga.checkables import OWNERSHIP, Checkable, checkables, instant_of_epoch, seconds_of
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.collectors.payload import Payload
from itomm.evidence.observation import Observation, Page

_ATTRIBUTES = (
    "__name",
    "host_name",
    "service_name",
    "author",
    "comment",
    "entry_time",
    "start_time",
    "end_time",
    "trigger_time",
    "fixed",
    "duration",
    "was_cancelled",
)


def downtime_pages(api: IcingaApi, settings: IcingaSettings, context: CollectionContext) -> Iterator[Page]:
    """One page with the downtimes that are on now; Icinga forgets ended ones, so no past is covered."""
    context.covered(context.until, context.until)
    by_name = {(one.host, one.service or ""): one for one in checkables(api, OWNERSHIP)}
    rows = api.objects("Downtime", _ATTRIBUTES)
    request = api.last_request
    found = []
    for row in rows:
        host, service = str(row.get("host_name") or ""), str(row.get("service_name") or "")
        silence = silence_of(row, by_name.get((host, service)), settings)
        if silence is None:
            context.warn("a flexible downtime that has not begun was left out")
        elif context.since <= silence[0] <= context.until:
            found.append(silence[1])
    yield Page(tuple(found), request)


def silence_of(
    row: Payload, checkable: Checkable | None, settings: IcingaSettings
) -> tuple[datetime, Observation] | None:
    """A downtime's start and its record; None when it has no start or end.

    A flexible downtime lasts its duration from when it was triggered; until then, it has no start.
    """
    fixed = row.get("fixed") is not False
    starts_at = instant_of_epoch(row.get("start_time" if fixed else "trigger_time"))
    if fixed:
        ends_at = instant_of_epoch(row.get("end_time"))
    else:
        ends_at = starts_at + seconds_of(row.get("duration")) if starts_at else None
    if starts_at is None or ends_at is None:
        return None
    name = str(row.get("__name", ""))
    observation = Observation(
        source_ref=name,
        fields={
            "created_by": str(row.get("author", "")),
            "comment": str(row.get("comment", "")),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "duration_s": ends_at - starts_at,
        },
        raw=dict(row),
        url=checkable.page(settings) if checkable else f"{settings.url}/v1/objects/downtimes/{name}",
        service_keys=checkable.service_keys(settings) if checkable else (str(row.get("host_name") or ""),),
    )
    return starts_at, observation
