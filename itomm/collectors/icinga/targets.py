"""Hosts and services as monitored endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from itomm.collectors.contract import CollectionContext
from itomm.collectors.icinga.api import IcingaApi
from itomm.collectors.icinga.checkables import Checkable, checkables, labels_of
from itomm.collectors.icinga.settings import IcingaSettings
from itomm.evidence.observation import Observation, Page


def target_pages(api: IcingaApi, settings: IcingaSettings, context: CollectionContext) -> Iterator[Page]:
    """One page with all hosts and services."""
    found = tuple(_target(one, settings, context) for one in checkables(api))
    yield Page(found, api.last_request)


def _target(checkable: Checkable, settings: IcingaSettings, context: CollectionContext) -> Observation:
    return Observation(
        source_ref=checkable.full_name,
        fields={
            "job": checkable.service or "host",
            "instance": checkable.host,
            "health": checkable.health(context.until),
            "last_scrape_at": checkable.checked_at,
            "labels": labels_of(checkable),
        },
        raw=checkable.excerpt(settings),
        url=checkable.page(settings),
        service_keys=checkable.service_keys(settings),
    )
